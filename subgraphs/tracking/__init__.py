"""Tracking: where couriers are, when food will arrive, and who may know. Owns `CourierPosition` and `Eta`.

Positions are a lossy stream behind a port and one row per courier, never a journal; only what follows from them, that a
courier has arrived somewhere, is event-sourced: streams `trip_…`, one per delivered order, sharing the order's UUID.
Consumes `orders.events` and `dispatch.events` (the view `trip`). Emits `tracking.events`, to which dispatch reacts.
"""
