"""The provider's HTTP endpoints, and the mishaps that test cards ask for."""

import asyncio
import hashlib
import hmac
import re
from collections.abc import Awaitable, Callable
from typing import TypeVar

import msgspec
from msgspec import Struct
from prometheus_client import Counter
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from runtime.development.provider.books import Answer, Books, Call, refusal
from runtime.development.provider.cards import Mishap, Moment, Operation, Trouble
from runtime.development.provider.rules import Authorise, Capture, Change, Problem, Refund, Void
from runtime.development.reading import Unreadable, read_body

Wants = TypeVar("Wants", bound=Authorise | Change)
Endpoint = Callable[[Request], Awaitable[Response]]

KEY = re.compile(r"[\x21-\x7e]{1,255}")
GREATEST_PAGE = 1_000
CALLS = Counter("provider_calls", "Calls answered by the development payment provider.", ["operation", "status"])


class Endpoints(Struct, frozen=True, kw_only=True):
    books: Books
    secret: str
    late_s: float
    stall_s: float

    def routes(self) -> list[Route]:
        one = "/v1/authorisations/{id}"
        return [
            Route("/v1/authorisations", self._guarded(self.authorise), methods=["POST"]),
            Route(one, self._guarded(self.authorisation), methods=["GET"]),
            Route(f"{one}/capture", self._guarded(self.capture), methods=["POST"]),
            Route(f"{one}/void", self._guarded(self.void), methods=["POST"]),
            Route(f"{one}/refunds", self._guarded(self.refund), methods=["POST"]),
            Route("/v1/operations/{key:path}", self._guarded(self.operation), methods=["GET"]),
            Route("/v1/journal", self._guarded(self.journal), methods=["GET"]),
        ]

    async def authorise(self, request: Request) -> Response:
        return await self._call(request, "authorise", Authorise)

    async def capture(self, request: Request) -> Response:
        return await self._call(request, "capture", Capture)

    async def void(self, request: Request) -> Response:
        return await self._call(request, "void", Void)

    async def refund(self, request: Request) -> Response:
        return await self._call(request, "refund", Refund)

    async def authorisation(self, request: Request) -> Response:
        held = await run_in_threadpool(self.books.authorisation, request.path_params["id"])
        unknown = refusal(404, Problem("authorisation_unknown", "There is no such authorisation."))
        return sent(Answer(200, msgspec.json.encode(held)) if held else unknown)

    async def operation(self, request: Request) -> Response:
        known = await run_in_threadpool(self.books.operation, request.path_params["key"])
        unknown = refusal(404, Problem("operation_unknown", "Nothing was done under this key."))
        return sent(Answer(200, msgspec.json.encode(known)) if known else unknown)

    async def journal(self, request: Request) -> Response:
        after, limit = number(request, "after", 0), number(request, "limit", 100)
        limit = min(max(limit, 1), GREATEST_PAGE)
        entries = await run_in_threadpool(self.books.journal, after, limit)
        last = entries[-1].position if entries else after
        page = {"entries": entries, "next_after": last, "has_more": len(entries) == limit}
        return sent(Answer(200, msgspec.json.encode(page)))

    async def _call(self, request: Request, operation: Operation, kind: type[Wants]) -> Response:
        call = await read_call(request, operation, kind)
        answer = await run_in_threadpool(self.books.known, call) or await self._done(request, call)
        CALLS.labels(operation, answer.status).inc()
        return sent(answer)

    async def _done(self, request: Request, call: Call) -> Answer:
        card = await run_in_threadpool(self.books.card_of, call)
        mishap = None
        if card and card.mishap and card.mishap.operation == call.operation:
            mishap = card.suffers(call.operation, await run_in_threadpool(self.books.attempt, call))
        if mishap and mishap.moment is Moment.BEFORE:
            lost = await self._befall(request, call, mishap)
            if lost:
                return lost
        answer = await run_in_threadpool(self.books.perform, call, card)
        if mishap and mishap.moment is Moment.AFTER:
            return await self._befall(request, call, mishap) or answer
        return answer

    async def _befall(self, request: Request, call: Call, mishap: Mishap) -> Answer | None:
        """The answer that hides the real one, or None when the real one is only late."""
        match mishap.trouble:
            case Trouble.ERROR:
                return refusal(500, Problem("provider_error", "Something went wrong here."))
            case Trouble.HANG:
                await hang(request, self.stall_s)
                return refusal(504, Problem("provider_timeout", "This took too long."))
            case Trouble.LATE:
                if mishap.moment is Moment.BEFORE:
                    await run_in_threadpool(self.books.begin, call)
                await asyncio.sleep(self.late_s)
                return None

    def _guarded(self, endpoint: Endpoint) -> Endpoint:
        """Lets in who shows the secret; answers what cannot be read with 4xx."""
        expected = f"Bearer {self.secret}".encode()

        async def answer(request: Request) -> Response:
            if not hmac.compare_digest(request.headers.get("authorization", "").encode(), expected):
                return sent(refusal(401, Problem("unauthorised", "Show the secret as Authorization: Bearer ….")))
            try:
                return await endpoint(request)
            except Unreadable as error:
                return sent(refusal(error.status, Problem("malformed", str(error))))

        return answer


async def read_call(request: Request, operation: Operation, kind: type[Wants]) -> Call:
    """The call a request makes. Raises `Unreadable`."""
    key = request.headers.get("idempotency-key", "")
    if not KEY.fullmatch(key):
        raise Unreadable(400, "Every POST needs an Idempotency-Key of 1 to 255 printable characters.")
    body = await read_json(request, kind)
    authorisation_id = request.path_params.get("id", "")
    seal = hashlib.sha256(f"{operation} {authorisation_id} ".encode() + msgspec.json.encode(body))
    return Call(
        key=key, operation=operation, fingerprint=seal.hexdigest(), wants=body, authorisation_id=authorisation_id
    )


async def read_json(request: Request, kind: type[Wants]) -> Wants:
    """The body as what it should be; no body is an empty object. Raises `Unreadable`."""
    if request.headers.get("content-type", "application/json").partition(";")[0].strip().lower() != "application/json":
        raise Unreadable(415, "The body must be application/json.")
    try:
        return msgspec.convert(msgspec.json.decode(await read_body(request) or b"{}"), kind)
    except msgspec.ValidationError as error:
        raise Unreadable(400, str(error)) from error
    except (msgspec.DecodeError, RecursionError, ValueError) as error:
        raise Unreadable(400, "The body is not JSON.") from error


def number(request: Request, name: str, otherwise: int) -> int:
    text = request.query_params.get(name, str(otherwise))
    if not re.fullmatch(r"[0-9]{1,15}", text):
        raise Unreadable(400, f"{name} must be a whole number.")
    return int(text)


async def hang(request: Request, seconds: float) -> None:
    """Says nothing until the client leaves or the time is up."""
    try:
        async with asyncio.timeout(seconds):
            while (await request.receive())["type"] != "http.disconnect":
                pass
    except TimeoutError:
        return


def sent(answer: Answer) -> Response:
    headers = {"Cache-Control": "no-store"} | ({"Idempotent-Replayed": "true"} if answer.replayed else {})
    return Response(answer.body, answer.status, headers, media_type="application/json")
