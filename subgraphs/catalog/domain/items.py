"""Single items of a menu: added, changed, removed."""

from collections.abc import Mapping, Sequence
from typing import TypeVar

from msgspec import UnsetType
from msgspec.structs import replace

from kernel.messages import Refusal, Row
from subgraphs.catalog.commands import AddMenuItem, ChangeMenuItem, ItemDraft, RemoveMenuItem
from subgraphs.catalog.domain.drafts import MAX_ITEMS, MAX_ITEMS_PER_CATEGORY, problems_of_item, refused
from subgraphs.catalog.domain.premises import Premises
from subgraphs.catalog.domain.publishing import menu_stale
from subgraphs.catalog.domain.refusals import (
    InvalidMenu,
    MenuItemVersionConflict,
    MenuProblem,
    MenuProblemCode,
    NotFound,
)
from subgraphs.catalog.domain.rows import Place, item_row
from subgraphs.catalog.events import MenuItemRow

ITEM_PATH = ("menuItemId",)

ValueT = TypeVar("ValueT")


def add(command: AddMenuItem, premises: Premises) -> Sequence[Row] | Refusal:
    """A new item at the end of its category."""
    if any(item.id == command.item_id for item in premises.items):
        return []  # Asking twice is not an error: retries must be harmless.
    refusal = menu_stale(command.expected_version, premises) or _unfit(command, command.item, premises)
    if refusal is not None:
        return refusal
    living = [item for item in premises.items if not item.retired]
    neighbours = [item for item in living if item.category_id == command.category_id]
    if any(item.external_id == command.item.external_id for item in living):
        return _problem(MenuProblemCode.DUPLICATE_EXTERNAL_ID, "item", "Another item has this external id.")
    if len(neighbours) >= MAX_ITEMS_PER_CATEGORY or len(living) >= MAX_ITEMS:
        return _problem(MenuProblemCode.TOO_MANY, "categoryId", f"At most {MAX_ITEMS_PER_CATEGORY} items.")
    position = max((item.position for item in neighbours), default=-1) + 1
    return _placed(command, premises, command.item, None, Place(premises.restaurant, command.category_id, position))


def change(command: ChangeMenuItem, premises: Premises) -> Sequence[Row] | Refusal:
    """What is given is changed, the rest stays."""
    item = premises.item(command.item_id)
    if item is None:
        return NotFound(path=ITEM_PATH)
    draft = ItemDraft(
        external_id=item.external_id,
        name=_given(command.name, item.name),
        description=_given(command.description, item.description),
        price_minor=_given(command.price_minor, item.price_minor),
        tax_rate_bp=_given(command.tax_rate_bp, item.tax_rate_bp),
        allergens=item.allergens if isinstance(command.allergens, UnsetType) else command.allergens,
        diets=_given(command.diets, item.diets),
        option_groups=_given(command.option_groups, _external_ids(item.option_groups, premises)),
    )
    refusal = _stale(command.expected_version, item) or _unfit(command, draft, premises)
    place = Place(premises.restaurant, _given(command.category_id, item.category_id), item.position)
    return refusal or _placed(command, premises, draft, item, place)


def remove(command: RemoveMenuItem, premises: Premises) -> Sequence[Row] | Refusal:
    """The item retired; it may come back with a later menu."""
    item = next((item for item in premises.items if item.id == command.item_id), None)
    if item is None:
        return NotFound(path=ITEM_PATH)
    if item.retired:
        return []
    refusal = _stale(command.expected_version, item)
    return refusal or [premises.menu_changed(command.at), replace(item, retired=True)]


def _placed(
    command: AddMenuItem | ChangeMenuItem, premises: Premises, draft: ItemDraft, known: MenuItemRow | None, place: Place
) -> Sequence[Row] | Refusal:
    if premises.category(place.category_id) is None:
        return _problem(MenuProblemCode.UNKNOWN_CATEGORY, "categoryId", "There is no such category.")
    row = item_row(draft, command.item_id, known, place, _group_ids(premises))
    return [] if row == known else [premises.menu_changed(command.at), row]


def _given(given: ValueT | None, otherwise: ValueT) -> ValueT:
    return otherwise if given is None else given


def _external_ids(group_ids: Sequence[str], premises: Premises) -> tuple[str, ...]:
    """A group retired by hand is asked no more; it must not stand in the way of another change."""
    groups = [premises.group(group_id) for group_id in group_ids]
    return tuple(group.external_id for group in groups if group is not None)


def _group_ids(premises: Premises) -> Mapping[str, str]:
    return {group.external_id: group.id for group in premises.groups if not group.retired}


def _unfit(command: AddMenuItem | ChangeMenuItem, draft: ItemDraft, premises: Premises) -> Refusal | None:
    path = ("item",) if isinstance(command, AddMenuItem) else ()
    return refused(problems_of_item(draft, frozenset(_group_ids(premises)), path))


def _problem(code: MenuProblemCode, field: str, message: str) -> InvalidMenu:
    return InvalidMenu(problems=(MenuProblem(code=code, path=(field,), message=message),))


def _stale(expected_version: int | None, item: MenuItemRow) -> Refusal | None:
    if expected_version is None or expected_version == item.revision:
        return None
    return MenuItemVersionConflict(current_version=item.revision, menu_item=item)
