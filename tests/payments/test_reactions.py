"""Money follows the order: authorised when placed, captured when fulfilled, voided on every other way out."""

from typing import Any

import msgspec
import pytest

from kernel.ids import typed_id
from kernel.messages import Command, Event
from subgraphs.orders.events import (
    CancellationReason,
    CancelledBy,
    DropoffProof,
    FailureReason,
    Fulfilment,
    Handover,
    OrderCancelled,
    OrderCompleted,
    OrderDelivered,
    OrderExpired,
    OrderFailed,
    OrderPlaced,
    OrderReady,
    OrderRejected,
    OrderReturned,
    OrderReturning,
    OrderStatus,
    Price,
    RejectionReason,
)
from subgraphs.payments.commands import RequestAuthorisation, RequestCapture, RequestVoid
from subgraphs.payments.reactions import payment_of, react
from tests.spelling import AT, recorded, uuid_of

ORDER, PAYMENT = typed_id("order", uuid_of(1)), typed_id("payment", uuid_of(1))
WHO: dict[str, Any] = {"at": AT, "order_id": ORDER, "restaurant_id": "restaurant_1"}

nothing_much = Price(
    currency="EUR",
    lines=(),
    fees=(),
    taxes=(),
    subtotal_minor=1000,
    tip_minor=100,
    tax_minor=119,
    total_minor=1100,
)
placed = OrderPlaced(
    **WHO,
    quote_id=typed_id("quote", uuid_of(1)),
    customer_id="aino",
    fulfilment=Fulfilment.TAKEAWAY,
    price=nothing_much,
    total_minor=1100,
    currency="EUR",
    payment_token="tok_visa",
)


def test_a_placed_order_is_authorised_for_its_total() -> None:
    assert react(recorded(placed, ORDER)) == [
        RequestAuthorisation(
            payment_id=PAYMENT,
            order_id=ORDER,
            customer_id="aino",
            restaurant_id="restaurant_1",
            amount_minor=1100,
            currency="EUR",
            payment_token="tok_visa",
        )
    ]


@pytest.mark.parametrize(
    ("event", "command"),
    [
        (OrderCompleted(**WHO, handover=Handover.COLLECTED), RequestCapture(payment_id=PAYMENT)),
        (OrderDelivered(**WHO, courier_id="courier_1", proof=DropoffProof.PIN), RequestCapture(payment_id=PAYMENT)),
        (OrderReturned(**WHO, reason="ADDRESS_WRONG", charged=True), RequestCapture(payment_id=PAYMENT)),
        (OrderReturned(**WHO, reason="OTHER", charged=False), RequestVoid(payment_id=PAYMENT)),
        (
            OrderFailed(**WHO, reason=FailureReason.DELIVERY_FAILED, detail="COURIER_LOST"),
            RequestVoid(payment_id=PAYMENT),
        ),
        (OrderRejected(**WHO, reason=RejectionReason.TOO_BUSY), RequestVoid(payment_id=PAYMENT)),
        (OrderExpired(**WHO, while_status=OrderStatus.CONFIRMED), RequestVoid(payment_id=PAYMENT)),
        (
            OrderCancelled(
                **WHO,
                by=CancelledBy.CUSTOMER,
                reason=CancellationReason.OTHER,
                while_status=OrderStatus.PLACED,
            ),
            RequestVoid(payment_id=PAYMENT),
        ),
    ],
)
def test_an_ended_order_is_captured_or_voided(event: Event, command: Command) -> None:
    assert react(recorded(event, ORDER)) == [command]


@pytest.mark.parametrize(
    "event",
    [
        OrderReady(**WHO, collect_by=AT),
        OrderReturning(**WHO, reason="ADDRESS_WRONG"),
        OrderFailed(**WHO, reason=FailureReason.PAYMENT_DECLINED, detail="card_lost"),
    ],
)
def test_other_news_move_no_money(event: Event) -> None:
    assert react(recorded(event, ORDER)) == []


def test_an_id_of_something_else_is_poison() -> None:
    with pytest.raises(ValueError, match="not the id of an order"):
        payment_of("quote_1")
    with pytest.raises(ValueError, match="not the id of an order"):
        react(recorded(msgspec.structs.replace(placed, order_id="nonsense"), ORDER))
