"""Who may open a socket, how many, how long, and how they are closed."""

import asyncio
import time
from contextlib import AsyncExitStack, suppress
from pathlib import Path

import httpx
import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus

from tests.router.asking import conversation
from tests.router.processes import ORIGIN, PATIENCE_S, Gateway, Subgraphs, running_gateway
from tests.router.tokens import FOREIGN_KEY, running_issuer, token

pytestmark = pytest.mark.anyio

WAITING = "subscription { waiting { id } }"


@pytest.mark.parametrize("origin", ["https://evil.example", "null", ORIGIN + ".evil.example", "http://shop.example"])
async def test_a_foreign_origin_gets_no_handshake(gateway: Gateway, origin: str) -> None:
    with pytest.raises(InvalidStatus) as refused:
        async with conversation(gateway, origin=origin):
            pass
    assert refused.value.response.status_code == 403


@pytest.mark.parametrize("origin", [ORIGIN, None])
async def test_the_own_origin_and_no_browser_at_all_are_welcome(gateway: Gateway, origin: str | None) -> None:
    async with conversation(gateway, origin=origin) as talk:
        await talk.initialise()


async def test_a_socket_is_opened_at_the_graph_only(gateway: Gateway) -> None:
    handshake = {"connection": "Upgrade", "upgrade": "websocket", "sec-websocket-version": "13"}
    async with httpx.AsyncClient(base_url=gateway.url, timeout=PATIENCE_S) as client:
        response = await client.get("/other", headers={**handshake, "sec-websocket-key": "dGhlIHNhbXBsZSBub25jZQ=="})
    assert response.status_code == 404


async def test_a_silent_socket_is_closed_in_time(graph: Path, subgraphs: Subgraphs) -> None:
    with running_gateway(graph, subgraphs.url, SOCKET_INIT_SECONDS="0.2") as gateway:
        async with conversation(gateway) as talk:
            assert await talk.closed() == (4408, "Connection initialisation timeout")


async def test_operations_of_one_socket_are_bounded_and_the_others_go_on(graph: Path, subgraphs: Subgraphs) -> None:
    with running_gateway(graph, subgraphs.url, MAX_SUBSCRIPTIONS_PER_SOCKET="3") as gateway:
        async with conversation(gateway) as talk:
            await talk.initialise()
            for number in range(4):
                await talk.subscribe(WAITING, id=str(number))
            received = [await talk.receive() for _ in range(4)]
            (error,) = [message for message in received if message["type"] == "error"]
            assert error["id"] == "3"
            assert error["payload"][0]["extensions"]["code"] == "LIMIT_EXCEEDED"
            await talk.send({"type": "complete", "id": "0"})
            await talk.subscribe(WAITING, id="4")
            assert (await talk.receive())["type"] == "next"


async def test_sockets_of_one_person_are_bounded_and_of_others_not(graph: Path, subgraphs: Subgraphs) -> None:
    with (
        running_issuer() as issuer,
        running_gateway(graph, subgraphs.url, ISSUER_URL=issuer, MAX_SOCKETS_PER_USER="2") as gateway,
    ):
        async with AsyncExitStack() as open_sockets:
            for _ in range(2):
                talk = await open_sockets.enter_async_context(conversation(gateway))
                await talk.initialise({"authorization": token(issuer)})
            async with conversation(gateway) as talk:
                await talk.send({"type": "connection_init", "payload": {"authorization": token(issuer)}})
                assert await talk.closed() == (4429, "Too many sockets of one caller")
            async with conversation(gateway) as talk:
                await talk.initialise({"authorization": token(issuer, "eero")})


async def test_a_place_is_free_again_when_a_socket_closes(graph: Path, subgraphs: Subgraphs) -> None:
    with running_gateway(graph, subgraphs.url, MAX_SOCKETS_PER_USER="1") as gateway:
        for _ in range(3):
            async with conversation(gateway) as talk:
                await talk.initialise()


async def test_a_token_that_is_surely_invalid_is_forbidden(graph: Path, subgraphs: Subgraphs) -> None:
    with running_issuer() as issuer, running_gateway(graph, subgraphs.url, ISSUER_URL=issuer) as gateway:
        invalid = [
            "Bearer x",
            "Basic YWlubzphaW5v",
            token(issuer, key=FOREIGN_KEY),
            token("http://other.example"),
            token(issuer, lifetime_s=-3600),
            token(issuer) + "x",
        ]
        for bearer in invalid:
            async with conversation(gateway) as talk:
                await talk.send({"type": "connection_init", "payload": {"authorization": bearer}})
                assert await talk.closed() == (4403, "Forbidden"), bearer


async def test_a_socket_ends_within_seconds_of_its_token(graph: Path, subgraphs: Subgraphs) -> None:
    with running_issuer() as issuer, running_gateway(graph, subgraphs.url, ISSUER_URL=issuer) as gateway:
        async with conversation(gateway) as talk:
            expires = int(time.time()) + 5
            bearer = token(issuer, lifetime_s=5)
            await talk.initialise({"authorization": bearer})
            assert await talk.closed() == (4401, "Token expired")
            assert time.time() >= expires


async def test_a_flood_of_messages_closes_the_socket(graph: Path, subgraphs: Subgraphs) -> None:
    with running_gateway(graph, subgraphs.url, MAX_MESSAGES_PER_SECOND="50") as gateway:
        async with conversation(gateway) as talk:
            with suppress(ConnectionClosed):
                while True:
                    await talk.send(*[{"type": "ping"}] * 60)
                    await talk.receive()
            code, reason = await talk.closed()
    assert (code, reason) == (4429, "Too many messages")


async def test_too_many_sockets_in_all_get_503(graph: Path, subgraphs: Subgraphs) -> None:
    with running_gateway(graph, subgraphs.url, MAX_SOCKETS="1") as gateway:
        async with conversation(gateway) as talk:
            await talk.initialise()
            with pytest.raises(InvalidStatus) as refused:
                async with conversation(gateway):
                    pass
    assert refused.value.response.status_code == 503


async def test_a_client_that_answers_no_ping_is_dropped(graph: Path, subgraphs: Subgraphs) -> None:
    """A peer that is gone without a word, played by one that reads but never answers."""
    with running_gateway(graph, subgraphs.url, SOCKET_PING_SECONDS="0.1") as gateway:
        reader, writer = await asyncio.open_connection("127.0.0.1", gateway.port)
        writer.write(
            b"GET /graphql HTTP/1.1\r\nhost: x\r\nconnection: upgrade\r\nupgrade: websocket\r\n"
            b"sec-websocket-version: 13\r\n"
            b"sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\nsec-websocket-protocol: graphql-transport-ws\r\n\r\n"
        )
        async with asyncio.timeout(PATIENCE_S):
            await reader.read()  # to the end of the connection
        writer.close()
