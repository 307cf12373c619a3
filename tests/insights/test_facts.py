"""What events tell: which facts, and whose fault it was."""

from datetime import timedelta
from typing import Any

import pytest

from kernel.places import Position, Vehicle
from subgraphs.dispatch.events import (
    CourierSought,
    CourierWentOffline,
    CourierWentOnline,
    DeliveryAbandoned,
    DeliveryCancelled,
    OfferWithdrawn,
)
from subgraphs.insights.facts import DeliveryFact, Fault, OfferFact, OrderFact, ShiftFact
from subgraphs.insights.reactions import facts_of, fault_of, sink_to
from subgraphs.orders.events import (
    CancellationReason,
    CancelledBy,
    FailureReason,
    OrderAccepted,
    OrderCancelled,
    OrderDelayed,
    OrderExpired,
    OrderFailed,
    OrderNews,
    OrderReady,
    OrderRejected,
    OrderReturned,
    OrderStatus,
    RejectionReason,
)
from tests.spelling import AT, recorded

IDS: dict[str, Any] = {"order_id": "order_1", "restaurant_id": "restaurant_1"}
C, B = CancellationReason, CancelledBy


def cancelled(by: CancelledBy, reason: CancellationReason) -> OrderCancelled:
    return OrderCancelled(at=AT, by=by, reason=reason, while_status=OrderStatus.ACCEPTED, **IDS)


ENDS = [
    (OrderRejected(at=AT, reason=RejectionReason.TOO_BUSY, **IDS), Fault.RESTAURANT),
    (OrderExpired(at=AT, while_status=OrderStatus.CONFIRMED, **IDS), Fault.RESTAURANT),
    (OrderExpired(at=AT, while_status=OrderStatus.PLACED, **IDS), Fault.PLATFORM),
    (OrderFailed(at=AT, reason=FailureReason.PAYMENT_DECLINED, detail="", **IDS), Fault.CUSTOMER),
    (OrderFailed(at=AT, reason=FailureReason.DELIVERY_FAILED, detail="", **IDS), Fault.COURIER),
    (OrderReturned(at=AT, reason="FOOD_DAMAGED", charged=False, **IDS), Fault.COURIER),
    (cancelled(B.CUSTOMER, C.CHANGED_MIND), Fault.CUSTOMER),
    (cancelled(B.SUPPORT, C.CHANGED_MIND), Fault.CUSTOMER),
    (cancelled(B.SUPPORT, C.ITEMS_UNAVAILABLE), Fault.RESTAURANT),
    (cancelled(B.PLATFORM, C.KITCHEN_SILENT), Fault.RESTAURANT),
    (cancelled(B.PLATFORM, C.NO_COURIER), Fault.PLATFORM),
    (cancelled(B.RESTAURANT, C.OTHER), Fault.RESTAURANT),
    (cancelled(B.CUSTOMER, C.WAIT_TOO_LONG), Fault.CUSTOMER),
    (cancelled(B.SUPPORT, C.OTHER), Fault.PLATFORM),
]


@pytest.mark.parametrize(("event", "fault"), ENDS)
def test_the_reason_says_whose_fault_it_was_and_then_whoever_called_it_off(event: OrderNews, fault: Fault) -> None:
    assert fault_of(event) is fault
    (fact,) = facts_of(recorded(event, "order_1", topic="orders.events"))
    assert isinstance(fact, OrderFact)
    assert (fact.lost_at, fact.fault, fact.sold_at) == (AT, fault, None)


def test_food_that_its_customer_pays_for_is_sold_though_it_came_back() -> None:
    event = OrderReturned(at=AT, reason="CUSTOMER_UNREACHABLE", charged=True, **IDS)
    (fact,) = facts_of(recorded(event, "order_1"))
    assert isinstance(fact, OrderFact)
    assert (fact.sold_at, fact.lost_at) == (AT, None)


def test_a_delay_takes_no_promise_back() -> None:
    by = AT + timedelta(minutes=20)
    (fact,) = facts_of(recorded(OrderAccepted(at=AT, prep_minutes=20, ready_by=by, **IDS), "order_1"))
    assert isinstance(fact, OrderFact)
    assert fact.promised_at == by
    assert facts_of(recorded(OrderDelayed(at=AT, ready_by=by, previous_ready_by=AT, **IDS), "order_1")) == []


def test_a_fact_is_of_its_event_and_fills_what_that_knows() -> None:
    assert facts_of(recorded(OrderReady(at=AT, **IDS), "order_1", 5)) == [
        OrderFact(event_id="evt_order_1_5", at=AT, ready_at=AT, **IDS)
    ]


def test_shifts_searches_and_engagements_are_facts_too() -> None:
    helsinki = Position(latitude=60.17, longitude=24.94)
    online = CourierWentOnline(
        at=AT, courier_id="courier_1", subject="otso", vehicle=Vehicle.BICYCLE, display_name="Otso"
    )
    offline = CourierWentOffline(at=AT, courier_id="courier_1")
    sought = CourierSought(at=AT, delivery_id="d", order_id="o", round=1, radius_m=1000, pickup=helsinki)
    assert facts_of(recorded(online, "courier_1", 3)) == [
        ShiftFact(event_id="evt_courier_1_3", at=AT, courier_id="courier_1", version=3, online=True)
    ]
    assert [getattr(fact, "online", None) for fact in facts_of(recorded(offline, "courier_1", 4))] == [False]
    assert facts_of(recorded(sought, "d")) == [DeliveryFact(event_id="evt_d_1", at=AT, delivery_id="d", sought_at=AT)]


def test_the_end_of_a_delivery_ends_the_engagement_if_there_is_one() -> None:
    ended = DeliveryCancelled(at=AT, delivery_id="d", order_id="o", offer_id="offer_1", courier_id="courier_1")
    offer, delivery = facts_of(recorded(ended, "d"))
    assert isinstance(offer, OfferFact)
    assert isinstance(delivery, DeliveryFact)
    assert (offer.offer_id, offer.released_at, delivery.ended_at) == ("offer_1", AT, AT)
    nobody = DeliveryCancelled(at=AT, delivery_id="d", order_id="o")
    assert [type(fact) for fact in facts_of(recorded(nobody, "d"))] == [DeliveryFact]
    abandoned = DeliveryAbandoned(at=AT, delivery_id="d", order_id="o", rounds=9)
    assert [type(fact) for fact in facts_of(recorded(abandoned, "d"))] == [DeliveryFact]


def test_what_no_figure_is_made_of_is_no_fact() -> None:
    withdrawn = OfferWithdrawn(at=AT, delivery_id="d", order_id="o", offer_id="offer_1", courier_id="courier_1")
    assert facts_of(recorded(withdrawn, "d")) == []


def test_every_engine_has_a_place_of_its_own_in_the_log() -> None:
    one, other = sink_to("postgresql"), sink_to("clickhouse")
    assert (one.name, other.name) == ("insights.postgresql", "insights.clickhouse")
    assert one.from_start
    assert other.from_start
