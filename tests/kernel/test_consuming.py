"""Consumers take every record in, once, in order, whatever is killed, lost or poisonous on the way."""

import asyncio
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from dataclasses import replace
from itertools import pairwise

import msgspec
import pytest

from kernel.calling import Accepted, Call
from kernel.committing import Advance
from kernel.consuming import Consumer, Digest
from kernel.digesting import Feeding, Projecting, Reacting, carry_out
from kernel.log import START, Position, Recorded, Sealed
from kernel.messages import Command
from kernel.ports import EventLog, Outage, TopicPartition, Wakeup
from kernel.replaying import replay
from kernel.subgraph import Reaction
from kernel.tailing import Tail
from tests.kernel.tally import EVERYTHING, TALLY, TALLY_VIEW, Bench, Count, Counted, Name, echo
from tests.patience import eventually

pytestmark = pytest.mark.anyio


@asynccontextmanager
async def consuming(bench: Bench, *digests: Digest, from_start: bool = True) -> AsyncGenerator[list[Consumer]]:
    """A worker with these digests, running inside the block, killed at its end."""
    tail = Tail(bench.log, "tally", ("tally.events",))
    consumers = [Consumer(digest, [tail], bench.equipment, from_start=from_start) for digest in digests]
    tasks = [asyncio.create_task(loop.run()) for loop in (tail, *consumers)]
    try:
        yield consumers
    finally:
        for task in tasks:
            task.cancel()
        for task in tasks:
            with suppress(asyncio.CancelledError):
                await task


def view(bench: Bench) -> Projecting:
    return Projecting(TALLY_VIEW, bench.equipment.view_store)


def feeding(bench: Bench) -> Feeding:
    return Feeding(EVERYTHING, bench.equipment.view_store, bench.equipment.signals)


def echoing(bench: Bench) -> Reacting:
    return Reacting(TALLY.reactions[0], bench.handler, bench.equipment.checkpoints)


async def shows(bench: Bench, tally: str, total: int) -> None:
    async def holds() -> bool:
        return await bench.total(tally) == total

    await eventually(holds)


async def test_a_view_follows_its_streams(bench: Bench) -> None:
    await bench.count("before", 2)
    async with consuming(bench, view(bench)):
        await shows(bench, "before", 2)
        await bench.count("after", 3)
        await bench.count("before", 1)
        await shows(bench, "after", 3)
        await shows(bench, "before", 3)


async def test_watchers_of_a_view_are_woken_once_it_shows_what_happened(bench: Bench) -> None:
    def wakes(record: Recorded) -> Sequence[str]:
        return [f"view:{record.stream}"]

    waking = replace(TALLY_VIEW, wakes=wakes)
    digest = Projecting(waking, bench.equipment.view_store, bench.equipment.signals)
    async with bench.equipment.signals.watch(["view:a"]) as wakeup, consuming(bench, digest):
        await bench.count("a", 2)
        assert await wakeup.wait(10)
        assert await bench.total("a") == 2


async def test_a_new_worker_goes_on_where_the_last_one_was_killed(bench: Bench) -> None:
    for _ in range(5):
        async with consuming(bench, view(bench)):
            await bench.count("a", 1)
    async with consuming(bench, view(bench)):
        await shows(bench, "a", 5)


async def test_two_workers_do_not_count_twice(bench: Bench) -> None:
    async with consuming(bench, view(bench), feeding(bench)), consuming(bench, view(bench), feeding(bench)):
        for number in range(60):
            await bench.count(f"t{number % 7}", 1)
        for number in range(7):
            await shows(bench, f"t{number}", 9 if number < 4 else 8)

        async def numbered() -> bool:
            return await bench.equipment.views.feed_head(EVERYTHING, "all") == 60

        await eventually(numbered)
    items = await bench.equipment.views.feed(EVERYTHING, "all", 0, 100)
    assert [item.sequence for item in items] == list(range(1, 61))
    places = [(item.stream, item.version) for item in items]
    assert len(set(places)) == 60
    assert all(
        [version for stream, version in places if stream == tally] == list(range(1, count + 1))
        for tally, count in {"t0": 9, "t6": 8}.items()
    )


