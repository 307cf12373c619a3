"""The refusals of the catalog in the graph."""

from collections.abc import Sequence
from datetime import datetime
from typing import ClassVar

import strawberry

from kernel.graph.context import Info
from kernel.graph.refusals import (
    SHARED,
    IdempotencyKeyReused,
    InvalidInput,
    MalformedId,
    NotAllowed,
    NotFound,
    Refusals,
    RequestInProgress,
    UserError,
    built,
)
from subgraphs.catalog.domain import refusals
from subgraphs.catalog.schema import loading
from subgraphs.catalog.schema.menus import Menu, MenuItem, OptionGroup
from subgraphs.catalog.schema.restaurants import Restaurant

strawberry.enum(
    refusals.MenuProblemCode,
    description="What kind of problem it is. Clients must expect values that are not listed yet.",
)


@strawberry.type(description="One thing that is wrong with a menu.")
class MenuProblem:
    code: refusals.MenuProblemCode
    path: list[str] = strawberry.field(description="Where in the input, such as document, categories, 0, items, 3.")
    message: str = strawberry.field(description="A sentence for people.")


@strawberry.type(description="The menu would break its own rules; nothing was changed.")
class InvalidMenu(UserError):
    sentence: ClassVar[str] = "The menu breaks its own rules."
    problems: list[MenuProblem] = strawberry.field(description="All that is wrong with it, at most 100.")


@strawberry.type(description="The opening hours do not follow OpenStreetMap's syntax.")
class UnreadableOpeningHours(UserError):
    sentence: ClassVar[str] = "The opening hours cannot be read; write them like Mo-Fr 11:00-14:30,17:00-22:30."


@strawberry.type(description="That moment lies in the past, or too far ahead.")
class UntilOutOfBounds(UserError):
    sentence: ClassVar[str] = "Choose a moment after {earliest:%F %R} and not later than {latest:%F %R} UTC."
    earliest: datetime = strawberry.field(description="It must be later than this.")
    latest: datetime = strawberry.field(description="It must not be later than this.")


@strawberry.type(description="Nobody else owns the restaurant: appoint another owner first.")
class LastOwnerStays(UserError):
    sentence: ClassVar[str] = "A restaurant always has an owner."


@strawberry.type(description="As many people work there as can.")
class TooManyStaff(UserError):
    sentence: ClassVar[str] = "At most {limit} people can work at one restaurant."
    limit: int


@strawberry.type(description="Items still ask for this option group: change them first.")
class OptionGroupInUse(UserError):
    sentence: ClassVar[str] = "Items still ask for this option group."
    items: list[MenuItem] = strawberry.field(description="Those that do.")


@strawberry.type(description="The restaurant has changed since the viewer looked: look again, then decide again.")
class RestaurantVersionConflict(UserError):
    sentence: ClassVar[str] = "The restaurant has changed; its version is {current_version}."
    current_version: int
    restaurant: Restaurant | None


@strawberry.type(description="The menu has changed since the viewer looked: look again, then decide again.")
class MenuVersionConflict(UserError):
    sentence: ClassVar[str] = "The menu has changed; its version is {current_version}."
    current_version: int
    restaurant_id: strawberry.Private[str] = ""

    @strawberry.field(description="The menu as it is now.")
    async def menu(self, info: Info) -> Menu | None:
        head = await loading.menu(info.context, self.restaurant_id)
        return None if head is None else Menu.of(head)


@strawberry.type(description="The item has changed since the viewer looked: look again, then decide again.")
class MenuItemVersionConflict(UserError):
    sentence: ClassVar[str] = "The item has changed; its version is {current_version}."
    current_version: int
    menu_item: MenuItem | None


@strawberry.type(description="The option group has changed since the viewer looked: look again, then decide again.")
class OptionGroupVersionConflict(UserError):
    sentence: ClassVar[str] = "The option group has changed; its version is {current_version}."
    current_version: int
    option_group: OptionGroup | None


def _invalid_menu(refusal: refusals.InvalidMenu) -> UserError:
    problems = [
        MenuProblem(code=problem.code, path=[*problem.path], message=problem.message) for problem in refusal.problems
    ]
    return InvalidMenu(problems=problems)


def _group_in_use(refusal: refusals.OptionGroupInUse) -> UserError:
    return OptionGroupInUse(items=[MenuItem.of(item) for item in refusal.items])


def _restaurant_conflict(refusal: refusals.RestaurantVersionConflict) -> UserError:
    return RestaurantVersionConflict(
        current_version=refusal.current_version, restaurant=Restaurant.of(refusal.restaurant)
    )


def _item_conflict(refusal: refusals.MenuItemVersionConflict) -> UserError:
    return MenuItemVersionConflict(current_version=refusal.current_version, menu_item=MenuItem.of(refusal.menu_item))


def _group_conflict(refusal: refusals.OptionGroupVersionConflict) -> UserError:
    return OptionGroupVersionConflict(
        current_version=refusal.current_version, option_group=OptionGroup.of(refusal.option_group)
    )


REFUSALS = Refusals(
    plain=(
        *SHARED,
        UnreadableOpeningHours,
        UntilOutOfBounds,
        LastOwnerStays,
        TooManyStaff,
        MenuVersionConflict,
    ),
    built=(
        built(refusals.InvalidMenu, _invalid_menu),
        built(refusals.OptionGroupInUse, _group_in_use),
        built(refusals.RestaurantVersionConflict, _restaurant_conflict),
        built(refusals.MenuItemVersionConflict, _item_conflict),
        built(refusals.OptionGroupVersionConflict, _group_conflict),
    ),
)

ALWAYS: Sequence[type[UserError]] = (NotAllowed, NotFound, MalformedId)
"""What every mutation of an existing restaurant may answer."""
WITH_KEY: Sequence[type[UserError]] = (IdempotencyKeyReused, RequestInProgress)
"""What every mutation with an idempotency key may answer."""
UNFIT: Sequence[type[UserError]] = (InvalidInput,)
