"""What kitchens do: take orders on or refuse them, cook, be late, hand over."""

from datetime import datetime
from uuid import UUID

import strawberry

from kernel.codes import COLLECTION, could_be_code, is_right_code
from kernel.graph.context import Info
from kernel.graph.refusals import InvalidInput, UserError, result
from subgraphs.orders.commands import (
    AcceptOrder,
    ConfirmCollection,
    DelayOrder,
    MarkOrderReady,
    RejectOrder,
    StartPreparing,
)
from subgraphs.orders.domain.handover import CODE_ATTEMPTS
from subgraphs.orders.schema.access import order_at
from subgraphs.orders.schema.changing import OrderChanged, change, changed, malformed
from subgraphs.orders.schema.enums import OrderStatus, RejectionReason
from subgraphs.orders.schema.orders import Order
from subgraphs.orders.schema.refusals import ALWAYS, ON_AN_ORDER, CollectionCodeLocked, WrongCollectionCode

_MOST_ITEMS = 100
_VERSION = "The `version` the viewer looked at; when the order has moved on since, nothing is done."


@strawberry.input
class AcceptOrderInput:
    idempotency_key: UUID
    order_id: strawberry.ID
    prep_minutes: int = strawberry.field(description="How long it will take, from 1 to 180.")
    expected_version: int | None = strawberry.field(default=None, description=_VERSION)


@strawberry.input
class RejectOrderInput:
    idempotency_key: UUID
    order_id: strawberry.ID
    reason: RejectionReason
    unavailable_item_ids: list[strawberry.ID] = strawberry.field(
        default_factory=list, description="Which of the order's items are out, at most 50; for the customer to know."
    )
    expected_version: int | None = strawberry.field(default=None, description=_VERSION)


@strawberry.input
class StartPreparingInput:
    idempotency_key: UUID
    order_id: strawberry.ID
    expected_version: int | None = strawberry.field(default=None, description=_VERSION)


@strawberry.input
class DelayOrderInput:
    idempotency_key: UUID
    order_id: strawberry.ID
    ready_by: datetime = strawberry.field(description="Later than promised before, at most three hours from now.")
    expected_version: int | None = strawberry.field(default=None, description=_VERSION)


@strawberry.input
class MarkOrderReadyInput:
    idempotency_key: UUID
    order_id: strawberry.ID
    expected_version: int | None = strawberry.field(default=None, description=_VERSION)


@strawberry.input
class ConfirmCollectionInput:
    idempotency_key: UUID
    order_id: strawberry.ID
    code: str = strawberry.field(description="What the customer says: the six digits of the order's `collectionCode`.")
    expected_version: int | None = strawberry.field(default=None, description=_VERSION)


@strawberry.type(description="The kitchen has taken the order on.")
class AcceptOrderSuccess(OrderChanged):
    pass


@strawberry.type(description="The kitchen has refused the order; what was authorised is given back.")
class RejectOrderSuccess(OrderChanged):
    pass


@strawberry.type(description="The kitchen cooks.")
class StartPreparingSuccess(OrderChanged):
    pass


@strawberry.type(description="The customer knows that it takes longer.")
class DelayOrderSuccess(OrderChanged):
    pass


@strawberry.type(description="The order waits for its customer.")
class MarkOrderReadySuccess(OrderChanged):
    pass


@strawberry.type(description="The order is handed over and will be paid for.")
class ConfirmCollectionSuccess(OrderChanged):
    pass


ACCEPT_ORDER_RESULT = result(AcceptOrderSuccess, (*ALWAYS, *ON_AN_ORDER))
REJECT_ORDER_RESULT = result(RejectOrderSuccess, (*ALWAYS, *ON_AN_ORDER))
START_PREPARING_RESULT = result(StartPreparingSuccess, (*ALWAYS, *ON_AN_ORDER))
DELAY_ORDER_RESULT = result(DelayOrderSuccess, (*ALWAYS, *ON_AN_ORDER))
MARK_ORDER_READY_RESULT = result(MarkOrderReadySuccess, (*ALWAYS, *ON_AN_ORDER))
CONFIRM_COLLECTION_RESULT = result(
    ConfirmCollectionSuccess, (*ALWAYS, *ON_AN_ORDER, WrongCollectionCode, CollectionCodeLocked)
)


