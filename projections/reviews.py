"""What reviews needs of orders, and what the catalog needs of ratings.

Who may review what follows from the order's own news: it tells which courier handed the food over. Changes of captured
rows may arrive out of order, so each copy keeps the highest revision it has seen; what is deleted stays as retired.
"""

from collections.abc import Sequence

from msgspec.structs import replace

from kernel.log import Recorded
from kernel.projecting import Key, Projection
from subgraphs.catalog.views.ratings import RESTAURANT_RATINGS, RestaurantRating
from subgraphs.orders.events import Handover, OrderCompleted, OrderDelivered, OrderPlaced
from subgraphs.reviews.events import RatingChanged
from subgraphs.reviews.views import REVIEWABLE_ORDERS, ReviewableOrder


def order_of(record: Recorded) -> Sequence[Key]:
    """The order, for those of its events that decide whether it can be reviewed."""
    concerns = isinstance(record.message, OrderPlaced | OrderCompleted | OrderDelivered)
    return [(record.stream,)] if concerns else []


def fold_order(order: ReviewableOrder | None, record: Recorded, _: Key) -> ReviewableOrder | None:
    """The order after the record. Food that nobody came for, or that went back, was not received."""
    match record.message:
        case OrderPlaced() as placed:
            return ReviewableOrder(
                order_id=placed.order_id, customer_id=placed.customer_id, restaurant_id=placed.restaurant_id
            )
        case OrderDelivered(at=at, courier_id=courier_id) if order is not None:
            return replace(order, courier_id=courier_id, received_at=at)
        case OrderCompleted(at=at, handover=Handover.COLLECTED) if order is not None:
            return replace(order, received_at=at)
        case _:
            return order


def restaurant_of(record: Recorded) -> Sequence[Key]:
    """The restaurant that a rating is of; couriers are not found by search."""
    is_of_restaurant = record.stream.startswith("restaurant_")
    return [(record.stream,)] if is_of_restaurant and isinstance(record.message, RatingChanged) else []


def fold_rating(rating: RestaurantRating | None, record: Recorded, key: Key) -> RestaurantRating | None:
    """The restaurant's rating after the change."""
    change = record.message
    if not isinstance(change, RatingChanged) or (rating is not None and change.revision <= rating.revision):
        return rating
    row = None if change.after is None or change.after.retired else change.after
    return RestaurantRating(
        restaurant_id=str(key[0]),
        reviews=0 if row is None else row.count,
        stars=0 if row is None else row.total,
        revision=change.revision,
    )


PROJECTIONS = (
    Projection(
        domain="reviews",
        view=REVIEWABLE_ORDERS,
        topics=("orders.events",),
        keys=order_of,
        fold=fold_order,
        sharing="stream",
    ),
    Projection(
        domain="catalog",
        view=RESTAURANT_RATINGS,
        topics=("reviews.changes",),
        keys=restaurant_of,
        fold=fold_rating,
        sharing="stream",
    ),
)
