"""What is off, and until when: kitchens say so all day long, so it neither needs nor moves the menu as a whole."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from msgspec.structs import replace

from kernel.messages import Refusal, Row
from subgraphs.catalog.commands import SetItemAvailability, SetOptionAvailability
from subgraphs.catalog.domain.premises import Premises
from subgraphs.catalog.domain.refusals import (
    MenuItemVersionConflict,
    NotFound,
    OptionGroupVersionConflict,
    UntilOutOfBounds,
)

LONGEST_ABSENCE = timedelta(days=366)


def set_item(command: SetItemAvailability, premises: Premises) -> Sequence[Row] | Refusal:
    """The item off until then, off until further notice, or back."""
    item = premises.item(command.item_id)
    if item is None:
        return NotFound(path=("menuItemId",))
    if command.expected_version not in (None, item.revision):
        return MenuItemVersionConflict(current_version=item.revision, menu_item=item)
    until = _until(command)
    if isinstance(until, Refusal):
        return until
    said = replace(item, unavailable=not command.available, unavailable_until=until)
    return [] if said == item else [said]


def set_option(command: SetOptionAvailability, premises: Premises) -> Sequence[Row] | Refusal:
    """The option off until then, off until further notice, or back."""
    group = premises.group(command.group_id)
    option = next((each for each in group.options if each.id == command.option_id), None) if group else None
    if group is None or option is None:
        return NotFound(path=("optionId" if group else "optionGroupId",))
    if command.expected_version not in (None, group.revision):
        return OptionGroupVersionConflict(current_version=group.revision, option_group=group)
    until = _until(command)
    if isinstance(until, Refusal):
        return until
    said = replace(option, unavailable=not command.available, unavailable_until=until)
    options = tuple(said if each is option else each for each in group.options)
    return [] if said == option else [replace(group, options=options)]


def _until(command: SetItemAvailability | SetOptionAvailability) -> datetime | UntilOutOfBounds | None:
    if command.available or command.until is None:
        return None
    latest = command.at + LONGEST_ABSENCE
    return (
        command.until if command.at < command.until <= latest else UntilOutOfBounds(earliest=command.at, latest=latest)
    )
