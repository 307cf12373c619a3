"""Real servers on real sockets that do what a script says: answer, hang up, or speak a few frames."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import cast

from msgspec import Struct, json
from websockets.asyncio.server import ServerConnection, serve
from websockets.typing import Subprotocol

Conversation = Callable[[ServerConnection], Awaitable[None]]


class Reply(Struct, frozen=True):
    """One HTTP answer; `body` is sent as JSON. A status of 0 hangs up instead."""

    status: int = 200
    body: object = None
    headers: tuple[str, ...] = ()


HANGS_UP = Reply(0)


class Heard(Struct):
    """What a scripted server was sent."""

    url: str
    bodies: list[dict[str, object]] = []
    authorizations: list[str] = []


@asynccontextmanager
async def http_server(*script: Reply) -> AsyncGenerator[Heard, None]:
    """Answers one request after the other with the replies of the script, the last one for ever."""
    heard = Heard("")
    replies = list(script)

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while await _read(reader, heard):
                reply = replies.pop(0) if len(replies) > 1 else replies[0]
                if reply.status == 0:
                    return
                writer.write(_written(reply))
                await writer.drain()
        finally:
            writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    heard.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/graphql"
    async with server:
        yield heard


async def _read(reader: asyncio.StreamReader, heard: Heard) -> bool:
    """Read one request; False when the client has gone."""
    try:
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        fields = dict(line.lower().split(": ", 1) for line in head.splitlines()[1:] if ": " in line)
        body = await reader.readexactly(int(fields.get("content-length", "0")))
    except (asyncio.IncompleteReadError, ConnectionError):
        return False
    if fields.get("content-type") == "application/json":
        heard.bodies.append(json.decode(body, type=dict[str, object]))
    heard.authorizations.append(fields.get("authorization", ""))
    return True


def _written(reply: Reply) -> bytes:
    body = json.encode(reply.body)
    lines = (f"HTTP/1.1 {reply.status} .", f"content-length: {len(body)}", *reply.headers, "", "")
    return "\r\n".join(lines).encode() + body


@asynccontextmanager
async def socket_server(*script: Conversation) -> AsyncGenerator[str, None]:
    """Has one conversation of the script with each connection, the last one with all that follow; gives the URL."""
    conversations = list(script)

    async def converse(socket: ServerConnection) -> None:
        await (conversations.pop(0) if len(conversations) > 1 else conversations[0])(socket)

    async with serve(converse, "127.0.0.1", 0, subprotocols=[Subprotocol("graphql-transport-ws")]) as server:
        port = next(iter(server.sockets)).getsockname()[1]
        yield f"http://127.0.0.1:{port}/graphql"


async def hear(socket: ServerConnection) -> dict[str, object]:
    """The next frame."""
    return json.decode(await socket.recv(), type=dict[str, object])


async def say(socket: ServerConnection, **frame: object) -> None:
    await socket.send(json.encode(frame).decode())


async def greet(socket: ServerConnection) -> dict[str, object]:
    """Acknowledge, and give the payload of the subscription."""
    assert (await hear(socket))["type"] == "connection_init"
    await say(socket, type="connection_ack")
    subscribe = await hear(socket)
    assert (subscribe["type"], subscribe["id"]) == ("subscribe", "1")
    return cast("dict[str, object]", subscribe["payload"])
