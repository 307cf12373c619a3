"""Whatever the provider does, each payment is authorised at most once and its outcome becomes known."""

import asyncio
import re
from collections.abc import AsyncGenerator, Generator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import pytest

from kernel.ids import typed_id
from kernel.messages import Command
from kernel.ports import Outage
from runtime.adapters.payments import HttpPaymentProvider, ProviderMisunderstood, payment_provider
from runtime.logs import request_context
from subgraphs.payments.commands import (
    RecordAuthorisation,
    RecordCapture,
    RecordDecline,
    RecordProviderRefusal,
    RecordVoid,
)
from subgraphs.payments.effects import Approved, Operation, perform
from subgraphs.payments.events import (
    AuthorisationRequested,
    CaptureRequested,
    PaymentCaptured,
    PaymentEvent,
    VoidRequested,
)
from tests.development.paying import RunningProvider, provider_running
from tests.patience import AT_MOST_S
from tests.spelling import AT, recorded, uuid_of

pytestmark = pytest.mark.anyio

NUMBERS = iter(range(1, 10_000))


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Generator[RunningProvider]:
    with provider_running(Path(tmp_path_factory.mktemp("provider"))) as provider:
        yield provider


@pytest.fixture
async def provider(running: RunningProvider) -> AsyncGenerator[HttpPaymentProvider]:
    async with payment_provider(running.url, running.secret, within_s=0.15) as adapter:
        yield adapter


def authorisation(token: str) -> AuthorisationRequested:
    number = next(NUMBERS)
    return AuthorisationRequested(
        at=AT,
        payment_id=typed_id("payment", uuid_of(number)),
        order_id=typed_id("order", uuid_of(number)),
        customer_id="aino",
        restaurant_id="restaurant_1",
        amount_minor=1100,
        currency="EUR",
        payment_token=token,
    )


async def until_known(event: PaymentEvent, provider: HttpPaymentProvider) -> Command:
    """What the effect reports in the end, repeated as its loop would."""
    async with asyncio.timeout(AT_MOST_S):
        while True:
            try:
                (command,) = await perform(recorded(event, event.payment_id), provider)
            except Outage:
                continue
            return command


def kinds(running: RunningProvider, reference: str) -> list[str]:
    return [entry.kind for entry in running.journal() if entry.reference == reference]


MISHAPS = ("timeout_before", "timeout_after", "late", "pending", "error_before", "error_after")


@pytest.mark.parametrize("token", ["tok_visa", *(f"tok_{mishap}" for mishap in MISHAPS)])
async def test_an_authorisation_becomes_known_and_happens_once(
    token: str, running: RunningProvider, provider: HttpPaymentProvider
) -> None:
    event = authorisation(token)
    assert isinstance(await until_known(event, provider), RecordAuthorisation)
    assert isinstance(await until_known(event, provider), RecordAuthorisation)
    assert kinds(running, event.order_id) == ["authorised"]


async def test_a_decline_keeps_the_providers_reason(running: RunningProvider, provider: HttpPaymentProvider) -> None:
    event = authorisation("tok_insufficient_funds")
    expected = RecordDecline(payment_id=event.payment_id, reason="insufficient_funds")
    assert await until_known(event, provider) == expected
    assert kinds(running, event.order_id) == ["declined"]


@pytest.mark.parametrize("token", ["tok_unreachable", "tok_broken"])
async def test_a_provider_that_never_answers_leaves_the_outcome_unknown(
    token: str, running: RunningProvider, provider: HttpPaymentProvider
) -> None:
    event = authorisation(token)
    with pytest.raises(Outage):
        await perform(recorded(event, event.payment_id), provider)
    assert kinds(running, event.order_id) == []


async def test_what_is_authorised_is_captured_once(running: RunningProvider, provider: HttpPaymentProvider) -> None:
    event = authorisation("tok_visa")
    known = await until_known(event, provider)
    assert isinstance(known, RecordAuthorisation)
    who = {"payment_id": event.payment_id, "order_id": event.order_id}
    capture = CaptureRequested(at=AT, **who, authorisation_id=known.authorisation_id, amount_minor=1100)
    assert await until_known(capture, provider) == RecordCapture(payment_id=event.payment_id)
    assert await until_known(capture, provider) == RecordCapture(payment_id=event.payment_id)
    void = VoidRequested(at=AT, **who, authorisation_id=known.authorisation_id)
    refused = await until_known(void, provider)
    assert isinstance(refused, RecordProviderRefusal)
    assert (refused.operation, refused.reason) == ("void", "authorisation_captured")
    assert kinds(running, event.order_id) == ["authorised", "captured"]


