"""What a restaurant's people do to its menu: publish it whole, or add, change and remove an item."""

from collections.abc import Mapping
from datetime import datetime
from uuid import UUID

import msgspec
import strawberry

from kernel.graph.context import Info
from kernel.graph.refusals import UserError, result
from kernel.graph.scalars import MinorUnits
from kernel.ids import derive_id
from subgraphs.catalog.commands import AddMenuItem, ChangeMenuItem, PublishMenu, RemoveMenuItem, SetItemAvailability
from subgraphs.catalog.schema.changing import ItemT, MenuChanged, MenuItemChanged, accepted, item_changed, menu_changed
from subgraphs.catalog.schema.inputs import MenuDocumentInput, MenuItemInput, allergen_names, diet_names
from subgraphs.catalog.schema.menus import Allergen, Diet
from subgraphs.catalog.schema.refusals import (
    ALWAYS,
    WITH_KEY,
    InvalidMenu,
    MenuItemVersionConflict,
    MenuVersionConflict,
    UntilOutOfBounds,
)

MENU_LOOKED_AT = "The menu's `version` the viewer looked at; with another one nothing is changed."
ITEM_LOOKED_AT = "The item's `version` the viewer looked at; with another one nothing is changed."


@strawberry.input
class PublishMenuInput:
    idempotency_key: UUID
    restaurant_id: strawberry.ID
    document: MenuDocumentInput
    expected_version: int | None = strawberry.field(default=None, description=MENU_LOOKED_AT)


@strawberry.input
class AddMenuItemInput:
    idempotency_key: UUID
    restaurant_id: strawberry.ID
    category_id: strawberry.ID = strawberry.field(description="It is added at the end of this category.")
    item: MenuItemInput
    expected_version: int | None = strawberry.field(default=None, description=MENU_LOOKED_AT)


@strawberry.input(description="What is left out stays as it is.")
class ChangeMenuItemInput:
    menu_item_id: strawberry.ID
    category_id: strawberry.ID | None = None
    name: str | None = None
    description: str | None = None
    price_minor: MinorUnits | None = strawberry.field(default=None, description="In the restaurant's currency.")
    tax_rate: int | None = strawberry.field(default=None, description="Basis points: 1350 is 13.5 %.")
    allergens: list[Allergen] | None = strawberry.field(
        default=strawberry.UNSET, description="Null means that nobody has said; empty means none of the fourteen."
    )
    diets: list[Diet] | None = None
    option_groups: list[str] | None = strawberry.field(
        default=None, description="External ids of option groups, in the order of asking."
    )
    expected_version: int | None = strawberry.field(default=None, description=ITEM_LOOKED_AT)


@strawberry.input
class RemoveMenuItemInput:
    menu_item_id: strawberry.ID
    expected_version: int | None = strawberry.field(default=None, description=ITEM_LOOKED_AT)


@strawberry.input
class SetItemAvailabilityInput:
    menu_item_id: strawberry.ID
    available: bool
    until: datetime | None = strawberry.field(
        default=None, description="With `available: false`: when it is back by itself; null: until further notice."
    )
    expected_version: int | None = strawberry.field(default=None, description=ITEM_LOOKED_AT)


@strawberry.type(description="The menu is what the document says.")
class PublishMenuSuccess(MenuChanged):
    pass


@strawberry.type(description="The item is on the menu.")
class AddMenuItemSuccess(MenuItemChanged):
    pass


@strawberry.type(description="The item is changed.")
class ChangeMenuItemSuccess(MenuItemChanged):
    pass


@strawberry.type(description="The item is off the menu; a later menu may bring it back.")
class RemoveMenuItemSuccess(MenuItemChanged):
    pass


@strawberry.type(description="The item is off or back, as was said.")
class SetItemAvailabilitySuccess(MenuItemChanged):
    pass


PUBLISH_MENU_RESULT = result(PublishMenuSuccess, (*ALWAYS, *WITH_KEY, InvalidMenu, MenuVersionConflict))
ADD_MENU_ITEM_RESULT = result(AddMenuItemSuccess, (*ALWAYS, *WITH_KEY, InvalidMenu, MenuVersionConflict))
CHANGE_MENU_ITEM_RESULT = result(ChangeMenuItemSuccess, (*ALWAYS, InvalidMenu, MenuItemVersionConflict))
REMOVE_MENU_ITEM_RESULT = result(RemoveMenuItemSuccess, (*ALWAYS, MenuItemVersionConflict))
SET_ITEM_AVAILABILITY_RESULT = result(SetItemAvailabilitySuccess, (*ALWAYS, UntilOutOfBounds, MenuItemVersionConflict))


