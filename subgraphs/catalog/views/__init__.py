"""What is asked of the catalog: its captured rows by id and by restaurant, always as they are now."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TypeVar

from kernel.messages import Row
from kernel.ports import Views
from subgraphs.catalog.events import MenuCategoryRow, MenuItemRow, OptionGroupRow, RestaurantRow, StaffRow

PartT = TypeVar("PartT", MenuCategoryRow, MenuItemRow, OptionGroupRow, StaffRow)
NamedT = TypeVar("NamedT", RestaurantRow, MenuCategoryRow, MenuItemRow, OptionGroupRow)


class MenuHead(Row):
    """A menu as a whole."""

    restaurant_id: str
    version: int
    """Counts every change of any part of the menu, also one made by hand in SQL."""
    changed_at: datetime


class Belonging(Row):
    """Which restaurant something belongs to."""

    restaurant_id: str


async def restaurants(views: Views, ids: Sequence[str]) -> Sequence[RestaurantRow | None]:
    """The restaurants with these ids, in that order; None for one that is not, or is no more."""
    sql = "select * from restaurants where id = any($1) and not retired"
    return _in_order(ids, await views.fetch(RestaurantRow, sql, [*ids]))


async def workplaces(views: Views, subject: str, limit: int) -> Sequence[RestaurantRow]:
    """The restaurants somebody works at, by name."""
    sql = """
        select r.* from staff s join restaurants r on r.id = s.restaurant_id
        where s.subject = $1 and not s.retired and not r.retired order by r.name, r.id limit $2
    """
    return await views.fetch(RestaurantRow, sql, subject, limit)


async def items(views: Views, ids: Sequence[str]) -> Sequence[MenuItemRow | None]:
    """The items with these ids, in that order, as long as they are on a menu."""
    sql = """
        select t.* from menu_items t join restaurants r on r.id = t.restaurant_id
        where t.id = any($1) and not t.retired and not r.retired
    """
    return _in_order(ids, await views.fetch(MenuItemRow, sql, [*ids]))


async def categories(views: Views, ids: Sequence[str]) -> Sequence[MenuCategoryRow | None]:
    """The categories with these ids, in that order, as long as they are on a menu."""
    sql = """
        select t.* from menu_categories t join restaurants r on r.id = t.restaurant_id
        where t.id = any($1) and not t.retired and not r.retired
    """
    return _in_order(ids, await views.fetch(MenuCategoryRow, sql, [*ids]))


async def option_groups(views: Views, ids: Sequence[str]) -> Sequence[OptionGroupRow | None]:
    """The option groups with these ids, in that order, as long as they are on a menu."""
    sql = """
        select t.* from option_groups t join restaurants r on r.id = t.restaurant_id
        where t.id = any($1) and not t.retired and not r.retired
    """
    return _in_order(ids, await views.fetch(OptionGroupRow, sql, [*ids]))


async def categories_of(views: Views, restaurant_ids: Sequence[str]) -> Sequence[Sequence[MenuCategoryRow]]:
    """Each restaurant's categories, in menu order."""
    sql = "select * from menu_categories where restaurant_id = any($1) and not retired order by position, id"
    return _grouped(restaurant_ids, await views.fetch(MenuCategoryRow, sql, [*restaurant_ids]))


async def items_of(views: Views, restaurant_ids: Sequence[str]) -> Sequence[Sequence[MenuItemRow]]:
    """Each restaurant's items, in menu order within their categories."""
    sql = "select * from menu_items where restaurant_id = any($1) and not retired order by position, id"
    return _grouped(restaurant_ids, await views.fetch(MenuItemRow, sql, [*restaurant_ids]))


async def option_groups_of(views: Views, restaurant_ids: Sequence[str]) -> Sequence[Sequence[OptionGroupRow]]:
    """Each restaurant's option groups, by name."""
    sql = "select * from option_groups where restaurant_id = any($1) and not retired order by name, id"
    return _grouped(restaurant_ids, await views.fetch(OptionGroupRow, sql, [*restaurant_ids]))


async def staff_of(views: Views, restaurant_ids: Sequence[str]) -> Sequence[Sequence[StaffRow]]:
    """Who works at each of these restaurants."""
    sql = "select * from staff where restaurant_id = any($1) and not retired order by role, subject"
    return _grouped(restaurant_ids, await views.fetch(StaffRow, sql, [*restaurant_ids]))


def _in_order(ids: Sequence[str], rows: Sequence[NamedT]) -> Sequence[NamedT | None]:
    found = {row.id: row for row in rows}
    return [found.get(row_id) for row_id in ids]


def _grouped(restaurant_ids: Sequence[str], rows: Sequence[PartT]) -> Sequence[Sequence[PartT]]:
    groups: Mapping[str, list[PartT]] = defaultdict(list)
    for row in rows:
        groups[row.restaurant_id].append(row)
    return [groups[restaurant_id] for restaurant_id in restaurant_ids]


async def menus(views: Views, restaurant_ids: Sequence[str]) -> Sequence[MenuHead | None]:
    """The menus of these restaurants, in that order."""
    sql = """
        with parts as (
          select restaurant_id, revision from menus where restaurant_id = any($1)
          union all select restaurant_id, revision from menu_categories where restaurant_id = any($1)
          union all select restaurant_id, revision from menu_items where restaurant_id = any($1)
          union all select restaurant_id, revision from option_groups where restaurant_id = any($1)
        )
        select m.restaurant_id, m.changed_at,
          (select sum(p.revision) from parts p where p.restaurant_id = m.restaurant_id)::bigint as version
        from menus m join restaurants r on r.id = m.restaurant_id
        where m.restaurant_id = any($1) and not r.retired
    """
    found = {row.restaurant_id: row for row in await views.fetch(MenuHead, sql, [*restaurant_ids])}
    return [found.get(restaurant_id) for restaurant_id in restaurant_ids]


async def restaurant_of_item(views: Views, item_id: str) -> str | None:
    """The restaurant that an item belongs to, also when it is off the menu."""
    found = await views.fetch(Belonging, "select restaurant_id from menu_items where id = $1", item_id)
    return found[0].restaurant_id if found else None


async def restaurant_of_group(views: Views, group_id: str) -> str | None:
    """The restaurant that an option group belongs to, also when it is off the menu."""
    found = await views.fetch(Belonging, "select restaurant_id from option_groups where id = $1", group_id)
    return found[0].restaurant_id if found else None
