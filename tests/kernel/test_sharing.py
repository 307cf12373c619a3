"""Workers of one group: each consumes what is in its share, and what moves goes on where it stood."""

import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace

import pytest

from kernel.committing import Advance
from kernel.consuming import Consumer
from kernel.digesting import Feeding, Projecting
from kernel.log import Recorded, TopicPartition
from kernel.performing import Performer
from kernel.ports import EventLog
from kernel.sharing import Share, Whole
from kernel.tailing import Tail
from tests.kernel.tally import EVERYTHING, TALLY_VIEW, Bench
from tests.kernel.test_effects_and_timers import RINGING, Bell, heard, running
from tests.patience import eventually

pytestmark = pytest.mark.anyio

TOPIC = "tally.events"


class Dealt:
    """The log of one worker, whose share is dealt by hand."""

    def __init__(self, log: EventLog) -> None:
        self.partitions, self.watch, self.read, self.head = log.partitions, log.watch, log.read, log.head
        self.hand = Whole(())

    @asynccontextmanager
    async def share(self, topics: Sequence[str], group: str) -> AsyncGenerator[Share]:
        yield self.hand

    async def deal(self, bench: Bench, *partitions: int) -> None:
        self.hand.parts = frozenset((TOPIC, partition) for partition in partitions)
        await bench.equipment.signals.publish(["log:tally"])


@dataclass
class Seeing:
    """The view, and who has seen what."""

    view: Projecting
    seen: list[tuple[int, str]]
    name: str = "tally_view"
    topics: tuple[str, ...] = (TOPIC,)

    async def digest(self, records: Sequence[Recorded], advance: Advance) -> bool:
        self.seen.extend((record.partition, record.stream) for record in records)
        return await self.view.digest(records, advance)


class Worker:
    """A view and an effect over a share."""

    def __init__(self, bench: Bench, bell: Bell) -> None:
        self.log = Dealt(bench.log)
        self.tail = Tail(self.log, "tally", (TOPIC,), group="work")
        self.seeing = Seeing(Projecting(TALLY_VIEW, bench.equipment.view_store), [])
        feeding = Feeding(EVERYTHING, bench.equipment.view_store, bench.equipment.signals)
        self.consumers = [Consumer(each, [self.tail], bench.equipment) for each in (self.seeing, feeding)]
        self.performer = Performer(RINGING, bell, self.tail, bench.handler, bench.equipment)

    @asynccontextmanager
    async def working(self) -> AsyncGenerator["Worker"]:
        async with running(self.tail.run(), self.performer.run(), *(consumer.run() for consumer in self.consumers)):
            yield self

    @property
    def partitions(self) -> set[int]:
        """What it has seen records of."""
        return {partition for partition, _ in self.seeing.seen}

    async def holds(self, *partitions: int) -> None:
        parts: set[TopicPartition] = {(TOPIC, partition) for partition in partitions}

        async def held() -> bool:
            return all(consumer.at.keys() == parts for consumer in self.consumers)

        await eventually(held)


