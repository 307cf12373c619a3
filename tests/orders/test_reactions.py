"""What payments say is done to the order they name; all else is none of its business."""

from subgraphs.orders.commands import ConfirmOrder, FailOrder
from subgraphs.orders.events import FailureReason
from subgraphs.orders.reactions import REACTIONS, of_payments
from subgraphs.payments.events import PaymentAuthorised, PaymentCaptured, PaymentDeclined
from tests.orders.ordering import AT, ORDER, PAYMENT
from tests.spelling import recorded

IDS = {"payment_id": PAYMENT, "order_id": ORDER}


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


def test_no_payment_is_missed_by_a_worker_that_starts_later() -> None:
    assert [(reaction.topics, reaction.from_start) for reaction in REACTIONS] == [(("payments.events",), True)]
