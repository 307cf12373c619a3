"""Publishing a whole menu: what stays the same is not written, what is gone is retired and may come back."""

from collections.abc import Sequence
from typing import TypeVar

from msgspec.structs import replace

from kernel.messages import Refusal, Row
from kernel.planning import changed_rows
from subgraphs.catalog.commands import CategoryDraft, OptionGroupDraft, PublishMenu
from subgraphs.catalog.domain.drafts import problems_of_document, refused
from subgraphs.catalog.domain.premises import Premises
from subgraphs.catalog.domain.refusals import MenuVersionConflict
from subgraphs.catalog.domain.rows import FreshIds, Place, group_row, item_row
from subgraphs.catalog.events import MenuCategoryRow, MenuItemRow, OptionGroupRow

PartT = TypeVar("PartT", MenuCategoryRow, MenuItemRow, OptionGroupRow)


def publish(command: PublishMenu, premises: Premises) -> Sequence[Row] | Refusal:
    """The rows that make the menu what the document says; availability stays as it is."""
    document = command.document
    refusal = refused(problems_of_document(document)) or menu_stale(command.expected_version, premises)
    if refusal is not None:
        return refusal
    groups = _groups(document.option_groups, premises)
    categories = _categories(document.categories, premises)
    items = _items(document.categories, categories, groups, premises)
    before: tuple[Row, ...] = (*premises.groups, *premises.categories, *premises.items)
    after: tuple[Row, ...] = (
        *groups,
        *categories,
        *items,
        *_retired(premises.groups, groups),
        *_retired(premises.categories, categories),
        *_retired(premises.items, items),
    )
    changed = changed_rows(before, after)
    return [premises.menu_changed(command.at), *changed] if changed else []


def menu_stale(expected_version: int | None, premises: Premises) -> Refusal | None:
    """The refusal of a decision made on an older menu."""
    if expected_version is None or expected_version == premises.menu_version:
        return None
    return MenuVersionConflict(current_version=premises.menu_version, restaurant_id=premises.restaurant.id)


def _groups(drafts: Sequence[OptionGroupDraft], premises: Premises) -> Sequence[OptionGroupRow]:
    restaurant_id = premises.restaurant.id
    known = {group.external_id: group for group in _living_last(premises.groups)}
    ids = FreshIds("group", restaurant_id, premises.groups)
    return [
        group_row(
            draft,
            _id_of(known.get(draft.external_id), draft.external_id, ids),
            known.get(draft.external_id),
            restaurant_id,
        )
        for draft in drafts
    ]


def _categories(drafts: Sequence[CategoryDraft], premises: Premises) -> Sequence[MenuCategoryRow]:
    known = {category.name: category for category in _living_last(premises.categories)}
    ids = FreshIds("category", premises.restaurant.id, premises.categories)
    return [_category_row(draft, position, known, ids) for position, draft in enumerate(drafts)]


def _category_row(
    draft: CategoryDraft, position: int, known: dict[str, MenuCategoryRow], ids: FreshIds
) -> MenuCategoryRow:
    name = draft.name.strip()
    row = known.get(name)
    return MenuCategoryRow(
        id=_id_of(row, name, ids),
        restaurant_id=ids.source,
        name=name,
        description=draft.description,
        position=position,
        revision=row.revision if row is not None else 0,
    )


def _items(
    drafts: Sequence[CategoryDraft],
    categories: Sequence[MenuCategoryRow],
    groups: Sequence[OptionGroupRow],
    premises: Premises,
) -> Sequence[MenuItemRow]:
    known = {item.external_id: item for item in _living_last(premises.items)}
    group_ids = {group.external_id: group.id for group in groups}
    ids = FreshIds("item", premises.restaurant.id, premises.items)
    rows: list[MenuItemRow] = []
    for category, draft in zip(categories, drafts, strict=True):
        for position, item in enumerate(draft.items):
            row = known.get(item.external_id)
            place = Place(premises.restaurant, category.id, position)
            rows.append(item_row(item, _id_of(row, item.external_id, ids), row, place, group_ids))
    return rows


def _id_of(known: PartT | None, name: str, ids: FreshIds) -> str:
    return known.id if known is not None else ids.id_for(name)


def _living_last(rows: Sequence[PartT]) -> Sequence[PartT]:
    """Of two rows by one name the one that is on the menu counts: in a mapping the last one wins."""
    return sorted(rows, key=lambda row: not row.retired)


def _retired(before: Sequence[PartT], after: Sequence[PartT]) -> Sequence[PartT]:
    kept = {row.id for row in after}
    return [replace(row, retired=True) for row in before if row.id not in kept]
