"""A payment is authorised, then captured or voided: never both, never twice."""

from datetime import UTC, datetime

import pytest

from kernel.ids import typed_id
from kernel.messages import Command, Event
from subgraphs.payments.commands import (
    RecordAuthorisation,
    RecordCapture,
    RecordDecline,
    RecordProviderRefusal,
    RecordVoid,
    RequestAuthorisation,
    RequestCapture,
    RequestVoid,
)
from subgraphs.payments.domain import PAYMENTS, PaymentNotAuthorised, PaymentNotOpen
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
from tests.scenario import Scenario
from tests.spelling import uuid_of

AT = datetime(2026, 11, 20, 17, 0, tzinfo=UTC)
PAYMENT = typed_id("payment", uuid_of(1))
ORDER = typed_id("order", uuid_of(1))
IDS = {"payment_id": PAYMENT, "order_id": ORDER}

request = RequestAuthorisation(
    at=AT,
    payment_id=PAYMENT,
    order_id=ORDER,
    customer_id="aino",
    restaurant_id="restaurant_1",
    amount_minor=2350,
    currency="EUR",
    payment_token="tok_visa",
)
requested = AuthorisationRequested(
    at=AT,
    **IDS,
    customer_id="aino",
    restaurant_id="restaurant_1",
    amount_minor=2350,
    currency="EUR",
    payment_token="tok_visa",
)
authorise = RecordAuthorisation(at=AT, payment_id=PAYMENT, authorisation_id="auth_1")
authorised = PaymentAuthorised(at=AT, **IDS, authorisation_id="auth_1", amount_minor=2350)
decline = RecordDecline(at=AT, payment_id=PAYMENT, reason="insufficient_funds")
declined = PaymentDeclined(at=AT, **IDS, reason="insufficient_funds")
capture = RequestCapture(at=AT, payment_id=PAYMENT)
capturing = CaptureRequested(at=AT, **IDS, authorisation_id="auth_1", amount_minor=2350)
record_capture = RecordCapture(at=AT, payment_id=PAYMENT)
captured = PaymentCaptured(at=AT, **IDS, amount_minor=2350)
void = RequestVoid(at=AT, payment_id=PAYMENT)
voiding = VoidRequested(at=AT, **IDS, authorisation_id="auth_1")
voiding_unknown = VoidRequested(at=AT, **IDS, authorisation_id="")
record_void = RecordVoid(at=AT, payment_id=PAYMENT)
voided = PaymentVoided(at=AT, **IDS)
refuse_capture = RecordProviderRefusal(at=AT, payment_id=PAYMENT, operation="capture", reason="authorisation_expired")
refuse_void = RecordProviderRefusal(at=AT, payment_id=PAYMENT, operation="void", reason="authorisation_captured")

payments = Scenario(PAYMENTS)


def test_a_payment_is_authorised_and_captured() -> None:
    placed = payments.when(request).then(requested)
    placed.when(authorise).then(authorised).when(capture).then(capturing).when(record_capture).then(captured)


def test_a_payment_is_voided_instead() -> None:
    payments.given(requested, authorised).when(void).then(voiding).when(record_void).then(voided)


def test_a_declined_payment_is_over() -> None:
    over = payments.given(requested).when(decline).then(declined)
    over.when(void).then_nothing()
    over.when(capture).then_refused(PaymentNotAuthorised)
    over.when(authorise).then_refused(PaymentNotOpen)


def test_a_void_before_the_answer_waits_for_it() -> None:
    waiting = payments.given(requested).when(void).then(voiding_unknown)
    waiting.when(authorise).then(authorised, voiding).when(record_void).then(voided)
    waiting.when(decline).then(declined)


@pytest.mark.parametrize(
    ("past", "repeat"),
    [
        ((requested,), request),
        ((requested, authorised), authorise),
        ((requested, declined), decline),
        ((requested, authorised, capturing), capture),
        ((requested, authorised, capturing, captured), capture),
        ((requested, authorised, capturing, captured), record_capture),
        ((requested, authorised, voiding), void),
        ((requested, authorised, voiding, voided), void),
        ((requested, authorised, voiding, voided), record_void),
        ((requested, authorised, voiding, voided), authorise),
    ],
)
def test_a_repeat_changes_nothing(past: tuple[Event, ...], repeat: Command) -> None:
    payments.given(*past).when(repeat).then_nothing()


@pytest.mark.parametrize(
    ("past", "command"),
    [
        ((), authorise),
        ((), decline),
        ((), void),
        ((), record_capture),
        ((requested, authorised), decline),
        ((requested, authorised), record_capture),
        ((requested, authorised), record_void),
        ((requested, authorised, capturing), void),
        ((requested, authorised, capturing, captured), void),
        ((requested, authorised, capturing), refuse_void),
        ((requested, authorised, voiding), refuse_capture),
    ],
)
def test_what_was_not_asked_for_is_refused(past: tuple[Event, ...], command: Command) -> None:
    payments.given(*past).when(command).then_refused(PaymentNotOpen)


@pytest.mark.parametrize("past", [(), (requested,), (requested, authorised, voiding)])
def test_only_what_is_reserved_is_captured(past: tuple[Event, ...]) -> None:
    payments.given(*past).when(capture).then_refused(PaymentNotAuthorised)


def test_another_authorisation_of_the_same_payment_is_refused() -> None:
    other = RecordAuthorisation(at=AT, payment_id=PAYMENT, authorisation_id="auth_2")
    payments.given(requested, authorised).when(other).then_refused(PaymentNotOpen)


@pytest.mark.parametrize(
    ("past", "command", "operation", "reason"),
    [
        ((requested, authorised, capturing), refuse_capture, "capture", "authorisation_expired"),
        ((requested, authorised, voiding), refuse_void, "void", "authorisation_captured"),
    ],
)
def test_a_refusal_of_the_provider_is_news_for_finance(
    past: tuple[Event, ...], command: Command, operation: str, reason: str
) -> None:
    refused = ProviderRefused(at=AT, **IDS, operation=operation, reason=reason)
    after = payments.given(*past).when(command).then(refused)
    assert after.state.status is payments.given(*past).state.status
