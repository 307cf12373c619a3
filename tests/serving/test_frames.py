"""graphql-transport-ws to the letter: every strange frame closes with the protocol's code, none crashes."""

import asyncio
import json
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import cast

import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.typing import Subprotocol

from tests.patience import AT_MOST_S
from tests.serving.guests import GuestServer
from tests.serving.parlour import ROUTER, TALKS, Hands, Talk

pytestmark = pytest.mark.anyio

Message = dict[str, object]
PROTOCOL = "graphql-transport-ws"
INIT: Message = {"type": "connection_init", "payload": dict(ROUTER)}
FLOOD = "subscription($n: Int!) { flood(count: $n) }"


class Socket:
    """A client that speaks in messages and remembers with which code it was closed."""

    def __init__(self, wire: ClientConnection) -> None:
        self.wire = wire

    async def say(self, message: object) -> None:
        await self.wire.send(message if isinstance(message, (str, bytes)) else json.dumps(message))

    async def hear(self) -> Message:
        heard = await asyncio.wait_for(self.wire.recv(), AT_MOST_S)
        assert isinstance(heard, str)
        return cast("Message", json.loads(heard))

    async def closed(self) -> int:
        try:
            while True:
                await self.hear()
        except ConnectionClosed as ended:
            return ended.rcvd.code if ended.rcvd else 1006

    async def subscribe(self, query: str, identifier: str = "1", **variables: object) -> None:
        payload: Message = {"query": query, "variables": variables}
        await self.say({"id": identifier, "type": "subscribe", "payload": payload})

    async def data(self) -> Message:
        heard = await self.hear()
        assert heard["type"] == "next", heard
        return cast("dict[str, Message]", heard["payload"])["data"]


@asynccontextmanager
async def opened(server: GuestServer, protocol: str = PROTOCOL, **headers: str) -> AsyncGenerator[Socket]:
    url = f"ws://{server.address}/parlour/graphql"
    wanted = [Subprotocol(protocol)] if protocol else None
    async with connect(url, subprotocols=wanted, additional_headers=headers, compression=None) as wire:
        yield Socket(wire)


@asynccontextmanager
async def acknowledged(server: GuestServer, token: str | None = None) -> AsyncGenerator[Socket]:
    async with opened(server) as socket:
        payload = dict(ROUTER) | ({"Authorization": f"Bearer {token}"} if token else {})
        await socket.say({"type": "connection_init", "payload": payload})
        assert await socket.hear() == {"type": "connection_ack"}
        yield socket


def subscribing(**members: object) -> Message:
    return {"id": "1", "type": "subscribe", "payload": {"query": "{ hello }"}, **members}


STRANGE: list[object] = [
    "[]",
    '"x"',
    "1",
    "null",
    "true",
    "",
    "{",
    "{}",
    "[" * 5_000,
    '{"type":"\\ud800"}',
    '{"type":"ping","payload":' + "9" * 5_000 + "}",
    {"type": None},
    {"type": 1},
    {"type": ["ping"]},
    {"type": "start", "id": "1", "payload": {"query": "{ hello }"}},
    {"type": "connection_ack"},
    {"type": "next", "id": "1", "payload": {}},
    {"type": "error", "id": "1", "payload": []},
    {"type": "ping", "payload": []},
    {"type": "ping", "payload": "x"},
    {"type": "pong", "payload": 1},
    {"type": "complete"},
    {"type": "complete", "id": ["1"]},
    {"type": "complete", "id": 1},
    {"type": "complete", "id": ""},
    subscribing(id=""),
    subscribing(id=1),
    subscribing(id=None),
    subscribing(id={}),
    subscribing(id="x" * 300),
    subscribing(payload=None),
    subscribing(payload=[]),
    subscribing(payload="{ hello }"),
    subscribing(payload={}),
    subscribing(payload={"query": None}),
    subscribing(payload={"query": 1}),
    subscribing(payload={"query": ["{ hello }"]}),
    subscribing(payload={"query": "{ hello }", "variables": []}),
    subscribing(payload={"query": "{ hello }", "variables": "x"}),
    subscribing(payload={"query": "{ hello }", "operationName": 1}),
    subscribing(payload={"query": "{ hello }", "extensions": "x"}),
    b'{"type":"ping"}',
    b"\xff",
]


@pytest.mark.parametrize("frame", STRANGE, ids=lambda frame: str(frame)[:70])
async def test_a_strange_frame_closes_with_4400(server: GuestServer, frame: object) -> None:
    async with acknowledged(server) as socket:
        await socket.say(frame)
        assert await socket.closed() == 4400


@pytest.mark.parametrize("payload", [[], "x", 1, True])
async def test_an_initialisation_with_a_strange_payload_closes_with_4400(server: GuestServer, payload: object) -> None:
    async with opened(server) as socket:
        await socket.say({"type": "connection_init", "payload": payload})
        assert await socket.closed() == 4400


