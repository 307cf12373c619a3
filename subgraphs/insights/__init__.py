"""How business went: figures for restaurants, for those who run the platform, and for couriers.

Consumes `orders.events` and `dispatch.events`, which become facts in an engine of their own behind the `Analytics`
port, and `catalog.changes` (whose staff may look, and in which time zone their day begins). Decides nothing, emits
nothing and has no stream: whatever it answers is a fold of other domains' news.
"""
