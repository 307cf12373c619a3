"""Loading within one request: each question is asked once, for all who ask it at the same moment."""

from collections.abc import Awaitable, Callable, Sequence
from typing import TypeVar

from strawberry.dataloader import DataLoader

from kernel.graph.context import GraphContext
from kernel.ids import parse_id
from kernel.ports import Views
from subgraphs.catalog import views
from subgraphs.catalog.events import MenuCategoryRow, MenuItemRow, OptionGroupRow, RestaurantRow, StaffRow
from subgraphs.catalog.views import MenuHead

FoundT = TypeVar("FoundT")
Ask = Callable[[Views, Sequence[str]], Awaitable[Sequence[FoundT]]]

_NAMES = ("restaurant", "item", "category", "group", "menus", "categories", "items", "staff")
"""What is kept of a request's answers."""


def _loaded(context: GraphContext, name: str, ask: Ask[FoundT], key: str) -> Awaitable[FoundT]:
    async def load(keys: list[str]) -> Sequence[FoundT]:
        return await ask(context.views, keys)

    return context.keep(name, lambda: DataLoader(load_fn=load)).load(key)


async def _by_id(context: GraphContext, prefix: str, ask: Ask[FoundT | None], part_id: str) -> FoundT | None:
    """Null for what is malformed, as for what does not exist."""
    return None if parse_id(prefix, part_id) is None else await _loaded(context, prefix, ask, part_id)


async def restaurant(context: GraphContext, restaurant_id: str) -> RestaurantRow | None:
    return await _by_id(context, "restaurant", views.restaurants, restaurant_id)


async def item(context: GraphContext, item_id: str) -> MenuItemRow | None:
    return await _by_id(context, "item", views.items, item_id)


async def category(context: GraphContext, category_id: str) -> MenuCategoryRow | None:
    return await _by_id(context, "category", views.categories, category_id)


async def option_group(context: GraphContext, group_id: str) -> OptionGroupRow | None:
    return await _by_id(context, "group", views.option_groups, group_id)


async def menu(context: GraphContext, restaurant_id: str) -> MenuHead | None:
    return await _loaded(context, "menus", views.menus, restaurant_id)


async def categories(context: GraphContext, restaurant_id: str) -> Sequence[MenuCategoryRow]:
    return await _loaded(context, "categories", views.categories_of, restaurant_id)


async def items(context: GraphContext, restaurant_id: str) -> Sequence[MenuItemRow]:
    return await _loaded(context, "items", views.items_of, restaurant_id)


async def staff(context: GraphContext, restaurant_id: str) -> Sequence[StaffRow]:
    return await _loaded(context, "staff", views.staff_of, restaurant_id)


def forget(context: GraphContext) -> None:
    """Ask anew from here on: something has changed since."""
    for name in _NAMES:
        context.kept.pop(name, None)
