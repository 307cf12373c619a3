"""Dispatch's own copy of who works at the restaurants that couriers fetch food from."""

from collections.abc import Sequence

from kernel.log import Recorded
from kernel.projecting import Key, Projection
from subgraphs.catalog.events import StaffChanged
from subgraphs.dispatch.views import PICKUP_STAFF, PickupStaffRow


def member_of(record: Recorded) -> Sequence[Key]:
    """The restaurant and whoever works there."""
    change = record.message
    row = (change.after or change.before) if isinstance(change, StaffChanged) else None
    return [] if row is None else [(row.restaurant_id, row.subject)]


def fold_member(member: PickupStaffRow | None, record: Recorded, key: Key) -> PickupStaffRow | None:
    """Whether they work there after the change."""
    change = record.message
    if not isinstance(change, StaffChanged) or (member is not None and change.revision <= member.revision):
        return member
    restaurant_id, subject = key
    return PickupStaffRow(
        restaurant_id=str(restaurant_id),
        subject=str(subject),
        retired=change.after is None or change.after.retired,
        revision=change.revision,
    )


PROJECTIONS = (
    Projection(
        domain="dispatch",
        view=PICKUP_STAFF,
        topics=("catalog.changes",),
        keys=member_of,
        fold=fold_member,
        sharing="stream",
    ),
)
