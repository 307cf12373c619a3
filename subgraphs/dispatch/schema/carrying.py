"""What couriers do with a delivery that is theirs, and dispatchers with anybody's."""

from uuid import UUID

import strawberry

from kernel.codes import DROPOFF, PICKUP, could_be_code, is_right_code
from kernel.graph.context import Info
from kernel.graph.refusals import InvalidInput, UserError, result
from kernel.ids import sibling_id
from subgraphs.dispatch.commands import (
    ConfirmDropoff,
    ConfirmPickup,
    ConfirmReturn,
    ReassignDelivery,
    ReportUndeliverable,
)
from subgraphs.dispatch.schema.access import delivery_at
from subgraphs.dispatch.schema.changing import DeliveryMoved, change, changed, wrong_code
from subgraphs.dispatch.schema.enums import DeliveryStatus, ReassignmentReason, UndeliverableReason
from subgraphs.dispatch.schema.refusals import ON_A_DELIVERY, CodeLocked, PinRequired, TooSoon, WrongCode


@strawberry.input
class ReassignDeliveryInput:
    idempotency_key: UUID
    delivery_id: strawberry.ID
    reason: ReassignmentReason = ReassignmentReason.OTHER


@strawberry.input
class ConfirmPickupInput:
    idempotency_key: UUID
    delivery_id: strawberry.ID
    code: str = strawberry.field(description="The order's pickup code, as the restaurant says it: six digits.")


@strawberry.input
class ConfirmDropoffInput:
    idempotency_key: UUID
    delivery_id: strawberry.ID
    pin: str | None = strawberry.field(default=None, description="The PIN that the customer says: six digits.")
    left_at_door: bool = strawberry.field(
        default=False, description="Instead of a PIN, for customers who asked for it when they ordered."
    )


@strawberry.input
class ReportUndeliverableInput:
    idempotency_key: UUID
    delivery_id: strawberry.ID
    reason: UndeliverableReason


@strawberry.input
class ConfirmReturnInput:
    idempotency_key: UUID
    delivery_id: strawberry.ID


@strawberry.type(description="Another courier is looked for.")
class ReassignDeliverySuccess(DeliveryMoved):
    pass


@strawberry.type(description="The food is on its way: nobody can call the order off any more.")
class ConfirmPickupSuccess(DeliveryMoved):
    pass


@strawberry.type(description="The customer has the food; the courier is free again.")
class ConfirmDropoffSuccess(DeliveryMoved):
    pass


@strawberry.type(description="The food goes back to the restaurant, or nowhere when it is spoilt.")
class ReportUndeliverableSuccess(DeliveryMoved):
    pass


@strawberry.type(description="The food is back; the courier is free again.")
class ConfirmReturnSuccess(DeliveryMoved):
    pass


REASSIGN_DELIVERY_RESULT = result(ReassignDeliverySuccess, ON_A_DELIVERY)
CONFIRM_PICKUP_RESULT = result(ConfirmPickupSuccess, (*ON_A_DELIVERY, WrongCode, CodeLocked))
CONFIRM_DROPOFF_RESULT = result(ConfirmDropoffSuccess, (*ON_A_DELIVERY, WrongCode, CodeLocked, PinRequired))
REPORT_UNDELIVERABLE_RESULT = result(ReportUndeliverableSuccess, (*ON_A_DELIVERY, TooSoon))
CONFIRM_RETURN_RESULT = result(ConfirmReturnSuccess, ON_A_DELIVERY)


@strawberry.type
class CarryingMutation:
    @strawberry.mutation(
        graphql_type=REASSIGN_DELIVERY_RESULT,
        description="Takes a delivery that was not fetched yet from its courier, who is not asked again, and looks for "
        "another. For its courier and dispatchers.",
    )
    async def reassign_delivery(self, info: Info, input: ReassignDeliveryInput) -> ReassignDeliverySuccess | UserError:
        command = ReassignDelivery(delivery_id=input.delivery_id, reason=input.reason)
        return await changed(info, await change(info, "reassignDelivery", input, command), ReassignDeliverySuccess)

    @strawberry.mutation(
        graphql_type=CONFIRM_PICKUP_RESULT,
        description="Takes the food over with the code that the restaurant names. After five wrong codes none is taken "
        "for ten minutes. For its courier.",
    )
    async def confirm_pickup(self, info: Info, input: ConfirmPickupInput) -> ConfirmPickupSuccess | UserError:
        if not could_be_code(input.code):
            return InvalidInput(path=["code"], reason="A pickup code has six digits.")
        right = _is_right(info, input.delivery_id, PICKUP, input.code)
        command = ConfirmPickup(delivery_id=input.delivery_id, code_is_right=right)
        outcome = await change(info, "confirmPickup", input, command)
        if isinstance(outcome, UserError):
            return outcome
        view = await delivery_at(info.context, outcome.stream, outcome.version)
        if view is not None and view.picked_up_at is None:
            return wrong_code(view, ["code"])
        return await changed(info, outcome, ConfirmPickupSuccess)

    @strawberry.mutation(
        graphql_type=CONFIRM_DROPOFF_RESULT,
        description="Hands the food over to the customer, who names the PIN, or leaves it at the door when they asked "
        "for it. After five wrong PINs none is taken for ten minutes. For its courier.",
    )
    async def confirm_dropoff(self, info: Info, input: ConfirmDropoffInput) -> ConfirmDropoffSuccess | UserError:
        if (input.pin is not None) == input.left_at_door:
            return InvalidInput(path=["pin"], reason="Give either the PIN or `leftAtDoor: true`.")
        if input.pin is not None and not could_be_code(input.pin):
            return InvalidInput(path=["pin"], reason="A PIN has six digits.")
        right = None if input.pin is None else _is_right(info, input.delivery_id, DROPOFF, input.pin)
        command = ConfirmDropoff(delivery_id=input.delivery_id, pin_is_right=right)
        outcome = await change(info, "confirmDropoff", input, command)
        if isinstance(outcome, UserError):
            return outcome
        view = await delivery_at(info.context, outcome.stream, outcome.version)
        if view is not None and view.status is not DeliveryStatus.DELIVERED:
            return wrong_code(view, ["pin"])
        return await changed(info, outcome, ConfirmDropoffSuccess)

    @strawberry.mutation(
        graphql_type=REPORT_UNDELIVERABLE_RESULT,
        description="Says that the food cannot be handed over: five minutes after reaching the door, or half an hour "
        "after fetching it; spoilt food at any time, on the way back too. For its courier.",
    )
    async def report_undeliverable(
        self, info: Info, input: ReportUndeliverableInput
    ) -> ReportUndeliverableSuccess | UserError:
        command = ReportUndeliverable(delivery_id=input.delivery_id, reason=input.reason)
        outcome = await change(info, "reportUndeliverable", input, command)
        return await changed(info, outcome, ReportUndeliverableSuccess)

    @strawberry.mutation(
        graphql_type=CONFIRM_RETURN_RESULT,
        description="Says that the food is back at the restaurant. For its courier and dispatchers.",
    )
    async def confirm_return(self, info: Info, input: ConfirmReturnInput) -> ConfirmReturnSuccess | UserError:
        command = ConfirmReturn(delivery_id=input.delivery_id)
        return await changed(info, await change(info, "confirmReturn", input, command), ConfirmReturnSuccess)


def _is_right(info: Info, delivery_id: strawberry.ID, purpose: str, entered: str) -> bool:
    """Codes belong to orders, whose UUID a delivery shares."""
    order_id = sibling_id("order", "delivery", delivery_id)
    return order_id is not None and is_right_code(info.context.code_secret, order_id, purpose, entered)