async def test_a_reaction_repeated_has_one_effect(bench: Bench) -> None:
    await bench.count("a", 4)
    async with consuming(bench, echoing(bench)):

        async def echoed() -> bool:
            return await bench.stored("ea") == 4

        await eventually(echoed)
    (event,) = await bench.equipment.journal.read("a")
    record = bench.equipment.codec.open(event)
    nowhere = Advance(consumer="elsewhere", topic="tally.events", partition=0, before=START, after=event.at)
    await echoing(bench).digest([record], nowhere)
    assert await bench.stored("ea") == 4


async def test_poison_parks_its_key_and_the_others_flow(bench: Bench) -> None:
    await bench.handler.handle(Name(tally="bad", name="poison"), Call(correlation="tests"))
    await bench.count("bad", 1)
    for number in range(20):
        await bench.count(f"good{number}", 1)
    async with consuming(bench, view(bench)) as (consumer,):
        for number in range(20):
            await shows(bench, f"good{number}", 1)
        await bench.count("bad", 1)

        async def parked() -> bool:
            return len(await bench.equipment.dead_letters.letters("tally_view")) == 3

        await eventually(parked)
        assert consumer.parked == {"bad"}
    first, *behind = await bench.equipment.dead_letters.letters("tally_view", "bad")
    assert "ArithmeticError: nobody can count that" in first.error
    assert "Traceback" in first.traceback
    assert [letter.error for letter in behind] == ["KeyParked: bad", "KeyParked: bad"]
    assert await bench.total("bad") is None


async def test_a_parked_key_stays_parked_for_the_next_worker(bench: Bench) -> None:
    await bench.handler.handle(Name(tally="bad", name="poison"), Call(correlation="tests"))
    async with consuming(bench, view(bench)):

        async def parked() -> bool:
            return "bad" in await bench.equipment.dead_letters.parked("tally_view")

        await eventually(parked)
    async with consuming(bench, view(bench)) as (consumer,):
        await bench.count("bad", 1)
        await bench.count("good", 1)
        await shows(bench, "good", 1)
        assert "bad" in consumer.parked


async def test_replayed_letters_are_digested_in_order(bench: Bench) -> None:
    class Mended:
        """The view as it is once the bug is mended."""

        name, topics = "tally_view", ("tally.events",)
        seen: tuple[int | None, ...] = ()

        async def digest(self, records: Sequence[Recorded], advance: Advance) -> bool:
            self.seen = (*self.seen, *(record.version for record in records))
            return await bench.equipment.checkpoints.advance(advance)

    await bench.handler.handle(Name(tally="bad", name="poison"), Call(correlation="tests"))
    await bench.count("bad", 1)
    async with consuming(bench, view(bench)):

        async def parked() -> bool:
            return len(await bench.equipment.dead_letters.letters("tally_view")) == 2

        await eventually(parked)
    mended = Mended()
    assert await replay(mended, "bad", bench.equipment) == 2
    assert mended.seen == (1, 2)
    assert await bench.equipment.dead_letters.parked("tally_view") == frozenset()


async def test_a_refused_reaction_is_a_dead_letter(bench: Bench) -> None:
    await bench.count("ea", 99)
    await bench.count("a", 2)
    async with consuming(bench, echoing(bench)):

        async def parked() -> bool:
            return "a" in await bench.equipment.dead_letters.parked("tally.echo")

        await eventually(parked)
    (letter,) = await bench.equipment.dead_letters.letters("tally.echo")
    assert "Rejected: Count was refused: TooMuch" in letter.error


async def test_an_outage_is_waited_out_and_is_no_poison(bench: Bench) -> None:
    class Shaky:
        """A view whose engine is away at first."""

        name, topics = "tally_view", ("tally.events",)
        failures = 0

        async def digest(self, records: Sequence[Recorded], advance: Advance) -> bool:
            if self.failures < 1:
                self.failures += 1
                raise Outage("the engine is away")
            return await view(bench).digest(records, advance)

    await bench.count("a", 2)
    async with consuming(bench, Shaky()):
        await shows(bench, "a", 2)
    assert await bench.equipment.dead_letters.parked("tally_view") == frozenset()