@pytest.mark.parametrize("init", [{"type": "connection_init"}, {"type": "connection_init", "payload": None}])
async def test_without_a_payload_the_credential_may_come_in_the_upgrade(server: GuestServer, init: Message) -> None:
    async with opened(server, **ROUTER) as socket:
        await socket.say(init)
        assert await socket.hear() == {"type": "connection_ack"}


@pytest.mark.parametrize(
    ("payload", "code"),
    [
        (None, 4403),
        ({}, 4403),
        ({"x-router-credential": "wrong"}, 4403),
        ({"x-router-credential": ["the-router-is-who-it-says"]}, 4403),
        ({**ROUTER, "authorization": "Bearer forged"}, 4403),
        ({**ROUTER, "Authorization": "Bearer expired"}, 4403),
        ({**ROUTER, "authorization": "nonsense"}, 4403),
        ({**ROUTER, "authorization": "Bearer keyless"}, 1013),
    ],
)
async def test_who_is_not_admitted_is_closed_out(server: GuestServer, payload: Message | None, code: int) -> None:
    async with opened(server) as socket:
        await socket.say({"type": "connection_init", "payload": payload})
        assert await socket.closed() == code


@pytest.mark.parametrize("protocol", ["", "graphql-ws", "graphql-transport-ws2"])
async def test_another_subprotocol_closes_with_4406(server: GuestServer, protocol: str) -> None:
    url = f"ws://{server.address}/parlour/graphql"
    async with connect(url, additional_headers={"Sec-WebSocket-Protocol": protocol} if protocol else {}) as wire:
        assert await Socket(wire).closed() == 4406


@pytest.mark.parametrize("origin", ["https://evil.example", "null", "http://127.0.0.1:4000"])
async def test_browsers_are_refused_at_the_handshake(server: GuestServer, origin: str) -> None:
    with pytest.raises(InvalidStatus) as refused:
        async with opened(server, Origin=origin):
            pass
    assert refused.value.response.status_code == 403


async def test_subscribing_before_the_acknowledgement_closes_with_4401(server: GuestServer) -> None:
    async with opened(server) as socket:
        await socket.subscribe("{ hello }")
        assert await socket.closed() == 4401


async def test_initialising_twice_closes_with_4429(server: GuestServer) -> None:
    async with acknowledged(server) as socket:
        await socket.say(INIT)
        assert await socket.closed() == 4429


async def test_initialising_too_late_closes_with_4408(server: GuestServer) -> None:
    async with opened(server) as socket:
        await socket.say({"type": "ping"})
        assert await socket.hear() == {"type": "pong"}
        assert await socket.closed() == 4408


async def test_an_id_in_use_closes_with_4409(server: GuestServer, talk: Talk) -> None:
    async with acknowledged(server) as socket:
        await socket.subscribe('subscription { words(talk: "talk") { text } }')
        await socket.data()
        await socket.subscribe("{ hello }")
        assert await socket.closed() == 4409


async def test_a_frame_that_is_too_large_is_refused(server: GuestServer) -> None:
    async with acknowledged(server) as socket:
        await socket.say(json.dumps({"type": "ping", "payload": {"x": "y" * 70_000}}))
        assert await socket.closed() == 1009


@pytest.mark.parametrize("ping", [{"type": "ping"}, {"type": "ping", "payload": None}])
async def test_a_ping_is_answered(server: GuestServer, ping: Message) -> None:
    async with acknowledged(server) as socket:
        await socket.say(ping)
        assert await socket.hear() == {"type": "pong"}
        await socket.say({"type": "ping", "payload": {"a": [1, None]}})
        assert await socket.hear() == {"type": "pong", "payload": {"a": [1, None]}}
        await socket.say({"type": "pong"})
        await socket.say({"type": "complete", "id": "never seen"})
        await socket.say({"type": "ping"})
        assert await socket.hear() == {"type": "pong"}


async def test_queries_and_mutations_run_on_a_socket_too(server: GuestServer) -> None:
    async with acknowledged(server, "aino") as socket:
        await socket.subscribe("{ viewer }")
        assert await socket.data() == {"viewer": "aino"}
        assert await socket.hear() == {"id": "1", "type": "complete"}


async def test_an_id_is_free_again_when_its_operation_has_ended(server: GuestServer) -> None:
    async with acknowledged(server) as socket:
        for _ in range(3):
            await socket.subscribe("{ hello }")
            assert await socket.data() == {"hello": "hello world"}
            assert await socket.hear() == {"id": "1", "type": "complete"}


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("", "BAD_USER_INPUT"),
        ("{", "GRAPHQL_PARSE_FAILED"),
        ("{ nothing }", "GRAPHQL_VALIDATION_FAILED"),
        ("subscription { flood }", "GRAPHQL_VALIDATION_FAILED"),
        ("subscription { flood(count: 1) trouble }", "GRAPHQL_VALIDATION_FAILED"),
        (FLOOD, "BAD_USER_INPUT"),
        ("subscription A { flood(count: 1) } subscription B { flood(count: 1) }", "BAD_USER_INPUT"),
        ("{ " + "hello " * 30 + "}", "LIMIT_EXCEEDED"),
        ('{ hello(name: "\\u0000") }', "BAD_USER_INPUT"),
    ],
)
async def test_a_refused_document_gets_an_error_and_the_socket_lives_on(
    server: GuestServer, query: str, code: str
) -> None:
    async with acknowledged(server) as socket:
        await socket.subscribe(query)
        heard = await socket.hear()
        assert (heard["type"], heard["id"]) == ("error", "1")
        (error, *_) = cast("list[dict[str, Message]]", heard["payload"])
        assert error["extensions"]["code"] == code
        await socket.subscribe("{ hello }")
        assert await socket.data() == {"hello": "hello world"}


