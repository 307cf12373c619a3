"""Ways to ask a gateway: documents over HTTP, conversations over WebSocket, streams of server-sent events."""

import asyncio
import json
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from typing import Any

import httpx
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed
from websockets.typing import Origin, Subprotocol

from tests.router.processes import PATIENCE_S, Gateway

Json = dict[str, Any]


async def ask(
    client: httpx.AsyncClient, query: str, headers: dict[str, str] | None = None, **variables: object
) -> Json:
    """The result of an operation that is answered with 200."""
    response = await client.post("/graphql", json={"query": query, "variables": variables}, headers=headers)
    assert response.status_code == 200, response.text
    return response.json()


async def events(
    client: httpx.AsyncClient, query: str, headers: dict[str, str] | None = None
) -> AsyncGenerator[tuple[str, str]]:
    """Server-sent events, as (event, data), until the stream ends."""
    accept = {"accept": "text/event-stream", **(headers or {})}
    async with client.stream("POST", "/graphql", json={"query": query}, headers=accept) as response:
        assert response.status_code == 200
        name = ""
        async for line in response.aiter_lines():
            field, _, value = line.partition(":")
            if field == "event":
                name = value.strip()
            elif field == "data":
                yield name, value.strip()


async def until(fits: Callable[[], Awaitable[bool]]) -> None:
    """Asks again and again until it is so."""
    async with asyncio.timeout(PATIENCE_S):
        while not await fits():
            pass


async def metric_lines(client: httpx.AsyncClient) -> set[str]:
    return set((await client.get("/metrics")).text.splitlines())


class Conversation:
    """One graphql-transport-ws socket."""

    def __init__(self, socket: ClientConnection) -> None:
        self.socket = socket

    async def send(self, *messages: object) -> None:
        for message in messages:
            await self.socket.send(message if isinstance(message, str | bytes) else json.dumps(message))

    async def receive(self) -> Json:
        return json.loads(await self.socket.recv())

    async def initialise(self, payload: object = None) -> None:
        await self.send({"type": "connection_init", **({"payload": payload} if payload is not None else {})})
        assert await self.receive() == {"type": "connection_ack"}

    async def subscribe(self, query: str, id: str = "1", **variables: object) -> None:
        await self.send({"id": id, "type": "subscribe", "payload": {"query": query, "variables": variables}})

    async def until_end(self) -> list[Json]:
        """Messages up to and with the `complete` or `error` of an operation."""
        received = [await self.receive()]
        while received[-1]["type"] not in {"complete", "error"}:
            received.append(await self.receive())
        return received

    async def closed(self) -> tuple[int, str]:
        """Close code and reason, once the gateway has closed; what came before is passed over."""
        with suppress(ConnectionClosed):
            while True:
                await self.socket.recv()
        code = self.socket.close_code
        assert code is not None
        return code, self.socket.close_reason or ""


@asynccontextmanager
async def conversation(
    gateway: Gateway, protocol: str = "graphql-transport-ws", origin: str | None = None
) -> AsyncGenerator[Conversation]:
    async with connect(
        gateway.socket_url,
        subprotocols=[Subprotocol(protocol)],
        origin=Origin(origin) if origin else None,
        compression=None,
        close_timeout=1,
        proxy=None,
    ) as socket:
        yield Conversation(socket)
