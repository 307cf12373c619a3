"""What a payment looks like after each of its events."""

from typing import Any

import pytest

from kernel.ids import typed_id
from kernel.messages import Event
from subgraphs.payments.domain import PaymentStatus
from subgraphs.payments.events import (
    AuthorisationRequested,
    CaptureRequested,
    PaymentAuthorised,
    PaymentCaptured,
    PaymentDeclined,
    PaymentVoided,
    ProviderRefused,
    VoidRequested,
)
from subgraphs.payments.views import PaymentView, fold
from tests.spelling import AT, recorded, uuid_of

PAYMENT, ORDER = typed_id("payment", uuid_of(1)), typed_id("order", uuid_of(1))
IDS: dict[str, Any] = {"at": AT, "payment_id": PAYMENT, "order_id": ORDER}

requested = AuthorisationRequested(
    **IDS,
    customer_id="aino",
    restaurant_id="restaurant_1",
    amount_minor=2350,
    currency="EUR",
    payment_token="tok_visa",
)
authorised = PaymentAuthorised(**IDS, authorisation_id="auth_1", amount_minor=2350)
declined = PaymentDeclined(**IDS, reason="card_lost")
capturing = CaptureRequested(**IDS, authorisation_id="auth_1", amount_minor=2350)
captured = PaymentCaptured(**IDS, amount_minor=2350)
voiding = VoidRequested(**IDS, authorisation_id="auth_1")
voided = PaymentVoided(**IDS)
refused = ProviderRefused(**IDS, operation="capture", reason="authorisation_expired")


def seen(*events: Event) -> PaymentView:
    view: PaymentView | None = None
    for version, event in enumerate(events, start=1):
        view = fold(view, recorded(event, PAYMENT, version, "payments.events"), (PAYMENT,))
    assert view is not None
    return view


@pytest.mark.parametrize(
    ("events", "status", "captured_minor", "reason"),
    [
        ((requested,), PaymentStatus.AUTHORISING, 0, None),
        ((requested, authorised), PaymentStatus.AUTHORISED, 0, None),
        ((requested, declined), PaymentStatus.DECLINED, 0, "card_lost"),
        ((requested, authorised, capturing), PaymentStatus.CAPTURING, 0, None),
        ((requested, authorised, capturing, captured), PaymentStatus.CAPTURED, 2350, None),
        ((requested, authorised, capturing, refused), PaymentStatus.CAPTURING, 0, "authorisation_expired"),
        ((requested, authorised, voiding), PaymentStatus.VOIDING, 0, None),
        ((requested, authorised, voiding, voided), PaymentStatus.VOIDED, 0, None),
    ],
)
def test_a_payment_shows_where_it_stands(
    events: tuple[Event, ...], status: PaymentStatus, captured_minor: int, reason: str | None
) -> None:
    view = seen(*events)
    assert (view.status, view.captured_minor, view.reason) == (status, captured_minor, reason)
    assert (view.id, view.order_id, view.amount_minor, view.currency) == (PAYMENT, ORDER, 2350, "EUR")
    assert view.parties == {"customer": frozenset({"aino"})}


def test_news_of_a_payment_never_requested_show_nothing() -> None:
    assert fold(None, recorded(captured, PAYMENT, 4, "payments.events"), (PAYMENT,)) is None
