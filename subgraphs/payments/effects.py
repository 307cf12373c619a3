"""Talking to the payment provider: our key on every call; an unknown outcome is asked for, never blindly repeated."""

from collections.abc import Sequence
from typing import Protocol

from kernel.log import Recorded
from kernel.messages import Command, Value
from kernel.subgraph import Effect
from subgraphs.payments.commands import (
    RecordAuthorisation,
    RecordCapture,
    RecordDecline,
    RecordProviderRefusal,
    RecordVoid,
)
from subgraphs.payments.events import AuthorisationRequested, CaptureRequested, VoidRequested


class Approved(Value):
    """The provider did it."""

    operation_id: str


class Declined(Value):
    """The provider will not do it, now or later."""

    reason: str


class Operation(Value):
    """One call to the provider, the same on every attempt."""

    key: str
    """Ours; the provider does the operation of a key at most once."""
    path: str
    body: dict[str, str | int]


class PaymentProvider(Protocol):
    """Any provider that works with tokens and knows idempotency keys.

    Both calls raise `kernel.ports.Outage` when the outcome is unknown: no answer in time, a broken connection, an
    answer of the 500s, an operation still under way. Both are safe to repeat after that, `find` first.
    """

    async def find(self, key: str) -> Approved | Declined | None:
        """The outcome of the operation with this key; None when the provider has never heard of it."""
        ...

    async def execute(self, operation: Operation) -> Approved | Declined:
        """Has the operation done. Only for an operation that `find` does not know."""
        ...


async def perform(record: Recorded, provider: PaymentProvider) -> Sequence[Command]:
    """Has the provider do what the event asks for and reports what came of it.

    Any attempt may be a repeat, after an outage or a crash, so the provider is asked before it is told.
    """
    match record.message:
        case AuthorisationRequested() as event:
            answer = await _settle(provider, _authorisation(event))
            if isinstance(answer, Approved):
                return [RecordAuthorisation(payment_id=event.payment_id, authorisation_id=answer.operation_id)]
            return [RecordDecline(payment_id=event.payment_id, reason=answer.reason)]
        case CaptureRequested() as event:
            answer = await _settle(provider, _capture(event))
            if isinstance(answer, Approved):
                return [RecordCapture(payment_id=event.payment_id)]
            return [RecordProviderRefusal(payment_id=event.payment_id, operation="capture", reason=answer.reason)]
        case VoidRequested(authorisation_id=authorisation_id) as event if authorisation_id:
            answer = await _settle(provider, _void(event))
            if isinstance(answer, Approved):
                return [RecordVoid(payment_id=event.payment_id)]
            return [RecordProviderRefusal(payment_id=event.payment_id, operation="void", reason=answer.reason)]
        case _:
            return []


async def _settle(provider: PaymentProvider, operation: Operation) -> Approved | Declined:
    known = await provider.find(operation.key)
    return known if known is not None else await provider.execute(operation)


def _authorisation(event: AuthorisationRequested) -> Operation:
    return Operation(
        key=f"{event.payment_id}:authorise",
        path="/v1/authorisations",
        body={
            "token": event.payment_token,
            "amount_minor": event.amount_minor,
            "currency": event.currency,
            "reference": event.order_id,
        },
    )


def _capture(event: CaptureRequested) -> Operation:
    return Operation(
        key=f"{event.payment_id}:capture",
        path=f"/v1/authorisations/{event.authorisation_id}/capture",
        body={"amount_minor": event.amount_minor},
    )


def _void(event: VoidRequested) -> Operation:
    return Operation(key=f"{event.payment_id}:void", path=f"/v1/authorisations/{event.authorisation_id}/void", body={})


EFFECTS = (
    Effect(
        name="payments.provider", topics=("payments.events",), port=PaymentProvider, perform=perform, from_start=True
    ),
)
