"""A ride through Helsinki that tests spell out briefly: a restaurant, a door, a courier and what is told of them."""

from datetime import datetime, timedelta
from typing import Any

from kernel.ids import person_id, typed_id
from kernel.messages import Viewer
from kernel.places import Position, Vehicle
from subgraphs.dispatch.events import (
    CourierArrived,
    CourierAtDoor,
    DeliveryAssigned,
    DeliveryCompleted,
    DeliveryPickedUp,
    DeliveryRequested,
    DeliveryUnassigned,
    DeliveryUndeliverable,
    Dropoff,
    DropoffProof,
    Pickup,
    UnassignmentReason,
    UndeliverableReason,
)
from subgraphs.orders.events import (
    Carriage,
    DeliveryAddress,
    Fulfilment,
    OrderAccepted,
    OrderConfirmed,
    OrderDelivered,
    OrderPlaced,
    OrderReady,
    Price,
)
from subgraphs.orders.events import DropoffProof as Proof
from subgraphs.tracking.positions import Point
from subgraphs.tracking.views.couriers import CourierPositionRow
from tests.spelling import AT, uuid_of

ORDER, DELIVERY, TRIP = (typed_id(prefix, uuid_of(1)) for prefix in ("order", "delivery", "trip"))
RESTAURANT = typed_id("restaurant", uuid_of(2))
OFFER, OTHER_OFFER = typed_id("offer", uuid_of(3)), typed_id("offer", uuid_of(4))

AINO = Viewer(subject="aino", roles=frozenset({"customer"}))
EERO = Viewer(subject="eero", roles=frozenset({"customer"}))
OTSO = Viewer(subject="otso", roles=frozenset({"courier"}))
UKKO = Viewer(subject="ukko", roles=frozenset({"courier"}))
SANNA = Viewer(subject="sanna", roles=frozenset({"support"}))
DISPATCHER = Viewer(subject="dispatch", roles=frozenset({"dispatcher"}))
COURIER, OTHER_COURIER = person_id("courier", "otso"), person_id("courier", "ukko")

KITCHEN = Position(latitude=60.1688, longitude=24.9448)
DOOR = Position(latitude=60.1770, longitude=24.9620)
HOME = Position(latitude=60.1873, longitude=24.9602)


def after(minutes: float) -> datetime:
    """A moment on the evening of the ride."""
    return AT + timedelta(minutes=minutes)


def north_of(place: Position, metres: float) -> Position:
    """A place so many metres to the north."""
    return Position(latitude=place.latitude + metres / 111_195, longitude=place.longitude)


def a_point(
    place: Position = KITCHEN, minutes: float = 0, *, sequence: int = 1, accuracy_m: float = 10, courier: str = COURIER
) -> Point:
    return Point(
        courier_id=courier,
        latitude=place.latitude,
        longitude=place.longitude,
        accuracy_m=accuracy_m,
        sequence=sequence,
        recorded_at=after(minutes),
        received_at=after(minutes),
    )


def a_row(place: Position, minutes: float, courier: str = COURIER) -> CourierPositionRow:
    """The courier's latest point."""
    return CourierPositionRow(
        courier_id=courier,
        latitude=place.latitude,
        longitude=place.longitude,
        accuracy_m=10,
        sequence=1,
        recorded_at=after(minutes),
        received_at=after(minutes),
    )


_ORDER: dict[str, Any] = {"order_id": ORDER, "restaurant_id": RESTAURANT}
_DELIVERY: dict[str, Any] = {"order_id": ORDER, "delivery_id": DELIVERY}
_NOTHING = Price(currency="EUR", lines=(), fees=(), taxes=(), subtotal_minor=0, tip_minor=0, tax_minor=0, total_minor=0)
carriage = Carriage(
    pickup=KITCHEN,
    pickup_name="Roasberg",
    dropoff=DeliveryAddress(street="Liisankatu", house_number="15", position=DOOR),
    distance_m=1300,
)
placed = OrderPlaced(
    **_ORDER,
    at=AT,
    quote_id=typed_id("quote", uuid_of(1)),
    customer_id="aino",
    fulfilment=Fulfilment.DELIVERY,
    price=_NOTHING,
    total_minor=0,
    currency="EUR",
    payment_token="tok_visa",
    carriage=carriage,
    usual_prep_minutes=20,
)
confirmed = OrderConfirmed(**_ORDER, at=after(0.1), payment_id=typed_id("payment", uuid_of(1)), accept_by=after(8))
accepted = OrderAccepted(**_ORDER, at=after(1), prep_minutes=20, ready_by=after(21), carriage=carriage)
ready = OrderReady(**_ORDER, at=after(20))
delivered = OrderDelivered(**_ORDER, at=after(31), courier_id=COURIER, proof=Proof.PIN)
BY_ORDERS = (placed, confirmed, accepted, ready, delivered)

requested = DeliveryRequested(
    **_DELIVERY,
    at=after(1.1),
    restaurant_id=RESTAURANT,
    customer_id="aino",
    pickup=Pickup(name="Roasberg", position=KITCHEN),
    dropoff=Dropoff(street="Liisankatu", house_number="15", position=DOOR),
    distance_m=1300,
    ready_by=after(21),
    search_at=after(13),
)


def assigned(minutes: float = 14, courier: str = COURIER, offer: str = OFFER) -> DeliveryAssigned:
    return DeliveryAssigned(
        **_DELIVERY,
        at=after(minutes),
        offer_id=offer,
        courier_id=courier,
        vehicle=Vehicle.SCOOTER,
        pickup_expected_at=after(minutes + 4),
    )


unassigned = DeliveryUnassigned(
    **_DELIVERY,
    at=after(15),
    offer_id=OTHER_OFFER,
    courier_id=OTHER_COURIER,
    reason=UnassignmentReason.DISPATCHER,
)
arrived = CourierArrived(**_DELIVERY, at=after(18), courier_id=COURIER)
picked_up = DeliveryPickedUp(**_DELIVERY, at=after(21), offer_id=OFFER, courier_id=COURIER)
at_door = CourierAtDoor(**_DELIVERY, at=after(28), courier_id=COURIER)
completed = DeliveryCompleted(**_DELIVERY, at=after(30), offer_id=OFFER, courier_id=COURIER, proof=DropoffProof.PIN)
undeliverable = DeliveryUndeliverable(
    **_DELIVERY, at=after(40), courier_id=COURIER, reason=UndeliverableReason.CUSTOMER_UNREACHABLE
)
BY_DISPATCH = (
    requested,
    assigned(13.5, OTHER_COURIER, OTHER_OFFER),
    unassigned,
    assigned(16),
    arrived,
    picked_up,
    at_door,
    completed,
)
