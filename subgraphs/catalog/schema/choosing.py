"""What a restaurant's people do to the questions asked with its items: add, change, remove them, take an option off."""

from collections.abc import Mapping
from datetime import datetime
from uuid import UUID

import strawberry

from kernel.graph.context import Info
from kernel.graph.refusals import UserError, result
from kernel.ids import derive_id
from subgraphs.catalog.commands import AddOptionGroup, ChangeOptionGroup, RemoveOptionGroup, SetOptionAvailability
from subgraphs.catalog.schema.changing import GroupT, OptionGroupChanged, accepted, group_changed
from subgraphs.catalog.schema.editing import MENU_LOOKED_AT
from subgraphs.catalog.schema.inputs import OptionGroupInput
from subgraphs.catalog.schema.refusals import (
    ALWAYS,
    WITH_KEY,
    InvalidMenu,
    MenuVersionConflict,
    OptionGroupInUse,
    OptionGroupVersionConflict,
    UntilOutOfBounds,
)

LOOKED_AT = "The option group's `version` the viewer looked at; with another one nothing is changed."


@strawberry.input
class AddOptionGroupInput:
    idempotency_key: UUID
    restaurant_id: strawberry.ID
    option_group: OptionGroupInput
    expected_version: int | None = strawberry.field(default=None, description=MENU_LOOKED_AT)


@strawberry.input
class ChangeOptionGroupInput:
    option_group_id: strawberry.ID
    option_group: OptionGroupInput = strawberry.field(
        description="The whole group; options are told apart by their external ids."
    )
    expected_version: int | None = strawberry.field(default=None, description=LOOKED_AT)


@strawberry.input
class RemoveOptionGroupInput:
    option_group_id: strawberry.ID
    expected_version: int | None = strawberry.field(default=None, description=LOOKED_AT)


@strawberry.input
class SetOptionAvailabilityInput:
    option_group_id: strawberry.ID
    option_id: strawberry.ID
    available: bool
    until: datetime | None = strawberry.field(
        default=None, description="With `available: false`: when it is back by itself; null: until further notice."
    )
    expected_version: int | None = strawberry.field(default=None, description=LOOKED_AT)


@strawberry.type(description="The option group is there; items can ask for it by its external id.")
class AddOptionGroupSuccess(OptionGroupChanged):
    pass


@strawberry.type(description="The option group is changed, for every item that asks for it.")
class ChangeOptionGroupSuccess(OptionGroupChanged):
    pass


@strawberry.type(description="The option group is gone.")
class RemoveOptionGroupSuccess(OptionGroupChanged):
    pass


@strawberry.type(description="The option is off or back, as was said, for every item that asks for its group.")
class SetOptionAvailabilitySuccess(OptionGroupChanged):
    pass


ADD_OPTION_GROUP_RESULT = result(AddOptionGroupSuccess, (*ALWAYS, *WITH_KEY, InvalidMenu, MenuVersionConflict))
CHANGE_OPTION_GROUP_RESULT = result(ChangeOptionGroupSuccess, (*ALWAYS, InvalidMenu, OptionGroupVersionConflict))
REMOVE_OPTION_GROUP_RESULT = result(RemoveOptionGroupSuccess, (*ALWAYS, OptionGroupInUse, OptionGroupVersionConflict))
SET_OPTION_AVAILABILITY_RESULT = result(
    SetOptionAvailabilitySuccess, (*ALWAYS, UntilOutOfBounds, OptionGroupVersionConflict)
)


@strawberry.type
class OptionMutation:
    @strawberry.mutation(
        graphql_type=ADD_OPTION_GROUP_RESULT,
        description="Adds an option group, which no item asks for yet. For the restaurant's managers.",
    )
    async def add_option_group(self, info: Info, input: AddOptionGroupInput) -> AddOptionGroupSuccess | UserError:
        context = info.context
        # The id follows from the request, so that a repeated one is answered with the same option group.
        group_id = derive_id("group", input.restaurant_id, f"{context.viewer.subject}/{input.idempotency_key}")
        command = AddOptionGroup(
            restaurant_id=input.restaurant_id,
            group_id=group_id,
            group=input.option_group.draft(),
            expected_version=input.expected_version,
        )
        ids = {"restaurantId": ("restaurant", input.restaurant_id)}
        outcome = await accepted(context, command, ids, ("addOptionGroup", input.idempotency_key, input))
        return await group_changed(context, outcome, group_id, AddOptionGroupSuccess)

    @strawberry.mutation(
        graphql_type=CHANGE_OPTION_GROUP_RESULT,
        description="Makes an option group what is given. For the restaurant's managers.",
    )
    async def change_option_group(
        self, info: Info, input: ChangeOptionGroupInput
    ) -> ChangeOptionGroupSuccess | UserError:
        command = ChangeOptionGroup(
            group_id=input.option_group_id,
            group=input.option_group.draft(),
            expected_version=input.expected_version,
        )
        return await _changed(info, command, ChangeOptionGroupSuccess)

    @strawberry.mutation(
        graphql_type=REMOVE_OPTION_GROUP_RESULT,
        description="Removes an option group that no item asks for. For the restaurant's managers.",
    )
    async def remove_option_group(
        self, info: Info, input: RemoveOptionGroupInput
    ) -> RemoveOptionGroupSuccess | UserError:
        command = RemoveOptionGroup(group_id=input.option_group_id, expected_version=input.expected_version)
        return await _changed(info, command, RemoveOptionGroupSuccess)

    @strawberry.mutation(
        graphql_type=SET_OPTION_AVAILABILITY_RESULT,
        description="Says that an option is off, or back. For everybody who works there.",
    )
    async def set_option_availability(
        self, info: Info, input: SetOptionAvailabilityInput
    ) -> SetOptionAvailabilitySuccess | UserError:
        command = SetOptionAvailability(
            group_id=input.option_group_id,
            option_id=input.option_id,
            available=input.available,
            until=input.until,
            expected_version=input.expected_version,
        )
        return await _changed(info, command, SetOptionAvailabilitySuccess, {"optionId": ("option", input.option_id)})


async def _changed(
    info: Info,
    command: ChangeOptionGroup | RemoveOptionGroup | SetOptionAvailability,
    success: type[GroupT],
    ids: Mapping[str, tuple[str, str]] | None = None,
) -> GroupT | UserError:
    checked = {"optionGroupId": ("group", command.group_id), **(ids or {})}
    return await group_changed(info.context, await accepted(info.context, command, checked), command.group_id, success)
