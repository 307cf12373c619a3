"""A client that takes nothing of what was sent is cut with a code of its own, and costs others nothing."""

import asyncio
import json
import socket
import time
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import httpx
import psutil
import pytest
from websockets.asyncio.client import connect
from websockets.typing import Subprotocol

from tests.router.asking import Conversation, conversation
from tests.router.processes import PATIENCE_S, Gateway, Subgraphs, running_gateway

pytestmark = pytest.mark.anyio

SLOW_CONSUMER = 4490
FLOOD = "subscription { flood(kilobytes: 256) { padding } }"
QUICK = {"SLOW_CLIENT_SECONDS": "1"}


@asynccontextmanager
async def narrow(gateway: Gateway) -> AsyncGenerator[Conversation]:
    """A conversation whose client holds little that it has not read."""
    plain = socket.socket()
    plain.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 16_384)
    plain.connect(("127.0.0.1", gateway.port))
    async with connect(
        gateway.socket_url,
        sock=plain,
        subprotocols=[Subprotocol("graphql-transport-ws")],
        compression=None,
        max_queue=1,
        max_size=None,
        ping_interval=None,
        close_timeout=1,
    ) as opened:
        yield Conversation(opened)


async def cut_count(gateway: Gateway) -> str:
    async with httpx.AsyncClient(base_url=gateway.url, timeout=PATIENCE_S) as client:
        text = (await client.get("/metrics")).text
    return "\n".join(line for line in text.splitlines() if line.startswith("gateway_slow_clients"))


async def test_a_socket_that_never_reads_is_closed_as_slow_consumer(
    graph: Path, subgraphs: Subgraphs, router: str
) -> None:
    with running_gateway(graph, subgraphs.url, router, **QUICK, MAX_STREAM_QUEUE_BYTES=str(2**40)) as gateway:
        async with narrow(gateway) as talk:
            await talk.initialise()
            await talk.subscribe(FLOOD)
            await asyncio.to_thread(gateway.wait_for, lambda record: record.get("code") == SLOW_CONSUMER)
            assert await talk.closed() == (SLOW_CONSUMER, "Slow consumer")
        assert 'transport="websocket"} 1' in await cut_count(gateway)


async def test_what_is_read_ahead_for_a_slow_client_is_bounded(graph: Path, subgraphs: Subgraphs, router: str) -> None:
    with running_gateway(graph, subgraphs.url, router, SLOW_CLIENT_SECONDS="600") as gateway:
        process = psutil.Process(gateway.process.pid)
        before = process.memory_info().rss
        async with narrow(gateway) as talk:
            await talk.initialise()
            await talk.subscribe(FLOOD)
            await asyncio.to_thread(gateway.wait_for, lambda record: record.get("code") == SLOW_CONSUMER)
            assert process.memory_info().rss - before < 100 * 2**20
            assert await talk.closed() == (SLOW_CONSUMER, "Slow consumer")


async def test_a_stream_of_events_that_is_not_read_is_cut_without_complete(
    graph: Path, subgraphs: Subgraphs, router: str
) -> None:
    with running_gateway(graph, subgraphs.url, router, **QUICK) as gateway:
        plain = socket.socket()
        plain.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 16_384)
        plain.connect(("127.0.0.1", gateway.port))
        reader, writer = await asyncio.open_connection(sock=plain, limit=1024)
        body = json.dumps({"query": FLOOD})
        writer.write(
            "POST /graphql HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\naccept: text/event-stream\r\n"
            f"content-length: {len(body)}\r\n\r\n{body}".encode()
        )
        await asyncio.to_thread(gateway.wait_for, lambda record: record["event"] == "slow client cut")
        received = await everything(reader)
        writer.close()
        assert b"event: next" in received
        assert b"event: complete" not in received
        assert 'transport="sse"} 1' in await cut_count(gateway)


async def everything(reader: asyncio.StreamReader) -> bytes:
    """What still comes, to the end of the connection, in order or not."""
    received = b""
    with suppress(ConnectionError):
        while part := await reader.read(65_536):
            received += part
    return received


async def test_others_are_served_while_a_slow_client_is_waited_for(
    graph: Path, subgraphs: Subgraphs, router: str
) -> None:
    with running_gateway(graph, subgraphs.url, router) as gateway:
        async with narrow(gateway) as slow, conversation(gateway) as quick:
            await slow.initialise()
            await slow.subscribe(FLOOD)
            await quick.initialise()
            for number in range(20):
                await quick.subscribe('{ echo(text: "x") }', id=str(number))
                assert [message["type"] for message in await quick.until_end()] == ["next", "complete"]


async def test_a_client_that_reads_slowly_but_reads_is_not_cut(graph: Path, subgraphs: Subgraphs, router: str) -> None:
    """For twice the limit, more waits for it than it takes."""
    with running_gateway(
        graph, subgraphs.url, router, SLOW_CLIENT_SECONDS="3", MAX_STREAM_QUEUE_BYTES=str(2**40)
    ) as gateway:
        async with narrow(gateway) as talk:
            await talk.initialise()
            await talk.subscribe("subscription { flood(kilobytes: 16) { padding } }")
            began = time.monotonic()
            while time.monotonic() - began < 6:
                assert (await talk.receive())["type"] == "next"
            assert "gateway_slow_clients_cut_total{" not in await cut_count(gateway)
