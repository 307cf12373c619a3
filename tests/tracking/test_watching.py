"""Watching a delivery: first as the query has it, then the latest, at most one item a second, while one may."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing

import pytest

from kernel.messages import ANONYMOUS
from subgraphs.tracking.schema import watching
from tests.patience import AT_MOST_S
from tests.tracking.bench import Bench, Json
from tests.tracking.riding import (
    AINO,
    DOOR,
    EERO,
    HOME,
    KITCHEN,
    ORDER,
    OTSO,
    SANNA,
    UKKO,
    accepted,
    after,
    assigned,
    completed,
    north_of,
    picked_up,
    placed,
    requested,
    unassigned,
)
from tests.tracking.test_locating import LOCATION, SHOWN

pytestmark = pytest.mark.anyio

WATCH = f"subscription($id: ID!) {{ deliveryLocation(orderId: $id) {{ {SHOWN} }} }}"


async def next_of(stream: AsyncGenerator[Json]) -> Json:
    async with asyncio.timeout(AT_MOST_S):
        return await anext(stream)


async def refused(stream: AsyncGenerator[Json]) -> str:
    """The code of the error that ends the stream."""
    with pytest.raises(PermissionError) as why:
        await next_of(stream)
    return str(why.value)


async def test_the_first_item_is_what_the_query_answers_also_after_a_reconnect(bench: Bench) -> None:
    await bench.tell(placed, accepted, requested, assigned(14))
    for minutes in (15, 16):
        await bench.ride(OTSO, HOME, minutes)
        async with aclosing(bench.watch(AINO, WATCH, id=ORDER)) as stream:
            assert await next_of(stream) == (await bench.ask(AINO, LOCATION, id=ORDER))["deliveryLocation"]


async def test_whoever_has_just_ordered_may_watch_before_any_view_shows_it(bench: Bench) -> None:
    async with aclosing(bench.watch(AINO, WATCH, id=ORDER)) as stream:
        first = asyncio.create_task(next_of(stream))
        done, _ = await asyncio.wait([first], timeout=0.2)
        assert not done
        await bench.tell(placed)
        assert (await first)["phase"] == "LOOKING_FOR_COURIER"


async def test_the_latest_wins_and_it_completes_with_the_delivery(bench: Bench) -> None:
    loop = asyncio.get_running_loop()
    await bench.tell(placed, accepted, requested, assigned(14), picked_up)
    await bench.ride(OTSO, KITCHEN, 22)
    async with aclosing(bench.watch(AINO, WATCH, id=ORDER)) as stream:
        items = [await next_of(stream)]
        begun = loop.time()
        for step in range(1, 6):  # five positions at once: only the last is told
            await bench.ride(OTSO, north_of(KITCHEN, 100 * step), 22 + step / 10)
        items.append(await next_of(stream))
        assert loop.time() - begun >= watching.INTERVAL_S * 0.9
        await bench.tell(completed)
        items += [item async for item in stream]
    assert [item["phase"] for item in items] == ["TO_CUSTOMER", "TO_CUSTOMER", "ENDED"]
    assert items[1]["position"]["recordedAt"] == "2026-11-20T17:22:30Z"
    assert items[-1] == (await bench.ask(AINO, LOCATION, id=ORDER))["deliveryLocation"]
    recorded_at = [item["position"]["recordedAt"] for item in items if item["position"]]
    assert recorded_at == sorted(recorded_at)


async def test_an_ended_delivery_is_told_once(bench: Bench) -> None:
    await bench.tell(placed, accepted, requested, assigned(14), picked_up, completed)
    async with asyncio.timeout(AT_MOST_S):
        items = [item async for item in bench.watch(AINO, WATCH, id=ORDER)]
    assert [item["phase"] for item in items] == ["ENDED"]


async def test_silence_is_told_though_nobody_announces_it(bench: Bench) -> None:
    await bench.tell(placed, accepted, requested, assigned(14), picked_up)
    await bench.ride(OTSO, DOOR, 22)
    async with aclosing(bench.watch(AINO, WATCH, id=ORDER)) as stream:
        assert (await next_of(stream))["signalLost"] is False
        bench.clock.at = after(24)
        assert (await next_of(stream))["signalLost"] is True


async def test_strangers_may_not_watch(bench: Bench) -> None:
    await bench.tell(placed, accepted, requested, assigned(14))
    for viewer in (EERO, UKKO, ANONYMOUS):
        assert await refused(bench.watch(viewer, WATCH, id=ORDER)) == "NOT_FOUND"
    assert await refused(bench.watch(SANNA, WATCH, id="order_1")) == "NOT_FOUND"


async def test_a_courier_who_was_replaced_is_told_no_more(bench: Bench) -> None:
    await bench.tell(placed, accepted, requested, assigned(14))
    async with aclosing(bench.watch(OTSO, WATCH, id=ORDER)) as stream:
        assert (await next_of(stream))["phase"] == "TO_RESTAURANT"
        await bench.tell(unassigned)
        assert await refused(stream) == "FORBIDDEN"


async def test_a_token_that_ends_ends_the_stream(bench: Bench) -> None:
    await bench.tell(placed, accepted, requested, assigned(14))
    async with aclosing(bench.watch(AINO, WATCH, remaining_s=0, id=ORDER)) as stream:
        await next_of(stream)
        assert await refused(stream) == "TOKEN_EXPIRED"
