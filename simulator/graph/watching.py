"""Watches the graph over graphql-transport-ws, and comes back after a cut where it left off.

https://github.com/enisdenjo/graphql-ws/blob/master/PROTOCOL.md
"""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Mapping
from contextlib import aclosing
from datetime import UTC, datetime
from typing import Generic, TypeVar

from msgspec import UNSET, DecodeError, Raw, Struct, UnsetType, json
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidMessage
from websockets.typing import Subprotocol

from simulator.graph.operations import Credentials, Extensions, GraphError, GraphRefused, Operation, Outage, failure
from simulator.graph.patience import Patience

T = TypeVar("T")
GREETING_S = 10.0
FINAL_CLOSES = frozenset({4400, 4403, 4406})
STALE_TOKEN_CLOSE = 4401


class Line:
    """The connections that a stream runs over, one after the other."""

    def __init__(self) -> None:
        self.resumed: list[str | None] = []
        """The cursor that each connection began after; None if it began anew."""
        self.opened_at: datetime | None = None
        """When the present connection had subscribed, by the wall's clock; None while there is none."""
        self._socket: ClientConnection | None = None

    def cut(self) -> bool:
        """Lose the connection as in a tunnel: no close frame, no goodbye. False if there is none."""
        if self._socket is None:
            return False
        self._socket.transport.abort()
        self._socket = None
        return True

    def opened(self, socket: ClientConnection, after: str | None) -> None:
        self._socket, self.opened_at = socket, datetime.now(UTC)
        self.resumed.append(after)

    def closed(self) -> None:
        self._socket = self.opened_at = None


class Thread(Struct, Generic[T], frozen=True):
    """How to find the way back into a stream.

    `cursor` reads an item's cursor, which is sent as the variable `after`; streams without cursors give None and begin
    anew. `ended` tells an item after which nothing comes: a stream that completes without one was cut, not ended,
    since routers complete every stream when they reload.
    """

    cursor: Callable[[T], str | None] = lambda _: None
    ended: Callable[[T], bool] | None = None
    after: str | None = None
    line: Line | None = None
    """To be told of each connection, and to cut it."""


class Frame(Struct, omit_defaults=True):
    type: str
    id: str | UnsetType = UNSET
    payload: Raw | UnsetType = UNSET


class _Subscribe(Struct):
    query: str
    variables: Mapping[str, object]


async def watch(
    url: str,
    operation: Operation[T],
    variables: Mapping[str, object],
    thread: Thread[T],
    credentials: Credentials | None,
    patience: Patience,
) -> AsyncGenerator[T, None]:
    """Ends when the stream has ended.

    Raises:
        Outage: patience ran out without one new item.
        GraphRefused: this viewer may not watch this, or no longer.
    """
    way = _Way(thread, credentials, patience)
    while not way.ended:
        try:
            asked = way.variables(variables)
            async with aclosing(_connection(url, operation, asked, credentials, thread.line or Line())) as items:
                async for item in items:
                    way.came(item)
                    yield item
            way.completed()
        except (Outage, GraphRefused) as cut:
            way.was_cut(cut)
        await asyncio.sleep(way.wait_s)


class _Way(Generic[T]):
    """How far a stream was followed, and how often it was lost since the last item."""

    def __init__(self, thread: Thread[T], credentials: Credentials | None, patience: Patience) -> None:
        self._thread = thread
        self._credentials = credentials
        self._patience = patience
        self._after = thread.after
        self._waits = patience.waits()
        self._renewed = False
        self.ended = False
        self.wait_s = 0.0

    def variables(self, asked: Mapping[str, object]) -> Mapping[str, object]:
        return asked if self._after is None else {**asked, "after": self._after}

    def came(self, item: T) -> None:
        self._after = self._thread.cursor(item) or self._after
        self._waits, self._renewed = self._patience.waits(), False
        self.ended = self.ended or (self._thread.ended is not None and self._thread.ended(item))

    def completed(self) -> None:
        self.ended = self.ended or self._thread.ended is None
        if not self.ended:
            self.was_cut(Outage("The stream completed before it had ended."))

    def was_cut(self, cut: Outage | GraphRefused) -> None:
        """Set `wait_s` for the next connection, or raise when there is no sense in one."""
        if isinstance(cut, GraphRefused):
            self._renew(cut)
            return
        wait = next(self._waits, None)
        if wait is None:
            raise cut
        self.wait_s = max(wait, cut.retry_after_s)

    def _renew(self, cut: GraphRefused) -> None:
        """A token may expire as often as it likes, since a stream can be quiet for long; a fresh one is not refused."""
        if self._credentials is None or not cut.is_stale_token or (self._renewed and not cut.is_expired_token):
            raise cut
        self._credentials.forget()
        self._renewed, self.wait_s = True, next(self._patience.waits(), 0.0)


