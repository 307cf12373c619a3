"""What orders, tracking and dispatch itself say is done to the deliveries and couriers they name, and nothing else."""

from collections.abc import Collection, Sequence
from typing import Any

import pytest

from kernel.messages import Command, Event
from kernel.places import Position, Vehicle
from kernel.ports import Outage
from subgraphs.dispatch.commands import (
    CancelDelivery,
    MakeOffer,
    PassOver,
    RecordArrival,
    RecordCandidates,
    RecordNearDoor,
    ReleaseCourier,
    RequestDelivery,
    RescheduleDelivery,
    ReserveCourier,
    WithdrawOffer,
)
from subgraphs.dispatch.effects import EFFECTS, Candidate, perform
from subgraphs.dispatch.events import (
    EVENTS,
    CourierReleased,
    CourierSought,
    CourierUnavailable,
    CourierWentOffline,
    DeclineReason,
    DeliveryAbandoned,
    DeliveryCancelled,
    DeliveryCancelRefused,
    DeliveryCompleted,
    DeliveryFailed,
    DeliveryFailure,
    DeliveryReturned,
    DeliveryUnassigned,
    DropoffProof,
    OfferDeclined,
    OfferLapsed,
    OfferWithdrawn,
    UnassignmentReason,
    Unavailability,
    UndeliverableReason,
)
from subgraphs.dispatch.reactions import REACTIONS, react_to_itself, react_to_orders, react_to_tracking
from subgraphs.orders import events as orders
from subgraphs.orders.events import CancellationReason, CancelledBy, Carriage, DeliveryAddress, OrderStatus
from subgraphs.tracking.events import CourierArrivedAtRestaurant, CourierNearedDoor, trip_of
from tests.dispatch.courses import (
    AINO,
    DELIVERY,
    DISTANCE_M,
    DROPOFF,
    IDS,
    OFFER,
    ORDER,
    OTSOS,
    PICKUP,
    READY_BY,
    RESTAURANT,
    arrived,
    assigned,
    at_door,
    but,
    chosen,
    near_otso,
    offered,
    online,
    picked_up,
    request,
    requested,
    reserved,
    sought,
    undeliverable,
)
from tests.spelling import AT, recorded

pytestmark = pytest.mark.anyio

NEWS: dict[str, Any] = {"at": AT, "order_id": ORDER, "restaurant_id": RESTAURANT}
OFFERED: dict[str, Any] = {"at": AT, **IDS, "offer_id": OFFER, "courier_id": OTSOS}
CARRIAGE = Carriage(
    pickup=PICKUP.position,
    pickup_name=PICKUP.name,
    pickup_address=PICKUP.address,
    dropoff=DeliveryAddress(
        street=DROPOFF.street,
        house_number=DROPOFF.house_number,
        postal_code=DROPOFF.postal_code,
        city=DROPOFF.city,
        position=DROPOFF.position,
        instructions=DROPOFF.instructions,
    ),
    distance_m=DISTANCE_M,
)
accepted = orders.OrderAccepted(
    **NEWS,
    prep_minutes=20,
    ready_by=READY_BY,
    customer_id=AINO.subject,
    carriage=CARRIAGE,
    tip_minor=200,
    currency="EUR",
)
ENDED_OTHERWISE: list[Event] = [
    orders.OrderCancelled(
        **NEWS, by=CancelledBy.PLATFORM, reason=CancellationReason.KITCHEN_SILENT, while_status=OrderStatus.ACCEPTED
    ),
    orders.OrderFailed(**NEWS, reason=orders.FailureReason.DELIVERY_FAILED, detail="COURIER_LOST"),
    orders.OrderExpired(**NEWS, while_status=OrderStatus.CONFIRMED),
    orders.OrderRejected(**NEWS, reason=orders.RejectionReason.TOO_BUSY),
]


def ordered(event: Event) -> Sequence[Command]:
    return react_to_orders(recorded(event, ORDER, topic="orders.events"))


