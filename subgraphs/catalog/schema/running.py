"""What a restaurant's people do to the restaurant itself: register it, say when it serves, pause it, appoint staff."""

from datetime import datetime
from uuid import UUID

import strawberry

from kernel.graph.context import Info
from kernel.graph.refusals import InvalidInput, NotAllowed, UserError, result
from kernel.graph.scalars import Currency, MinorUnits, TimeZone
from kernel.graph.types import PositionInput
from subgraphs.catalog import events
from subgraphs.catalog.commands import (
    AddStaffMember,
    ChangeDeliveryRadius,
    ChangeOpeningHours,
    PauseRestaurant,
    RegisterRestaurant,
    RemoveStaffMember,
    RestaurantOrder,
    ResumeRestaurant,
)
from subgraphs.catalog.schema.changing import RestaurantChanged, RestaurantT, accepted, restaurant_changed
from subgraphs.catalog.schema.refusals import (
    ALWAYS,
    UNFIT,
    WITH_KEY,
    LastOwnerStays,
    RestaurantVersionConflict,
    TooManyStaff,
    UnreadableOpeningHours,
    UntilOutOfBounds,
)
from subgraphs.catalog.schema.restaurants import StaffRole

_LOOKED_AT = "The restaurant's `version` the viewer looked at; with another one nothing is changed."


@strawberry.input(description="Where a restaurant stands, as a letter would have it.")
class AddressInput:
    street: str = ""
    house_number: str = ""
    postal_code: str = ""
    city: str = ""


@strawberry.input
class RegisterRestaurantInput:
    idempotency_key: UUID
    name: str
    description: str = ""
    cuisines: list[str] = strawberry.field(description="Slugs such as pizza or pub_food, at most ten.")
    address: AddressInput
    position: PositionInput
    time_zone: TimeZone = strawberry.field(description="In which its opening hours are read.")
    opening_hours: str = strawberry.field(description="OpenStreetMap's syntax, such as Mo-Fr 11:00-14:30,17:00-22:30.")
    delivery_radius_m: int = strawberry.field(description="From 0 to 50,000 metres.")
    currency: Currency = strawberry.field(description="Of all its prices; it stays.")
    prep_minutes: int = strawberry.field(description="How long an order usually takes to prepare, from 1 to 240.")
    minimum_basket_minor: MinorUnits = strawberry.field(
        default=MinorUnits(0), description="The least to order, in the restaurant's currency."
    )


@strawberry.input
class ChangeOpeningHoursInput:
    restaurant_id: strawberry.ID
    opening_hours: str = strawberry.field(description="OpenStreetMap's syntax, such as Mo-Fr 11:00-14:30,17:00-22:30.")
    time_zone: TimeZone | None = strawberry.field(default=None, description="Null leaves it as it is.")
    expected_version: int | None = strawberry.field(default=None, description=_LOOKED_AT)


@strawberry.input
class ChangeDeliveryRadiusInput:
    restaurant_id: strawberry.ID
    delivery_radius_m: int = strawberry.field(description="From 0, for no deliveries, to 50,000 metres.")
    expected_version: int | None = strawberry.field(default=None, description=_LOOKED_AT)


@strawberry.input
class PauseRestaurantInput:
    restaurant_id: strawberry.ID
    until: datetime = strawberry.field(description="When the pause ends by itself, at most 30 days ahead.")


@strawberry.input
class ResumeRestaurantInput:
    restaurant_id: strawberry.ID


@strawberry.input
class AddStaffMemberInput:
    restaurant_id: strawberry.ID
    subject: str = strawberry.field(description="Who it is, as tokens say.")
    role: StaffRole


@strawberry.input
class RemoveStaffMemberInput:
    restaurant_id: strawberry.ID
    subject: str


@strawberry.type(description="The restaurant is on the platform, and the caller owns it.")
class RegisterRestaurantSuccess(RestaurantChanged):
    pass


@strawberry.type(description="The opening hours hold from now on.")
class ChangeOpeningHoursSuccess(RestaurantChanged):
    pass


@strawberry.type(description="The delivery radius holds from now on.")
class ChangeDeliveryRadiusSuccess(RestaurantChanged):
    pass


@strawberry.type(description="The restaurant takes no orders until then.")
class PauseRestaurantSuccess(RestaurantChanged):
    pass


@strawberry.type(description="The restaurant is not paused any more.")
class ResumeRestaurantSuccess(RestaurantChanged):
    pass


@strawberry.type(description="They work there, as that.")
class AddStaffMemberSuccess(RestaurantChanged):
    pass


@strawberry.type(description="They do not work there any more.")
class RemoveStaffMemberSuccess(RestaurantChanged):
    pass


REGISTER_RESTAURANT_RESULT = result(
    RegisterRestaurantSuccess, (NotAllowed, InvalidInput, UnreadableOpeningHours, *WITH_KEY)
)
CHANGE_OPENING_HOURS_RESULT = result(
    ChangeOpeningHoursSuccess, (*ALWAYS, UnreadableOpeningHours, RestaurantVersionConflict)
)
CHANGE_DELIVERY_RADIUS_RESULT = result(ChangeDeliveryRadiusSuccess, (*ALWAYS, *UNFIT, RestaurantVersionConflict))
PAUSE_RESTAURANT_RESULT = result(PauseRestaurantSuccess, (*ALWAYS, UntilOutOfBounds))
RESUME_RESTAURANT_RESULT = result(ResumeRestaurantSuccess, ALWAYS)
ADD_STAFF_MEMBER_RESULT = result(AddStaffMemberSuccess, (*ALWAYS, *UNFIT, LastOwnerStays, TooManyStaff))
REMOVE_STAFF_MEMBER_RESULT = result(RemoveStaffMemberSuccess, (*ALWAYS, LastOwnerStays))


