"""Single option groups of a menu: added, changed, removed."""

from collections.abc import Sequence

from msgspec.structs import replace

from kernel.messages import Refusal, Row
from subgraphs.catalog.commands import AddOptionGroup, ChangeOptionGroup, OptionGroupDraft, RemoveOptionGroup
from subgraphs.catalog.domain.drafts import MAX_GROUPS, problems_of_group, refused
from subgraphs.catalog.domain.premises import Premises
from subgraphs.catalog.domain.publishing import menu_stale
from subgraphs.catalog.domain.refusals import (
    InvalidMenu,
    MenuProblem,
    MenuProblemCode,
    NotFound,
    OptionGroupInUse,
    OptionGroupVersionConflict,
)
from subgraphs.catalog.domain.rows import group_row
from subgraphs.catalog.events import OptionGroupRow

GROUP_PATH = ("optionGroupId",)


def add(command: AddOptionGroup, premises: Premises) -> Sequence[Row] | Refusal:
    """A new option group, which no item asks for yet."""
    if any(group.id == command.group_id for group in premises.groups):
        return []  # Asking twice is not an error: retries must be harmless.
    refusal = menu_stale(command.expected_version, premises) or _unfit(command.group, None, premises)
    if refusal is not None:
        return refusal
    row = group_row(command.group, command.group_id, None, premises.restaurant.id)
    return [premises.menu_changed(command.at), row]


def change(command: ChangeOptionGroup, premises: Premises) -> Sequence[Row] | Refusal:
    """The option group as the draft says; options with known external ids keep their ids and availability."""
    group = premises.group(command.group_id)
    if group is None:
        return NotFound(path=GROUP_PATH)
    refusal = _stale(command.expected_version, group) or _unfit(command.group, group, premises)
    if refusal is not None:
        return refusal
    row = group_row(command.group, group.id, group, premises.restaurant.id)
    return [] if row == group else [premises.menu_changed(command.at), row]


def remove(command: RemoveOptionGroup, premises: Premises) -> Sequence[Row] | Refusal:
    """The option group retired, once no item asks for it."""
    group = next((group for group in premises.groups if group.id == command.group_id), None)
    if group is None:
        return NotFound(path=GROUP_PATH)
    if group.retired:
        return []
    users = tuple(item for item in premises.items if group.id in item.option_groups and not item.retired)
    if users:
        return OptionGroupInUse(items=users)
    refusal = _stale(command.expected_version, group)
    return refusal or [premises.menu_changed(command.at), replace(group, retired=True)]


def _unfit(draft: OptionGroupDraft, known: OptionGroupRow | None, premises: Premises) -> Refusal | None:
    others = [group for group in premises.groups if not group.retired and group is not known]
    if any(group.external_id == draft.external_id for group in others):
        return _problem(MenuProblemCode.DUPLICATE_EXTERNAL_ID, "Another option group has this external id.")
    if len(others) >= MAX_GROUPS:
        return _problem(MenuProblemCode.TOO_MANY, f"At most {MAX_GROUPS} option groups.")
    return refused(problems_of_group(draft, ("optionGroup",)))


def _problem(code: MenuProblemCode, message: str) -> InvalidMenu:
    return InvalidMenu(problems=(MenuProblem(code=code, path=("optionGroup",), message=message),))


def _stale(expected_version: int | None, group: OptionGroupRow) -> Refusal | None:
    if expected_version is None or expected_version == group.revision:
        return None
    return OptionGroupVersionConflict(current_version=group.revision, option_group=group)