def itself(event: Event) -> Sequence[Command]:
    return react_to_itself(recorded(event, DELIVERY, topic="dispatch.events"))


def test_an_accepted_delivery_order_requests_a_delivery() -> None:
    (command,) = ordered(accepted)
    assert isinstance(command, RequestDelivery)
    assert command == but(request, at=command.at)


def test_takeaway_needs_no_courier() -> None:
    assert ordered(but(accepted, carriage=None)) == []
    assert ordered(orders.OrderReady(**NEWS, collect_by=READY_BY)) == []


def test_a_delivery_to_nobody_is_a_bug_that_somebody_has_to_look_at() -> None:
    with pytest.raises(ValueError, match="to nobody"):
        ordered(but(accepted, customer_id=None))
    with pytest.raises(ValueError, match="is not the id of an order"):
        ordered(but(accepted, order_id="order_1"))


def test_the_kitchens_time_is_the_deliverys() -> None:
    delayed = orders.OrderDelayed(**NEWS, ready_by=READY_BY, previous_ready_by=AT)
    assert ordered(delayed) == [RescheduleDelivery(delivery_id=DELIVERY, ready_by=READY_BY)]
    ready = orders.OrderReady(**NEWS)
    assert ordered(ready) == [RescheduleDelivery(delivery_id=DELIVERY, ready_by=AT, is_ready=True)]


def test_a_request_to_cancel_is_asked_of_the_delivery() -> None:
    wanted = orders.CancellationRequested(
        **NEWS, by=CancelledBy.CUSTOMER, reason=CancellationReason.CHANGED_MIND, while_status=OrderStatus.ACCEPTED
    )
    assert ordered(wanted) == [CancelDelivery(delivery_id=DELIVERY, asked=True)]


@pytest.mark.parametrize("event", ENDED_OTHERWISE, ids=lambda event: type(event).__name__)
def test_an_order_that_ended_otherwise_needs_no_delivery(event: Event) -> None:
    assert ordered(event) == [CancelDelivery(delivery_id=DELIVERY)]


def test_other_news_of_orders_change_nothing() -> None:
    assert ordered(orders.PreparationStarted(**NEWS)) == []
    assert ordered(orders.OrderDelivered(**NEWS, courier_id=OTSOS, proof=orders.DropoffProof.PIN)) == []


def test_where_a_courier_was_seen_is_recorded() -> None:
    seen: dict[str, Any] = {"at": AT, "trip_id": trip_of(ORDER), **IDS, "courier_id": OTSOS}
    here = recorded(CourierArrivedAtRestaurant(**seen), trip_of(ORDER))
    assert react_to_tracking(here) == [RecordArrival(delivery_id=DELIVERY, courier_id=OTSOS)]
    there = recorded(CourierNearedDoor(**seen), trip_of(ORDER))
    assert react_to_tracking(there) == [RecordNearDoor(delivery_id=DELIVERY, courier_id=OTSOS)]
    assert react_to_tracking(recorded(arrived, DELIVERY)) == []


def test_who_is_chosen_is_reserved_and_who_is_reserved_is_asked() -> None:
    assert itself(chosen) == [ReserveCourier(courier_id=OTSOS, delivery_id=DELIVERY, offer_id=OFFER)]
    assert itself(reserved) == [MakeOffer(delivery_id=DELIVERY, offer_id=OFFER, vehicle=Vehicle.BICYCLE)]


def test_who_cannot_be_reserved_is_passed_over() -> None:
    busy = CourierUnavailable(
        at=AT, courier_id=OTSOS, delivery_id=DELIVERY, offer_id=OFFER, reason=Unavailability.ENGAGED
    )
    assert itself(busy) == [PassOver(delivery_id=DELIVERY, offer_id=OFFER)]


def test_who_leaves_is_not_asked_any_more() -> None:
    gone = CourierWentOffline(at=AT, courier_id=OTSOS)
    assert itself(gone) == []
    asked = but(gone, delivery_id=DELIVERY, offer_id=OFFER)
    assert itself(asked) == [WithdrawOffer(delivery_id=DELIVERY, offer_id=OFFER)]


