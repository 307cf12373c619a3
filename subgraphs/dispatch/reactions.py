"""What dispatch does about orders, about what tracking saw, and between its own couriers and deliveries."""

from collections.abc import Sequence

from kernel.ids import sibling_id
from kernel.log import Recorded
from kernel.messages import Command
from kernel.subgraph import Reaction
from subgraphs.dispatch.commands import (
    CancelDelivery,
    MakeOffer,
    PassOver,
    RecordArrival,
    RecordNearDoor,
    ReleaseCourier,
    RequestDelivery,
    RescheduleDelivery,
    ReserveCourier,
    WithdrawOffer,
)
from subgraphs.dispatch.events import (
    CourierChosen,
    CourierReserved,
    CourierUnavailable,
    CourierWentOffline,
    DeliveryCancelled,
    DeliveryCompleted,
    DeliveryFailed,
    DeliveryReturned,
    DeliveryUnassigned,
    Dropoff,
    OfferDeclined,
    OfferLapsed,
    OfferWithdrawn,
    Pickup,
)
from subgraphs.orders.events import (
    CancellationRequested,
    Carriage,
    OrderAccepted,
    OrderCancelled,
    OrderDelayed,
    OrderExpired,
    OrderFailed,
    OrderReady,
    OrderRejected,
)
from subgraphs.tracking.events import CourierArrivedAtRestaurant, CourierNearedDoor


def delivery_of(order_id: str) -> str:
    """The id of an order's delivery: both share their UUID."""
    delivery_id = sibling_id("delivery", "order", order_id)
    if delivery_id is None:
        raise ValueError(f"{order_id} is not the id of an order")
    return delivery_id


def react_to_orders(record: Recorded) -> Sequence[Command]:
    """The commands that follow from an order's event; orders without a delivery have none that could heed them."""
    match record.message:
        case OrderAccepted(carriage=Carriage() as carriage) as accepted:
            return [_request(accepted, carriage)]
        case OrderDelayed(order_id=order_id, ready_by=ready_by):
            return [RescheduleDelivery(delivery_id=delivery_of(order_id), ready_by=ready_by)]
        case OrderReady(order_id=order_id, at=at, collect_by=None):
            return [RescheduleDelivery(delivery_id=delivery_of(order_id), ready_by=at, is_ready=True)]
        case CancellationRequested(order_id=order_id):
            return [CancelDelivery(delivery_id=delivery_of(order_id), asked=True)]
        case OrderCancelled() | OrderFailed() | OrderExpired() | OrderRejected() as ended:
            return [CancelDelivery(delivery_id=delivery_of(ended.order_id))]
        case _:
            return []


def react_to_tracking(record: Recorded) -> Sequence[Command]:
    """The commands that follow from where a courier was seen."""
    match record.message:
        case CourierArrivedAtRestaurant(delivery_id=delivery_id, courier_id=courier_id):
            return [RecordArrival(delivery_id=delivery_id, courier_id=courier_id)]
        case CourierNearedDoor(delivery_id=delivery_id, courier_id=courier_id):
            return [RecordNearDoor(delivery_id=delivery_id, courier_id=courier_id)]
        case _:
            return []


def react_to_itself(record: Recorded) -> Sequence[Command]:
    """Couriers and deliveries in agreement: who is chosen is reserved, who is reserved is asked, who is done is free.

    The events of a delivery come in order, so that no courier is released before they were to be reserved.
    """
    match record.message:
        case CourierChosen(courier_id=courier_id, delivery_id=delivery_id, offer_id=offer_id):
            return [ReserveCourier(courier_id=courier_id, delivery_id=delivery_id, offer_id=offer_id)]
        case CourierReserved(delivery_id=delivery_id, offer_id=offer_id, vehicle=vehicle):
            return [MakeOffer(delivery_id=delivery_id, offer_id=offer_id, vehicle=vehicle)]
        case CourierUnavailable(delivery_id=delivery_id, offer_id=offer_id):
            return [PassOver(delivery_id=delivery_id, offer_id=offer_id)]
        case CourierWentOffline(delivery_id=str(delivery_id), offer_id=str(offer_id)):
            return [WithdrawOffer(delivery_id=delivery_id, offer_id=offer_id)]
        case (
            OfferDeclined()
            | OfferLapsed()
            | OfferWithdrawn()
            | DeliveryUnassigned()
            | DeliveryCompleted()
            | DeliveryReturned()
            | DeliveryFailed()
            | DeliveryCancelled() as ended
        ):
            return _release(ended.courier_id, ended.offer_id)
        case _:
            return []


def _release(courier_id: str | None, offer_id: str | None) -> Sequence[Command]:
    if courier_id is None or offer_id is None:
        return []  # Nobody was chosen yet.
    return [ReleaseCourier(courier_id=courier_id, offer_id=offer_id)]


def _request(accepted: OrderAccepted, carriage: Carriage) -> RequestDelivery:
    if accepted.customer_id is None:
        raise ValueError(f"{accepted.order_id} is to be delivered to nobody")
    door = carriage.dropoff
    return RequestDelivery(
        delivery_id=delivery_of(accepted.order_id),
        order_id=accepted.order_id,
        restaurant_id=accepted.restaurant_id,
        customer_id=accepted.customer_id,
        pickup=Pickup(name=carriage.pickup_name, address=carriage.pickup_address, position=carriage.pickup),
        dropoff=Dropoff(
            street=door.street,
            house_number=door.house_number,
            postal_code=door.postal_code,
            city=door.city,
            position=door.position,
            instructions=door.instructions,
            leave_at_door=door.leave_at_door,
        ),
        distance_m=carriage.distance_m,
        ready_by=accepted.ready_by,
        tip_minor=accepted.tip_minor,
        currency=accepted.currency,
    )


REACTIONS = (
    Reaction(name="dispatch.of_orders", topics=("orders.events",), react=react_to_orders, from_start=True),
    Reaction(name="dispatch.of_tracking", topics=("tracking.events",), react=react_to_tracking, from_start=True),
    Reaction(name="dispatch.of_itself", topics=("dispatch.events",), react=react_to_itself, from_start=True),
)