async def test_an_outage_while_poison_is_looked_for_is_no_poison_either(bench: Bench) -> None:
    class Shaky:
        """A view that fails at first, then is away, then is well."""

        name, topics = "tally_view", ("tally.events",)
        mishaps: tuple[Exception, ...] = (ArithmeticError("once"), Outage("the engine is away"))

        async def digest(self, records: Sequence[Recorded], advance: Advance) -> bool:
            if self.mishaps:
                mishap, *rest = self.mishaps
                self.mishaps = tuple(rest)
                raise mishap
            return await view(bench).digest(records, advance)

    await bench.count("a", 2)
    async with consuming(bench, Shaky()):
        await shows(bench, "a", 2)
    assert await bench.equipment.dead_letters.parked("tally_view") == frozenset()


async def test_a_long_outage_is_asked_after_ever_more_seldom(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("kernel.consuming.OUTAGE_PAUSE_S", 0.01)

    class Away:
        """A view whose engine is away six times."""

        name, topics = "tally_view", ("tally.events",)
        asked: tuple[float, ...] = ()

        async def digest(self, records: Sequence[Recorded], advance: Advance) -> bool:
            self.asked += (asyncio.get_running_loop().time(),)
            if len(self.asked) < 7:
                raise Outage("the engine is away")
            return await view(bench).digest(records, advance)

    away = Away()
    await bench.count("a", 2)
    async with consuming(bench, away):
        await shows(bench, "a", 2)
    pauses = [later - earlier for earlier, later in pairwise(away.asked)]
    assert all(pause > 0.009 * 2**n for n, pause in enumerate(pauses))


async def test_lost_wake_ups_cost_a_poll_and_nothing_else(bench: Bench) -> None:
    class Deaf:
        """Signals that lose everything."""

        async def publish(self, keys: Sequence[str]) -> None:
            pass

        def watch(self, keys: Sequence[str]) -> AbstractAsyncContextManager[Wakeup]:
            return bench.equipment.signals.watch(["nothing"])

    deaf = bench.with_signals(Deaf())
    async with consuming(deaf, view(deaf)):
        await deaf.count("a", 1)
        await shows(deaf, "a", 1)


async def test_a_consumer_far_behind_catches_up_past_the_tails_window(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("kernel.tailing.WINDOW", 3)
    async with consuming(bench, feeding(bench)):
        for _ in range(30):
            await bench.count("a", 1)
        async with consuming(bench, view(bench)):
            await shows(bench, "a", 30)


async def test_a_consumer_that_falls_behind_its_tails_window_misses_nothing(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("kernel.tailing.WINDOW", 3)
    go_on = asyncio.Event()

    class Slow:
        """A view that is busy with its first record while many more come."""

        name, topics = "tally_view", ("tally.events",)

        async def digest(self, records: Sequence[Recorded], advance: Advance) -> bool:
            await go_on.wait()
            return await view(bench).digest(records, advance)

    async with consuming(bench, Slow(), feeding(bench)):
        for _ in range(30):
            await bench.count("a", 1)

        async def seen() -> bool:
            return await bench.equipment.views.feed_head(EVERYTHING, "all") == 30

        await eventually(seen)
        go_on.set()
        await shows(bench, "a", 30)


async def test_a_consistency_token_says_when_a_view_has_caught_up(bench: Bench) -> None:
    from kernel.log import ConsistencyToken

    outcome = await bench.handler.handle(Count(tally="a", by=1), Call(correlation="tests"))
    assert isinstance(outcome, Accepted)
    token = ConsistencyToken.parse(outcome.token or "")
    assert token is not None
    views = bench.equipment.views
    assert not await views.reached("tally_view", ["tally.events"], token, wait_s=0)
    async with consuming(bench, view(bench)):
        assert await views.reached("tally_view", ["tally.events"], token, wait_s=10)
    assert await bench.total("a") == 1


async def test_a_new_reaction_begins_at_the_head_and_skips_nothing_after_that(bench: Bench) -> None:
    await bench.count("a", 1)
    await settled(bench, "a")
    async with consuming(bench, echoing(bench), from_start=False) as (consumer,):

        async def begun() -> bool:
            return len(consumer.at) == bench.log.partitions("tally")

        await eventually(begun)
    await bench.count("a", 2)
    async with consuming(bench, echoing(bench), from_start=False):

        async def echoed() -> bool:
            return await bench.stored("ea") == 2

        await eventually(echoed)
    assert await bench.stored("ea") == 2


async def settled(bench: Bench, tally: str) -> None:
    """Returns when the log shows all of the tally's records."""
    last = (await bench.equipment.journal.read(tally))[-1]

    async def visible() -> bool:
        return await bench.log.head("tally.events", last.partition) >= last.at

    await eventually(visible)


async def test_a_reaction_that_was_overtaken_commits_nothing(bench: Bench) -> None:
    await bench.count("a", 4)
    (sealed,) = await bench.equipment.journal.read("a")
    record = bench.equipment.codec.open(sealed)
    step = Advance(consumer="tally.echo", topic=sealed.topic, partition=sealed.partition, before=START, after=sealed.at)
    assert await bench.equipment.checkpoints.advance(step)
    ahead = msgspec.structs.replace(step, before=Position(txid=1, position=1))
    assert not await echoing(bench).digest([record], ahead)
    assert await bench.stored("ea") == 0


async def test_a_reaction_goes_past_each_event_with_the_commands_it_gave(bench: Bench) -> None:
    await bench.count("ea", 90)
    for by in (4, 5, 50):
        await bench.count("a", by)
    async with consuming(bench, echoing(bench)):

        async def parked() -> bool:
            return "a" in await bench.equipment.dead_letters.parked("tally.echo")

        await eventually(parked)
    assert await bench.stored("ea") == 99
    (letter,) = await bench.equipment.dead_letters.letters("tally.echo")
    assert letter.record.version == 3


async def test_a_reaction_that_died_between_two_commands_repeats_neither(bench: Bench) -> None:
    def twice(record: Recorded) -> Sequence[Command]:
        event = record.message
        assert isinstance(event, Counted)
        return [Count(tally="one", by=event.by), Count(tally="two", by=event.by)]

    await bench.count("a", 60)
    (sealed,) = await bench.equipment.journal.read("a")
    record = bench.equipment.codec.open(sealed)
    await carry_out(bench.handler, "tally.twice", record, twice(record)[:1])
    reaction = Reaction(name="tally.twice", topics=("tally.events",), react=twice)
    step = Advance(
        consumer="tally.twice", topic=sealed.topic, partition=sealed.partition, before=START, after=sealed.at
    )
    assert await Reacting(reaction, bench.handler, bench.equipment.checkpoints).digest([record], step)
    assert (await bench.stored("one"), await bench.stored("two")) == (60, 60)
    assert await bench.equipment.checkpoints.load("tally.twice", sealed.topic, sealed.partition) == sealed.at


async def test_the_step_past_a_command_that_was_done_and_would_now_be_refused_is_made(bench: Bench) -> None:
    await bench.count("a", 60)
    (sealed,) = await bench.equipment.journal.read("a")
    record = bench.equipment.codec.open(sealed)
    await carry_out(bench.handler, "tally.echo", record, echo(record))
    async with consuming(bench, echoing(bench)):

        async def past() -> bool:
            at = await bench.equipment.checkpoints.load("tally.echo", sealed.topic, sealed.partition)
            return at is not None and at >= sealed.at

        await eventually(past)
    assert await bench.stored("ea") == 60
    assert await bench.equipment.dead_letters.letters("tally.echo") == []


class LateHead:
    """A log that says where its head is only when it is let to."""

    def __init__(self, log: EventLog) -> None:
        self.partitions, self.watch, self.share = log.partitions, log.watch, log.share
        self._log, self.was_read, self.let_go = log, asyncio.Event(), asyncio.Event()

    async def read(self, after: Mapping[TopicPartition, Position], limit: int) -> Sequence[Sealed]:
        found = await self._log.read(after, limit)
        self.was_read.set()
        return found

    async def head(self, topic: str, partition: int) -> Position:
        await self.let_go.wait()
        return await self._log.head(topic, partition)


async def test_what_comes_while_a_tail_begins_is_not_waited_for(bench: Bench) -> None:
    log = LateHead(bench.log)
    tail = Tail(log, "tally", ("tally.events",))
    consumer = Consumer(view(bench), [tail], bench.equipment)
    tasks = [asyncio.create_task(loop.run()) for loop in (tail, consumer)]
    try:
        await log.was_read.wait()
        await bench.count("a", 1)
        await settled(bench, "a")
        log.let_go.set()
        await shows(bench, "a", 1)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks)
