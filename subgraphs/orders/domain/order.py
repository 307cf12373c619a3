"""An order as deciding sees it, and how news change it."""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated

import msgspec

from kernel.messages import Personal, Value
from subgraphs.orders.events import (
    CancellationReason,
    CancellationRefused,
    CancellationRequested,
    CancelledBy,
    Carriage,
    CollectionCodeMistaken,
    CourierAssigned,
    CourierUnassigned,
    Fulfilment,
    OrderAccepted,
    OrderArriving,
    OrderCancelled,
    OrderCompleted,
    OrderConfirmed,
    OrderDelayed,
    OrderDelivered,
    OrderEvent,
    OrderExpired,
    OrderFailed,
    OrderPickedUp,
    OrderPlaced,
    OrderReady,
    OrderRejected,
    OrderReturned,
    OrderReturning,
    OrderStatus,
    PreparationStarted,
)

_STATUS_AFTER: Mapping[type[OrderEvent], OrderStatus] = {
    OrderPlaced: OrderStatus.PLACED,
    OrderConfirmed: OrderStatus.CONFIRMED,
    OrderFailed: OrderStatus.FAILED,
    OrderAccepted: OrderStatus.ACCEPTED,
    OrderRejected: OrderStatus.REJECTED,
    OrderExpired: OrderStatus.EXPIRED,
    PreparationStarted: OrderStatus.PREPARING,
    OrderReady: OrderStatus.READY_FOR_PICKUP,
    OrderCompleted: OrderStatus.COMPLETED,
    CancellationRequested: OrderStatus.CANCEL_PENDING,
    OrderCancelled: OrderStatus.CANCELLED,
    OrderPickedUp: OrderStatus.PICKED_UP,
    OrderArriving: OrderStatus.ARRIVING,
    OrderDelivered: OrderStatus.DELIVERED,
    OrderReturning: OrderStatus.RETURNING,
    OrderReturned: OrderStatus.RETURNED,
}

ENDED = frozenset(
    {
        OrderStatus.COMPLETED,
        OrderStatus.DELIVERED,
        OrderStatus.RETURNED,
        OrderStatus.REJECTED,
        OrderStatus.CANCELLED,
        OrderStatus.EXPIRED,
        OrderStatus.FAILED,
    }
)
"""Statuses that nothing leads out of."""


class Cancelling(Value):
    """What was asked for when an order is CANCEL_PENDING, and what it was in then."""

    by: CancelledBy
    reason: CancellationReason
    while_status: OrderStatus


class Order(Value):
    """What decisions about an order depend on."""

    id: str
    customer_id: Annotated[str, Personal(subject="customer_id")]
    restaurant_id: str
    fulfilment: Fulfilment
    carriage: Annotated[Carriage | None, Personal(subject="customer_id")] = None
    item_ids: frozenset[str]
    total_minor: int
    tip_minor: int
    currency: str
    status: OrderStatus
    version: int = 1
    since_version: int = 1
    """The version at which it got this status: the cycle that timers name."""
    last_at: datetime
    in_kitchen: bool = False
    """Whether its kitchen has ever been asked."""
    prep_minutes: int | None = None
    ready_by: datetime | None = None
    wrong_codes: int = 0
    """In a row, since the last lock."""
    locked_until: datetime | None = None
    courier_id: str | None = None
    """Who fetches the food, as far as dispatch has told."""
    cancelling: Cancelling | None = None


def status_after(event: OrderEvent, status: OrderStatus) -> OrderStatus:
    """The status that `event` leads to from `status`."""
    if isinstance(event, CancellationRefused):
        return event.status
    return _STATUS_AFTER.get(type(event), status)


def evolve(order: Order | None, event: OrderEvent) -> Order:
    """The order after `event`."""
    if isinstance(event, OrderPlaced):
        return _begun(event)
    assert order is not None, "the story of an order begins with its placing"
    status = status_after(event, order.status)
    version = order.version + 1
    return msgspec.structs.replace(
        order,
        version=version,
        status=status,
        since_version=order.since_version if status is order.status else version,
        last_at=event.at,
        **_learnt(event),
    )


def _learnt(event: OrderEvent) -> Mapping[str, object]:  # noqa: C901 - one case per event
    """The fields that this event alone sets."""
    match event:
        case OrderConfirmed():
            return {"in_kitchen": True}
        case OrderAccepted(prep_minutes=prep_minutes, ready_by=ready_by):
            return {"prep_minutes": prep_minutes, "ready_by": ready_by}
        case OrderDelayed(ready_by=ready_by):
            return {"ready_by": ready_by}
        case CollectionCodeMistaken(locked_until=locked_until, attempts=attempts):
            return {"wrong_codes": attempts if locked_until is None else 0, "locked_until": locked_until}
        case CourierAssigned(courier_id=courier_id) | OrderPickedUp(courier_id=courier_id):
            return {"courier_id": courier_id}
        case CourierUnassigned():
            return {"courier_id": None}
        case CancellationRequested(by=by, reason=reason, while_status=while_status):
            return {"cancelling": Cancelling(by=by, reason=reason, while_status=while_status)}
        case CancellationRefused():
            return {"cancelling": None}
        case _:
            return {}


def _begun(event: OrderPlaced) -> Order:
    return Order(
        id=event.order_id,
        customer_id=event.customer_id,
        restaurant_id=event.restaurant_id,
        fulfilment=event.fulfilment,
        carriage=event.carriage,
        item_ids=frozenset(line.item_id for line in event.price.lines),
        total_minor=event.total_minor,
        tip_minor=event.price.tip_minor,
        currency=event.currency,
        status=OrderStatus.PLACED,
        last_at=event.at,
    )
