"""What insights copies of the catalog: who works where, and by which clock and in which money a restaurant counts.

`projections/insights.py` and `projections/staff.py` keep the copies.
"""

from collections.abc import Sequence
from typing import Annotated

from kernel.messages import Personal, Row, Viewer
from kernel.ports import Views
from kernel.projecting import View


class InsightStaffRow(Row):
    """Who works at a restaurant and may see how it does, as the catalog last told."""

    restaurant_id: str
    subject: Annotated[str, Personal(subject="subject")]
    retired: bool
    revision: int
    """The highest one seen: changes may arrive out of order."""


class CountedRestaurantRow(Row):
    """A restaurant's clock and money, as the catalog last told."""

    restaurant_id: str
    time_zone: str
    currency: str
    revision: int


INSIGHT_STAFF = View(name="insight_staff", row=InsightStaffRow, key=("restaurant_id", "subject"))
COUNTED_RESTAURANTS = View(name="counted_restaurant", row=CountedRestaurantRow, key=("restaurant_id",))


async def restaurants_of(views: Views, viewer: Viewer, ids: Sequence[str]) -> Sequence[CountedRestaurantRow | None]:
    """Of the restaurants with these ids those at which the viewer works, in that order."""
    sql = (
        "select r.* from counted_restaurant r join insight_staff s using (restaurant_id) "
        "where restaurant_id = any($1::text[]) and s.subject = $2 and not s.retired"
    )
    found = {row.restaurant_id: row for row in await views.fetch(CountedRestaurantRow, sql, [*ids], viewer.subject)}
    return [found.get(each) for each in ids]
