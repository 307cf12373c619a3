"""A sink's step follows the engine's acknowledgement: nothing is lost to it, whatever fails on the way."""

import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager, suppress
from itertools import pairwise

import pytest

from kernel.calling import Call
from kernel.consuming import Consumer
from kernel.digesting import Pouring
from kernel.log import START, Recorded
from kernel.ports import Outage
from kernel.subgraph import Sink
from kernel.tailing import Tail
from tests.kernel.tally import Bench, Count, Counted
from tests.patience import eventually

pytestmark = pytest.mark.anyio


class Basin:
    """An engine that keeps what it is given by id; it can be away, or choke on a record."""

    def __init__(self) -> None:
        self.kept: dict[str, int] = {}
        self.poured = 0
        self.away = False
        self.dies_after: int | None = None
        self.chokes_on = ""


async def pour(records: Sequence[Recorded], basin: Basin) -> None:
    if basin.away:
        raise Outage("the basin is away")
    for before, after in pairwise(records):
        assert before.position < after.position
    for record in records:
        if record.stream == basin.chokes_on:
            raise ValueError("cannot be poured")
        assert isinstance(record.message, Counted)
        basin.kept[record.id] = record.message.by
        basin.poured += 1
        if basin.dies_after is not None and basin.poured >= basin.dies_after:
            basin.dies_after = None
            raise Outage("died when it had kept a part of it")


BASIN = Sink(name="tally.basin", topics=("tally.events",), port=Basin, pour=pour)


@asynccontextmanager
async def pouring(bench: Bench, basin: Basin, sink: Sink[Basin] = BASIN) -> AsyncGenerator[Consumer]:
    tail = Tail(bench.log, "tally", ("tally.events",))
    digest = Pouring(sink, basin, bench.equipment.checkpoints)
    consumer = Consumer(digest, [tail], bench.equipment, gather_s=sink.gather_s)
    tasks = [asyncio.create_task(loop.run()) for loop in (tail, consumer)]
    try:
        yield consumer
    finally:
        for task in tasks:
            task.cancel()
        for task in tasks:
            with suppress(asyncio.CancelledError):
                await task


async def test_news_gathers_before_it_is_poured(bench: Bench) -> None:
    basin, batches = Basin(), list[int]()

    async def pour_and_count(records: Sequence[Recorded], port: Basin) -> None:
        batches.append(len(records))
        await pour(records, port)

    sink = Sink(name="tally.basin", topics=("tally.events",), port=Basin, pour=pour_and_count, gather_s=0.5)
    async with pouring(bench, basin, sink):
        await count(bench, "a", 1, 2, 3, 4, 5, 6)
        await holds(basin, 1, 2, 3, 4, 5, 6)
    assert len(batches) < 6


async def count(bench: Bench, tally: str, *steps: int) -> None:
    for by in steps:
        await bench.handler.handle(Count(tally=tally, by=by), Call(correlation="test"))


async def holds(basin: Basin, *counted: int) -> None:
    async def all_of_them() -> bool:
        return sorted(basin.kept.values()) == sorted(counted)

    await eventually(all_of_them)


async def test_a_new_sink_begins_with_the_first_record_and_goes_on_from_its_step(bench: Bench) -> None:
    await count(bench, "a", 1, 2, 3)
    basin = Basin()
    async with pouring(bench, basin) as consumer:
        await eventually(lambda: _has_stepped(consumer))
        assert sorted(basin.kept.values()) == [1, 2, 3]
    await count(bench, "b", 4)
    async with pouring(bench, basin):
        await holds(basin, 1, 2, 3, 4)
        assert basin.poured == 4


async def _has_stepped(consumer: Consumer) -> bool:
    return any(at > START for at in consumer.at.values())


async def test_what_was_not_acknowledged_is_poured_again(bench: Bench) -> None:
    basin = Basin()
    basin.dies_after = 2
    await count(bench, "a", 1, 2, 3)
    async with pouring(bench, basin):
        await holds(basin, 1, 2, 3)
    assert basin.poured >= 5


async def test_an_engine_that_is_away_is_waited_for(bench: Bench) -> None:
    basin = Basin()
    basin.away = True
    async with pouring(bench, basin) as consumer:
        await count(bench, "a", 1)
        await eventually(lambda: _is_waiting(consumer))
        assert basin.kept == {}
        basin.away = False
        await holds(basin, 1)


async def _is_waiting(consumer: Consumer) -> bool:
    return bool(consumer.oldest_unread)


async def test_poison_is_parked_and_others_are_poured(bench: Bench) -> None:
    basin = Basin()
    basin.chokes_on = "bad"
    await count(bench, "bad", 1)
    await count(bench, "good", 2)
    async with pouring(bench, basin):
        await holds(basin, 2)
        await eventually(lambda: _is_parked(bench, "bad"))
    assert [letter.key for letter in await bench.equipment.dead_letters.letters("tally.basin")] == ["bad"]


async def _is_parked(bench: Bench, key: str) -> bool:
    return key in await bench.equipment.dead_letters.parked("tally.basin")
