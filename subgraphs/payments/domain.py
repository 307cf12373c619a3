"""Payments decided: authorise, then capture or void, never both, never twice."""

from collections.abc import Mapping, Sequence
from enum import Enum

import msgspec

from kernel.deciding import Decider
from kernel.messages import Refusal, Value
from subgraphs.payments.commands import (
    COMMANDS,
    PaymentCommand,
    RecordAuthorisation,
    RecordCapture,
    RecordDecline,
    RecordProviderRefusal,
    RecordVoid,
    RequestAuthorisation,
    RequestCapture,
    RequestVoid,
)
from subgraphs.payments.events import (
    EVENTS,
    AuthorisationRequested,
    CaptureRequested,
    PaymentAuthorised,
    PaymentCaptured,
    PaymentDeclined,
    PaymentEvent,
    PaymentNews,
    PaymentVoided,
    ProviderRefused,
    VoidRequested,
)


class PaymentStatus(Enum):
    AUTHORISING = "AUTHORISING"
    AUTHORISED = "AUTHORISED"
    DECLINED = "DECLINED"
    CAPTURING = "CAPTURING"
    CAPTURED = "CAPTURED"
    VOIDING = "VOIDING"
    VOIDED = "VOIDED"


class PaymentNotAuthorised(Refusal):
    """Only what is reserved can be captured; a reaction that asks otherwise goes to the dead letters."""

    status: PaymentStatus | None


class PaymentNotOpen(Refusal):
    """The provider reports on something that was not asked for, or not any more."""

    status: PaymentStatus | None


class Payment(Value):
    """One payment; `status` is None before the first event."""

    order_id: str = ""
    status: PaymentStatus | None = None
    amount_minor: int = 0
    authorisation_id: str = ""


def decide(command: PaymentCommand, payment: Payment) -> Sequence[PaymentEvent] | Refusal:
    """What follows from `command`; a repeat of what is done already changes nothing."""
    match command:
        case RequestAuthorisation():
            return _request_authorisation(command, payment)
        case RecordAuthorisation():
            return _record_authorisation(command, payment)
        case RecordDecline():
            return _record_decline(command, payment)
        case RequestCapture():
            return _request_capture(command, payment)
        case RequestVoid():
            return _request_void(command, payment)
        case RecordCapture() | RecordVoid() | RecordProviderRefusal():
            return _record_end(command, payment)


def _request_authorisation(command: RequestAuthorisation, payment: Payment) -> Sequence[PaymentEvent] | Refusal:
    if payment.status is not None:
        return []
    return [
        AuthorisationRequested(
            at=command.at,
            payment_id=command.payment_id,
            order_id=command.order_id,
            customer_id=command.customer_id,
            restaurant_id=command.restaurant_id,
            amount_minor=command.amount_minor,
            currency=command.currency,
            payment_token=command.payment_token,
        )
    ]


def _record_authorisation(command: RecordAuthorisation, payment: Payment) -> Sequence[PaymentEvent] | Refusal:
    authorised = PaymentAuthorised(
        at=command.at,
        payment_id=command.payment_id,
        order_id=payment.order_id,
        authorisation_id=command.authorisation_id,
        amount_minor=payment.amount_minor,
    )
    if payment.status is PaymentStatus.AUTHORISING:
        return [authorised]
    if payment.status is PaymentStatus.VOIDING and not payment.authorisation_id:
        return [authorised, _void_requested(command, payment, command.authorisation_id)]
    return [] if payment.authorisation_id == command.authorisation_id else PaymentNotOpen(status=payment.status)


def _record_decline(command: RecordDecline, payment: Payment) -> Sequence[PaymentEvent] | Refusal:
    declined = PaymentDeclined(
        at=command.at, payment_id=command.payment_id, order_id=payment.order_id, reason=command.reason
    )
    if payment.status is PaymentStatus.AUTHORISING:
        return [declined]
    if payment.status is PaymentStatus.VOIDING and not payment.authorisation_id:
        return [declined]
    return [] if payment.status is PaymentStatus.DECLINED else PaymentNotOpen(status=payment.status)


