"""Effects happen at least once, in order per stream, side by side across streams; timers fire when due, once."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Coroutine, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from datetime import datetime, timedelta

import msgspec
import pytest

from kernel.calling import Call
from kernel.committing import Advance
from kernel.ids import derive_id
from kernel.log import START, Position, Recorded
from kernel.messages import Command
from kernel.performing import Performer
from kernel.ports import Checkpoints, Outage
from kernel.subgraph import Effect
from kernel.tailing import Tail
from kernel.ticking import Ticker
from kernel.timers import DueTimer, Timers
from tests.kernel.tally import Bench, Count, Counted, CountLater
from tests.patience import eventually
from tests.spelling import AT

pytestmark = pytest.mark.anyio


class Bell:
    """The outside: it rings for every count, and can be held or broken."""

    def __init__(self) -> None:
        self.rung: list[tuple[str, int]] = []
        self.held: set[str] = set()
        self.broken: dict[str, BaseException] = {}
        self.dead: set[str] = set()
        self.let_go = asyncio.Event()
        self.ringing = 0
        self.most_at_once = 0

    async def ring(self, tally: str, by: int) -> None:
        self.ringing += 1
        self.most_at_once = max(self.ringing, self.most_at_once)
        try:
            await self._ring(tally, by)
        finally:
            self.ringing -= 1

    async def _ring(self, tally: str, by: int) -> None:
        if tally in self.held:
            await self.let_go.wait()
        if tally in self.dead:
            raise Outage(f"{tally} never answers")
        if tally in self.broken:
            raise self.broken.pop(tally)
        self.rung.append((tally, by))


async def ring(record: Recorded, bell: Bell) -> Sequence[Command]:
    event = record.message
    if not isinstance(event, Counted) or event.tally.startswith("heard"):
        return []
    await bell.ring(event.tally, event.by)
    return [Count(tally=f"heard-{event.tally}", by=event.by)]


RINGING = Effect(name="tally.bell", topics=("tally.events",), port=Bell, perform=ring, from_start=True)


@asynccontextmanager
async def performing(bench: Bench, bell: Bell) -> AsyncGenerator[Performer]:
    tail = Tail(bench.log, "tally", ("tally.events",))
    performer = Performer(RINGING, bell, tail, bench.handler, bench.equipment)
    async with running(tail.run(), performer.run()):
        yield performer


@asynccontextmanager
async def running(*loops: Coroutine[object, object, object]) -> AsyncGenerator[None]:
    tasks = [asyncio.create_task(loop) for loop in loops]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        for task in tasks:
            with suppress(asyncio.CancelledError):
                await task


async def heard(bench: Bench, tally: str, total: int) -> None:
    async def holds() -> bool:
        return await bench.stored(f"heard-{tally}") == total

    await eventually(holds)


async def test_an_effect_reports_back_by_command(bench: Bench) -> None:
    bell = Bell()
    async with performing(bench, bell):
        await bench.count("a", 2)
        await heard(bench, "a", 2)
    assert bell.rung == [("a", 2)]


async def test_a_slow_effect_keeps_its_stream_waiting_and_no_other(bench: Bench) -> None:
    bell = Bell()
    bell.held = {"slow"}
    async with performing(bench, bell):
        await bench.count("slow", 1)
        await bench.count("slow", 2)
        await bench.count("quick", 3)
        await heard(bench, "quick", 3)
        assert bell.rung == [("quick", 3)]
        bell.let_go.set()
        await heard(bench, "slow", 3)
    assert [by for tally, by in bell.rung if tally == "slow"] == [1, 2]


async def test_what_was_under_way_when_the_worker_died_is_done_again_and_reported_once(bench: Bench) -> None:
    bell = Bell()
    bell.held = {"a"}
    async with performing(bench, bell):
        await bench.count("a", 1)
        await bench.count("b", 1)
        await heard(bench, "b", 1)
    bell.held = set()
    async with performing(bench, bell):
        await heard(bench, "a", 1)
    async with performing(bench, bell):
        await bench.count("c", 1)
        await heard(bench, "c", 1)
    assert await bench.stored("heard-a") == 1
    assert await bench.stored("heard-b") == 1


async def test_an_outage_is_tried_again(bench: Bench) -> None:
    bell = Bell()
    bell.broken = {"a": Outage("nobody answers")}
    async with performing(bench, bell) as performer:
        await bench.count("a", 1)
        await heard(bench, "a", 1)
        assert performer.outages == 1


async def test_nothing_of_a_stream_overtakes_what_waits_to_be_repeated(bench: Bench) -> None:
    bell = Bell()
    bell.broken = {"a": Outage("nobody answers")}
    async with performing(bench, bell):
        for by in (1, 2, 3):
            await bench.count("a", by)
        await heard(bench, "a", 6)
    assert bell.rung == [("a", 1), ("a", 2), ("a", 3)]


async def test_a_bug_parks_the_key_with_its_cause(bench: Bench) -> None:
    bell = Bell()
    bell.broken = {"a": ArithmeticError("cannot")}
    async with performing(bench, bell):
        await bench.count("a", 1)
        await bench.count("a", 1)
        await bench.count("b", 1)
        await heard(bench, "b", 1)

        async def parked() -> bool:
            return len(await bench.equipment.dead_letters.letters("tally.bell", "a")) == 2

        await eventually(parked)
    first, second = await bench.equipment.dead_letters.letters("tally.bell", "a")
    assert "cannot" in first.error
    assert "ArithmeticError" in first.traceback
    assert second.error == "KeyParked: a"
    assert bell.rung == [("b", 1)]


async def test_a_parked_key_stays_parked_for_the_next_worker(bench: Bench) -> None:
    bell = Bell()
    bell.broken = {"a": ArithmeticError("cannot")}

    async def parked(count: int) -> None:
        async def there_are() -> bool:
            return len(await bench.equipment.dead_letters.letters("tally.bell", "a")) == count

        await eventually(there_are)

    async with performing(bench, bell):
        await bench.count("a", 1)
        await parked(1)
    async with performing(bench, bell):
        await bench.count("a", 2)
        await parked(2)
    assert bell.rung == []


async def test_a_ticker_waits_an_outage_out(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("kernel.ticking.LONGEST_NAP_S", 0.05)

    class Away:
        """Timers that are away at first."""

        def __init__(self, timers: Timers) -> None:
            self._timers, self.outages = timers, 0

        async def due(self, now: datetime, limit: int) -> Sequence[DueTimer]:
            self.outages += 1
            if self.outages < 3:
                raise Outage("not now")
            return await self._timers.due(now, limit)

        async def finish(self, timer_id: str) -> None:
            await self._timers.finish(timer_id)

        async def next_at(self) -> datetime | None:
            return await self._timers.next_at()

    away = replace(bench.equipment, timers=Away(bench.equipment.timers))
    await bench.handler.handle(CountLater(tally="a", by=5, after_s=60), Call(correlation="tests"))
    bench.clock.at = AT + timedelta(seconds=61)
    async with running(Ticker(bench.handler, away).run()):

        async def counted() -> bool:
            return await bench.stored("a") == 5

        await eventually(counted)


async def test_a_timer_fires_when_its_time_has_come(bench: Bench) -> None:
    async with running(Ticker(bench.handler, bench.equipment).run()):
        await bench.handler.handle(CountLater(tally="a", by=5, after_s=60), Call(correlation="tests"))
        assert await bench.equipment.timers.next_at() == AT + timedelta(seconds=60)
        assert await bench.stored("a") == 0
        bench.clock.at = AT + timedelta(seconds=61)

        async def counted() -> bool:
            return await bench.stored("a") == 5

        await eventually(counted)

        async def gone() -> bool:
            return await bench.equipment.timers.next_at() is None

        await eventually(gone)


async def test_a_timer_that_fired_and_would_now_be_refused_is_gone_and_no_letter(bench: Bench) -> None:
    await bench.handler.handle(CountLater(tally="a", by=60, after_s=60), Call(correlation="tests"))
    bench.clock.at = AT + timedelta(seconds=61)
    (timer,) = await bench.equipment.timers.due(bench.clock.at, 10)
    fired = Call(correlation="tests", command_id=derive_id("cmd", timer.id, "fired"))
    await bench.handler.handle(Count(tally="a", by=60), fired)
    async with running(Ticker(bench.handler, bench.equipment).run()):

        async def gone() -> bool:
            return await bench.equipment.timers.next_at() is None

        await eventually(gone)
    assert await bench.stored("a") == 60
    assert await bench.equipment.dead_letters.letters("tally.timers") == []


async def test_two_tickers_fire_a_timer_once(bench: Bench) -> None:
    for number in range(20):
        await bench.handler.handle(CountLater(tally=f"t{number}", by=5, after_s=60), Call(correlation="tests"))
    bench.clock.at = AT + timedelta(seconds=61)
    loops = [Ticker(bench.handler, bench.equipment).run() for _ in range(2)]
    async with running(*loops):

        async def gone() -> bool:
            return await bench.equipment.timers.next_at() is None

        await eventually(gone)
    assert [await bench.stored(f"t{number}") for number in range(20)] == [5] * 20


async def test_a_refused_timer_is_a_dead_letter_and_the_others_fire(bench: Bench) -> None:
    await bench.count("a", 99)
    await bench.handler.handle(CountLater(tally="a", by=5, after_s=60), Call(correlation="tests"))
    await bench.handler.handle(CountLater(tally="b", by=5, after_s=61), Call(correlation="tests"))
    bench.clock.at = AT + timedelta(seconds=62)
    async with running(Ticker(bench.handler, bench.equipment).run()):

        async def counted() -> bool:
            return await bench.stored("b") == 5

        await eventually(counted)
    (letter,) = await bench.equipment.dead_letters.letters("tally.timers")
    assert "Count was refused: TooMuch" in letter.error
    assert await bench.equipment.timers.next_at() is None


async def test_effects_that_wait_to_be_repeated_hold_nobody_up(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("kernel.performing.IN_FLIGHT", 2)
    bell = Bell()
    bell.dead = {"a", "b", "c"}
    async with performing(bench, bell):
        for tally in ("a", "b", "c", "d"):
            await bench.count(tally, 1)
        await heard(bench, "d", 1)
        bell.dead = set()
        for tally in ("a", "b", "c"):
            await heard(bench, tally, 1)


async def test_whoever_waits_goes_on_at_once_when_repeats_succeed_again(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("kernel.performing.OUTAGE_PAUSE_S", 0.02)
    monkeypatch.setattr("kernel.performing.LONGEST_PAUSE_S", 0.05)
    monkeypatch.setattr("kernel.budgeting.REFILL_PER_S", 0.5)
    bell = Bell()
    bell.dead = {f"t{number}" for number in range(40)}
    async with performing(bench, bell) as performer:
        for tally in sorted(bell.dead):
            await bench.count(tally, 1)

        async def spent() -> bool:
            return performer.outages >= 50

        await eventually(spent)
        bell.dead = set()

        async def all_rung() -> bool:
            return len(bell.rung) == 40

        await eventually(all_rung)


async def test_no_more_is_performed_at_once_than_there_are_places(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("kernel.performing.IN_FLIGHT", 2)
    monkeypatch.setattr("kernel.performing.READ_AHEAD", 4)
    bell = Bell()
    bell.held = {f"t{number}" for number in range(6)}
    async with performing(bench, bell) as performer:
        for number in range(6):
            await bench.count(f"t{number}", 1)

        async def busy() -> bool:
            return bell.ringing == 2 and performer.under_way == 4

        await eventually(busy)
        await bench.count("last", 1)
        assert bell.rung == []
        bell.let_go.set()
        await heard(bench, "last", 1)
    assert bell.most_at_once == 2


async def test_a_cancellation_of_a_drivers_own_is_an_outage(bench: Bench) -> None:
    bell = Bell()
    bell.broken = {"a": asyncio.CancelledError()}
    async with performing(bench, bell) as performer:
        await bench.count("a", 1)
        await heard(bench, "a", 1)
        assert performer.outages == 1


class Unsteady:
    """Checkpoints with an outage or another worker at every step, until it is told to stop."""

    def __init__(self, checkpoints: Checkpoints, mishap: Callable[[Advance], Awaitable[object]]) -> None:
        self._checkpoints, self._mishap = checkpoints, mishap
        self.mishaps = 0
        self.steps: list[Advance] = []

    async def load(self, consumer: str, topic: str, partition: int) -> Position | None:
        return await self._checkpoints.load(consumer, topic, partition)

    async def advance(self, advance: Advance) -> bool:
        self.steps.append(advance)
        if self.mishaps < 1:
            self.mishaps += 1
            await self._mishap(advance)
        return await self._checkpoints.advance(advance)


async def checkpoint_of(bench: Bench, tally: str) -> Position | None:
    (last,) = await bench.equipment.journal.read(tally)
    return await bench.equipment.checkpoints.load("tally.bell", last.topic, last.partition)


async def arrives(bench: Bench, tally: str) -> None:
    """The checkpoint comes to stand behind the tally's only record, or further."""
    (last,) = await bench.equipment.journal.read(tally)

    async def there() -> bool:
        return (await checkpoint_of(bench, tally) or START) >= last.at

    await eventually(there)


