"""The kitchen's part: taking an order on or refusing it, cooking it, being late with it, having it ready."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from kernel.deciding import Decision, Later
from kernel.messages import Refusal
from subgraphs.orders.commands import (
    AcceptOrder,
    CloseUncollected,
    DelayOrder,
    MarkOrderReady,
    RejectOrder,
    StartPreparing,
)
from subgraphs.orders.domain.actions import OrderAction
from subgraphs.orders.domain.admitting import moment, permitted, untimely
from subgraphs.orders.domain.cancelling import patience
from subgraphs.orders.domain.order import Order
from subgraphs.orders.domain.refusals import InvalidInput
from subgraphs.orders.events import (
    Fulfilment,
    OrderAccepted,
    OrderDelayed,
    OrderReady,
    OrderRejected,
    OrderStatus,
    PreparationStarted,
)

MAX_PREP_MINUTES = 180
MAX_DELAY = timedelta(hours=3)
COLLECT_WAIT = timedelta(hours=3)
MAX_REJECTED_ITEMS = 50


def accept(command: AcceptOrder, order: Order | None) -> Decision:
    """The kitchen takes the order on and says when it will be ready."""
    found = permitted(command, order, OrderAction.ACCEPT_ORDER)
    if isinstance(found, Refusal):
        return found
    if found.status is OrderStatus.ACCEPTED and found.prep_minutes == command.prep_minutes:
        return []  # Asking twice is not an error: retries must be harmless.
    if not 1 <= command.prep_minutes <= MAX_PREP_MINUTES:
        reason = f"Preparing takes between 1 and {MAX_PREP_MINUTES} minutes."
        return InvalidInput(reason=reason, path=("prepMinutes",))
    at = moment(command, found)
    accepted = OrderAccepted(
        at=at,
        order_id=found.id,
        restaurant_id=found.restaurant_id,
        prep_minutes=command.prep_minutes,
        ready_by=at + timedelta(minutes=command.prep_minutes),
        customer_id=found.customer_id,
        carriage=found.carriage,
        tip_minor=found.tip_minor,
        currency=found.currency,
    )
    return untimely(command, found, OrderAction.ACCEPT_ORDER) or [accepted, patience(found.id, accepted.ready_by)]


def reject(command: RejectOrder, order: Order | None) -> Decision:
    """The kitchen refuses the order."""
    found = permitted(command, order, OrderAction.REJECT_ORDER)
    if isinstance(found, Refusal):
        return found
    if found.status is OrderStatus.REJECTED:
        return []  # Asking twice is not an error: retries must be harmless.
    return (
        untimely(command, found, OrderAction.REJECT_ORDER)
        or _misnamed(command.unavailable_items, found)
        or [
            OrderRejected(
                at=moment(command, found),
                order_id=found.id,
                restaurant_id=found.restaurant_id,
                reason=command.reason,
                unavailable_items=command.unavailable_items,
            )
        ]
    )


def _misnamed(items: Sequence[str], order: Order) -> InvalidInput | None:
    if len(items) > MAX_REJECTED_ITEMS:
        reason = f"At most {MAX_REJECTED_ITEMS} items can be named."
        return InvalidInput(reason=reason, path=("unavailableItemIds",))
    for number, item_id in enumerate(items):
        if item_id not in order.item_ids:
            return InvalidInput(reason="This item is not in the order.", path=("unavailableItemIds", str(number)))
    return None


def start(command: StartPreparing, order: Order | None) -> Decision:
    """The kitchen begins to cook."""
    found = permitted(command, order, OrderAction.START_PREPARING)
    if isinstance(found, Refusal):
        return found
    if found.status is OrderStatus.PREPARING:
        return []  # Asking twice is not an error: retries must be harmless.
    return untimely(command, found, OrderAction.START_PREPARING) or [
        PreparationStarted(at=moment(command, found), order_id=found.id, restaurant_id=found.restaurant_id)
    ]


def delay(command: DelayOrder, order: Order | None) -> Decision:
    """The kitchen needs longer than it said."""
    found = permitted(command, order, OrderAction.DELAY_ORDER)
    if isinstance(found, Refusal):
        return found
    promised = found.ready_by
    if promised == command.ready_by:
        return []  # Asking twice is not an error: retries must be harmless.
    at = moment(command, found)
    refusal = untimely(command, found, OrderAction.DELAY_ORDER)
    if refusal is not None or promised is None:
        return refusal or []
    return _no_delay(command.ready_by, promised, at) or [
        OrderDelayed(
            at=at,
            order_id=found.id,
            restaurant_id=found.restaurant_id,
            ready_by=command.ready_by,
            previous_ready_by=promised,
        ),
        patience(found.id, command.ready_by),
    ]


def _no_delay(ready_by: datetime, promised: datetime, at: datetime) -> Refusal | None:
    if ready_by <= max(promised, at):
        return InvalidInput(reason="A delay leads to a later time than promised.", path=("readyBy",))
    if ready_by > at + MAX_DELAY:
        return InvalidInput(reason="An order is delayed by three hours at most.", path=("readyBy",))
    return None


def mark_ready(command: MarkOrderReady, order: Order | None) -> Decision:
    """The food is ready; a kitchen that never said that it began may say so too. Only takeaway waits for a customer:
    for couriers dispatch keeps the time."""
    found = permitted(command, order, OrderAction.MARK_ORDER_READY)
    if isinstance(found, Refusal):
        return found
    if found.status is OrderStatus.READY_FOR_PICKUP:
        return []  # Asking twice is not an error: retries must be harmless.
    refusal = untimely(command, found, OrderAction.MARK_ORDER_READY)
    if refusal is not None:
        return refusal
    at = moment(command, found)
    if found.fulfilment is Fulfilment.DELIVERY:
        return [OrderReady(at=at, order_id=found.id, restaurant_id=found.restaurant_id)]
    collect_by = at + COLLECT_WAIT
    closing = CloseUncollected(order_id=found.id, since_version=found.version + 1)
    return [
        OrderReady(at=at, order_id=found.id, restaurant_id=found.restaurant_id, collect_by=collect_by),
        Later(at=collect_by, command=closing),
    ]