@strawberry.type
class RestaurantMutation:
    @strawberry.mutation(
        graphql_type=REGISTER_RESTAURANT_RESULT,
        description="Opens a restaurant on the platform; the caller becomes its owner. For restaurants.",
    )
    async def register_restaurant(
        self,
        info: Info,
        input: RegisterRestaurantInput,
    ) -> RegisterRestaurantSuccess | UserError:
        command = _registration(input, info.context.ids.new("restaurant"))
        request = ("registerRestaurant", input.idempotency_key, input)
        outcome = await accepted(info.context, command, {}, request)
        return await restaurant_changed(info.context, outcome, RegisterRestaurantSuccess)

    @strawberry.mutation(
        graphql_type=CHANGE_OPENING_HOURS_RESULT, description="Says when the restaurant is open. For its managers."
    )
    async def change_opening_hours(
        self,
        info: Info,
        input: ChangeOpeningHoursInput,
    ) -> ChangeOpeningHoursSuccess | UserError:
        command = ChangeOpeningHours(
            restaurant_id=input.restaurant_id,
            opening_hours=input.opening_hours,
            time_zone=input.time_zone,
            expected_version=input.expected_version,
        )
        return await _changed(info, command, ChangeOpeningHoursSuccess)

    @strawberry.mutation(
        graphql_type=CHANGE_DELIVERY_RADIUS_RESULT,
        description="Says how far the restaurant delivers. For its managers.",
    )
    async def change_delivery_radius(
        self,
        info: Info,
        input: ChangeDeliveryRadiusInput,
    ) -> ChangeDeliveryRadiusSuccess | UserError:
        command = ChangeDeliveryRadius(
            restaurant_id=input.restaurant_id,
            delivery_radius_m=input.delivery_radius_m,
            expected_version=input.expected_version,
        )
        return await _changed(info, command, ChangeDeliveryRadiusSuccess)

    @strawberry.mutation(
        graphql_type=PAUSE_RESTAURANT_RESULT,
        description="Takes no orders until then; the pause ends by itself. For everybody who works there.",
    )
    async def pause_restaurant(
        self,
        info: Info,
        input: PauseRestaurantInput,
    ) -> PauseRestaurantSuccess | UserError:
        command = PauseRestaurant(restaurant_id=input.restaurant_id, until=input.until)
        return await _changed(info, command, PauseRestaurantSuccess)

    @strawberry.mutation(
        graphql_type=RESUME_RESTAURANT_RESULT,
        description="Ends a pause early; without one nothing changes. For everybody who works there.",
    )
    async def resume_restaurant(
        self,
        info: Info,
        input: ResumeRestaurantInput,
    ) -> ResumeRestaurantSuccess | UserError:
        return await _changed(info, ResumeRestaurant(restaurant_id=input.restaurant_id), ResumeRestaurantSuccess)

    @strawberry.mutation(
        graphql_type=ADD_STAFF_MEMBER_RESULT,
        description="Lets somebody work here, or as something else. Owners appoint everybody, managers only staff.",
    )
    async def add_staff_member(
        self,
        info: Info,
        input: AddStaffMemberInput,
    ) -> AddStaffMemberSuccess | UserError:
        command = AddStaffMember(restaurant_id=input.restaurant_id, subject=input.subject, role=input.role.value)
        return await _changed(info, command, AddStaffMemberSuccess)

    @strawberry.mutation(
        graphql_type=REMOVE_STAFF_MEMBER_RESULT,
        description="Lets somebody go. Owners let everybody go but the last owner, managers only staff.",
    )
    async def remove_staff_member(
        self,
        info: Info,
        input: RemoveStaffMemberInput,
    ) -> RemoveStaffMemberSuccess | UserError:
        command = RemoveStaffMember(restaurant_id=input.restaurant_id, subject=input.subject)
        return await _changed(info, command, RemoveStaffMemberSuccess)


async def _changed(info: Info, command: RestaurantOrder, success: type[RestaurantT]) -> RestaurantT | UserError:
    ids = {"restaurantId": ("restaurant", command.restaurant_id)}
    return await restaurant_changed(info.context, await accepted(info.context, command, ids), success)


def _registration(given: RegisterRestaurantInput, restaurant_id: str) -> RegisterRestaurant:
    address = given.address
    return RegisterRestaurant(
        restaurant_id=restaurant_id,
        name=given.name,
        description=given.description,
        cuisines=tuple(given.cuisines),
        address=events.Address(
            street=address.street,
            house_number=address.house_number,
            postal_code=address.postal_code,
            city=address.city,
        ),
        latitude=given.position.latitude,
        longitude=given.position.longitude,
        time_zone=given.time_zone,
        opening_hours=given.opening_hours,
        delivery_radius_m=given.delivery_radius_m,
        currency=given.currency,
        prep_minutes=given.prep_minutes,
        minimum_basket_minor=given.minimum_basket_minor,
    )