async def _connection(
    url: str,
    operation: Operation[T],
    variables: Mapping[str, object],
    credentials: Credentials | None,
    line: Line,
) -> AsyncGenerator[T, None]:
    """The items of one connection, until the server completes the stream. Raises Outage or GraphRefused."""
    token = await credentials.token() if credentials else None
    try:
        async with connect(_address(url), subprotocols=[Subprotocol("graphql-transport-ws")]) as socket:
            await _greet(socket, token)
            subscribe = Raw(json.encode(_Subscribe(operation.document, variables)))
            await _send(socket, Frame("subscribe", "1", subscribe))
            after = variables.get("after")
            line.opened(socket, after if isinstance(after, str) else None)
            async for frame in _frames(socket):
                if frame.type == "complete":
                    return
                yield _item(operation, frame)
    except ConnectionClosed as closed:
        raise _reason(closed) from closed
    except (OSError, TimeoutError, InvalidHandshake, InvalidMessage) as cut:
        raise Outage(f"The graph at {url} does not answer: {cut or type(cut).__name__}.") from cut
    finally:
        line.closed()


def _item(operation: Operation[T], frame: Frame) -> T:
    if frame.type == "next" and isinstance(frame.payload, Raw):
        return operation.read(bytes(frame.payload))
    if frame.type == "error" and isinstance(frame.payload, Raw):
        raise failure(json.decode(frame.payload, type=tuple[GraphError, ...]))
    raise Outage(f"The graph sent a frame of type {frame.type!r} that the protocol does not have here.")


async def _greet(socket: ClientConnection, token: str | None) -> None:
    payload = {"authorization": f"Bearer {token}"} if token else {}
    await _send(socket, Frame("connection_init", payload=Raw(json.encode(payload))))
    async with asyncio.timeout(GREETING_S):
        async for frame in _frames(socket):
            if frame.type == "connection_ack":
                return
    raise Outage("The graph closed the connection before it was acknowledged.")


async def _frames(socket: ClientConnection) -> AsyncIterator[Frame]:
    """Frames that mean something here; pings are answered."""
    while True:
        try:
            frame = json.decode(await socket.recv(), type=Frame)
        except DecodeError as noise:
            raise Outage("The graph sent a frame that is not graphql-transport-ws.") from noise
        if frame.type == "ping":
            await _send(socket, Frame("pong", payload=frame.payload))
        elif frame.type != "pong":
            yield frame


async def _send(socket: ClientConnection, frame: Frame) -> None:
    await socket.send(json.encode(frame).decode())


def _reason(closed: ConnectionClosed) -> Outage | GraphRefused:
    code = closed.rcvd.code if closed.rcvd else 1006
    reason = closed.rcvd.reason if closed.rcvd else ""
    if code == STALE_TOKEN_CLOSE:
        return GraphRefused((GraphError(f"The token is refused: {reason}", Extensions("UNAUTHENTICATED")),))
    if code in FINAL_CLOSES:
        return GraphRefused((GraphError(f"The connection was closed with {code}: {reason}"),))
    return Outage(f"The connection was closed with {code} {reason}".rstrip())


def _address(url: str) -> str:
    """The WebSocket address of an HTTP one."""
    return "ws" + url.removeprefix("http")
