"""Consuming: the one loop that feeds records to projections, feeds and reactions, and parks what is poison."""

import asyncio
import traceback
from collections.abc import Mapping, Sequence
from itertools import groupby
from typing import Protocol

from kernel.codec import Undecodable
from kernel.committing import Advance
from kernel.equipment import Equipment
from kernel.log import START, Position, Recorded, Sealed
from kernel.ports import DeadLetter, Outage, TopicPartition
from kernel.tailing import BATCH, OUTAGE_PAUSE_S, Tail


class Digest(Protocol):
    """What a consumer does with records. May raise Outage (all is retried) or anything else (the record is poison)."""

    @property
    def name(self) -> str: ...
    @property
    def topics(self) -> tuple[str, ...]: ...

    async def digest(self, records: Sequence[Recorded], advance: Advance) -> bool:
        """Takes in records of one topic partition, in order, and advances; False: the checkpoint had moved."""
        ...


class Consumer:
    """One digest's way through its topics, resumed from its checkpoints, effectively once."""

    def __init__(self, digest: Digest, tails: Sequence[Tail], equipment: Equipment) -> None:
        self.name = digest.name
        self._digest, self._tails = digest, tuple(tails)
        self._checkpoints, self._dead_letters = equipment.checkpoints, equipment.dead_letters
        self._codec = equipment.codec
        self.at: dict[TopicPartition, Position] = {}
        self.parked: frozenset[str] = frozenset()
        self.poisoned: str | None = None
        """The last error that a run of records ended in."""
        self.oldest_unread: Mapping[TopicPartition, Sealed] = {}
        """The first record of the batch in work, per topic partition: how far behind this consumer is."""

    async def run(self) -> None:
        """Consumes until cancelled."""
        async with asyncio.TaskGroup() as group:
            for tail in self._tails:
                group.create_task(self._run_on(tail), name=f"{self.name}:{tail.partitions[0][0]}")

    async def _run_on(self, tail: Tail) -> None:
        parts = [part for part in tail.partitions if part[0] in self._digest.topics]
        pause = OUTAGE_PAUSE_S
        while True:
            try:
                await self._load(parts)
                pause = OUTAGE_PAUSE_S
                while True:
                    turn = tail.turn
                    records = await tail.next({part: self.at[part] for part in parts})
                    if records:
                        await self._take(records)
                    else:
                        await tail.wait_past(turn)
            except Outage:
                await asyncio.sleep(pause)
                pause = min(pause * 2, 5.0)

    async def _load(self, parts: Sequence[TopicPartition]) -> None:
        self.parked = await self._dead_letters.parked(self.name)
        for part in parts:
            self.at[part] = await self._checkpoints.load(self.name, *part) or START

    async def _take(self, records: Sequence[Sealed]) -> None:
        runs = {part: list(run) for part, run in groupby(sorted(records, key=_place), key=_part)}
        self.oldest_unread = {part: run[0] for part, run in runs.items()}
        for part, run in runs.items():
            for start in range(0, len(run), BATCH):
                await self._take_run(part, run[start : start + BATCH])
        self.oldest_unread = {}

    async def _take_run(self, part: TopicPartition, run: Sequence[Sealed]) -> None:
        if not self.parked & {record.stream for record in run}:
            try:
                opened = [self._codec.open(record) for record in run]
                await self._advanced(part, run[-1], await self._digest.digest(opened, self._advance(part, run[-1])))
                return
            except Outage:
                raise
            except Exception as error:  # noqa: BLE001 - whichever record is poison is found below, one by one
                self.poisoned = repr(error)
        for record in run:
            await self._take_one(part, record)

    async def _take_one(self, part: TopicPartition, record: Sealed) -> None:
        if record.at <= self.at[part]:
            return
        advance = self._advance(part, record)
        try:
            done = await self._digest.digest([self._open_unparked(record)], advance)
        except Outage:
            raise
        except Exception as error:  # noqa: BLE001 - poison, or queued behind poison: kept with its cause
            await self._park(record, error)
            done = await self._checkpoints.advance(advance)
        await self._advanced(part, record, done)

    def _open_unparked(self, record: Sealed) -> Recorded:
        if record.stream in self.parked:
            raise KeyParked(record.stream)
        return self._codec.open(record)

    async def _park(self, record: Sealed, error: Exception) -> None:
        unexpected = not isinstance(error, KeyParked | Undecodable)
        letter = DeadLetter(
            consumer=self.name,
            key=record.stream,
            record=record,
            error=f"{type(error).__name__}: {error}",
            traceback="".join(traceback.format_exception(error)) if unexpected else "",
        )
        await self._dead_letters.park(letter)
        self.parked |= {record.stream}

    def _advance(self, part: TopicPartition, last: Sealed) -> Advance:
        return Advance(consumer=self.name, topic=part[0], partition=part[1], before=self.at[part], after=last.at)

    async def _advanced(self, part: TopicPartition, last: Sealed, done: bool) -> None:
        if done:
            self.at[part] = last.at
        else:  # another worker was first: go on from where it stands
            self.at[part] = await self._checkpoints.load(self.name, *part) or START


class KeyParked(Exception):
    """An earlier record of this key waits in the dead letters; this one queues behind it."""


async def replay(digest: Digest, key: str, equipment: Equipment) -> int:
    """Digests the parked records of `key` again, in log order; stops by raising at the first that still fails.

    Returns how many were digested. Views must be digestible out of checkpoint order for one key, which they are:
    nothing of the key was applied since it was parked.
    """
    done = 0
    for letter in await equipment.dead_letters.letters(digest.name, key):
        record = letter.record
        nothing = Advance(
            consumer=f"{digest.name}/replay", topic=record.topic, partition=record.partition, before=START, after=START
        )
        await digest.digest([equipment.codec.open(record)], nothing)
        await equipment.dead_letters.release(digest.name, record.id)
        done += 1
    return done


def _part(record: Sealed) -> TopicPartition:
    return record.topic, record.partition


def _place(record: Sealed) -> tuple[str, int, Position]:
    return record.topic, record.partition, record.at
