"""Somebody in front of the graph: asks over HTTP, watches over WebSocket or server-sent events, and nothing else."""

import json
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any
from uuid import uuid4

import httpx
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed
from websockets.typing import Subprotocol

Json = dict[str, Any]

PROTOCOL = Subprotocol("graphql-transport-ws")
REFUSED = "... on UserError { code message path }"
KEYLESS = frozenset(
    {
        "addStaffMember",
        "changeDeliveryRadius",
        "changeMenuItem",
        "changeOpeningHours",
        "changeOptionGroup",
        "pauseRestaurant",
        "removeMenuItem",
        "removeOptionGroup",
        "removeStaffMember",
        "reportPositions",
        "resumeRestaurant",
        "setItemAvailability",
        "setOptionAvailability",
    }
)
"""Mutations that say how something is, or is to be; sending one twice is harmless."""


class StreamEnded(Exception):
    """The server completed the subscription."""


class StreamFailed(Exception):
    """The subscription was answered with errors, which the exception carries."""

    def __init__(self, errors: list[Json]) -> None:
        super().__init__(str(errors))
        self.codes = [error.get("extensions", {}).get("code") for error in errors]


class Watch:
    """One subscription on a socket of its own."""

    def __init__(self, socket: ClientConnection) -> None:
        self.socket = socket

    async def item(self) -> Any:
        """The next item.

        Raises:
            StreamEnded, StreamFailed: there is none.
            ConnectionClosed: the socket is gone.
        """
        while True:
            frame = json.loads(await self.socket.recv())
            match frame["type"]:
                case "next":
                    return item_of(frame["payload"])
                case "error":
                    raise StreamFailed(frame["payload"])
                case "complete":
                    raise StreamEnded
                case "ping":
                    await self.socket.send('{"type": "pong"}')
                case _:
                    assert frame["type"] == "pong", frame

    async def __aiter__(self) -> AsyncIterator[Any]:
        """Every item until the server completes the subscription."""
        while True:
            try:
                item = await self.item()
            except StreamEnded:
                return
            yield item

    async def closed(self) -> tuple[int, str]:
        """Close code and reason, once the server has closed; what came before is passed over."""
        with suppress(ConnectionClosed):
            while True:
                await self.socket.recv()
        assert self.socket.close_code, "the connection was lost without a close frame"
        return self.socket.close_code, self.socket.close_reason or ""

    def cut(self) -> None:
        """Lose the connection as in a tunnel: no close frame, no goodbye."""
        self.socket.transport.abort()


class Person:
    """One person with a token, or nobody without one."""

    def __init__(self, http: httpx.AsyncClient, graph: str, name: str, token: str | None) -> None:
        self.http = http
        self.graph = graph
        self.name = name
        self.token = token

    @property
    def headers(self) -> dict[str, str]:
        return {"authorization": f"Bearer {self.token}"} if self.token else {}

    async def result(self, document: str, variables: Json | None = None, seen: str | None = None) -> Json:
        """A whole result, errors too. `seen` is a consistency token."""
        headers = {**self.headers, **({"x-consistency-token": seen} if seen else {})}
        response = await self.http.post(
            self.graph, json={"query": document, "variables": variables or {}}, headers=headers
        )
        return response.json()

    async def ask(self, document: str, seen: str | None = None, **variables: object) -> Json:
        """The data of an operation without errors."""
        result = await self.result(document, variables, seen)
        assert "errors" not in result, result["errors"]
        return result["data"]

    async def act(self, mutation: str, given: Json, success: str = "", refused: str = "") -> Json:
        """What a mutation came to, with a fresh idempotency key unless one is given.

        `success` is selected of the success, `refused` are more fragments on refusals.
        """
        if mutation not in KEYLESS:
            given = {"idempotencyKey": str(uuid4()), **given}
        return (await self.ask(mutation_document(mutation, success, refused), input=given))["result"]

    async def does(self, mutation: str, given: Json, success: str = "consistencyToken") -> Json:
        """The mutation's success; anything else fails the test."""
        outcome = await self.act(mutation, given, success)
        assert outcome["__typename"].endswith("Success"), outcome
        return outcome

    @asynccontextmanager
    async def socket(self) -> AsyncGenerator[ClientConnection]:
        """A socket that has been acknowledged."""
        url = "ws" + self.graph.removeprefix("http")
        async with connect(url, subprotocols=[PROTOCOL], compression=None, close_timeout=1, proxy=None) as socket:
            await socket.send(json.dumps({"type": "connection_init", "payload": self.headers}))
            assert json.loads(await socket.recv())["type"] == "connection_ack"
            yield socket

    @asynccontextmanager
    async def watch(self, document: str, **variables: object) -> AsyncGenerator[Watch]:
        """A subscription over WebSocket."""
        async with self.socket() as socket:
            payload = {"query": document, "variables": variables}
            await socket.send(json.dumps({"id": "1", "type": "subscribe", "payload": payload}))
            yield Watch(socket)

    async def events(self, document: str, **variables: object) -> AsyncGenerator[Any]:
        """A subscription over server-sent events, until the server completes it."""
        headers = {**self.headers, "accept": "text/event-stream"}
        body = {"query": document, "variables": variables}
        async with self.http.stream("POST", self.graph, json=body, headers=headers) as response:
            assert response.status_code == 200, await response.aread()
            event = ""
            async for line in response.aiter_lines():
                field, _, value = line.partition(": ")
                if field == "event":
                    event = value
                if field == "data" and event == "next":
                    yield item_of(json.loads(value))


def item_of(payload: Json) -> Any:
    """The root field of one result."""
    if payload.get("errors"):
        raise StreamFailed(payload["errors"])
    return next(iter(payload["data"].values()))


def mutation_document(mutation: str, success: str, refused: str) -> str:
    name = mutation[0].upper() + mutation[1:]
    selected = f"... on {name}Success {{ {success} }}" if success else ""
    return (
        f"mutation {name}($input: {name}Input!) {{ result: {mutation}(input: $input) {{"
        f" __typename {selected} {REFUSED} {refused} }} }}"
    )
