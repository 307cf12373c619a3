"""Bytes that are no proper HTTP get a refusal or a closed connection, and the next caller is served as ever."""

import asyncio

import httpx
import pytest

from tests.patience import AT_MOST_S
from tests.serving.guests import GuestServer
from tests.serving.parlour import ROUTER, SECRET

pytestmark = pytest.mark.anyio

BODY = b'{"query":"{ hello }"}'
START = b"POST /parlour/graphql HTTP/1.1\r\nhost: parlour\r\nx-router-credential: " + SECRET.encode() + b"\r\n"
JSON = b"content-type: application/json\r\n"
LENGTH = b"content-length: 21\r\n"

BROKEN = {
    "nonsense": b"\x00\x01\x02\x03\r\n\r\n",
    "no version": b"GET /parlour/graphql\r\n\r\n",
    "a length and chunks": START + JSON + LENGTH + b"transfer-encoding: chunked\r\n\r\n0\r\n\r\n" + BODY,
    "two lengths": START + JSON + LENGTH + b"content-length: 5\r\n\r\n" + BODY,
    "the same length twice": START + JSON + LENGTH + LENGTH + b"\r\n" + BODY,
    "a negative length": START + JSON + b"content-length: -1\r\n\r\n" + BODY,
    "a length that is none": START + JSON + b"content-length: 0x15\r\n\r\n" + BODY,
    "a chunk that is none": START + JSON + b"transfer-encoding: chunked\r\n\r\nZZ\r\n" + BODY,
    "a header with a NUL": START + JSON + LENGTH + b"x: a\x00b\r\n\r\n" + BODY,
    "a header without a colon": START + JSON + LENGTH + b"nothing\r\n\r\n" + BODY,
    "a header too long": START + JSON + LENGTH + b"x: " + b"y" * 200_000 + b"\r\n\r\n" + BODY,
    "no socket after all": START + b"connection: upgrade\r\nupgrade: websocket\r\n\r\n",
    "a socket of another version": START.replace(b"POST", b"GET")
    + b"connection: upgrade\r\nupgrade: websocket\r\nsec-websocket-version: 7\r\nsec-websocket-key: x\r\n\r\n",
    "another protocol": START + JSON + LENGTH + b"connection: upgrade\r\nupgrade: h2c\r\n\r\n" + BODY,
}


async def answered(address: str, sent: bytes) -> bytes:
    """The first line of the answer; empty when the connection was closed without one."""
    host, _, port = address.partition(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    try:
        writer.write(sent)
        await writer.drain()
        writer.write_eof()
        return (await asyncio.wait_for(reader.read(65_536), AT_MOST_S)).partition(b"\r\n")[0]
    except ConnectionError:
        return b""
    finally:
        writer.close()


@pytest.mark.parametrize("sent", BROKEN.values(), ids=BROKEN.keys())
async def test_broken_http_is_refused_and_the_next_caller_served(server: GuestServer, sent: bytes) -> None:
    status = (await answered(server.address, sent)).partition(b" ")[2][:3]
    assert not status.startswith(b"5")
    async with httpx.AsyncClient(base_url=server.url, headers=ROUTER) as http:
        answer = await http.post("/parlour/graphql", content=BODY, headers={"content-type": "application/json"})
    assert answer.json() == {"data": {"hello": "hello world"}}


async def test_a_body_cut_short_leaves_no_task(own_server: GuestServer) -> None:
    assert await answered(own_server.address, START + JSON + b"content-length: 100\r\n\r\n" + BODY) in {
        b"",
        b"HTTP/1.1 400 Bad Request",
    }
    while own_server.server_state.tasks:
        await asyncio.wait(own_server.server_state.tasks, timeout=AT_MOST_S)


async def test_requests_in_a_row_on_one_connection_are_all_answered(server: GuestServer) -> None:
    host, _, port = server.address.partition(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    writer.write((START + JSON + LENGTH + b"\r\n" + BODY) * 20)
    seen = b""
    while seen.count(b"hello world") < 20:
        seen += await asyncio.wait_for(reader.read(65_536), AT_MOST_S)
    writer.close()
    assert seen.count(b"HTTP/1.1 200 OK") == 20
