"""The payment provider over HTTP: our key on every call, a breaker before it, every time-out an unknown outcome."""

from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from http import HTTPStatus
from typing import Literal, TypeVar
from urllib.parse import quote

import httpx
import msgspec
from msgspec import Struct
from purgatory.domain.model import OpenedState

from kernel.ports import Outage
from runtime.adapters.breakers import watched_breakers
from runtime.logs import bound_request_id, logger
from subgraphs.payments.effects import Approved, Declined, Operation

CALL_WITHIN_S = 5.0
BREAKER_FAILURES = 10
"""Failures in a row after which nobody is sent to the provider for a while."""
BREAKER_REST_S = 2.0
REFUSED_FOR_GOOD = frozenset(
    {
        HTTPStatus.BAD_REQUEST,  # the token is the client's own word, and may be any
        HTTPStatus.PAYMENT_REQUIRED,
        HTTPStatus.NOT_FOUND,
        HTTPStatus.UNPROCESSABLE_ENTITY,
    }
)
NOT_NOW = frozenset(
    {
        HTTPStatus.UNAUTHORIZED,
        HTTPStatus.FORBIDDEN,
        HTTPStatus.REQUEST_TIMEOUT,
        HTTPStatus.TOO_EARLY,
        HTTPStatus.TOO_MANY_REQUESTS,
    }
)
"""Said of us or of the moment, not of the payment: it waits until somebody has put that right."""
_logger = logger("payments")
AnswerT = TypeVar("AnswerT", bound=Struct)


class Problem(Struct):
    code: str


class ProviderAnswer(Struct):
    """Any answer: an authorisation, or the error that says why not."""

    id: str | None = None
    error: Problem | None = None


class KnownOperation(Struct):
    """What the provider remembers under one of our keys."""

    status: Literal["done", "in_progress"]
    http_status: int | None = None
    answer: ProviderAnswer | None = None


class HttpPaymentProvider:
    """Passes the suite of `subgraphs.payments.effects.PaymentProvider`."""

    def __init__(self, client: httpx.AsyncClient) -> None:
        self._client = client
        self._breakers = watched_breakers(BREAKER_FAILURES, BREAKER_REST_S)

    async def find(self, key: str) -> Approved | Declined | None:
        """As the port says."""
        response = await self._send("GET", f"/v1/operations/{quote(key, safe=':')}")
        if response.status_code == HTTPStatus.NOT_FOUND and _said(response) == "operation_unknown":
            return None
        known = _read(response, KnownOperation)
        if known.status == "in_progress" or known.http_status is None or known.answer is None:
            raise Outage(f"the provider is still busy with {key}")
        return _verdict(known.http_status, known.answer)

    async def execute(self, operation: Operation) -> Approved | Declined:
        """As the port says."""
        response = await self._send("POST", operation.path, operation.body, operation.key)
        return _verdict(response.status_code, _read(response, ProviderAnswer))

    async def _send(
        self,
        method: str,
        path: str,
        body: Mapping[str, str | int] | None = None,
        key: str | None = None,
    ) -> httpx.Response:
        given = {"Idempotency-Key": key, "X-Request-Id": bound_request_id()}
        headers = {name: value for name, value in given.items() if value is not None}
        breaker = await self._breakers.get_breaker("provider")
        try:
            async with breaker:
                response = await self._client.request(method, path, json=body, headers=headers)
                _logger.info("called the provider", method=method, path=path, status=response.status_code)
                if response.is_server_error or response.status_code in NOT_NOW:
                    raise Outage(f"the provider answered {response.status_code}")
                return response
        except OpenedState as error:
            raise Outage("the provider is given a rest") from error
        except httpx.HTTPError as error:
            raise Outage(f"the provider did not answer: {error!r}") from error


def _read(response: httpx.Response, kind: type[AnswerT]) -> AnswerT:
    try:
        return msgspec.json.decode(response.content, type=kind)
    except msgspec.MsgspecError as error:
        raise Outage(f"an answer {response.status_code} that is not the provider's: {error}") from error


def _said(response: httpx.Response) -> str | None:
    answer = _read(response, ProviderAnswer)
    return None if answer.error is None else answer.error.code


def _verdict(status: int, answer: ProviderAnswer) -> Approved | Declined:
    if status == HTTPStatus.OK and answer.id is not None:
        return Approved(operation_id=answer.id)
    if answer.error is None:
        raise Outage(f"an answer {status} that says nothing of the operation")
    if answer.error.code == "operation_in_progress":
        raise Outage("the provider is still busy with this operation")
    if status in REFUSED_FOR_GOOD:
        return Declined(reason=answer.error.code)
    raise ProviderMisunderstood(f"the provider answered {status} {answer.error.code}")


class ProviderMisunderstood(Exception):
    """A mistake of ours (405, 409, 415): repeating the call does not help, somebody has to look."""


@asynccontextmanager
async def payment_provider(
    url: str, secret: str, *, within_s: float = CALL_WITHIN_S
) -> AsyncGenerator[HttpPaymentProvider]:
    """The provider at `url`, inside the block; a call without an answer `within_s` seconds is an outage."""
    headers = {"Authorization": f"Bearer {secret}"}
    limits = httpx.Limits(max_connections=64, max_keepalive_connections=8)
    async with httpx.AsyncClient(base_url=url, headers=headers, timeout=within_s, limits=limits) as client:
        yield HttpPaymentProvider(client)
