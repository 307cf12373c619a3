"""Cancelling: at once until a kitchen has taken the order on; after that dispatch is asked where a courier may come."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from kernel.deciding import Decision, Later
from kernel.messages import Refusal
from subgraphs.orders.commands import (
    AbandonOrder,
    CancelOrder,
    GiveUpOnKitchen,
    GrantCancellation,
    RefuseCancellation,
)
from subgraphs.orders.domain.actions import ASKED, CANCELLERS, COOKING, OrderAction
from subgraphs.orders.domain.admitting import moment, permitted, standing, untimely
from subgraphs.orders.domain.order import Cancelling, Order
from subgraphs.orders.domain.refusals import InvalidInput, OrderNotFound
from subgraphs.orders.events import (
    CancellationReason,
    CancellationRefused,
    CancellationRequested,
    CancelledBy,
    Fulfilment,
    OrderCancelled,
    OrderEvent,
    OrderStatus,
)

KITCHEN_PATIENCE = timedelta(minutes=60)
"""How long after the promised time a kitchen may be silent."""
_CUSTOMERS = frozenset(
    {
        CancellationReason.CHANGED_MIND,
        CancellationReason.ORDERED_BY_MISTAKE,
        CancellationReason.WAIT_TOO_LONG,
        CancellationReason.OTHER,
    }
)
_KITCHENS = frozenset(
    {
        CancellationReason.ITEMS_UNAVAILABLE,
        CancellationReason.TOO_BUSY,
        CancellationReason.CLOSING,
        CancellationReason.OTHER,
    }
)
REASONS: Mapping[CancelledBy, frozenset[CancellationReason]] = {
    CancelledBy.CUSTOMER: _CUSTOMERS,
    CancelledBy.RESTAURANT: _KITCHENS,
    CancelledBy.SUPPORT: frozenset(CancellationReason),
}
"""What each may give as a reason: a kitchen cannot speak for the customer, nor anybody but support for the platform."""


def cancel(command: CancelOrder, order: Order | None) -> Decision:
    """The customer, the kitchen or support calls the order off."""
    found = permitted(command, order, OrderAction.CANCEL_ORDER)
    if isinstance(found, Refusal):
        return found
    if found.status in {OrderStatus.CANCELLED, OrderStatus.CANCEL_PENDING}:
        return []  # Asking twice is not an error: retries must be harmless.
    refusal = untimely(command, found, OrderAction.CANCEL_ORDER)
    if refusal is not None:
        return refusal
    by = _canceller(command, found)
    if command.reason not in REASONS[by]:
        return InvalidInput(reason="This reason is somebody else's to give.", path=("reason",))
    asked = Cancelling(by=by, reason=command.reason, while_status=found.status)
    return [_called_off(found, asked, moment(command, found))]


def _canceller(command: CancelOrder, order: Order) -> CancelledBy:
    stands = standing(command, order)
    return next(
        by for by, grant in CANCELLERS.items() if grant.holds(command.viewer, stands, order.status, order.fulfilment)
    )


def _called_off(order: Order, asked: Cancelling, at: datetime) -> OrderEvent:
    if order.fulfilment is Fulfilment.DELIVERY and order.status not in ASKED:
        return CancellationRequested(
            at=at,
            order_id=order.id,
            restaurant_id=order.restaurant_id,
            by=asked.by,
            reason=asked.reason,
            while_status=asked.while_status,
        )
    return _cancelled(order, asked, at)


def _cancelled(order: Order, asked: Cancelling, at: datetime) -> OrderCancelled:
    return OrderCancelled(
        at=at,
        order_id=order.id,
        restaurant_id=order.restaurant_id,
        by=asked.by,
        reason=asked.reason,
        while_status=asked.while_status,
    )


def patience(order_id: str, ready_by: datetime) -> Later:
    """When the platform stops waiting for a kitchen that has promised the food for `ready_by`."""
    return Later(at=ready_by + KITCHEN_PATIENCE, command=GiveUpOnKitchen(order_id=order_id, ready_by=ready_by))


def give_up(command: GiveUpOnKitchen, order: Order | None) -> Decision:
    """The kitchen has forgotten the order: nobody should wait for it any longer."""
    if order is None:
        return OrderNotFound()
    if order.status not in COOKING - {OrderStatus.READY_FOR_PICKUP} or order.ready_by != command.ready_by:
        return []  # The food is ready, promised for another time, or called off.
    asked = Cancelling(by=CancelledBy.PLATFORM, reason=CancellationReason.KITCHEN_SILENT, while_status=order.status)
    return [_called_off(order, asked, moment(command, order))]


def grant(command: GrantCancellation, order: Order) -> Decision:
    """Dispatch has stood down."""
    if order.cancelling is None or order.status is not OrderStatus.CANCEL_PENDING:
        return []  # The order has ended otherwise.
    return [_cancelled(order, order.cancelling, moment(command, order))]


def refuse(command: RefuseCancellation, order: Order) -> Decision:
    """The order goes on as if nobody had asked; the kitchen's patience starts anew, for its timer may have rung."""
    if order.cancelling is None or order.status is not OrderStatus.CANCEL_PENDING:
        return []  # A pickup has said so already.
    at = moment(command, order)
    renewed: Sequence[Later] = ()
    if order.cancelling.while_status is not OrderStatus.READY_FOR_PICKUP and order.ready_by is not None:
        again = GiveUpOnKitchen(order_id=order.id, ready_by=order.ready_by)
        renewed = [Later(at=max(at, order.ready_by) + KITCHEN_PATIENCE, command=again)]
    return [resumed(order, order.cancelling, at), *renewed]


def resumed(order: Order, asked: Cancelling, at: datetime) -> CancellationRefused:
    """The order is again as it was when its end was asked for."""
    return CancellationRefused(at=at, order_id=order.id, restaurant_id=order.restaurant_id, status=asked.while_status)


def abandon(command: AbandonOrder, order: Order) -> Decision:
    """No courier was to be had. Whoever has asked to call the order off has got there first."""
    if order.status not in COOKING | {OrderStatus.CANCEL_PENDING}:
        return []  # The order has ended otherwise.
    nobody = Cancelling(by=CancelledBy.PLATFORM, reason=CancellationReason.NO_COURIER, while_status=order.status)
    return [_cancelled(order, order.cancelling or nobody, moment(command, order))]
