"""What the mutations of the catalog have in common: from an input to a command, and from its outcome to an answer."""

from collections.abc import Mapping
from typing import TypeVar
from uuid import UUID

import strawberry

from kernel.calling import Accepted
from kernel.graph.context import GraphContext
from kernel.graph.refusals import MalformedId, UserError
from kernel.ids import parse_id
from subgraphs.catalog.commands import RestaurantOrder
from subgraphs.catalog.schema import loading
from subgraphs.catalog.schema.menus import Menu, MenuItem, OptionGroup
from subgraphs.catalog.schema.refusals import REFUSALS
from subgraphs.catalog.schema.restaurants import Restaurant


@strawberry.type(description="The mutation was carried out.")
class CatalogChanged:
    consistency_token: str | None = strawberry.field(
        description="Send it back as `x-consistency-token`, and queries see what this mutation did."
    )


@strawberry.type(description="The restaurant was changed.")
class RestaurantChanged(CatalogChanged):
    restaurant: Restaurant | None = strawberry.field(description="The restaurant as it is now.")


@strawberry.type(description="The menu was changed.")
class MenuChanged(CatalogChanged):
    menu: Menu | None = strawberry.field(description="The menu as it is now.")


@strawberry.type(description="The item was changed.")
class MenuItemChanged(MenuChanged):
    menu_item: MenuItem | None = strawberry.field(description="The item as it is now; null once it is removed.")


@strawberry.type(description="The option group was changed.")
class OptionGroupChanged(MenuChanged):
    option_group: OptionGroup | None = strawberry.field(
        description="The option group as it is now; null once it is removed."
    )


RestaurantT = TypeVar("RestaurantT", bound=RestaurantChanged)
MenuT = TypeVar("MenuT", bound=MenuChanged)
ItemT = TypeVar("ItemT", bound=MenuItemChanged)
GroupT = TypeVar("GroupT", bound=OptionGroupChanged)


async def accepted(
    context: GraphContext,
    command: RestaurantOrder,
    ids: Mapping[str, tuple[str, str]],
    request: tuple[str, UUID, object] | None = None,
) -> Accepted | UserError:
    """Hands the command to the domain.

    `ids` are the ids of the input by name, each with its prefix; `request` is the mutation's name, its idempotency
    key and its whole input.
    """
    for name, (prefix, text) in ids.items():
        if parse_id(prefix, text) is None:
            return MalformedId(path=[name])
    mutation, key, given = request or (None, None, None)
    outcome = await context.handle(command, mutation=mutation, key=key, given=given)
    loading.forget(context)
    return REFUSALS.accepted(outcome)


async def restaurant_changed(
    context: GraphContext, outcome: Accepted | UserError, success: type[RestaurantT]
) -> RestaurantT | UserError:
    """The success of a mutation of a restaurant, or its refusal."""
    if isinstance(outcome, UserError):
        return outcome
    row = await loading.restaurant(context, outcome.stream)
    return success(restaurant=None if row is None else Restaurant.of(row), consistency_token=outcome.token)


async def menu_changed(context: GraphContext, outcome: Accepted | UserError, success: type[MenuT]) -> MenuT | UserError:
    """The success of a mutation of a menu, or its refusal."""
    if isinstance(outcome, UserError):
        return outcome
    return success(menu=await _menu(context, outcome), consistency_token=outcome.token)


async def item_changed(
    context: GraphContext, outcome: Accepted | UserError, item_id: str, success: type[ItemT]
) -> ItemT | UserError:
    """The success of a mutation of an item, or its refusal."""
    if isinstance(outcome, UserError):
        return outcome
    row = await loading.item(context, item_id)
    return success(
        menu=await _menu(context, outcome),
        menu_item=None if row is None else MenuItem.of(row),
        consistency_token=outcome.token,
    )


async def group_changed(
    context: GraphContext, outcome: Accepted | UserError, group_id: str, success: type[GroupT]
) -> GroupT | UserError:
    """The success of a mutation of an option group, or its refusal."""
    if isinstance(outcome, UserError):
        return outcome
    row = await loading.option_group(context, group_id)
    return success(
        menu=await _menu(context, outcome),
        option_group=None if row is None else OptionGroup.of(row),
        consistency_token=outcome.token,
    )


async def _menu(context: GraphContext, outcome: Accepted) -> Menu | None:
    head = await loading.menu(context, outcome.stream)
    return None if head is None else Menu.of(head)
