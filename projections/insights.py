"""By which clock and in which money a restaurant counts, as insights copies it from the catalog."""

from collections.abc import Sequence

from kernel.log import Recorded
from kernel.projecting import Key, Projection
from subgraphs.catalog.events import RestaurantChanged
from subgraphs.insights.views import COUNTED_RESTAURANTS, CountedRestaurantRow


def restaurant_of(record: Recorded) -> Sequence[Key]:
    """The restaurant that a change is of."""
    change = record.message
    row = (change.after or change.before) if isinstance(change, RestaurantChanged) else None
    return [] if row is None else [(row.id,)]


def fold(restaurant: CountedRestaurantRow | None, record: Recorded, _: Key) -> CountedRestaurantRow | None:
    """The restaurant after the change; one that is gone still has its figures."""
    change = record.message
    if not isinstance(change, RestaurantChanged) or (restaurant is not None and change.revision <= restaurant.revision):
        return restaurant
    row = change.after or change.before
    if row is None:
        return restaurant
    return CountedRestaurantRow(
        restaurant_id=row.id, time_zone=row.time_zone, currency=row.currency, revision=change.revision
    )


PROJECTIONS = (
    Projection(
        domain="insights",
        view=COUNTED_RESTAURANTS,
        topics=("catalog.changes",),
        keys=restaurant_of,
        fold=fold,
        sharing="stream",
    ),
)
