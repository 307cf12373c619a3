"""What payments and dispatch say is done to the order they name; all else is none of its business."""

from typing import Any

import pytest

from kernel.ids import derive_id, typed_id
from kernel.messages import Command, Event
from kernel.places import Vehicle
from subgraphs.dispatch.events import (
    CourierArrived,
    CourierAtDoor,
    DeliveryAbandoned,
    DeliveryAssigned,
    DeliveryCancelled,
    DeliveryCancelRefused,
    DeliveryCompleted,
    DeliveryFailed,
    DeliveryFailure,
    DeliveryPickedUp,
    DeliveryReturned,
    DeliveryUnassigned,
    DeliveryUndeliverable,
    DropoffProof,
    OfferLapsed,
    UnassignmentReason,
    UndeliverableReason,
)
from subgraphs.orders import events
from subgraphs.orders.commands import (
    AbandonOrder,
    AnnounceOrder,
    ConfirmOrder,
    DeliverOrder,
    DropOrderCourier,
    FailOrder,
    GrantCancellation,
    NameOrderCourier,
    PickUpOrder,
    RefuseCancellation,
    ReturnOrder,
    TurnOrderBack,
)
from subgraphs.orders.events import FailureReason
from subgraphs.orders.reactions import REACTIONS, of_dispatch, of_payments
from subgraphs.payments.events import PaymentAuthorised, PaymentCaptured, PaymentDeclined
from tests.orders.deliveries import COURIER
from tests.orders.ordering import AT, ORDER, PAYMENT
from tests.spelling import recorded, uuid_of

IDS = {"payment_id": PAYMENT, "order_id": ORDER}
DELIVERY = typed_id("delivery", uuid_of(1))
OFFER = derive_id("offer", DELIVERY, "1")
NEWS: dict[str, Any] = {"at": AT, "delivery_id": DELIVERY, "order_id": ORDER}
THEIRS: dict[str, Any] = {**NEWS, "offer_id": OFFER, "courier_id": COURIER}


def test_an_authorised_payment_confirms_its_order() -> None:
    news = PaymentAuthorised(at=AT, **IDS, authorisation_id="auth_1", amount_minor=2350)
    assert of_payments(recorded(news, PAYMENT)) == [ConfirmOrder(order_id=ORDER, payment_id=PAYMENT)]


def test_a_declined_card_fails_its_order() -> None:
    news = PaymentDeclined(at=AT, **IDS, reason="insufficient_funds")
    assert of_payments(recorded(news, PAYMENT)) == [
        FailOrder(order_id=ORDER, reason=FailureReason.PAYMENT_DECLINED, detail="insufficient_funds")
    ]


def test_other_news_of_payments_change_no_order() -> None:
    assert of_payments(recorded(PaymentCaptured(at=AT, **IDS, amount_minor=2350), PAYMENT)) == []


@pytest.mark.parametrize(
    ("news", "command"),
    [
        (
            DeliveryAssigned(**THEIRS, vehicle=Vehicle.BICYCLE, pickup_expected_at=AT),
            NameOrderCourier(order_id=ORDER, courier_id=COURIER),
        ),
        (
            DeliveryUnassigned(**THEIRS, reason=UnassignmentReason.NO_SHOW),
            DropOrderCourier(order_id=ORDER, courier_id=COURIER),
        ),
        (DeliveryPickedUp(**THEIRS), PickUpOrder(order_id=ORDER, courier_id=COURIER)),
        (CourierAtDoor(**NEWS, courier_id=COURIER), AnnounceOrder(order_id=ORDER)),
        (
            DeliveryCompleted(**THEIRS, proof=DropoffProof.LEFT_AT_DOOR),
            DeliverOrder(order_id=ORDER, courier_id=COURIER, proof=events.DropoffProof.LEFT_AT_DOOR),
        ),
        (
            DeliveryUndeliverable(**NEWS, courier_id=COURIER, reason=UndeliverableReason.ADDRESS_WRONG),
            TurnOrderBack(order_id=ORDER, reason="ADDRESS_WRONG"),
        ),
        (
            DeliveryReturned(**THEIRS, reason=UndeliverableReason.ADDRESS_WRONG, charged=True),
            ReturnOrder(order_id=ORDER, reason="ADDRESS_WRONG", charged=True),
        ),
        (
            DeliveryFailed(**NEWS, reason=DeliveryFailure.COURIER_LOST),
            FailOrder(order_id=ORDER, reason=FailureReason.DELIVERY_FAILED, detail="COURIER_LOST"),
        ),
        (DeliveryCancelled(**NEWS), GrantCancellation(order_id=ORDER)),
        (DeliveryCancelRefused(**NEWS), RefuseCancellation(order_id=ORDER)),
        (DeliveryAbandoned(**NEWS, rounds=9), AbandonOrder(order_id=ORDER)),
    ],
    ids=lambda case: type(case).__name__,
)
def test_what_becomes_of_a_delivery_becomes_of_its_order(news: Event, command: Command) -> None:
    assert of_dispatch(recorded(news, DELIVERY)) == [command]


def test_whom_dispatch_asks_is_no_news_of_an_order() -> None:
    assert of_dispatch(recorded(OfferLapsed(**THEIRS), DELIVERY)) == []


def test_a_courier_at_the_restaurant_is_not_announced() -> None:
    assert of_dispatch(recorded(CourierArrived(**NEWS, courier_id=COURIER), DELIVERY)) == []


def test_every_proof_has_its_word_in_orders() -> None:
    assert {proof.value for proof in DropoffProof} == {proof.value for proof in events.DropoffProof}


def test_no_news_are_missed_by_a_worker_that_starts_later() -> None:
    assert [(reaction.topics, reaction.from_start) for reaction in REACTIONS] == [
        (("payments.events",), True),
        (("dispatch.events",), True),
    ]