@strawberry.type
class MenuMutation:
    @strawberry.mutation(
        graphql_type=PUBLISH_MENU_RESULT,
        description="Makes the menu what the document says: items keep their ids and availability by their external "
        "ids, what the document does not name is taken off. For the restaurant's managers.",
    )
    async def publish_menu(self, info: Info, input: PublishMenuInput) -> PublishMenuSuccess | UserError:
        command = PublishMenu(
            restaurant_id=input.restaurant_id,
            document=input.document.draft(),
            expected_version=input.expected_version,
        )
        request = ("publishMenu", input.idempotency_key, input)
        ids = {"restaurantId": ("restaurant", input.restaurant_id)}
        return await menu_changed(info.context, await accepted(info.context, command, ids, request), PublishMenuSuccess)

    @strawberry.mutation(
        graphql_type=ADD_MENU_ITEM_RESULT, description="Adds an item to a menu. For the restaurant's managers."
    )
    async def add_menu_item(self, info: Info, input: AddMenuItemInput) -> AddMenuItemSuccess | UserError:
        context = info.context
        # The id follows from the request, so that a repeated one is answered with the same item.
        item_id = derive_id("item", input.restaurant_id, f"{context.viewer.subject}/{input.idempotency_key}")
        command = AddMenuItem(
            restaurant_id=input.restaurant_id,
            item_id=item_id,
            category_id=input.category_id,
            item=input.item.draft(),
            expected_version=input.expected_version,
        )
        ids = {
            "restaurantId": ("restaurant", input.restaurant_id),
            "categoryId": ("category", input.category_id),
        }
        outcome = await accepted(context, command, ids, ("addMenuItem", input.idempotency_key, input))
        return await item_changed(context, outcome, item_id, AddMenuItemSuccess)

    @strawberry.mutation(
        graphql_type=CHANGE_MENU_ITEM_RESULT, description="Changes an item. For the restaurant's managers."
    )
    async def change_menu_item(self, info: Info, input: ChangeMenuItemInput) -> ChangeMenuItemSuccess | UserError:
        ids = {"categoryId": ("category", input.category_id)} if input.category_id is not None else {}
        return await _changed(info, _change(input), ChangeMenuItemSuccess, ids)

    @strawberry.mutation(
        graphql_type=REMOVE_MENU_ITEM_RESULT, description="Takes an item off the menu. For the restaurant's managers."
    )
    async def remove_menu_item(self, info: Info, input: RemoveMenuItemInput) -> RemoveMenuItemSuccess | UserError:
        command = RemoveMenuItem(item_id=input.menu_item_id, expected_version=input.expected_version)
        return await _changed(info, command, RemoveMenuItemSuccess)

    @strawberry.mutation(
        graphql_type=SET_ITEM_AVAILABILITY_RESULT,
        description="Says that an item is off, or back. For everybody who works there.",
    )
    async def set_item_availability(
        self, info: Info, input: SetItemAvailabilityInput
    ) -> SetItemAvailabilitySuccess | UserError:
        command = SetItemAvailability(
            item_id=input.menu_item_id,
            available=input.available,
            until=input.until,
            expected_version=input.expected_version,
        )
        return await _changed(info, command, SetItemAvailabilitySuccess)


async def _changed(
    info: Info,
    command: ChangeMenuItem | RemoveMenuItem | SetItemAvailability,
    success: type[ItemT],
    ids: Mapping[str, tuple[str, str]] | None = None,
) -> ItemT | UserError:
    checked = {"menuItemId": ("item", command.item_id), **(ids or {})}
    return await item_changed(info.context, await accepted(info.context, command, checked), command.item_id, success)


def _change(given: ChangeMenuItemInput) -> ChangeMenuItem:
    return ChangeMenuItem(
        item_id=given.menu_item_id,
        category_id=given.category_id,
        name=given.name,
        description=given.description,
        price_minor=given.price_minor,
        tax_rate_bp=given.tax_rate,
        allergens=_allergens(given.allergens),
        diets=None if given.diets is None else diet_names(given.diets),
        option_groups=None if given.option_groups is None else tuple(given.option_groups),
        expected_version=given.expected_version,
    )


def _allergens(given: list[Allergen] | None) -> tuple[str, ...] | msgspec.UnsetType | None:
    if given is strawberry.UNSET:
        return msgspec.UNSET
    return None if given is None else allergen_names(given)