@pytest.fixture(autouse=True)
def often(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("kernel.tailing.IDLE_POLL_S", 0.1)


async def all_counted(bench: Bench, tallies: Sequence[str], total: int) -> None:
    """In the view, in the feed and by the bell, each once."""
    for tally in tallies:
        await heard(bench, tally, total)

    async def shown() -> bool:
        fed = await bench.equipment.views.feed_head(EVERYTHING, "all")
        return fed >= 2 * total * len(tallies) and [await bench.total(tally) for tally in tallies] == [total] * len(
            tallies
        )

    await eventually(shown)
    items = await bench.equipment.views.feed(EVERYTHING, "all", 0, 1000)
    places = [(item.stream, item.version) for item in items if not item.stream.startswith("heard")]
    assert sorted(places) == [(tally, number) for tally in sorted(tallies) for number in range(1, total + 1)]
    for tally in tallies:
        versions = [version for stream, version in places if stream == tally]
        assert versions == sorted(versions)


async def test_each_worker_consumes_its_share_and_nothing_else(bench: Bench) -> None:
    one, other = Worker(bench, Bell()), Worker(bench, Bell())
    async with one.working(), other.working():
        await one.log.deal(bench, 0, 1)
        await other.log.deal(bench, 2, 3)
        await one.holds(0, 1)
        await other.holds(2, 3)
        tallies = [f"t{number}" for number in range(12)]
        for tally in tallies:
            await bench.count(tally)
        await all_counted(bench, tallies, 1)
    assert (one.partitions, other.partitions) == ({0, 1}, {2, 3})


async def test_whoever_has_no_share_consumes_nothing(bench: Bench) -> None:
    idle = Worker(bench, Bell())
    async with idle.working():
        await bench.count("a")
        busy = Worker(bench, Bell())
        async with busy.working():
            await busy.log.deal(bench, 0, 1, 2, 3)
            await all_counted(bench, ["a"], 1)
    assert idle.seeing.seen == []


async def test_partitions_that_go_to_and_fro_are_consumed_once_in_order(bench: Bench) -> None:
    bell = Bell()
    workers = [Worker(bench, bell), Worker(bench, bell)]
    tallies = [f"t{number}" for number in range(8)]
    async with workers[0].working(), workers[1].working():
        for turn in range(6):
            mine = [partition for partition in range(4) if (partition + turn) % 3]
            await workers[turn % 2].log.deal(bench, *mine)
            await workers[1 - turn % 2].log.deal(bench, *(partition for partition in range(4) if partition not in mine))
            for tally in tallies:
                await bench.count(tally)
        await all_counted(bench, tallies, 6)
    assert all(worker.partitions for worker in workers)


async def test_what_comes_to_two_workers_at_once_is_consumed_once(bench: Bench) -> None:
    tallies = [f"t{number}" for number in range(8)]
    one, other = Worker(bench, Bell()), Worker(bench, Bell())
    async with one.working(), other.working():
        await one.log.deal(bench, 0, 1, 2, 3)
        await other.log.deal(bench, 0, 1, 2, 3)
        for _ in range(3):
            for tally in tallies:
                await bench.count(tally)
        await all_counted(bench, tallies, 3)


async def test_an_effect_under_way_finishes_when_its_partition_goes_and_is_not_tried_again(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("kernel.performing.OUTAGE_PAUSE_S", 0.02)
    monkeypatch.setattr("kernel.performing.LONGEST_PAUSE_S", 0.02)
    bell, other_bell = Bell(), Bell()
    bell.held, bell.dead = {"slow"}, {"dead"}
    one, other = Worker(bench, bell), Worker(bench, other_bell)
    async with one.working():
        await one.log.deal(bench, 0, 1, 2, 3)
        for tally in ("slow", "dead"):
            await bench.count(tally)

        async def both_begun() -> bool:
            return bell.ringing == 1 and one.performer.outages > 0

        await eventually(both_begun)
        await one.log.deal(bench)
        await one.holds()
        async with other.working():
            await other.log.deal(bench, 0, 1, 2, 3)
            await heard(bench, "dead", 1)
            await heard(bench, "slow", 1)
            bell.let_go.set()

            async def rung() -> bool:
                return bell.rung == [("slow", 1)]

            await eventually(rung)
            tries = one.performer.outages
            await bench.count("dead")
            await heard(bench, "dead", 2)
            assert one.performer.outages == tries
            assert (await bench.stored("heard-slow"), one.performer.under_way) == (1, 0)


async def test_an_effect_goes_on_when_its_partition_comes_back(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("kernel.performing.OUTAGE_PAUSE_S", 0.05)
    bell = Bell()
    bell.dead = {"a"}
    worker = Worker(bench, bell)
    async with worker.working():
        await worker.log.deal(bench, 0, 1, 2, 3)
        for _ in range(3):
            await bench.count("a")

        async def tried() -> bool:
            return worker.performer.outages > 1

        await eventually(tried)
        await worker.log.deal(bench)
        await worker.holds()
        await worker.log.deal(bench, 0, 1, 2, 3)
        await worker.holds(0, 1, 2, 3)
        bell.dead = set()
        await heard(bench, "a", 3)
        (last,) = (await bench.equipment.journal.read("a"))[-1:]

        async def saved() -> bool:
            at = await bench.equipment.checkpoints.load("tally.bell", last.topic, last.partition)
            return at is not None and at >= last.at

        await eventually(saved)
    assert bell.rung == [("a", 1)] * 3


async def test_a_letter_under_way_while_shares_move_holds_its_key(bench: Bench) -> None:
    parking, shared = asyncio.Event(), asyncio.Event()

    class Slow:
        """Letters that take their time."""

        def __getattr__(self, name: str) -> object:
            return getattr(bench.equipment.dead_letters, name)

        async def park(self, *arguments: object) -> bool:
            parking.set()
            await shared.wait()
            return await bench.equipment.dead_letters.park(*arguments)  # pyright: ignore[reportArgumentType]  (whatever came)

    bell = Bell()
    bell.broken = {"a": ArithmeticError("no such bell")}
    equipment = replace(bench.equipment, dead_letters=Slow())
    worker = Worker(replace(bench, equipment=equipment), bell)
    partition = (await _counted(bench, "a"))[0]
    async with worker.working():
        await worker.log.deal(bench, partition)
        await parking.wait()
        await worker.log.deal(bench, *range(4))  # and the keys that are parked are loaded again
        await worker.holds(*range(4))
        await bench.count("a")
        shared.set()

        async def queued() -> bool:
            return len(await bench.equipment.dead_letters.letters("tally.bell", "a")) == 2

        await eventually(queued)
    assert bell.rung == []


async def _counted(bench: Bench, tally: str) -> tuple[int, int]:
    await bench.count(tally)
    (record,) = await bench.equipment.journal.read(tally)
    return record.partition, record.at.position
