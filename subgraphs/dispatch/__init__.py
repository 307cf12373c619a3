"""Dispatch: finding a courier for what a kitchen makes, and guiding them from door to door.

Owns the streams `courier_…` (shifts, and the one engagement a courier has at a time) and `delivery_…` (one per
delivery order, sharing its UUID). Consumes `orders.events`, `tracking.events` and its own
`dispatch.events`; emits `dispatch.events`. Asks for couriers nearby by an effect.
"""
