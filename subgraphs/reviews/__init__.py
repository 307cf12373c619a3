"""What customers think of restaurants and couriers, and what comes of it: ratings.

State-stored: commands change rows, and triggers capture every change, also one typed into psql, as `reviews.changes`
on the stream of its review or of what is rated. Consumes `orders.events` (who may review what), `catalog.changes`
(whose staff may reply) and its own changes (what to count anew). Emits `ReviewChanged`, `RatingChanged`.
"""