RELEASING: list[Event] = [
    OfferDeclined(**OFFERED, reason=DeclineReason.BREAK),
    OfferLapsed(**OFFERED),
    OfferWithdrawn(**OFFERED),
    DeliveryUnassigned(**OFFERED, reason=UnassignmentReason.NO_SHOW),
    DeliveryCompleted(**OFFERED, proof=DropoffProof.PIN),
    DeliveryReturned(**OFFERED, reason=UndeliverableReason.ADDRESS_WRONG, charged=True),
    DeliveryFailed(**OFFERED, reason=DeliveryFailure.COURIER_LOST),
    DeliveryCancelled(**OFFERED),
]
NOT_RELEASING: list[Event] = [
    requested,
    sought,
    offered,
    assigned,
    arrived,
    picked_up,
    at_door,
    undeliverable,
    online,
    CourierReleased(at=AT, courier_id=OTSOS, delivery_id=DELIVERY, offer_id=OFFER),
    DeliveryCancelled(at=AT, **IDS),
    DeliveryCancelRefused(at=AT, **IDS, courier_id=OTSOS),
    DeliveryAbandoned(at=AT, **IDS, rounds=9),
]


@pytest.mark.parametrize("event", RELEASING, ids=lambda event: type(event).__name__)
def test_whoever_is_done_is_free(event: Event) -> None:
    assert itself(event) == [ReleaseCourier(courier_id=OTSOS, offer_id=OFFER)]


@pytest.mark.parametrize("event", NOT_RELEASING, ids=lambda event: type(event).__name__)
def test_nobody_is_freed_before_they_are_done(event: Event) -> None:
    assert itself(event) == []


def test_every_event_was_thought_of() -> None:
    told = {type(event) for event in (*RELEASING, *NOT_RELEASING, chosen, reserved)}
    unreacted = {kind.__name__ for kind in EVENTS} - {kind.__name__ for kind in told}
    assert unreacted == {
        "CourierUnavailable",
        "CourierWentOffline",
        "DeliveryRescheduled",
        "DropoffPinMistaken",
        "NobodyFound",
        "PickupCodeMistaken",
    }


def test_reactions_and_effects_miss_nothing() -> None:
    assert all(each.from_start for each in (*REACTIONS, *EFFECTS))
    assert [each.topics for each in REACTIONS] == [("orders.events",), ("tracking.events",), ("dispatch.events",)]


class Neighbourhood:
    """Who is near, as a test says."""

    def __init__(self, *near: Candidate, reachable: bool = True) -> None:
        self.near, self.reachable = near, reachable
        self.asked: list[tuple[Position, int, frozenset[str]]] = []

    async def candidates(self, pickup: Position, radius_m: int, excluded: Collection[str]) -> Sequence[Candidate]:
        if not self.reachable:
            raise Outage("nobody can tell")
        self.asked.append((pickup, radius_m, frozenset(excluded)))
        return self.near


async def test_whoever_is_near_is_recorded_without_where_they_are() -> None:
    search = Neighbourhood(
        Candidate(courier_id=OTSOS, position=PICKUP.position, seen_at=AT, ride_seconds=near_otso.ride_seconds)
    )
    event: CourierSought = but(sought, excluded=("courier_x",))
    commands = await perform(recorded(event, DELIVERY), search)
    assert commands == [RecordCandidates(delivery_id=DELIVERY, round=1, candidates=(near_otso,))]
    assert search.asked == [(PICKUP.position, 2000, frozenset({"courier_x"}))]


async def test_an_outage_is_waited_out_by_whoever_performs() -> None:
    with pytest.raises(Outage):
        await perform(recorded(sought, DELIVERY), Neighbourhood(reachable=False))


async def test_other_news_ask_nobody() -> None:
    search = Neighbourhood()
    assert await perform(recorded(chosen, DELIVERY), search) == []
    assert search.asked == []
