"""What orders knows of restaurants: its own copy of kitchens, menus and staff, and what can be ordered when."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated

from kernel.hours import is_open, next_opening
from kernel.messages import Personal, Row, Value
from kernel.places import Position


class CopiedRow(Row):
    """A row of the catalog, as far as orders needs it."""

    retired: bool
    revision: int
    """The highest one seen: changes may arrive out of order."""


class KitchenRow(CopiedRow):
    """A restaurant as orders needs it, as the catalog last told."""

    id: str
    name: str
    address: str
    """As a courier reads it; empty when nobody has said."""
    position: Position
    delivery_radius_m: int
    """How far it delivers, as the crow flies."""
    time_zone: str
    opening_hours: str
    currency: str
    prep_minutes: int
    minimum_basket_minor: int
    paused_until: datetime | None

    def pause_end(self, at: datetime) -> datetime | None:
        """Until when the kitchen is paused; None when it is not."""
        return self.paused_until if self.paused_until is not None and at < self.paused_until else None

    def is_open(self, at: datetime) -> bool:
        return is_open(self.opening_hours, self.time_zone, at)

    def opens_at(self, at: datetime) -> datetime | None:
        """When it opens next; None when it never does."""
        return next_opening(self.opening_hours, self.time_zone, at)

    def takes_orders(self, at: datetime) -> bool:
        return not self.retired and self.pause_end(at) is None and self.is_open(at)


class KitchenItemRow(CopiedRow):
    """Something a kitchen makes."""

    id: str
    restaurant_id: str
    name: str
    price_minor: int
    tax_rate: int
    """Basis points: 1350 is 13.5 %."""
    option_groups: tuple[str, ...]
    unavailable: bool
    unavailable_until: datetime | None


class KitchenOption(Value):
    """One choice of an option group."""

    id: str
    name: str
    price_minor: int
    unavailable: bool = False
    unavailable_until: datetime | None = None


class KitchenGroupRow(CopiedRow):
    """A question asked with an item: between `min_choices` and `max_choices` of its options, each at most once."""

    id: str
    restaurant_id: str
    name: str
    min_choices: int
    max_choices: int
    options: tuple[KitchenOption, ...]


class KitchenStaffRow(CopiedRow):
    """Who works in a kitchen."""

    restaurant_id: str
    subject: Annotated[str, Personal(subject="subject")]
    role: str


class Selection(Value):
    """A line as the customer chose it; the price is no part of it."""

    item_id: str
    quantity: int
    option_ids: tuple[str, ...] = ()


class Counter(Row):
    """What a decision about a selection is made on: the kitchen and the part of its menu that was chosen."""

    kitchen: KitchenRow
    items: tuple[KitchenItemRow, ...]
    groups: tuple[KitchenGroupRow, ...]
    """Those of the items, with no option but the chosen ones."""

    def item(self, item_id: str) -> KitchenItemRow | None:
        """The item on this kitchen's menu."""
        found = next((item for item in self.items if item.id == item_id), None)
        return found if found is not None and not found.retired else None

    def groups_of(self, item: KitchenItemRow) -> Sequence[KitchenGroupRow]:
        """The questions asked with `item`, in the order of asking."""
        known = {group.id: group for group in self.groups if not group.retired}
        return [known[group_id] for group_id in item.option_groups if group_id in known]


class UnavailableItem(Value):
    """An item or one of its options that cannot be had."""

    item_id: str
    option_id: str | None = None
    name: str | None = None
    """None when the restaurant has no such thing."""
    available_from: datetime | None = None
    """None when nobody knows."""


def unavailable(selections: Sequence[Selection], counter: Counter, at: datetime) -> tuple[UnavailableItem, ...]:
    """Everything among `selections` that cannot be had at `at`, each once, in the order asked."""
    missing = [gone for selection in selections for gone in _missing(selection, counter, at)]
    return tuple(dict.fromkeys(missing))


def _missing(selection: Selection, counter: Counter, at: datetime) -> list[UnavailableItem]:
    item = counter.item(selection.item_id)
    if item is None:
        return [UnavailableItem(item_id=selection.item_id)]
    missing: list[UnavailableItem] = []
    if is_off(item, at):
        missing.append(UnavailableItem(item_id=item.id, name=item.name, available_from=item.unavailable_until))
    options = {option.id: option for group in counter.groups_of(item) for option in group.options}
    for option_id in selection.option_ids:
        option = options.get(option_id)
        if option is None:
            missing.append(UnavailableItem(item_id=item.id, option_id=option_id))
        elif is_off(option, at):
            missing.append(
                UnavailableItem(
                    item_id=item.id, option_id=option_id, name=option.name, available_from=option.unavailable_until
                )
            )
    return missing


def is_off(thing: KitchenItemRow | KitchenOption, at: datetime) -> bool:
    """Whether it cannot be had at `at`: until further notice, or for as long as its end lies ahead."""
    return thing.unavailable and (thing.unavailable_until is None or at < thing.unavailable_until)
