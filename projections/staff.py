"""Who works at which restaurant, as dispatch, reviews and insights copy it from the catalog."""

from collections.abc import Sequence
from typing import TypeVar

from kernel.log import Recorded
from kernel.projecting import Key, Projection, View
from subgraphs.catalog.events import StaffChanged
from subgraphs.dispatch.views import PICKUP_STAFF, PickupStaffRow
from subgraphs.insights.views import INSIGHT_STAFF, InsightStaffRow
from subgraphs.reviews.views import REVIEW_STAFF, ReviewStaffRow

StaffT = TypeVar("StaffT", PickupStaffRow, ReviewStaffRow, InsightStaffRow)


def member_of(record: Recorded) -> Sequence[Key]:
    """The restaurant and whoever works there."""
    change = record.message
    row = (change.after or change.before) if isinstance(change, StaffChanged) else None
    return [] if row is None else [(row.restaurant_id, row.subject)]


def staff_copy(domain: str, view: View[StaffT]) -> Projection[StaffT]:
    """Keeps the domain's own copy: the highest revision counts, and who is deleted stays as retired."""

    def fold(member: StaffT | None, record: Recorded, key: Key) -> StaffT | None:
        change = record.message
        if not isinstance(change, StaffChanged) or (member is not None and change.revision <= member.revision):
            return member
        restaurant_id, subject = key
        return view.row(
            restaurant_id=str(restaurant_id),
            subject=str(subject),
            retired=change.after is None or change.after.retired,
            revision=change.revision,
        )

    return Projection(
        domain=domain, view=view, topics=("catalog.changes",), keys=member_of, fold=fold, sharing="stream"
    )


OF_DISPATCH = staff_copy("dispatch", PICKUP_STAFF)
OF_REVIEWS = staff_copy("reviews", REVIEW_STAFF)
OF_INSIGHTS = staff_copy("insights", INSIGHT_STAFF)
PROJECTIONS = (OF_DISPATCH, OF_REVIEWS, OF_INSIGHTS)
