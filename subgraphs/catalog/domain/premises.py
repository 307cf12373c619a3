"""Premises: a restaurant with all that belongs to it, gathered from its rows, and who may do what there."""

from collections.abc import Sequence
from datetime import datetime
from typing import TypeVar

from msgspec.structs import replace

from kernel.messages import UNSTAMPED, Row, Value
from kernel.ownership import Action, Parties
from subgraphs.catalog.events import (
    MenuCategoryRow,
    MenuItemRow,
    MenuRow,
    OptionGroupRow,
    RestaurantRow,
    StaffRow,
)

OWNER, MANAGER, STAFF = "owner", "manager", "staff"
STAFF_ROLES = (OWNER, MANAGER, STAFF)

REGISTER_RESTAURANT = Action(name="register restaurant", roles=frozenset({"restaurant", "admin"}))
OWN_RESTAURANT = Action(name="own restaurant", relations=frozenset({OWNER}), roles=frozenset({"admin"}))
RUN_RESTAURANT = Action(name="run restaurant", relations=frozenset({OWNER, MANAGER}), roles=frozenset({"admin"}))
WORK_AT_RESTAURANT = Action(
    name="work at restaurant", relations=frozenset(STAFF_ROLES), roles=frozenset({"admin", "system"})
)

RowT = TypeVar("RowT", bound=Row)


class Premises(Value):
    """One restaurant; retired rows are kept, since they come back under their old ids."""

    restaurant: RestaurantRow
    menu: MenuRow
    staff: tuple[StaffRow, ...] = ()
    categories: tuple[MenuCategoryRow, ...] = ()
    items: tuple[MenuItemRow, ...] = ()
    groups: tuple[OptionGroupRow, ...] = ()

    @property
    def parties(self) -> Parties:
        return parties_of(self.staff)

    @property
    def menu_version(self) -> int:
        """Counts every change of any part of the menu, also one made by hand in SQL."""
        parts = (self.menu, *self.categories, *self.items, *self.groups)
        return sum(part.revision for part in parts)

    def menu_changed(self, at: datetime) -> MenuRow:
        """The menu as a whole after one more change."""
        return replace(self.menu, changed_at=at, changes=self.menu.changes + 1)

    def item(self, item_id: str) -> MenuItemRow | None:
        return next((item for item in self.items if item.id == item_id and not item.retired), None)

    def group(self, group_id: str) -> OptionGroupRow | None:
        return next((group for group in self.groups if group.id == group_id and not group.retired), None)

    def category(self, category_id: str) -> MenuCategoryRow | None:
        return next((part for part in self.categories if part.id == category_id and not part.retired), None)


def parties_of(staff: Sequence[StaffRow]) -> Parties:
    """Who stands in which relation to the restaurant these people work at."""
    return {
        role: frozenset(member.subject for member in staff if member.role == role and not member.retired)
        for role in STAFF_ROLES
    }


def gather(rows: Sequence[Row]) -> Premises | None:
    """The premises these rows make; None where no restaurant is, or is any more."""
    restaurant = next(iter(_of(rows, RestaurantRow)), None)
    if restaurant is None or restaurant.retired:
        return None
    untouched = MenuRow(restaurant_id=restaurant.id, changed_at=UNSTAMPED)
    return Premises(
        restaurant=restaurant,
        menu=next(iter(_of(rows, MenuRow)), untouched),
        staff=_of(rows, StaffRow),
        categories=_of(rows, MenuCategoryRow),
        items=_of(rows, MenuItemRow),
        groups=_of(rows, OptionGroupRow),
    )


def _of(rows: Sequence[Row], kind: type[RowT]) -> tuple[RowT, ...]:
    return tuple(row for row in rows if isinstance(row, kind))
