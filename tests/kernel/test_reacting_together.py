"""What follows from several events is committed together where it can be, and every promise of one by one is kept."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest

from kernel.committing import Advance, Commit, CommitResult, Obstacle, VersionMoved
from kernel.digesting import Reacting
from kernel.handling import Handler
from kernel.log import START, Recorded
from kernel.messages import Command
from kernel.ports import Journal, Outage
from kernel.subgraph import Reaction
from tests.kernel.tally import TALLY, Bench, Count, Counted, Name
from tests.kernel.test_consuming import consuming, echoing
from tests.patience import eventually

pytestmark = pytest.mark.anyio


class Noted:
    """The journal, what was committed together, and what by itself; something may stand in the way once."""

    def __init__(self, journal: Journal) -> None:
        self._journal = journal
        self.together: list[list[str]] = []
        self.alone: list[str] = []
        self.in_the_way: list[VersionMoved | Outage] = []

    def __getattr__(self, name: str) -> Any:
        return getattr(self._journal, name)

    async def commit(self, commit: Commit) -> CommitResult:
        self.alone.append(commit.stream)
        return await self._journal.commit(commit)

    async def commit_all(self, commits: Sequence[Commit], advance: Advance) -> Obstacle | None:
        if self.in_the_way:
            obstacle = self.in_the_way.pop()
            if isinstance(obstacle, Outage):
                raise obstacle
            return obstacle
        self.together.append([commit.stream for commit in commits])
        return await self._journal.commit_all(commits, advance)


def noting(bench: Bench) -> tuple[Bench, Noted]:
    """What is counted by hand is not noted."""
    journal = Noted(bench.equipment.journal)
    return replace(bench, handler=Handler(TALLY, replace(bench.equipment, journal=journal))), journal


async def one_partition(bench: Bench, *counts: tuple[str, int]) -> Sequence[Recorded]:
    """The counts as one partition might have them: of which partition they are is nothing to a digest."""
    for tally, by in counts:
        await bench.count(tally, by)
    tallies = dict.fromkeys(tally for tally, _ in counts)
    events = [event for tally in tallies for event in await bench.equipment.journal.read(tally)]
    return [bench.equipment.codec.open(event) for event in sorted(events, key=lambda event: event.at)]


def step(records: Sequence[Recorded], name: str = "tally.echo") -> Advance:
    return Advance(consumer=name, topic="tally.events", partition=0, before=START, after=records[-1].position)


async def test_what_concerns_different_streams_is_one_commit(bench: Bench) -> None:
    records = await one_partition(bench, *((f"t{number}", number) for number in range(1, 8)), ("enough", 1))
    noted, journal = noting(bench)
    assert await echoing(noted).digest(records, step(records))
    assert journal.together == [[f"et{number}" for number in range(1, 8)]]
    assert journal.alone == []
    assert [await bench.stored(f"et{number}") for number in range(1, 8)] == [*range(1, 8)]
    assert await bench.equipment.checkpoints.load("tally.echo", "tally.events", 0) == records[-1].position


async def test_what_concerns_one_stream_is_decided_in_turn(bench: Bench) -> None:
    records = await one_partition(bench, ("a", 1), ("b", 9), ("a", 2), ("c", 9), ("a", 3))
    noted, journal = noting(bench)
    assert await echoing(noted).digest(records, step(records))
    assert journal.together == [["ea", "eb"], ["ea", "ec"]]
    assert journal.alone == ["ea"]
    (events,) = [await bench.equipment.journal.read("ea")]
    messages = [bench.equipment.codec.open(event).message for event in events]
    assert [event.by for event in messages if isinstance(event, Counted)] == [1, 2, 3]


async def test_no_more_are_committed_together_than_others_may_wait_for(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("kernel.digesting.TOGETHER", 2)
    records = await one_partition(bench, *((name, 1) for name in "abcdf"))
    noted, journal = noting(bench)
    assert await echoing(noted).digest(records, step(records))
    assert journal.together == [["ea", "eb"], ["ec", "ed"]]
    assert journal.alone == ["ef"]


async def test_events_without_consequences_cost_one_step(bench: Bench) -> None:
    records = await one_partition(bench, *((f"e{number}", 1) for number in range(4)))
    noted, journal = noting(bench)
    assert await echoing(noted).digest(records, step(records))
    assert (journal.together, journal.alone) == ([], [])
    assert await bench.equipment.checkpoints.load("tally.echo", "tally.events", 0) == records[-1].position


async def test_when_something_stands_in_the_way_of_one_all_are_taken_one_by_one(bench: Bench) -> None:
    records = await one_partition(bench, ("a", 1), ("b", 2), ("c", 3))
    noted, journal = noting(bench)
    journal.in_the_way = [VersionMoved()]
    assert await echoing(noted).digest(records, step(records))
    assert (journal.together, journal.alone) == ([], ["ea", "eb", "ec"])
    assert [await bench.stored(f"e{name}") for name in "abc"] == [1, 2, 3]


@pytest.mark.parametrize("obstacle", [VersionMoved(), Outage("a deadlock, a serialization failure, a restart")])
async def test_nothing_that_passes_is_taken_for_poison(bench: Bench, obstacle: VersionMoved | Outage) -> None:
    for name in "abcdfghi":
        await bench.count(name, 2)
    noted, journal = noting(bench)
    journal.in_the_way = [obstacle]
    async with consuming(noted, echoing(noted)):

        async def echoed() -> bool:
            return [await bench.stored(f"e{name}") for name in "abcdfghi"] == [2] * 8

        await eventually(echoed)
    assert journal.in_the_way == []
    assert await bench.equipment.dead_letters.parked("tally.echo") == frozenset()


async def test_who_was_overtaken_commits_nothing_of_all(bench: Bench) -> None:
    records = await one_partition(bench, ("a", 1), ("b", 2), ("c", 3))
    assert await bench.equipment.checkpoints.advance(step(records[:1]))
    noted, journal = noting(bench)
    assert not await echoing(noted).digest(records, step(records))
    assert journal.together == [["ea", "eb", "ec"]]
    assert journal.alone == []
    assert [await bench.stored(f"e{name}") for name in "abc"] == [0, 0, 0]


async def test_one_that_is_refused_is_parked_and_the_others_have_their_consequences(bench: Bench) -> None:
    await bench.count("ebad", 99)
    for name in ("a", "bad", "b", "bad", "c"):
        await bench.count(name, 2)
    async with consuming(bench, echoing(bench)):

        async def settled() -> bool:
            letters = await bench.equipment.dead_letters.letters("tally.echo")
            return len(letters) == 2 and [await bench.stored(f"e{name}") for name in "abc"] == [2, 2, 2]

        await eventually(settled)
    refused, behind = await bench.equipment.dead_letters.letters("tally.echo", "bad")
    assert "TooMuch" in refused.error
    assert behind.error == "KeyParked: bad"


async def test_what_takes_a_place_is_committed_by_itself(bench: Bench) -> None:
    def named(record: Recorded) -> Sequence[Command]:
        return [Name(tally=f"e{record.stream}", name="one for all")]

    records = await one_partition(bench, ("a", 1), ("b", 1))
    noted, journal = noting(bench)
    reaction = Reaction(name="tally.named", topics=("tally.events",), react=named)
    reacting = Reacting(reaction, noted.handler, bench.equipment.checkpoints)
    with pytest.raises(Exception, match="NameTaken"):
        await reacting.digest(records, step(records, "tally.named"))
    assert (journal.together, journal.alone[:2]) == ([], ["ea", "eb"])
    assert await bench.equipment.checkpoints.load("tally.named", "tally.events", 0) == records[0].position


async def test_whoever_watches_one_of_the_streams_is_woken(bench: Bench) -> None:
    records = await one_partition(bench, ("a", 1), ("b", 2))
    async with bench.equipment.signals.watch(["eb"]) as mine, bench.equipment.signals.watch(["log:tally"]) as logs:
        await logs.wait(0)
        assert await echoing(bench).digest(records, step(records))
        assert await mine.wait(10)
        assert await logs.wait(10)


async def test_two_commands_of_one_event_on_one_stream_are_both_carried_out(bench: Bench) -> None:
    def twice(record: Recorded) -> Sequence[Command]:
        return [Count(tally="both", by=1), Count(tally="both", by=2)]

    records = await one_partition(bench, ("a", 1))
    reaction = Reaction(name="tally.twice", topics=("tally.events",), react=twice)
    reacting = Reacting(reaction, bench.handler, bench.equipment.checkpoints)
    assert await reacting.digest(records, step(records, "tally.twice"))
    assert await bench.stored("both") == 3