def _request_capture(command: RequestCapture, payment: Payment) -> Sequence[PaymentEvent] | Refusal:
    if payment.status in (PaymentStatus.CAPTURING, PaymentStatus.CAPTURED):
        return []
    if payment.status is not PaymentStatus.AUTHORISED:
        return PaymentNotAuthorised(status=payment.status)
    return [
        CaptureRequested(
            at=command.at,
            payment_id=command.payment_id,
            order_id=payment.order_id,
            authorisation_id=payment.authorisation_id,
            amount_minor=payment.amount_minor,
        )
    ]


def _request_void(command: RequestVoid, payment: Payment) -> Sequence[PaymentEvent] | Refusal:
    if payment.status in (PaymentStatus.DECLINED, PaymentStatus.VOIDING, PaymentStatus.VOIDED):
        return []
    if payment.status not in (PaymentStatus.AUTHORISING, PaymentStatus.AUTHORISED):
        return PaymentNotOpen(status=payment.status)
    return [_void_requested(command, payment, payment.authorisation_id)]


def _void_requested(command: PaymentCommand, payment: Payment, authorisation_id: str) -> VoidRequested:
    return VoidRequested(
        at=command.at,
        payment_id=command.payment_id,
        order_id=payment.order_id,
        authorisation_id=authorisation_id,
    )


def _record_end(
    command: RecordCapture | RecordVoid | RecordProviderRefusal, payment: Payment
) -> Sequence[PaymentEvent] | Refusal:
    wanted, done = {
        "capture": (PaymentStatus.CAPTURING, PaymentStatus.CAPTURED),
        "void": (PaymentStatus.VOIDING, PaymentStatus.VOIDED),
    }[_operation(command)]
    if payment.status is done:
        return []
    if payment.status is not wanted:
        return PaymentNotOpen(status=payment.status)
    payment_id, order_id = command.payment_id, payment.order_id
    match command:
        case RecordCapture():
            amount = payment.amount_minor
            return [PaymentCaptured(at=command.at, payment_id=payment_id, order_id=order_id, amount_minor=amount)]
        case RecordVoid():
            return [PaymentVoided(at=command.at, payment_id=payment_id, order_id=order_id)]
        case RecordProviderRefusal(operation=operation, reason=reason):
            return [
                ProviderRefused(
                    at=command.at, payment_id=payment_id, order_id=order_id, operation=operation, reason=reason
                )
            ]


def _operation(command: RecordCapture | RecordVoid | RecordProviderRefusal) -> str:
    match command:
        case RecordCapture():
            return "capture"
        case RecordVoid():
            return "void"
        case RecordProviderRefusal():
            return command.operation


_STATUS_AFTER: Mapping[type[PaymentNews], PaymentStatus] = {
    PaymentAuthorised: PaymentStatus.AUTHORISED,
    PaymentDeclined: PaymentStatus.DECLINED,
    CaptureRequested: PaymentStatus.CAPTURING,
    PaymentCaptured: PaymentStatus.CAPTURED,
    VoidRequested: PaymentStatus.VOIDING,
    PaymentVoided: PaymentStatus.VOIDED,
}


def status_after(event: PaymentNews, status: PaymentStatus | None) -> PaymentStatus | None:
    """The status that `event` leads to; a provider's refusal leaves `status` as it was."""
    if isinstance(event, AuthorisationRequested):
        return PaymentStatus.AUTHORISING
    return _STATUS_AFTER.get(type(event), status)


def evolve(payment: Payment, event: PaymentEvent) -> Payment:
    """The payment after `event`."""
    status = status_after(event, payment.status)
    match event:
        case AuthorisationRequested():
            return Payment(order_id=event.order_id, status=status, amount_minor=event.amount_minor)
        case PaymentAuthorised():
            return msgspec.structs.replace(payment, status=status, authorisation_id=event.authorisation_id)
        case _:
            return msgspec.structs.replace(payment, status=status)


PAYMENTS = Decider(
    commands=COMMANDS,
    events=EVENTS,
    stream=lambda command: command.payment_id,
    initial=Payment(),
    decide=decide,
    evolve=evolve,
)
