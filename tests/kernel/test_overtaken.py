"""Two workers, a restart or a replay at the worst moment: nothing is taken in twice, skipped, or out of order."""

from collections.abc import Sequence

import pytest

from kernel.committing import Advance
from kernel.log import START, Position, Recorded, Sealed
from kernel.ports import DeadLetter
from tests.kernel.tally import Bench
from tests.kernel.test_consuming import consuming, shows, view
from tests.patience import eventually

pytestmark = pytest.mark.anyio


async def records_of(bench: Bench, tally: str) -> Sequence[Sealed]:
    """The tally's records as the log shows them, once it shows them all."""
    events = await bench.equipment.journal.read(tally)
    part = ("tally.events", events[0].partition)

    async def visible() -> bool:
        return (await bench.log.head(*part)) >= events[-1].at

    await eventually(visible)
    return [record for record in await bench.log.read({part: START}, 500) if record.stream == tally]


def step(record: Sealed, before: Position = START) -> Advance:
    return Advance(
        consumer="tally_view", topic=record.topic, partition=record.partition, before=before, after=record.at
    )


async def test_an_overtaken_worker_takes_nothing_twice(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("kernel.consuming.BATCH", 2)
    for _ in range(6):
        await bench.count("a")
    stored = await records_of(bench, "a")
    opened = [bench.equipment.codec.open(record) for record in stored]

    class Overtaken:
        """The view; before its first batch is in, another worker has taken three records."""

        name, topics = "tally_view", ("tally.events",)
        batches = 0

        async def digest(self, records: Sequence[Recorded], advance: Advance) -> bool:
            self.batches += 1
            if self.batches == 1:
                assert await view(bench).digest(opened[:3], step(stored[2]))
            return await view(bench).digest(records, advance)

    async with consuming(bench, Overtaken()) as (consumer,):

        async def arrived() -> bool:
            return consumer.at.get(("tally.events", stored[0].partition)) == stored[-1].at

        await eventually(arrived)
    assert await bench.total("a") == 6


async def test_an_overtaken_worker_hears_of_the_keys_that_were_parked(bench: Bench) -> None:
    for _ in range(3):
        await bench.count("a")
    first, *_ = await records_of(bench, "a")

    class Overtaken:
        """A view that takes anything, while another worker finds the first record poison."""

        name, topics = "tally_view", ("tally.events",)
        seen: tuple[int | None, ...] = ()
        batches = 0

        async def digest(self, records: Sequence[Recorded], advance: Advance) -> bool:
            self.batches += 1
            if self.batches == 1:
                letter = DeadLetter(consumer=self.name, key="a", record=first, error="poison for the other")
                assert await bench.equipment.dead_letters.park(letter, step(first))
            done = await bench.equipment.checkpoints.advance(advance)
            self.seen += tuple(record.version for record in records) if done else ()
            return done

    overtaken = Overtaken()
    async with consuming(bench, overtaken):

        async def queued() -> bool:
            return len(await bench.equipment.dead_letters.letters("tally_view", "a")) == 3

        await eventually(queued)
    assert overtaken.seen == ()


async def test_what_another_worker_has_digested_is_no_letter_of_ours(bench: Bench) -> None:
    await bench.count("a")
    (stored,) = await records_of(bench, "a")

    class Old:
        """A view that cannot yet digest what a newer worker beside it has digested."""

        name, topics = "tally_view", ("tally.events",)

        async def digest(self, records: Sequence[Recorded], advance: Advance) -> bool:
            if any(record.id == stored.id for record in records):
                await view(bench).digest([bench.equipment.codec.open(stored)], step(stored))
                raise ArithmeticError("the old one cannot count that")
            return await view(bench).digest(records, advance)

    async with consuming(bench, Old()):
        await bench.count("a")
        await shows(bench, "a", 2)
    assert await bench.equipment.dead_letters.letters("tally_view") == []


async def test_a_view_dropped_under_a_running_worker_is_built_from_the_first_record(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("kernel.consuming.BATCH", 2)
    for _ in range(6):
        await bench.count("a")
    await records_of(bench, "a")

    class Dropped:
        """A view that is dropped, and its checkpoint with it, while its second batch comes in."""

        name, topics = "tally_view", ("tally.events",)
        seen: tuple[int | None, ...] = ()
        batches = 0

        async def digest(self, records: Sequence[Recorded], advance: Advance) -> bool:
            self.batches += 1
            if self.batches == 2:
                self.seen = ()
                await bench.execute("delete from tally.checkpoints where consumer = 'tally_view'")
            done = await bench.equipment.checkpoints.advance(advance)
            self.seen += tuple(record.version for record in records) if done else ()
            return done

    dropped = Dropped()
    async with consuming(bench, dropped):

        async def anew() -> bool:
            return dropped.seen == (1, 2, 3, 4, 5, 6)

        await eventually(anew)
