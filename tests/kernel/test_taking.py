"""An intake takes batch after batch; what it cannot deal with is dropped, an engine that is away is waited for."""

import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager, suppress
from datetime import datetime

import pytest

from kernel import taking
from kernel.messages import Command
from kernel.ports import Outage, Views
from kernel.subgraph import Intake
from kernel.taking import Taker
from tests.kernel.tally import MOST, Bench, Count
from tests.patience import eventually

pytestmark = pytest.mark.anyio


class Buckets:
    """A source of numbers; `None` stands for its engine being away, zero for a batch that nobody understands."""

    def __init__(self) -> None:
        self._queue: asyncio.Queue[Sequence[int] | None] = asyncio.Queue()

    def pour(self, *numbers: int) -> None:
        self._queue.put_nowait(numbers)

    def break_down(self) -> None:
        self._queue.put_nowait(None)

    async def next(self) -> Sequence[int]:
        batch = await self._queue.get()
        if batch is None:
            raise Outage("the buckets are away")
        return batch


async def take(batch: Sequence[int], port: Buckets, views: Views, now: datetime) -> Sequence[Command]:
    assert isinstance(port, Buckets)
    assert now.tzinfo is not None
    return [Count(tally="taken", by=10 // number * number) for number in batch]


@asynccontextmanager
async def running(bench: Bench, buckets: Buckets) -> AsyncGenerator[None]:
    intake = Intake(name="tally.buckets", port=Buckets, take=take)
    task = asyncio.create_task(Taker(intake, buckets, bench.handler, bench.equipment).run())
    try:
        yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


async def counted(bench: Bench, total: int) -> None:
    async def holds() -> bool:
        return await bench.stored("taken") == total

    await eventually(holds)


async def test_commands_of_a_batch_are_handled_in_order(bench: Bench) -> None:
    buckets = Buckets()
    async with running(bench, buckets):
        buckets.pour(1, 2)
        buckets.pour()
        buckets.pour(5)
        await counted(bench, 30)


async def test_an_engine_that_is_away_is_waited_for(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(taking, "OUTAGE_PAUSE_S", 0.01)
    buckets = Buckets()
    async with running(bench, buckets):
        buckets.break_down()
        buckets.pour(1)
        await counted(bench, 10)


async def test_a_batch_that_breaks_is_dropped_and_the_next_is_taken(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(taking, "OUTAGE_PAUSE_S", 0.01)
    buckets = Buckets()
    async with running(bench, buckets):
        buckets.pour(0)
        buckets.pour(1)
        await counted(bench, 10)


async def test_a_refused_command_is_dropped_alone(bench: Bench) -> None:
    buckets = Buckets()
    await bench.count("taken", MOST - 10)
    async with running(bench, buckets):
        buckets.pour(1, 2)
        await counted(bench, MOST)
        buckets.pour(3)
        await counted(bench, MOST)
