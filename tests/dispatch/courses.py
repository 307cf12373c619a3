"""Couriers and deliveries as tests spell them: one delivery from its request to the door, and who is near."""

from datetime import datetime, timedelta
from typing import Any, TypeVar

import msgspec

from kernel.ids import derive_id, person_id, typed_id
from kernel.messages import Command, Event, Viewer
from kernel.places import Position, Vehicle
from subgraphs.dispatch.commands import (
    AcceptOffer,
    ConfirmDropoff,
    ConfirmPickup,
    ConfirmReturn,
    DeclineOffer,
    GoOffline,
    GoOnline,
    MakeOffer,
    ReassignDelivery,
    RecordCandidates,
    ReportUndeliverable,
    RequestDelivery,
)
from subgraphs.dispatch.domain.offering import about
from subgraphs.dispatch.events import (
    Considered,
    CourierArrived,
    CourierAtDoor,
    CourierChosen,
    CourierReserved,
    CourierSought,
    CourierWentOnline,
    DeclineReason,
    DeliveryAssigned,
    DeliveryPickedUp,
    DeliveryRequested,
    DeliveryUndeliverable,
    Dropoff,
    OfferMade,
    Pickup,
    ReassignmentReason,
    UndeliverableReason,
)
from tests.spelling import AT, uuid_of

SECRET = b"codes-of-the-tests"
MINUTE = timedelta(minutes=1)


def viewer(subject: str, *roles: str) -> Viewer:
    return Viewer(subject=subject, roles=frozenset(roles))


AINO, EERO = viewer("aino", "customer"), viewer("eero", "customer")
OTSO, ILVES = viewer("otso", "courier"), viewer("courier-2", "courier")
DISPATCHER, SANNA = viewer("dispatch", "dispatcher"), viewer("sanna", "support")
FINANCE, COOK = viewer("fia", "finance"), viewer("kitchen", "restaurant")


def courier_of(who: Viewer) -> str:
    return person_id("courier", who.subject)


ORDER, DELIVERY = typed_id("order", uuid_of(1)), typed_id("delivery", uuid_of(1))
RESTAURANT = typed_id("restaurant", uuid_of(9))
OTSOS, ILVESES = courier_of(OTSO), courier_of(ILVES)
OFFER, SECOND_OFFER = derive_id("offer", DELIVERY, "1"), derive_id("offer", DELIVERY, "2")
READY_BY = AT + 20 * MINUTE
SEARCH_AT = READY_BY - 8 * MINUTE

PICKUP = Pickup(name="Roasberg", address="Mikonkatu 13", position=Position(latitude=60.1705, longitude=24.9465))
DROPOFF = Dropoff(
    street="Fleminginkatu",
    house_number="7 B 24",
    postal_code="00530",
    city="Helsinki",
    position=Position(latitude=60.1865, longitude=24.9531),
    instructions="The bell is broken",
)
NEAR_DROPOFF = about(DROPOFF.position)
IDS: dict[str, Any] = {"delivery_id": DELIVERY, "order_id": ORDER}
DISTANCE_M = 1820

near_otso = Considered(courier_id=OTSOS, ride_seconds=240.0)
near_ilves = Considered(courier_id=ILVESES, ride_seconds=300.0)

# Commands, in the order of a delivery's life.
request = RequestDelivery(
    at=AT,
    **IDS,
    restaurant_id=RESTAURANT,
    customer_id=AINO.subject,
    pickup=PICKUP,
    dropoff=DROPOFF,
    distance_m=DISTANCE_M,
    ready_by=READY_BY,
    tip_minor=200,
    currency="EUR",
)
found = RecordCandidates(at=SEARCH_AT, delivery_id=DELIVERY, round=1, candidates=(near_ilves, near_otso))
make = MakeOffer(at=SEARCH_AT, delivery_id=DELIVERY, offer_id=OFFER, vehicle=Vehicle.BICYCLE)
accept = AcceptOffer(at=SEARCH_AT, viewer=OTSO, delivery_id=DELIVERY, offer_id=OFFER)
decline = DeclineOffer(at=SEARCH_AT, viewer=OTSO, delivery_id=DELIVERY, offer_id=OFFER, reason=DeclineReason.TOO_FAR)
reassign = ReassignDelivery(at=SEARCH_AT, viewer=OTSO, delivery_id=DELIVERY, reason=ReassignmentReason.BREAKDOWN)
pick_up = ConfirmPickup(at=READY_BY, viewer=OTSO, delivery_id=DELIVERY, code_is_right=True)
drop_off = ConfirmDropoff(at=READY_BY, viewer=OTSO, delivery_id=DELIVERY, pin_is_right=True)
give_up = ReportUndeliverable(
    at=READY_BY, viewer=OTSO, delivery_id=DELIVERY, reason=UndeliverableReason.CUSTOMER_UNREACHABLE
)
bring_back = ConfirmReturn(at=READY_BY, viewer=OTSO, delivery_id=DELIVERY)
go_online = GoOnline(at=AT, viewer=OTSO, courier_id=OTSOS, vehicle=Vehicle.BICYCLE, display_name="Otso")
go_offline = GoOffline(at=AT, viewer=OTSO, courier_id=OTSOS)