@strawberry.type
class StaffMutation:
    @strawberry.mutation(
        graphql_type=ACCEPT_ORDER_RESULT, description="Takes a confirmed order on. For staff of its restaurant."
    )
    async def accept_order(self, info: Info, input: AcceptOrderInput) -> AcceptOrderSuccess | UserError:
        command = AcceptOrder(
            order_id=input.order_id, expected_version=input.expected_version, prep_minutes=input.prep_minutes
        )
        return await changed(info, await change(info, "acceptOrder", input, command), AcceptOrderSuccess)

    @strawberry.mutation(
        graphql_type=REJECT_ORDER_RESULT, description="Refuses a confirmed order. For staff of its restaurant."
    )
    async def reject_order(self, info: Info, input: RejectOrderInput) -> RejectOrderSuccess | UserError:
        wrong = malformed("item", input.unavailable_item_ids[:_MOST_ITEMS], ["unavailableItemIds"])
        if wrong is not None:
            return wrong
        command = RejectOrder(
            order_id=input.order_id,
            expected_version=input.expected_version,
            reason=input.reason,
            unavailable_items=tuple(input.unavailable_item_ids),
        )
        return await changed(info, await change(info, "rejectOrder", input, command), RejectOrderSuccess)

    @strawberry.mutation(
        graphql_type=START_PREPARING_RESULT, description="Says that the kitchen cooks it now. For staff."
    )
    async def start_preparing(self, info: Info, input: StartPreparingInput) -> StartPreparingSuccess | UserError:
        command = StartPreparing(order_id=input.order_id, expected_version=input.expected_version)
        return await changed(info, await change(info, "startPreparing", input, command), StartPreparingSuccess)

    @strawberry.mutation(graphql_type=DELAY_ORDER_RESULT, description="Promises it for later. For staff.")
    async def delay_order(self, info: Info, input: DelayOrderInput) -> DelayOrderSuccess | UserError:
        command = DelayOrder(order_id=input.order_id, expected_version=input.expected_version, ready_by=input.ready_by)
        return await changed(info, await change(info, "delayOrder", input, command), DelayOrderSuccess)

    @strawberry.mutation(graphql_type=MARK_ORDER_READY_RESULT, description="Says that it can be collected. For staff.")
    async def mark_order_ready(self, info: Info, input: MarkOrderReadyInput) -> MarkOrderReadySuccess | UserError:
        command = MarkOrderReady(order_id=input.order_id, expected_version=input.expected_version)
        return await changed(info, await change(info, "markOrderReady", input, command), MarkOrderReadySuccess)

    @strawberry.mutation(
        graphql_type=CONFIRM_COLLECTION_RESULT,
        description="Hands the order to whoever knows its code. After five wrong codes none is taken for ten minutes. "
        "For staff.",
    )
    async def confirm_collection(
        self,
        info: Info,
        input: ConfirmCollectionInput,
    ) -> ConfirmCollectionSuccess | UserError:
        if not could_be_code(input.code):
            return InvalidInput(path=["code"], reason="A collection code has six digits.")
        right = is_right_code(info.context.code_secret, input.order_id, COLLECTION, input.code)
        command = ConfirmCollection(
            order_id=input.order_id, expected_version=input.expected_version, code_is_right=right
        )
        outcome = await change(info, "confirmCollection", input, command)
        if isinstance(outcome, UserError):
            return outcome
        view = await order_at(info.context, outcome.stream, outcome.version)
        if view is not None and view.status is not OrderStatus.COMPLETED:
            return WrongCollectionCode(
                path=["code"],
                attempts_left=CODE_ATTEMPTS - view.wrong_codes if view.wrong_codes else 0,
                retry_at=view.code_locked_until,
            )
        return ConfirmCollectionSuccess(order=None if view is None else Order.of(view), consistency_token=outcome.token)
