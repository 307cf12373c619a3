"""The view `trip` is the same however the news of orders and dispatch interleave."""

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from kernel.ids import typed_id
from kernel.messages import Event
from kernel.places import Vehicle
from projections.trips import PROJECTIONS
from subgraphs.dispatch.events import (
    CourierWentOffline,
    DeliveryAbandoned,
    DeliveryCancelled,
    DeliveryEvent,
    DeliveryFailed,
    DeliveryFailure,
    DeliveryReturned,
    UndeliverableReason,
)
from subgraphs.orders.events import (
    CancellationReason,
    CancelledBy,
    Fulfilment,
    OrderCancelled,
    OrderDelayed,
    OrderEvent,
    OrderReturned,
    OrderStatus,
    QuoteGiven,
)
from subgraphs.tracking.eta import Phase
from subgraphs.tracking.views.trips import TripRow
from tests.spelling import AT, recorded, uuid_of
from tests.tracking.riding import (
    BY_DISPATCH,
    BY_ORDERS,
    COURIER,
    DELIVERY,
    DOOR,
    KITCHEN,
    OFFER,
    ORDER,
    RESTAURANT,
    TRIP,
    accepted,
    after,
    arrived,
    assigned,
    at_door,
    completed,
    delivered,
    picked_up,
    placed,
    ready,
    requested,
    unassigned,
    undeliverable,
)

(TRIPS,) = PROJECTIONS
_ENDED = {"offer_id": OFFER, "courier_id": COURIER}
_CALLED_OFF = OrderCancelled(
    at=after(3),
    order_id=ORDER,
    restaurant_id=RESTAURANT,
    by=CancelledBy.CUSTOMER,
    reason=CancellationReason.CHANGED_MIND,
    while_status=OrderStatus.PLACED,
)


def seen(*events: Event) -> TripRow | None:
    row: TripRow | None = None
    for event in events:
        record = recorded(event, ORDER)
        for key in TRIPS.keys(record):
            row = TRIPS.fold(row, record, key)
    return row


def phase(*events: Event) -> Phase:
    row = seen(placed, *events)
    assert row is not None
    return row.phase


@given(st.data())
def test_any_interleaving_gives_the_same_trip(data: st.DataObject) -> None:
    orders = data.draw(st.integers(0, len(BY_ORDERS)))
    deliveries = data.draw(st.integers(0, len(BY_DISPATCH)))
    left: list[Sequence[Event]] = [BY_ORDERS[:orders], BY_DISPATCH[:deliveries]]
    in_turn = [*left[0], *left[1]]
    mixed: list[Event] = []
    while left[0] or left[1]:
        which = data.draw(st.sampled_from([n for n in (0, 1) if left[n]]))
        mixed.append(left[which][0])
        left[which] = left[which][1:]
    assert seen(*mixed) == seen(*in_turn)


def test_the_whole_story_shows_everything() -> None:
    assert seen(*BY_ORDERS, *BY_DISPATCH) == TripRow(
        order_id=ORDER,
        customer_id="aino",
        pickup=KITCHEN,
        dropoff=DOOR,
        placed_at=AT,
        usual_prep_minutes=20,
        ready_by=after(21),
        ready_at=after(20),
        order_ended_at=after(31),
        delivery_id=DELIVERY,
        stage=Phase.ENDED,
        courier_id=COURIER,
        offer_id=OFFER,
        vehicle=Vehicle.SCOOTER,
        assigned_at=after(16),
        pickup_expected_at=after(20),
        picked_up_at=after(21),
        delivery_ended_at=after(30),
    )


@pytest.mark.parametrize(
    ("events", "expected"),
    [
        ((), Phase.LOOKING_FOR_COURIER),
        ((accepted, requested), Phase.LOOKING_FOR_COURIER),
        ((requested, assigned()), Phase.TO_RESTAURANT),
        ((requested, assigned(), unassigned), Phase.LOOKING_FOR_COURIER),
        ((requested, assigned(), arrived), Phase.AT_RESTAURANT),
        ((requested, assigned(), arrived, unassigned), Phase.LOOKING_FOR_COURIER),
        ((requested, assigned(), picked_up), Phase.TO_CUSTOMER),
        ((requested, assigned(), picked_up, at_door), Phase.AT_DOOR),
        ((requested, assigned(), picked_up, at_door, completed), Phase.ENDED),
        ((requested, assigned(), picked_up, at_door, undeliverable), Phase.ENDED),
        ((requested, assigned(), picked_up, delivered), Phase.ENDED),
        ((_CALLED_OFF,), Phase.ENDED),
    ],
)
def test_a_trip_shows_where_it_stands(events: Sequence[Event], expected: Phase) -> None:
    assert phase(*events) is expected


@pytest.mark.parametrize(
    "ending",
    [
        DeliveryReturned(
            at=AT,
            order_id=ORDER,
            delivery_id=DELIVERY,
            reason=UndeliverableReason.ADDRESS_WRONG,
            charged=True,
            **_ENDED,
        ),
        DeliveryFailed(at=AT, order_id=ORDER, delivery_id=DELIVERY, reason=DeliveryFailure.COURIER_LOST, **_ENDED),
        DeliveryCancelled(at=AT, order_id=ORDER, delivery_id=DELIVERY, **_ENDED),
        DeliveryAbandoned(at=AT, order_id=ORDER, delivery_id=DELIVERY, rounds=9),
        OrderReturned(at=AT, order_id=ORDER, restaurant_id=RESTAURANT, reason="ADDRESS_WRONG", charged=True),
    ],
)
def test_whatever_ends_the_delivery_ends_the_trip(ending: OrderEvent | DeliveryEvent) -> None:
    row = seen(placed, requested, assigned(), ending)
    assert row is not None
    assert (row.phase, row.under_way) == (Phase.ENDED, False)


def test_a_kitchen_that_needs_longer_moves_the_trip() -> None:
    later = OrderDelayed(
        at=after(10), order_id=ORDER, restaurant_id=RESTAURANT, ready_by=after(35), previous_ready_by=after(21)
    )
    row = seen(placed, accepted, later)
    assert row is not None
    assert row.ready_by == after(35)


def test_nobody_is_a_customer_before_orders_has_said_so() -> None:
    row = seen(requested, assigned(), ready)
    assert row is not None
    assert (row.customer_id, row.dropoff, row.placed_at, row.ready_at) == (None, None, None, None)


def test_takeaway_is_no_trip() -> None:
    takeaway = replace(placed, fulfilment=Fulfilment.TAKEAWAY, carriage=None)
    assert seen(takeaway, accepted, ready) is None


def test_news_of_quotes_and_couriers_concern_no_trip() -> None:
    quote = QuoteGiven(
        at=AT,
        quote_id=typed_id("quote", uuid_of(1)),
        customer_id="aino",
        restaurant_id=RESTAURANT,
        fulfilment=Fulfilment.DELIVERY,
        price=placed.price,
        expires_at=AT,
    )
    for strange in (quote, CourierWentOffline(at=AT, courier_id=COURIER)):
        assert not TRIPS.keys(recorded(strange, COURIER))
        assert not TRIPS.wakes(recorded(strange, COURIER))
        assert TRIPS.fold(None, recorded(strange, COURIER), (ORDER,)) is None


@pytest.mark.parametrize("event", [*BY_ORDERS, *BY_DISPATCH], ids=lambda event: type(event).__name__)
def test_watchers_of_the_trip_are_woken_by_all_that_shows(event: Event) -> None:
    assert TRIPS.wakes(recorded(event, ORDER)) == [TRIP]
