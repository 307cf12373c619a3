"""A handler folds only what it has not folded yet, and is never misled by what it remembers."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest

from kernel.calling import Accepted, Call, Refused
from kernel.committing import Commit, CommitResult, VersionMoved
from kernel.handling import Handler
from kernel.log import Sealed
from kernel.ports import Journal, Outage
from kernel.remembering import Memory
from tests.kernel.tally import TALLY, Bench, Count, TooMuch

pytestmark = pytest.mark.anyio


class Noted:
    """The journal, and from where it was read; it may claim once that the stream has moved."""

    def __init__(self, journal: Journal) -> None:
        self._journal = journal
        self.read_after: list[int] = []
        self.moves = 0
        self.away = False

    def __getattr__(self, name: str) -> Any:
        return getattr(self._journal, name)

    async def read(self, stream: str, after: int = 0, limit: int = 1000) -> Sequence[Sealed]:
        self.read_after.append(after)
        return await self._journal.read(stream, after, limit)

    async def commit(self, commit: Commit) -> CommitResult:
        if self.away:
            self.away = False
            raise Outage("right now")
        if self.moves:
            self.moves -= 1
            return VersionMoved()
        return await self._journal.commit(commit)


def noting(bench: Bench) -> tuple[Handler, Noted]:
    journal = Noted(bench.equipment.journal)
    return Handler(TALLY, replace(bench.equipment, journal=journal)), journal


async def test_only_what_is_new_is_read(bench: Bench) -> None:
    handler, journal = noting(bench)
    for _ in range(3):
        await handler.handle(Count(tally="a", by=1), Call(correlation="tests"))
    assert journal.read_after == [0, 0, 1]
    assert await bench.stored("a") == 3


async def test_what_others_wrote_meanwhile_counts(bench: Bench) -> None:
    handler, _ = noting(bench)
    await handler.handle(Count(tally="a", by=60), Call(correlation="tests"))
    await bench.count("a", 30)
    outcome = await handler.handle(Count(tally="a", by=20), Call(correlation="tests"))
    assert outcome == Refused(refusal=TooMuch(left=10))
    await handler.handle(Count(tally="a", by=10), Call(correlation="tests"))
    assert await bench.stored("a") == 100


async def test_a_stream_that_moved_is_read_from_its_beginning(bench: Bench) -> None:
    handler, journal = noting(bench)
    await handler.handle(Count(tally="a", by=1), Call(correlation="tests"))
    await handler.handle(Count(tally="a", by=1), Call(correlation="tests"))
    journal.moves, journal.read_after = 1, []
    outcome = await handler.handle(Count(tally="a", by=1), Call(correlation="tests"))
    assert isinstance(outcome, Accepted)
    assert outcome.version == 3
    assert journal.read_after == [1, 0]


async def test_after_a_commit_that_failed_nothing_is_believed(bench: Bench) -> None:
    handler, journal = noting(bench)
    await handler.handle(Count(tally="a", by=1), Call(correlation="tests"))
    await handler.handle(Count(tally="a", by=1), Call(correlation="tests"))
    journal.away, journal.read_after = True, []
    with pytest.raises(Outage):
        await handler.handle(Count(tally="a", by=1), Call(correlation="tests"))
    await handler.handle(Count(tally="a", by=1), Call(correlation="tests"))
    assert journal.read_after == [1, 0]


def test_the_streams_that_were_used_last_are_remembered() -> None:
    memory = Memory(kept=2)
    for stream in ("a", "b"):
        memory.remember(stream, 1, stream)
    assert memory.recall("a") == (1, "a")
    memory.remember("c", 1, "c")
    assert memory.recall("b") is None
    assert (memory.recall("a"), memory.recall("c")) == ((1, "a"), (1, "c"))
    memory.forget("a")
    memory.forget("never")
    assert memory.recall("a") is None
