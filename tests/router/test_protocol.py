"""graphql-transport-ws, frame by frame: what is answered, and with which code the rest is closed."""

import json

import pytest

from tests.router.asking import conversation
from tests.router.processes import Gateway

pytestmark = pytest.mark.anyio

GOOD = {"query": '{ echo(text: "x") }'}
INIT = {"type": "connection_init"}


def subscribe(payload: object, id: object = "1") -> dict[str, object]:
    return {"id": id, "type": "subscribe", "payload": payload}


@pytest.mark.parametrize("payload", [{}, None, {"unknown": [1]}])
async def test_connection_init_is_acknowledged(gateway: Gateway, payload: object) -> None:
    async with conversation(gateway) as talk:
        await talk.send({"type": "connection_init", "payload": payload})
        assert await talk.receive() == {"type": "connection_ack"}


async def test_connection_init_without_payload_is_acknowledged(gateway: Gateway) -> None:
    async with conversation(gateway) as talk:
        await talk.send(INIT)
        assert await talk.receive() == {"type": "connection_ack"}


@pytest.mark.parametrize("payload", [None, {}, {"at": 7}])
async def test_ping_is_answered_with_its_payload(gateway: Gateway, payload: object) -> None:
    async with conversation(gateway) as talk:
        await talk.send({"type": "ping", "payload": payload})
        assert await talk.receive() == {"type": "pong", "payload": payload}


async def test_ping_is_answered_before_initialisation_and_pong_is_ignored(gateway: Gateway) -> None:
    async with conversation(gateway) as talk:
        await talk.send({"type": "pong"}, {"type": "ping"})
        assert await talk.receive() == {"type": "pong"}


BROKEN_INITS: list[object] = [
    {"type": "connection_init", "payload": ["x"]},
    {"type": "connection_init", "payload": "x"},
    {"type": "connection_init", "payload": 0},
]
BROKEN: list[object] = [
    *BROKEN_INITS,
    "",
    "nonsense",
    "[]",
    '"x"',
    "1",
    "null",
    "true",
    "{",
    b"\x00",
    b'{"type":"connection_init"}',
    "[" * 20_000,
    {},
    {"type": None},
    {"type": "toString"},
    {"type": "__proto__"},
    {"type": "start", "id": "1", "payload": GOOD},
    {"type": "connection_ack"},
    {"type": "ping", "payload": "x"},
    {"type": "ping", "payload": []},
    {"type": "pong", "payload": 1},
    {"type": "complete"},
    {"type": "complete", "id": ["1"]},
    {"type": "complete", "id": ""},
    subscribe(GOOD, id=""),
    subscribe(GOOD, id=1),
    subscribe(GOOD, id=None),
    subscribe(GOOD, id={}),
    subscribe(GOOD, id="x" * 200),
    subscribe(None),
    subscribe([]),
    subscribe([GOOD]),
    subscribe("{ a }"),
    subscribe({}),
    subscribe({"query": None}),
    subscribe({"query": 1}),
    subscribe({"query": ["{ a }"]}),
    subscribe({**GOOD, "variables": []}),
    subscribe({**GOOD, "variables": "x"}),
    subscribe({**GOOD, "variables": 1}),
    subscribe({**GOOD, "operationName": 1}),
    subscribe({**GOOD, "operationName": {}}),
    subscribe({**GOOD, "extensions": []}),
    subscribe({**GOOD, "extensions": "x"}),
]


@pytest.mark.parametrize("frame", BROKEN, ids=lambda frame: str(frame)[:40] or "empty")
async def test_a_broken_frame_closes_the_socket_with_4400(gateway: Gateway, frame: object) -> None:
    async with conversation(gateway) as talk:
        if frame not in BROKEN_INITS:
            await talk.initialise()
        await talk.send(frame)
        code, reason = await talk.closed()
    assert code == 4400
    assert len(reason.encode()) <= 123


@pytest.mark.parametrize("payload", [{**GOOD, "variables": None, "operationName": None, "extensions": None}, GOOD])
async def test_absent_parts_of_a_request_may_be_null(gateway: Gateway, payload: object) -> None:
    async with conversation(gateway) as talk:
        await talk.initialise()
        await talk.send(subscribe(payload))
        assert (await talk.until_end())[0]["payload"] == {"data": {"echo": "x"}}


async def test_subscribing_before_the_acknowledgement_is_unauthorized(gateway: Gateway) -> None:
    async with conversation(gateway) as talk:
        await talk.send(subscribe(GOOD))
        assert await talk.closed() == (4401, "Unauthorized")


async def test_initialising_twice_is_refused(gateway: Gateway) -> None:
    async with conversation(gateway) as talk:
        await talk.send(INIT, INIT)
        assert await talk.closed() == (4429, "Too many initialisation requests")


async def test_an_id_in_use_is_refused_and_a_finished_one_is_free(gateway: Gateway) -> None:
    waiting = {"query": "subscription { waiting { id } }"}
    async with conversation(gateway) as talk:
        await talk.initialise()
        await talk.send(subscribe(GOOD))
        await talk.until_end()
        await talk.send(subscribe(waiting))
        assert (await talk.receive())["type"] == "next"
        await talk.send(subscribe(waiting))
        assert await talk.closed() == (4409, "Subscriber for 1 already exists")


async def test_a_completed_subscription_ends_upstream_and_says_nothing_more(gateway: Gateway) -> None:
    async with conversation(gateway) as talk:
        await talk.initialise()
        await talk.send(subscribe({"query": "subscription { waiting { id } }"}))
        assert (await talk.receive())["type"] == "next"
        await talk.send({"type": "complete", "id": "1"}, {"type": "complete", "id": "unknown"}, {"type": "ping"})
        assert await talk.receive() == {"type": "pong"}
        await talk.send(subscribe(GOOD))
        assert [message["type"] for message in await talk.until_end()] == ["next", "complete"]


@pytest.mark.parametrize("protocol", ["graphql-ws", "unknown"])
async def test_other_subprotocols_are_refused(gateway: Gateway, protocol: str) -> None:
    async with conversation(gateway, protocol=protocol) as talk:
        assert await talk.closed() == (4406, "Subprotocol not acceptable")


async def test_a_frame_that_is_too_large_is_refused(gateway: Gateway) -> None:
    async with conversation(gateway) as talk:
        await talk.initialise()
        await talk.send(json.dumps({"type": "ping", "payload": {"x": "y" * 70_000}}))
        code, _ = await talk.closed()
    assert code == 1009


async def test_a_document_that_does_not_fit_is_that_operations_error_only(gateway: Gateway) -> None:
    async with conversation(gateway) as talk:
        await talk.initialise()
        for number, query in enumerate(["{ nothing }", "{", "query($x: Int!) { dishes(first: $x) { id } }"]):
            await talk.subscribe(query, id=str(number))
            (error,) = await talk.until_end()
            assert error["type"] == "error"
            assert error["id"] == str(number)
            assert error["payload"][0]["extensions"]["requestId"]
        await talk.subscribe('{ echo(text: "x") }')
        assert [message["type"] for message in await talk.until_end()] == ["next", "complete"]
