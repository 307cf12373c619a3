"""Who works at a restaurant."""

from collections.abc import Sequence

from msgspec.structs import replace

from kernel.messages import Refusal, Row, Viewer
from kernel.ownership import may
from subgraphs.catalog.commands import AddStaffMember, RemoveStaffMember
from subgraphs.catalog.domain.premises import OWN_RESTAURANT, OWNER, STAFF, STAFF_ROLES, Premises
from subgraphs.catalog.domain.refusals import InvalidInput, LastOwnerStays, NotAllowed, NotFound, TooManyStaff
from subgraphs.catalog.events import StaffRow

MAX_STAFF = 100
MAX_SUBJECT = 120


def add(command: AddStaffMember, premises: Premises) -> Sequence[Row] | Refusal:
    """A new colleague, or another role for one; managers may only speak for plain staff."""
    if not 0 < len(command.subject) <= MAX_SUBJECT:
        return InvalidInput(path=("subject",), reason=f"Between 1 and {MAX_SUBJECT} characters.")
    if command.role not in STAFF_ROLES:
        return InvalidInput(path=("role",), reason=f"One of {', '.join(STAFF_ROLES)}.")
    known = _member(premises, command.subject)
    member = known or StaffRow(restaurant_id=premises.restaurant.id, subject=command.subject, role=STAFF, retired=True)
    if not _may_appoint(command.viewer, premises, member, command.role):
        return NotAllowed()
    if _is_last_owner(premises, member) and command.role != OWNER:
        return LastOwnerStays()
    if member.retired and sum(not each.retired for each in premises.staff) >= MAX_STAFF:
        return TooManyStaff(limit=MAX_STAFF)
    appointed = replace(member, role=command.role, retired=False)
    return [] if appointed == known else [appointed]


def remove(command: RemoveStaffMember, premises: Premises) -> Sequence[Row] | Refusal:
    """One colleague less; the last owner stays."""
    member = _member(premises, command.subject)
    if member is None:
        return NotFound(path=("subject",))
    if member.retired:
        return []
    if not _may_appoint(command.viewer, premises, member, STAFF):
        return NotAllowed()
    return LastOwnerStays() if _is_last_owner(premises, member) else [replace(member, retired=True)]


def _member(premises: Premises, subject: str) -> StaffRow | None:
    return next((member for member in premises.staff if member.subject == subject), None)


def _may_appoint(viewer: Viewer, premises: Premises, member: StaffRow, role: str) -> bool:
    stands_above_staff = member.role != STAFF and not member.retired
    if role == STAFF and not stands_above_staff:
        return True  # Whoever may run the restaurant may, and that has been asked already.
    return may(viewer, OWN_RESTAURANT, premises.parties)


def _is_last_owner(premises: Premises, member: StaffRow) -> bool:
    return premises.parties[OWNER] == frozenset({member.subject})