# Events, in the same order.
requested = DeliveryRequested(
    at=AT,
    **IDS,
    restaurant_id=RESTAURANT,
    customer_id=AINO.subject,
    pickup=PICKUP,
    dropoff=DROPOFF,
    distance_m=DISTANCE_M,
    ready_by=READY_BY,
    search_at=SEARCH_AT,
    tip_minor=200,
    currency="EUR",
)
sought = CourierSought(at=SEARCH_AT, **IDS, round=1, radius_m=2000, pickup=PICKUP.position)
chosen = CourierChosen(
    at=SEARCH_AT,
    **IDS,
    round=1,
    offer_id=OFFER,
    courier_id=OTSOS,
    ride_seconds=240.0,
    considered=(near_otso, near_ilves),
)
offered = OfferMade(
    at=SEARCH_AT,
    **IDS,
    offer_id=OFFER,
    courier_id=OTSOS,
    expires_at=SEARCH_AT + timedelta(seconds=45),
    ride_seconds=240.0,
    distance_m=DISTANCE_M,
    pickup=PICKUP,
    customer_id=AINO.subject,
    dropoff_near=NEAR_DROPOFF,
    vehicle=Vehicle.BICYCLE,
)
assigned = DeliveryAssigned(
    at=SEARCH_AT,
    **IDS,
    offer_id=OFFER,
    courier_id=OTSOS,
    vehicle=Vehicle.BICYCLE,
    pickup_expected_at=SEARCH_AT + 4 * MINUTE,
)
arrived = CourierArrived(at=READY_BY - 3 * MINUTE, **IDS, courier_id=OTSOS)
picked_up = DeliveryPickedUp(at=READY_BY, **IDS, offer_id=OFFER, courier_id=OTSOS)
at_door = CourierAtDoor(at=READY_BY + 10 * MINUTE, **IDS, courier_id=OTSOS)
undeliverable = DeliveryUndeliverable(
    at=READY_BY + 15 * MINUTE, **IDS, courier_id=OTSOS, reason=UndeliverableReason.CUSTOMER_UNREACHABLE
)
online = CourierWentOnline(at=AT, courier_id=OTSOS, subject=OTSO.subject, vehicle=Vehicle.BICYCLE, display_name="Otso")
reserved = CourierReserved(at=AT, courier_id=OTSOS, delivery_id=DELIVERY, offer_id=OFFER, vehicle=Vehicle.BICYCLE)

UP_TO_CHOSEN = (requested, sought, chosen)
UP_TO_OFFERED = (*UP_TO_CHOSEN, offered)
UP_TO_ASSIGNED = (*UP_TO_OFFERED, assigned)
UP_TO_PICKED_UP = (*UP_TO_ASSIGNED, arrived, picked_up)
UP_TO_DOOR = (*UP_TO_PICKED_UP, at_door)
UP_TO_RETURNING = (*UP_TO_DOOR, undeliverable)

MessageT = TypeVar("MessageT", bound=Command | Event)


def but(message: MessageT, **changes: object) -> MessageT:
    """The message with some of its fields changed."""
    return msgspec.structs.replace(message, **changes)


def by(command: Command, who: Viewer) -> Any:
    """The command as somebody else's."""
    return msgspec.structs.replace(command, viewer=who)


def at(command: Command, moment: datetime) -> Any:
    """The command at another time."""
    return msgspec.structs.replace(command, at=moment)
