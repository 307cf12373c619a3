"""Tracking's trips: each delivery order's way to its customer, from what orders and dispatch tell.

Rows have columns by topic: what orders tells never reads what dispatch told, nor the other way round, so that any
interleaving of the two topics gives the same row.
"""

from collections.abc import Mapping, Sequence

import msgspec

from kernel.log import Recorded
from kernel.projecting import Key, Projection
from subgraphs.dispatch.events import (
    CourierArrived,
    CourierAtDoor,
    DeliveryAbandoned,
    DeliveryAssigned,
    DeliveryCancelled,
    DeliveryCompleted,
    DeliveryFailed,
    DeliveryNews,
    DeliveryPickedUp,
    DeliveryReturned,
    DeliveryUnassigned,
    DeliveryUndeliverable,
)
from subgraphs.orders.events import (
    OrderAccepted,
    OrderCancelled,
    OrderCompleted,
    OrderDelayed,
    OrderDelivered,
    OrderExpired,
    OrderFailed,
    OrderNews,
    OrderPlaced,
    OrderReady,
    OrderRejected,
    OrderReturned,
)
from subgraphs.tracking.events import trip_of
from subgraphs.tracking.views.trips import TOPICS, TRIP_VIEW, Phase, TripRow

Told = Mapping[str, object]
"""Columns and what they are from now on."""

_NOBODY: Told = {
    "stage": Phase.LOOKING_FOR_COURIER,
    "courier_id": None,
    "offer_id": None,
    "vehicle": None,
    "assigned_at": None,
    "pickup_expected_at": None,
}


def by_orders(row: TripRow | None, event: OrderNews) -> Told | None:
    """What an order's news changes; None for what concerns no trip, such as a takeaway order."""
    if isinstance(event, OrderPlaced):
        return _begun(event)
    if row is None or row.placed_at is None:
        return None
    match event:
        case OrderAccepted(ready_by=ready_by) | OrderDelayed(ready_by=ready_by):
            return {"ready_by": ready_by}
        case OrderReady(at=at):
            return {"ready_at": at}
        case (
            OrderRejected()
            | OrderExpired()
            | OrderCancelled()
            | OrderFailed()
            | OrderCompleted()
            | OrderDelivered()
            | OrderReturned()
        ):
            return {"order_ended_at": event.at}
        case _:
            return None


def _begun(event: OrderPlaced) -> Told | None:
    if event.carriage is None:
        return None
    return {
        "customer_id": event.customer_id,
        "pickup": event.carriage.pickup,
        "dropoff": event.carriage.dropoff.position,
        "placed_at": event.at,
        "usual_prep_minutes": event.usual_prep_minutes,
    }


def by_dispatch(event: DeliveryNews) -> Told:
    """What a delivery's news changes."""
    match event:
        case DeliveryAssigned():
            told: Told = {
                "stage": Phase.TO_RESTAURANT,
                "courier_id": event.courier_id,
                "offer_id": event.offer_id,
                "vehicle": event.vehicle,
                "assigned_at": event.at,
                "pickup_expected_at": event.pickup_expected_at,
            }
        case DeliveryUnassigned():
            told = _NOBODY
        case CourierArrived():
            told = {"stage": Phase.AT_RESTAURANT}
        case DeliveryPickedUp(at=at):
            told = {"stage": Phase.TO_CUSTOMER, "picked_up_at": at}
        case CourierAtDoor():
            told = {"stage": Phase.AT_DOOR}
        case (
            DeliveryCompleted()
            | DeliveryUndeliverable()
            | DeliveryReturned()
            | DeliveryFailed()
            | DeliveryCancelled()
            | DeliveryAbandoned()
        ):
            told = {"stage": Phase.ENDED, "delivery_ended_at": event.at}
        case _:
            told = {}
    return {"delivery_id": event.delivery_id, **told}


def fold(row: TripRow | None, record: Recorded, key: Key) -> TripRow | None:
    """The trip after the record."""
    event = record.message
    told = by_orders(row, event) if isinstance(event, OrderNews) else None
    if isinstance(event, DeliveryNews):
        told = by_dispatch(event)
    if told is None:
        return row
    return msgspec.structs.replace(row or TripRow(order_id=str(key[0])), **told)


def _keys(record: Recorded) -> Sequence[Key]:
    return [(record.message.order_id,)] if isinstance(record.message, OrderNews | DeliveryNews) else []


def _wakes(record: Recorded) -> Sequence[str]:
    return [trip_of(record.message.order_id)] if isinstance(record.message, OrderNews | DeliveryNews) else []


PROJECTIONS = (
    Projection(
        domain="tracking",
        view=TRIP_VIEW,
        topics=TOPICS,
        keys=_keys,
        fold=fold,
        sharing="topic columns",
        wakes=_wakes,
    ),
)
