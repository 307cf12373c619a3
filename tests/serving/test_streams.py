"""Subscriptions over HTTP: server-sent events that a router can split, and that end when they should."""

import asyncio
import json
from collections.abc import AsyncGenerator

import httpx
import pytest

from runtime.serving.executing import Answer
from runtime.serving.streaming import COMPLETE, HEARTBEAT, events
from tests.patience import AT_MOST_S
from tests.serving.guests import GuestServer
from tests.serving.parlour import ROUTER, Hands, Talk

pytestmark = pytest.mark.anyio

WORDS = {"query": 'subscription { words(talk: "talk") { text timesAsked } }'}
FLOOD = {"query": "subscription { flood(count: 3) }"}
STREAM = {"accept": "text/event-stream", **ROUTER}


def told(text: str) -> list[object]:
    """The data of each `next` event, split as routers do, on two line feeds."""
    parts = [part for part in text.split("\n\n") if part and not part.startswith(":")]
    assert parts[-1].startswith("event: complete")
    return [json.loads(part.split("data: ")[1]) for part in parts[:-1]]


async def test_a_subscription_is_told_as_events_with_line_feeds_only(http: httpx.AsyncClient) -> None:
    answer = await http.post("/parlour/graphql", json=FLOOD, headers=STREAM)
    assert answer.headers["content-type"].startswith("text/event-stream")
    assert "\r" not in answer.text
    assert told(answer.text) == [{"data": {"flood": number}} for number in range(3)]


async def test_a_query_may_be_streamed_too(http: httpx.AsyncClient) -> None:
    answer = await http.post("/parlour/graphql", json={"query": "{ hello }"}, headers=STREAM)
    assert told(answer.text) == [{"data": {"hello": "hello world"}}]


async def test_a_subscription_without_an_event_stream_is_not_acceptable(http: httpx.AsyncClient) -> None:
    assert (await http.post("/parlour/graphql", json=FLOOD)).status_code == 406


async def test_a_subscription_that_breaks_says_so_once_and_masked(http: httpx.AsyncClient) -> None:
    answer = await http.post("/parlour/graphql", json={"query": "subscription { trouble }"}, headers=STREAM)
    first, second = told(answer.text)
    assert first == {"data": {"trouble": "so far so good"}}
    assert "INTERNAL" in json.dumps(second)
    assert "hunter2" not in answer.text


async def test_each_event_is_executed_with_nothing_kept_from_the_one_before(
    http: httpx.AsyncClient, talk: Talk
) -> None:
    talk.say("one", "goodbye")
    query = 'subscription { words(talk: "talk", after: "") { text timesAsked again: timesAsked } }'
    answer = await http.post("/parlour/graphql", json={"query": query}, headers=STREAM)
    assert told(answer.text) == [
        {"data": {"words": {"text": "resync UNKNOWN", "timesAsked": 1, "again": 2}}},
        {"data": {"words": {"text": "so far", "timesAsked": 1, "again": 2}}},
    ]


async def test_a_stream_ends_when_its_token_expires(server: GuestServer, talk: Talk, hands: Hands) -> None:
    headers = STREAM | {"authorization": f"Bearer aino@{hands.seconds + 60}"}
    async with (
        httpx.AsyncClient(base_url=f"http://{server.address}") as client,
        client.stream("POST", "/parlour/graphql", json=WORDS, headers=headers) as answer,
    ):
        lines = answer.aiter_lines()
        while not (await anext(lines)).startswith("event: next"):
            pass
        hands.seconds += 61
        rest = "\n".join([line async for line in lines])
    assert "TOKEN_EXPIRED" in rest
    assert "event: complete" in rest


async def test_a_client_that_leaves_takes_its_watcher_along(own_server: GuestServer, talk: Talk) -> None:
    async with httpx.AsyncClient(base_url=f"http://{own_server.address}") as client:
        async with client.stream("POST", "/parlour/graphql", json=WORDS, headers=STREAM) as answer:
            lines = answer.aiter_lines()
            while not (await anext(lines)).startswith("event: next"):
                pass
            assert len(talk.watchers) == 1
        while own_server.server_state.tasks:
            await asyncio.wait(own_server.server_state.tasks, timeout=AT_MOST_S)
    assert talk.watchers == []


async def test_stopping_completes_streams(own_server: GuestServer, talk: Talk) -> None:
    async with (
        httpx.AsyncClient(base_url=f"http://{own_server.address}") as client,
        client.stream("POST", "/parlour/graphql", json=WORDS, headers=STREAM) as answer,
    ):
        lines = answer.aiter_lines()
        while not (await anext(lines)).startswith("event: next"):
            pass
        own_server.should_exit = True
        assert "event: complete" in [line async for line in lines]
    assert talk.watchers == []


async def test_a_quiet_stream_beats(talk: Talk) -> None:
    closed = asyncio.Event()

    async def quiet() -> AsyncGenerator[Answer, None]:
        try:
            await asyncio.Event().wait()
            yield Answer({})
        finally:
            closed.set()

    draining = asyncio.Event()
    stream = events(quiet(), draining, heartbeat_s=0.01)
    assert [await anext(stream) for _ in range(3)] == [HEARTBEAT] * 3
    draining.set()
    assert [part async for part in stream] == [COMPLETE]
    assert closed.is_set()