async def test_exceptions_never_reach_the_client(server: GuestServer) -> None:
    async with acknowledged(server) as socket:
        await socket.subscribe("subscription { trouble }")
        assert await socket.data() == {"trouble": "so far so good"}
        heard = json.dumps(await socket.hear())
        assert "INTERNAL" in heard
        assert "hunter2" not in heard
        assert await socket.hear() == {"id": "1", "type": "complete"}


async def test_many_subscriptions_run_on_one_socket(server: GuestServer) -> None:
    async with acknowledged(server) as socket:
        for number in range(300):
            await socket.subscribe(FLOOD, str(number), n=2)
        ended: set[object] = set()
        while len(ended) < 300:
            heard = await socket.hear()
            if heard["type"] == "complete":
                ended.add(heard["id"])
        assert ended == {str(number) for number in range(300)}


async def test_a_flood_lets_other_frames_through(server: GuestServer) -> None:
    async with acknowledged(server) as socket:
        await socket.subscribe(FLOOD, n=50_000)
        await socket.data()
        await socket.say({"type": "complete", "id": "1"})
        await socket.say({"type": "ping"})
        heard = 0
        while (await socket.hear())["type"] != "pong":
            heard += 1
        assert heard < 40_000


async def test_a_token_that_has_expired_opens_no_more_subscriptions(server: GuestServer, hands: Hands) -> None:
    async with acknowledged(server, f"aino@{hands.seconds + 60}") as socket:
        await socket.subscribe("{ viewer }")
        assert await socket.data() == {"viewer": "aino"}
        hands.seconds += 61
        await socket.subscribe("{ viewer }", "2")
        assert await socket.closed() == 4403


async def test_a_stream_ends_when_its_token_expires(server: GuestServer, hands: Hands, talk: Talk) -> None:
    async with acknowledged(server, f"aino@{hands.seconds + 60}") as socket:
        await socket.subscribe('subscription { words(talk: "talk") { text } }')
        assert await socket.data() == {"words": {"text": "so far"}}
        hands.seconds += 61
        heard = await socket.hear()
        (error,) = cast("list[dict[str, Message]]", cast("Message", heard["payload"])["errors"])
        assert error["extensions"]["code"] == "TOKEN_EXPIRED"
        assert await socket.hear() == {"id": "1", "type": "complete"}
        assert TALKS["talk"].watchers == []


async def test_stopping_closes_sockets_with_1012(own_server: GuestServer, talk: Talk) -> None:
    async with acknowledged(own_server) as socket:
        await socket.subscribe('subscription { words(talk: "talk") { text } }')
        await socket.data()
        own_server.should_exit = True
        assert await socket.closed() == 1012


async def test_whatever_a_socket_did_no_task_is_left(own_server: GuestServer, talk: Talk) -> None:
    before = asyncio.all_tasks()
    for _ in range(5):
        async with acknowledged(own_server) as socket:
            for number in range(10):
                await socket.subscribe('subscription { words(talk: "talk") { text } }', str(number))
            for _ in range(10):
                await socket.data()
            await socket.say({"type": "complete", "id": "3"})
            await socket.subscribe("{ endless }", "endless")
            assert len(talk.watchers) in {9, 10}
        async with acknowledged(own_server) as socket:
            await socket.subscribe('subscription { words(talk: "talk") { text } }')
            await socket.say("not a frame")
            assert await socket.closed() == 4400
    while own_server.server_state.tasks:
        await asyncio.wait(own_server.server_state.tasks, timeout=AT_MOST_S)
    assert talk.watchers == []
    assert asyncio.all_tasks() - before == set()


async def test_each_operation_of_a_shared_socket_has_the_ids_the_router_gives_it(server: GuestServer) -> None:
    async with acknowledged(server) as socket:
        seen: list[object] = []
        for identifier, extensions in (("a", {"x-request-id": "one"}), ("b", {"x-request-id": "two"}), ("c", {})):
            payload: Message = {"query": "{ nothing }", "extensions": extensions}
            await socket.say({"id": identifier, "type": "subscribe", "payload": payload})
            (error,) = cast("list[dict[str, Message]]", (await socket.hear())["payload"])
            seen.append(error["extensions"]["requestId"])
    assert seen[:2] == ["one", "two"]
    assert seen[2] not in seen[:2]