async def test_a_checkpoint_is_moved_after_an_outage_without_any_news(bench: Bench) -> None:
    async def outage(_: Advance) -> None:
        raise Outage("not now")

    unsteady = Unsteady(bench.equipment.checkpoints, outage)
    shaky = replace(bench, equipment=replace(bench.equipment, checkpoints=unsteady))
    async with performing(shaky, Bell()):
        await bench.count("heard", 1)
        await arrives(bench, "heard")
    assert unsteady.mishaps == 1


@pytest.mark.parametrize("further", [True, False])
async def test_a_checkpoint_never_goes_back_behind_another_workers(bench: Bench, further: bool) -> None:
    ahead = Position(txid=2**60, position=1)
    behind = Position(txid=1, position=1)

    async def other_worker(advance: Advance) -> None:
        moved = msgspec.structs.replace(advance, after=ahead if further else behind)
        assert await bench.equipment.checkpoints.advance(moved)

    unsteady = Unsteady(bench.equipment.checkpoints, other_worker)
    overtaken = replace(bench, equipment=replace(bench.equipment, checkpoints=unsteady))
    async with performing(overtaken, Bell()):
        await bench.count("heard", 1)
        await arrives(bench, "heard")
        (first,) = unsteady.steps[:1]
        await bench.count("b", 1)
        await heard(bench, "b", 1)
    stands = await checkpoint_of(bench, "heard")
    assert stands == (ahead if further else first.after)
