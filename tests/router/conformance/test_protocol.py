"""graphql-transport-ws, frame by frame: what is answered, and with which code the rest is closed."""

import json

import pytest

from tests.router.conformance.conftest import Talk
from tests.router.conformance.meals import Meal

pytestmark = [pytest.mark.anyio, pytest.mark.journey]

GOOD = {"query": '{ restaurant(id: "x") { id } }'}
ANSWER = {"data": {"restaurant": None}}
FIRST_ITEM = "subscription Menu($id: ID!) { menuChanges(restaurantId: $id) { menuVersion } }"
MISFITS = ("{ nothing }", "{", "query($x: Int!) { restaurants(first: $x) { nodes { id } } }")
INIT = {"type": "connection_init"}


def subscribe(payload: object, id: object = "1") -> dict[str, object]:
    return {"id": id, "type": "subscribe", "payload": payload}


@pytest.mark.parametrize("payload", [{}, None, {"unknown": [1]}])
async def test_connection_init_is_acknowledged(talk: Talk, payload: object) -> None:
    async with talk() as told:
        await told.send({"type": "connection_init", "payload": payload})
        assert await told.receive() == {"type": "connection_ack"}


async def test_connection_init_without_payload_is_acknowledged(talk: Talk) -> None:
    async with talk() as told:
        await told.send(INIT)
        assert await told.receive() == {"type": "connection_ack"}


@pytest.mark.parametrize("payload", [None, {}, {"at": 7}])
async def test_ping_is_answered_with_its_payload(talk: Talk, payload: object) -> None:
    async with talk() as told:
        await told.send({"type": "ping", "payload": payload})
        assert await told.receive() == {"type": "pong", "payload": payload}


async def test_ping_is_answered_before_initialisation_and_pong_is_ignored(talk: Talk) -> None:
    async with talk() as told:
        await told.send({"type": "pong"}, {"type": "ping"})
        assert await told.receive() == {"type": "pong"}


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
async def test_a_broken_frame_closes_the_socket_with_4400(talk: Talk, frame: object) -> None:
    async with talk() as told:
        if frame not in BROKEN_INITS:
            await told.initialise()
        await told.send(frame)
        code, reason = await told.closed()
    assert code == 4400
    assert len(reason.encode()) <= 123


@pytest.mark.parametrize("payload", [{**GOOD, "variables": None, "operationName": None, "extensions": None}, GOOD])
async def test_absent_parts_of_a_request_may_be_null(talk: Talk, payload: object) -> None:
    async with talk() as told:
        await told.initialise()
        await told.send(subscribe(payload))
        assert (await told.until_end())[0]["payload"] == ANSWER


async def test_subscribing_before_the_acknowledgement_is_unauthorized(talk: Talk) -> None:
    async with talk() as told:
        await told.send(subscribe(GOOD))
        assert await told.closed() == (4401, "Unauthorized")


async def test_initialising_twice_is_refused(talk: Talk) -> None:
    async with talk() as told:
        await told.send(INIT, INIT)
        assert await told.closed() == (4429, "Too many initialisation requests")


async def test_an_id_in_use_is_refused_and_a_finished_one_is_free(talk: Talk, meal: Meal) -> None:
    waiting = {"query": FIRST_ITEM, "variables": {"id": meal.restaurant.id}}
    async with talk() as told:
        await told.initialise()
        await told.send(subscribe(GOOD))
        await told.until_end()
        await told.send(subscribe(waiting))
        assert (await told.receive())["type"] == "next"
        await told.send(subscribe(waiting))
        assert await told.closed() == (4409, "Subscriber for 1 already exists")


async def test_a_completed_subscription_says_nothing_more(talk: Talk, meal: Meal) -> None:
    async with talk() as told:
        await told.initialise()
        await told.send(subscribe({"query": FIRST_ITEM, "variables": {"id": meal.restaurant.id}}))
        assert (await told.receive())["type"] == "next"
        await told.send({"type": "complete", "id": "1"}, {"type": "complete", "id": "unknown"}, {"type": "ping"})
        assert await told.receive() == {"type": "pong"}
        await told.send(subscribe(GOOD))
        assert [message["type"] for message in await told.until_end()] == ["next", "complete"]


@pytest.mark.parametrize("protocol", ["graphql-ws", "unknown"])
async def test_other_subprotocols_are_refused(talk: Talk, protocol: str) -> None:
    async with talk(protocol) as told:
        assert await told.closed() == (4406, "Subprotocol not acceptable")


async def test_a_frame_that_is_too_large_is_refused(talk: Talk) -> None:
    async with talk() as told:
        await told.initialise()
        await told.send(json.dumps({"type": "ping", "payload": {"x": "y" * 70_000}}))
        code, _ = await told.closed()
    assert code == 1009


async def test_a_document_that_does_not_fit_is_that_operations_error_only(talk: Talk) -> None:
    async with talk() as told:
        await told.initialise()
        for number, query in enumerate(
            ["{ nothing }", "{", "query($x: Int!) { restaurants(first: $x) { nodes { id } } }"]
        ):
            await told.subscribe(query, id=str(number))
            (error,) = await told.until_end()
            assert error["type"] == "error"
            assert error["id"] == str(number)
            assert error["payload"][0]["extensions"]["requestId"]
        await told.subscribe(GOOD["query"])
        assert [message["type"] for message in await told.until_end()] == ["next", "complete"]
