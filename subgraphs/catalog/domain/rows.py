"""Rows from drafts: what a restaurant writes, with the ids, revisions and availability of what was there before."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple, Protocol

from kernel.ids import derive_id
from subgraphs.catalog.commands import ItemDraft, OptionDraft, OptionGroupDraft
from subgraphs.catalog.events import MenuItemRow, Option, OptionGroupRow, RestaurantRow


class Identified(Protocol):
    @property
    def id(self) -> str: ...


class Place(NamedTuple):
    """Where on which menu an item stands."""

    restaurant: RestaurantRow
    category_id: str
    position: int


class FreshIds:
    """Ids for new parts: the same name gets the same id, unless another part has it already."""

    def __init__(self, prefix: str, source: str, known: Sequence[Identified]) -> None:
        self.source = source
        self._prefix = prefix
        self._taken = {part.id for part in known}

    def id_for(self, name: str) -> str:
        """An id nobody has."""
        label = f"{self._prefix}:{name}"
        fresh = derive_id(self._prefix, self.source, label)
        while fresh in self._taken:
            label += "'"
            fresh = derive_id(self._prefix, self.source, label)
        self._taken.add(fresh)
        return fresh


def item_row(
    draft: ItemDraft, item_id: str, known: MenuItemRow | None, place: Place, group_ids: Mapping[str, str]
) -> MenuItemRow:
    """The row of an item; `group_ids` are the ids of option groups by the names the draft has for them."""
    on_menu = known if known is not None and not known.retired else None
    return MenuItemRow(
        id=item_id,
        restaurant_id=place.restaurant.id,
        category_id=place.category_id,
        external_id=draft.external_id,
        position=place.position,
        name=draft.name.strip(),
        description=draft.description,
        price_minor=draft.price_minor,
        currency=place.restaurant.currency,
        tax_rate_bp=draft.tax_rate_bp,
        allergens=draft.allergens,
        diets=draft.diets,
        option_groups=tuple(group_ids[name] for name in draft.option_groups),
        unavailable=on_menu is not None and on_menu.unavailable,
        unavailable_until=on_menu.unavailable_until if on_menu is not None else None,
        revision=known.revision if known is not None else 0,
    )


def group_row(
    draft: OptionGroupDraft, group_id: str, known: OptionGroupRow | None, restaurant_id: str
) -> OptionGroupRow:
    """The row of an option group; its options keep their ids and availability."""
    return OptionGroupRow(
        id=group_id,
        restaurant_id=restaurant_id,
        external_id=draft.external_id,
        name=draft.name.strip(),
        min_choices=draft.min_choices,
        max_choices=draft.max_choices,
        options=_options(draft.options, known.options if known is not None else (), group_id),
        revision=known.revision if known is not None else 0,
    )


def _options(drafts: Sequence[OptionDraft], before: Sequence[Option], group_id: str) -> tuple[Option, ...]:
    known = {option.external_id: option for option in before}
    ids = FreshIds("option", group_id, before)
    return tuple(_option(draft, known.get(draft.external_id), ids) for draft in drafts)


def _option(draft: OptionDraft, known: Option | None, ids: FreshIds) -> Option:
    return Option(
        id=known.id if known is not None else ids.id_for(draft.external_id),
        external_id=draft.external_id,
        name=draft.name.strip(),
        price_minor=draft.price_minor,
        unavailable=known is not None and known.unavailable,
        unavailable_until=known.unavailable_until if known is not None else None,
    )
