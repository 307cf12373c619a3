"""A stream that a subgraph sends as fast as it can, as it replays what somebody missed, arrives whole and in order."""

import asyncio
import json

import httpx
import pytest

from tests.router.asking import conversation, events
from tests.router.processes import Gateway

pytestmark = pytest.mark.anyio

LONG = 5000
PLAIN = f"subscription {{ served(count: {LONG}) {{ id }} }}"
JOINED = "subscription { served(count: 200) { id similar(first: 1) { praise } } }"


@pytest.mark.parametrize(("query", "count"), [(PLAIN, LONG), (JOINED, 200)], ids=["plain", "joined"])
async def test_nothing_is_skipped_however_long_a_replay_is(gateway: Gateway, query: str, count: int) -> None:
    async with conversation(gateway) as talk:
        await talk.initialise()
        await talk.subscribe(query)
        received = await talk.until_end()
    assert [message["type"] for message in received[-2:]] == ["next", "complete"]
    assert [int(message["payload"]["data"]["served"]["id"]) for message in received[:-1]] == [*range(count)]


async def test_nothing_is_skipped_for_many_who_replay_at_once(client: httpx.AsyncClient) -> None:
    async def replayed() -> list[int]:
        items = [json.loads(data) async for name, data in events(client, PLAIN) if name == "next"]
        return [int(item["data"]["served"]["id"]) for item in items]

    for heard in await asyncio.gather(*(replayed() for _ in range(5))):
        assert heard == [*range(LONG)]
