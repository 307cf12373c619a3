"""Letters are digested after all: once, in order, whoever else is at work; and what still fails stays a letter."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from datetime import timedelta

import pytest

from kernel.calling import Call
from kernel.committing import Advance
from kernel.digesting import Performing, Projecting, Reacting, Rejected
from kernel.log import Recorded
from kernel.messages import Command
from kernel.projecting import Key
from kernel.replaying import replay
from kernel.subgraph import Reaction
from kernel.ticking import Firing, Ticker
from tests.kernel.tally import TALLY_VIEW, Bench, Count, Counted, CountLater, Name, TallyView, fold
from tests.kernel.test_consuming import consuming, echoing, shows, view
from tests.kernel.test_effects_and_timers import RINGING, Bell, performing, running
from tests.patience import eventually
from tests.spelling import AT

pytestmark = pytest.mark.anyio


def mended(bench: Bench) -> Projecting:
    """The view once its bug is mended: names count nothing, whatever they are."""

    def fold_well(row: TallyView | None, record: Recorded, key: Key) -> TallyView | None:
        if isinstance(record.message, Counted):
            return fold(row, record, key)
        before = row or TallyView(id=record.stream, total=0, events=0)
        return TallyView(id=record.stream, total=before.total, events=before.events + 1)

    return Projecting(replace(TALLY_VIEW, fold=fold_well), bench.equipment.view_store)


def letters(bench: Bench, consumer: str, count: int) -> Callable[[], Awaitable[bool]]:
    async def there_are() -> bool:
        return len(await bench.equipment.dead_letters.letters(consumer)) == count

    return there_are


async def poison(bench: Bench, *counts: int) -> None:
    """Letters of the view: a name that nobody can count, and these counts behind it."""
    await bench.handler.handle(Name(tally="bad", name="poison"), Call(correlation="tests"))
    for by in counts:
        await bench.count("bad", by)
    async with consuming(bench, view(bench)):
        await eventually(letters(bench, "tally_view", 1 + len(counts)))


async def test_two_replays_at_once_digest_each_letter_once(bench: Bench) -> None:
    await poison(bench, *[1] * 20)
    done = await asyncio.gather(*(replay(mended(bench), "bad", bench.equipment) for _ in range(3)))
    assert sum(done) == 21
    assert await bench.total("bad") == 20


async def test_a_replay_that_dies_after_digesting_goes_on_behind_it(bench: Bench) -> None:
    await poison(bench, 1, 2)

    class Dies:
        """Digests one letter; the process does not live to hear of it."""

        name, topics = "tally_view", ("tally.events",)

        async def digest(self, records: Sequence[Recorded], advance: Advance) -> bool:
            await mended(bench).digest(records, advance)
            raise asyncio.CancelledError

    for left in (2, 1, 0):
        with pytest.raises(asyncio.CancelledError):
            await replay(Dies(), "bad", bench.equipment)
        assert await letters(bench, "tally_view", left)()
    assert await bench.total("bad") == 3


async def test_what_fails_again_stays_a_letter_and_so_does_all_behind_it(bench: Bench) -> None:
    await poison(bench, 1)
    with pytest.raises(ArithmeticError):
        await replay(view(bench), "bad", bench.equipment)
    assert await letters(bench, "tally_view", 2)()


async def test_a_running_worker_notices_that_its_key_was_released(bench: Bench) -> None:
    await bench.handler.handle(Name(tally="bad", name="poison"), Call(correlation="tests"))
    async with consuming(bench, view(bench)) as (consumer,):
        await bench.count("bad", 1)
        await eventually(letters(bench, "tally_view", 2))
        assert await replay(mended(bench), "bad", bench.equipment) == 2
        assert "bad" in consumer.parked
        await bench.count("bad", 5)
        await shows(bench, "bad", 6)
        assert consumer.parked == frozenset()
        assert await letters(bench, "tally_view", 0)()


async def test_a_record_that_comes_during_a_replay_is_digested_after_it(bench: Bench) -> None:
    await bench.handler.handle(Name(tally="bad", name="poison"), Call(correlation="tests"))
    order: list[int | None] = []

    class Slow:
        """A replay during which another record comes in and queues."""

        name, topics = "tally_view", ("tally.events",)

        async def digest(self, records: Sequence[Recorded], advance: Advance) -> bool:
            order.extend(record.version for record in records)
            if len(order) == 1:
                await bench.count("bad", 1)
                await eventually(letters(bench, "tally_view", 2))
            return await mended(bench).digest(records, advance)

    async with consuming(bench, view(bench)):
        await eventually(letters(bench, "tally_view", 1))
        assert await replay(Slow(), "bad", bench.equipment) == 2
    assert order == [1, 2]
    assert await bench.total("bad") == 1


async def test_a_reactions_letters_are_replayed_under_their_own_ids(bench: Bench) -> None:
    await bench.count("ea", 99)
    await bench.count("a", 2)
    async with consuming(bench, echoing(bench)):
        await eventually(letters(bench, "tally.echo", 1))
        await bench.count("a", 3)
        await eventually(letters(bench, "tally.echo", 2))

    def forgiving(record: Recorded) -> Sequence[Command]:
        event = record.message
        return [Count(tally="other", by=event.by)] if isinstance(event, Counted) and event.by == 3 else []

    reaction = Reaction(name="tally.echo", topics=("tally.events",), react=forgiving)
    digest = Reacting(reaction, bench.handler, bench.equipment.checkpoints)
    assert await replay(digest, "a", bench.equipment) == 2
    assert await bench.stored("other") == 3
    assert await letters(bench, "tally.echo", 0)()


async def test_an_effects_letters_are_performed_and_a_running_worker_goes_on(bench: Bench) -> None:
    bell = Bell()
    bell.broken = {"a": ArithmeticError("cannot")}
    async with performing(bench, bell) as performer:
        await bench.count("a", 1)
        await bench.count("a", 2)
        await eventually(letters(bench, "tally.bell", 2))
        digest = Performing(RINGING, bell, bench.handler, bench.equipment.checkpoints)
        assert await replay(digest, "a", bench.equipment) == 2
        await bench.count("a", 3)

        async def heard() -> bool:
            return await bench.stored("heard-a") == 6

        await eventually(heard)
        assert performer.parked == frozenset()
    assert bell.rung == [("a", 1), ("a", 2), ("a", 3)]


async def test_a_timers_letter_fires_after_all(bench: Bench) -> None:
    await bench.count("a", 99)
    await bench.handler.handle(CountLater(tally="a", by=5, after_s=60), Call(correlation="tests"))
    bench.clock.at = AT + timedelta(seconds=61)
    async with running(Ticker(bench.handler, bench.equipment).run()):
        await eventually(letters(bench, "tally.timers", 1))
    (letter,) = await bench.equipment.dead_letters.letters("tally.timers")
    with pytest.raises(Rejected):
        await replay(Firing(bench.handler), letter.key, bench.equipment)
    await bench.execute("insert into tally_view (id, total, events) values ('surplus', -4, 0)")
    assert await replay(Firing(bench.handler), letter.key, bench.equipment) == 1
    assert await bench.stored("a") == 100
    assert await letters(bench, "tally.timers", 0)()


async def test_an_error_that_quotes_what_no_database_keeps_is_a_letter_all_the_same(bench: Bench) -> None:
    class Quoting:
        """Poison that says too much."""

        name, topics = "tally_view", ("tally.events",)

        async def digest(self, records: Sequence[Recorded], advance: Advance) -> bool:
            raise ValueError("quoted: \0 and \ud800")

    await bench.count("a", 1)
    async with consuming(bench, Quoting()):
        await eventually(letters(bench, "tally_view", 1))
    (letter,) = await bench.equipment.dead_letters.letters("tally_view")
    assert letter.error == "ValueError: quoted: \ufffd and ?"
