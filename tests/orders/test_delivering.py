"""What dispatch tells an order: each thing once, in its time, and never a word too late."""

import re
from collections.abc import Mapping
from pathlib import Path

import msgspec
import pytest

from subgraphs.orders.commands import DeliveryCommand, FailOrder
from subgraphs.orders.domain import ORDERS
from subgraphs.orders.domain.delivering import DELIVERING
from subgraphs.orders.domain.order import ENDED
from subgraphs.orders.domain.refusals import IllegalTransition, OrderNotFound
from subgraphs.orders.events import (
    CancellationRefused,
    CourierAssigned,
    CourierUnassigned,
    DropoffProof,
    OrderAccepted,
    OrderArriving,
    OrderCancelled,
    OrderDelivered,
    OrderEvent,
    OrderFailed,
    OrderPickedUp,
    OrderReady,
    OrderReturned,
    OrderReturning,
    OrderStatus,
)
from tests.orders.deliveries import (
    COURIER,
    DELIVERY_NEWS,
    DELIVERY_PAST,
    OTHER_COURIER,
    WAY,
    abandon,
    announce,
    assigned,
    bring_back,
    deliver,
    drop_courier,
    grant,
    lose,
    name_courier,
    pick_up,
    refuse,
    turn_back,
    unassigned,
)
from tests.orders.ordering import AT, IDS, MINUTE, NOW, ORDER, PAST, RESTAURANT, accept, collect, mark_ready
from tests.scenario import Scenario

ROOT = Path(__file__).parents[2]
S = OrderStatus
COOKING = (S.ACCEPTED, S.PREPARING, S.READY_FOR_PICKUP)
LEADS_TO: Mapping[tuple[OrderStatus, type[DeliveryCommand | FailOrder]], tuple[type[OrderEvent], ...]] = {
    **{(status, type(name_courier)): (CourierAssigned,) for status in (*COOKING, S.CANCEL_PENDING)},
    **{(status, type(pick_up)): (OrderPickedUp,) for status in COOKING},
    **{(status, type(abandon)): (OrderCancelled,) for status in (*COOKING, S.CANCEL_PENDING)},
    **{(status, type(lose)): (OrderFailed,) for status in DELIVERING},
    (S.CANCEL_PENDING, type(pick_up)): (CancellationRefused, OrderPickedUp),
    (S.CANCEL_PENDING, type(grant)): (OrderCancelled,),
    (S.CANCEL_PENDING, type(refuse)): (CancellationRefused,),
    (S.PICKED_UP, type(announce)): (OrderArriving,),
    (S.PICKED_UP, type(deliver)): (OrderDelivered,),
    (S.ARRIVING, type(deliver)): (OrderDelivered,),
    (S.PICKED_UP, type(turn_back)): (OrderReturning,),
    (S.ARRIVING, type(turn_back)): (OrderReturning,),
    (S.RETURNING, type(bring_back)): (OrderReturned,),
}


def order_in(status: OrderStatus) -> Scenario:
    return Scenario(ORDERS, DELIVERY_PAST[status])


@pytest.mark.parametrize("command", DELIVERY_NEWS, ids=lambda command: type(command).__name__)
@pytest.mark.parametrize("status", DELIVERY_PAST, ids=lambda status: status.value)
def test_all_news_in_every_status(status: OrderStatus, command: DeliveryCommand | FailOrder) -> None:
    decided = order_in(status).when(command)
    expected = LEADS_TO.get((status, type(command)), ())
    assert tuple(type(event) for event in decided.events) == expected
    if status in ENDED or not expected:
        decided.then_nothing()


@pytest.mark.parametrize("command", DELIVERY_NEWS, ids=lambda command: type(command).__name__)
def test_news_told_twice_change_nothing_the_second_time(command: DeliveryCommand | FailOrder) -> None:
    for past in DELIVERY_PAST.values():
        once = [*past, *Scenario(ORDERS, past).when(command).events]
        assert list(Scenario(ORDERS, once).when(command).items) == []


@pytest.mark.parametrize("command", DELIVERY_NEWS, ids=lambda command: type(command).__name__)
def test_what_is_collected_has_no_courier(command: DeliveryCommand | FailOrder) -> None:
    for past in PAST.values():
        Scenario(ORDERS, past).when(command).then_nothing()
    Scenario(ORDERS).when(command).then_refused(OrderNotFound)


def test_the_drawing_shows_every_way_on_from_a_pickup() -> None:
    drawing = (ROOT / "docs" / "02-architecture.md").read_text(encoding="utf-8").partition("stateDiagram-v2")[2]
    arrows = re.findall(r"^    (\w+) --> (\w+):", drawing.partition("```")[0], re.MULTILINE)
    for status in (S.PICKED_UP, S.ARRIVING, S.RETURNING):
        before = order_in(status)
        decided = (before.when(command).events for command in DELIVERY_NEWS)
        following = {before.given(*events).state.status.value for events in decided} - {status.value}
        assert {end for start, end in arrows if start == status.value} == following


def test_couriers_come_and_go() -> None:
    first = order_in(S.READY_FOR_PICKUP).given(assigned)
    first.when(drop_courier).then(CourierUnassigned(at=NOW, **IDS, courier_id=COURIER))
    first.when(msgspec.structs.replace(drop_courier, courier_id=OTHER_COURIER)).then_nothing()
    first.when(msgspec.structs.replace(name_courier, courier_id=OTHER_COURIER)).then(
        CourierAssigned(at=NOW, **IDS, courier_id=OTHER_COURIER)
    )
    first.given(unassigned).when(name_courier).then(CourierAssigned(at=NOW, **IDS, courier_id=COURIER))
    assert first.state.status is S.READY_FOR_PICKUP
    assert first.state.since_version == order_in(S.READY_FOR_PICKUP).state.since_version


def test_the_events_say_what_was_told() -> None:
    order_in(S.ARRIVING).when(deliver).then(
        OrderDelivered(at=NOW, **IDS, courier_id=COURIER, proof=DropoffProof.LEFT_AT_DOOR)
    )
    order_in(S.ARRIVING).when(turn_back).then(OrderReturning(at=NOW, **IDS, reason="REFUSED_BY_CUSTOMER"))
    order_in(S.RETURNING).when(bring_back).then(
        OrderReturned(at=NOW, **IDS, reason="REFUSED_BY_CUSTOMER", charged=True)
    )
    order_in(S.PICKED_UP).when(lose).then(OrderFailed(at=NOW, **IDS, reason=lose.reason, detail="COURIER_LOST"))


def test_an_accepted_order_tells_dispatch_all_it_needs() -> None:
    order_in(S.CONFIRMED).when(accept).then(
        OrderAccepted(
            at=NOW,
            **IDS,
            prep_minutes=20,
            ready_by=NOW + 20 * MINUTE,
            customer_id="aino",
            carriage=WAY,
            tip_minor=0,
            currency="EUR",
        )
    )


def test_food_that_waits_for_a_courier_waits_for_no_customer() -> None:
    decided = order_in(S.PREPARING).when(mark_ready)
    decided.then(OrderReady(at=NOW, order_id=ORDER, restaurant_id=RESTAURANT, collect_by=None))
    assert decided.timers == []
    order_in(S.READY_FOR_PICKUP).when(collect).then_refused(IllegalTransition)


def test_a_couriers_time_never_goes_back() -> None:
    (event,) = order_in(S.PICKED_UP).when(msgspec.structs.replace(announce, at=AT)).events
    assert event.at == AT + 24 * MINUTE
