"""An order as deciding sees it, and how news change it."""

from collections.abc import Mapping
from datetime import datetime

import msgspec

from kernel.messages import Value
from subgraphs.orders.events import (
    CollectionCodeMistaken,
    Fulfilment,
    OrderAccepted,
    OrderCancelled,
    OrderCompleted,
    OrderConfirmed,
    OrderDelayed,
    OrderEvent,
    OrderExpired,
    OrderFailed,
    OrderPlaced,
    OrderReady,
    OrderRejected,
    OrderStatus,
    PreparationStarted,
)

STATUS_AFTER: Mapping[type[OrderEvent], OrderStatus] = {
    OrderPlaced: OrderStatus.PLACED,
    OrderConfirmed: OrderStatus.CONFIRMED,
    OrderFailed: OrderStatus.FAILED,
    OrderAccepted: OrderStatus.ACCEPTED,
    OrderRejected: OrderStatus.REJECTED,
    OrderExpired: OrderStatus.EXPIRED,
    PreparationStarted: OrderStatus.PREPARING,
    OrderReady: OrderStatus.READY_FOR_PICKUP,
    OrderCompleted: OrderStatus.COMPLETED,
    OrderCancelled: OrderStatus.CANCELLED,
}
"""The status an event leads to; the others leave it as it is."""

ENDED = frozenset(
    {
        OrderStatus.COMPLETED,
        OrderStatus.REJECTED,
        OrderStatus.CANCELLED,
        OrderStatus.EXPIRED,
        OrderStatus.FAILED,
    }
)
"""Statuses that nothing leads out of."""


class Order(Value):
    """What decisions about an order depend on."""

    id: str
    customer_id: str
    restaurant_id: str
    fulfilment: Fulfilment
    item_ids: frozenset[str]
    total_minor: int
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


def evolve(order: Order | None, event: OrderEvent) -> Order:
    """The order after `event`."""
    if isinstance(event, OrderPlaced):
        return _begun(event)
    assert order is not None, "the story of an order begins with its placing"
    moved = _moved(order, event)
    match event:
        case OrderConfirmed():
            return msgspec.structs.replace(moved, in_kitchen=True)
        case OrderAccepted(prep_minutes=prep_minutes, ready_by=ready_by):
            return msgspec.structs.replace(moved, prep_minutes=prep_minutes, ready_by=ready_by)
        case OrderDelayed(ready_by=ready_by):
            return msgspec.structs.replace(moved, ready_by=ready_by)
        case CollectionCodeMistaken(locked_until=locked_until, attempts=attempts):
            counted = attempts if locked_until is None else 0
            return msgspec.structs.replace(moved, wrong_codes=counted, locked_until=locked_until)
        case OrderFailed() | OrderRejected() | OrderExpired() | OrderCancelled():
            return moved
        case PreparationStarted() | OrderReady() | OrderCompleted():
            return moved


def _begun(event: OrderPlaced) -> Order:
    return Order(
        id=event.order_id,
        customer_id=event.customer_id,
        restaurant_id=event.restaurant_id,
        fulfilment=event.fulfilment,
        item_ids=frozenset(line.item_id for line in event.price.lines),
        total_minor=event.total_minor,
        status=OrderStatus.PLACED,
        last_at=event.at,
    )


def _moved(order: Order, event: OrderEvent) -> Order:
    status = STATUS_AFTER.get(type(event), order.status)
    version = order.version + 1
    since = order.since_version if status is order.status else version
    return msgspec.structs.replace(order, version=version, status=status, since_version=since, last_at=event.at)