async def test_what_is_authorised_is_voided_once(running: RunningProvider, provider: HttpPaymentProvider) -> None:
    event = authorisation("tok_visa")
    known = await until_known(event, provider)
    assert isinstance(known, RecordAuthorisation)
    who = {"payment_id": event.payment_id, "order_id": event.order_id}
    void = VoidRequested(at=AT, **who, authorisation_id=known.authorisation_id)
    assert await until_known(void, provider) == RecordVoid(payment_id=event.payment_id)
    assert await until_known(void, provider) == RecordVoid(payment_id=event.payment_id)
    assert kinds(running, event.order_id) == ["authorised", "voided"]
    capture = CaptureRequested(at=AT, **who, authorisation_id=known.authorisation_id, amount_minor=1100)
    assert isinstance(await until_known(capture, provider), RecordProviderRefusal)


async def test_events_that_ask_for_nothing_reach_no_provider(provider: HttpPaymentProvider) -> None:
    event = authorisation("tok_visa")
    who = {"payment_id": event.payment_id, "order_id": event.order_id}
    for quiet in (PaymentCaptured(at=AT, **who, amount_minor=1), VoidRequested(at=AT, **who, authorisation_id="")):
        assert await perform(recorded(quiet, event.payment_id), provider) == []


@pytest.mark.parametrize("token", ["4242424242424242", "anything", "tok_nobody"])
async def test_a_token_the_client_made_up_is_declined(
    token: str, running: RunningProvider, provider: HttpPaymentProvider
) -> None:
    event = authorisation(token)
    assert isinstance(await until_known(event, provider), RecordDecline)
    assert kinds(running, event.order_id) == []


@asynccontextmanager
async def answering(status: int, body: str, heard: list[bytes] | None = None) -> AsyncGenerator[HttpPaymentProvider]:
    """Somebody in the provider's place who says the same to every call, and remembers the heads of the calls."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(asyncio.IncompleteReadError):
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                (heard if heard is not None else []).append(head)
                length = re.search(rb"content-length: (\d+)", head.lower())
                await reader.readexactly(int(length[1]) if length else 0)
                writer.write(f"HTTP/1.1 {status} x\r\ncontent-length: {len(body)}\r\n\r\n{body}".encode())
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    host, port = server.sockets[0].getsockname()
    async with server, payment_provider(f"http://{host}:{port}", "secret", within_s=2) as adapter:
        yield adapter


AUTHORISE = Operation(key="payment_1:authorise", path="/v1/authorisations", body={"amount_minor": 1})


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (429, '{"error": {"code": "too_many"}}'),
        (408, '{"error": {"code": "slow"}}'),
        (401, '{"error": {"code": "unauthorised"}}'),
        (403, '{"error": {"code": "forbidden"}}'),
        (404, '{"detail": "Not Found"}'),
        (404, "<html>no such page</html>"),
        (302, ""),
        (200, "<html>log in to the hotel's network</html>"),
        (200, "{}"),
    ],
)
async def test_an_answer_about_anything_but_the_call_leaves_the_outcome_unknown(status: int, body: str) -> None:
    async with answering(status, body) as elsewhere:
        with pytest.raises(Outage):
            await elsewhere.execute(AUTHORISE)
        with pytest.raises(Outage):
            await elsewhere.find(AUTHORISE.key)


async def test_the_provider_hears_our_key_and_the_request_that_it_serves() -> None:
    heard: list[bytes] = []
    async with answering(200, '{"id": "auth_1"}', heard) as provider:
        with request_context("request-1"):
            assert await provider.execute(AUTHORISE) == Approved(operation_id="auth_1")
    (head,) = heard
    assert b"x-request-id: request-1" in head.lower()
    assert f"idempotency-key: {AUTHORISE.key}".encode() in head.lower()


async def test_a_key_that_was_used_for_something_else_is_our_mistake_and_no_decline() -> None:
    async with answering(409, '{"error": {"code": "idempotency_key_reused"}}') as elsewhere:
        with pytest.raises(ProviderMisunderstood):
            await elsewhere.execute(AUTHORISE)


async def test_a_provider_that_fails_is_given_a_rest() -> None:
    async with payment_provider("http://127.0.0.1:1", "nobody listens here", within_s=0.15) as adapter:
        for _ in range(10):
            with pytest.raises(Outage, match="did not answer"):
                await adapter.find("any")
        with pytest.raises(Outage, match="given a rest"):
            await adapter.find("any")
