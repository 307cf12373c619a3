"""GraphQL over HTTP: one JSON object by POST, answered as JSON or, for subscriptions, as server-sent events."""

import asyncio
from collections.abc import AsyncGenerator, Mapping

import orjson
from graphql import GraphQLError, OperationType
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response

from kernel.graph.errors import BadUserInput, GraphProblem, present
from runtime.logs import request_context
from runtime.serving import measuring
from runtime.serving.callers import FORWARDED, Caller, Door, NotAdmitted, request_id_of
from runtime.serving.executing import Answer, Execution, Operation, Refusing
from runtime.serving.requests import MAX_BODY_BYTES, decode, read_request
from runtime.serving.streaming import EVENT_STREAM, Draining, event_stream

JSON = "application/json"
GRAPHQL_JSON = "application/graphql-response+json"
BODY_WITHIN_S = 10.0
SINGLE = frozenset({*FORWARDED, "content-type", "content-length", "content-encoding", "accept"})


class BodyRefused(Exception):
    """The HTTP request is not one we read, with the status that says why."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status, self.message = status, message


class Posting:
    """The POST endpoint of one subgraph."""

    def __init__(self, execution: Execution, door: Door, draining: Draining) -> None:
        self._execution = execution
        self._door = door
        self._draining = draining

    async def answer(self, request: Request) -> Response:
        headers = dict(request.headers)
        media = accepted(headers.get("accept"))
        try:
            _check_single(request)
            caller = await self._door.admit(headers)
            with request_context(caller.request_id, caller.trace_id):
                return await self._answered(request, caller, media)
        except NotAdmitted as refused:
            headers = {"WWW-Authenticate": "Bearer"} if refused.status == 401 else {}
            return self._error(request, refused.status, _problem(refused.code, refused.message), headers)
        except BodyRefused as refused:
            allow = {"Allow": "POST"} if refused.status == 405 else {}
            return self._error(request, refused.status, BadUserInput(refused.message), allow)

    async def _answered(self, request: Request, caller: Caller, media: frozenset[str]) -> Response:
        if not media:
            raise BodyRefused(406, f"Accept {JSON}, {GRAPHQL_JSON} or {EVENT_STREAM}.")
        body = await read_body(request)
        try:
            operation = self._execution.prepare(read_request(decode(body)), caller)
        except GraphProblem as problem:
            return _json(self._execution.refusal(problem, caller.request_id), media, 400)
        except Refusing as refusing:
            return _json(refusing.answer, media, 400)
        return await self._run(operation, media)

    async def _run(self, operation: Operation, media: frozenset[str]) -> Response:
        streamed = EVENT_STREAM in media
        if operation.kind is OperationType.SUBSCRIPTION:
            if not streamed:
                raise BodyRefused(406, f"A subscription over HTTP is answered as {EVENT_STREAM} only.")
            return event_stream(self._execution.subscribe(operation), self._draining)
        answer = await self._execution.execute(operation)
        if streamed and len(media) == 1:
            return event_stream(_only(answer), self._draining)
        return _json(answer, media, 400 if answer.refused else 200)

    def _error(self, request: Request, status: int, error: GraphQLError, headers: Mapping[str, str]) -> Response:
        measuring.REFUSED.labels(self._execution.name, str(status)).inc()
        presented = present(error, request_id_of(request.headers))
        return Response(orjson.dumps({"errors": [presented.payload]}), status, dict(headers), JSON)


async def _only(answer: Answer) -> AsyncGenerator[Answer, None]:
    yield answer


def _problem(code: str, message: str) -> GraphQLError:
    return GraphQLError(message, extensions={"code": code})


def _json(answer: Answer, media: frozenset[str], status: int) -> Response:
    media_type = GRAPHQL_JSON if GRAPHQL_JSON in media else JSON
    return Response(orjson.dumps(answer.payload), status, media_type=media_type)


def accepted(accept: str | None) -> frozenset[str]:
    """The media types of ours that the client takes; JSON when it does not say."""
    if accept is None or not accept.strip():
        return frozenset({JSON})
    found: set[str] = set()
    for offer in accept.split(","):
        name, *parameters = (part.strip().lower() for part in offer.split(";"))
        if any(parameter.replace(" ", "") in {"q=0", "q=0.0", "q=0.00", "q=0.000"} for parameter in parameters):
            continue
        if name in {JSON, GRAPHQL_JSON, EVENT_STREAM}:
            found.add(name)
        elif name in {"*/*", "application/*"}:
            found.add(JSON)
    return frozenset(found)


def _check_single(request: Request) -> None:
    seen: set[str] = set()
    for raw, _ in request.scope["headers"]:
        name = raw.decode("latin-1").lower()
        if name in seen and name in SINGLE:
            raise BodyRefused(400, f"The header {name} is given twice.")
        seen.add(name)


async def read_body(request: Request) -> bytes:
    """The body of a JSON POST.

    Raises:
        BodyRefused: another method or kind of content, compressed, too large, or too slow in coming.
    """
    if request.method != "POST":
        raise BodyRefused(405, "Send a POST.")
    _check_content(request.headers)
    body = bytearray()
    try:
        async with asyncio.timeout(BODY_WITHIN_S):
            async for chunk in request.stream():
                body += chunk
                if len(body) > MAX_BODY_BYTES:
                    raise BodyRefused(413, f"A request has at most {MAX_BODY_BYTES} bytes.")
    except TimeoutError:
        raise BodyRefused(408, "The body did not arrive in time.") from None
    except ClientDisconnect:
        raise BodyRefused(400, "The body was cut short.") from None
    return bytes(body)


def _check_content(headers: Mapping[str, str]) -> None:
    media_type, *parameters = (part.strip().lower() for part in headers.get("content-type", "").split(";"))
    if media_type != JSON or any(parameter.replace('"', "") != "charset=utf-8" for parameter in parameters):
        raise BodyRefused(415, f"Send {JSON} in UTF-8.")
    if headers.get("content-encoding", "identity").strip().lower() != "identity":
        raise BodyRefused(415, "Send the body uncompressed.")
    length = headers.get("content-length", "0")
    if not length.isascii() or not length.isdigit() or len(length) > 12:
        raise BodyRefused(400, "The length of the content cannot be read.")
    if int(length) > MAX_BODY_BYTES:
        raise BodyRefused(413, f"A request has at most {MAX_BODY_BYTES} bytes.")
