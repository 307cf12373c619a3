"""Consuming: the one loop that feeds records to projections, feeds and reactions, and parks what is poison."""

import asyncio
import logging
from collections.abc import Iterable, Mapping, Sequence
from itertools import groupby
from typing import Protocol

from kernel.committing import Advance
from kernel.equipment import Equipment
from kernel.log import START, Position, Recorded, Sealed, TopicPartition
from kernel.parking import Parking
from kernel.ports import Outage
from kernel.resuming import resumed
from kernel.tailing import BATCH, OUTAGE_PAUSE_S, Tail

LONGEST_PAUSE_S = 5.0
_log = logging.getLogger(__name__)


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
    """One digest's way through its topics, resumed from its checkpoints, effectively once.

    Several workers may run the same one, as a rule on partitions of their own. Whatever is consumed, digested or
    parked, goes with the step of the checkpoint; whoever finds it moved reads the log anew from where it stands.
    """

    def __init__(
        self,
        digest: Digest,
        tails: Sequence[Tail],
        equipment: Equipment,
        *,
        from_start: bool = True,
        gather_s: float = 0.0,
    ) -> None:
        """After news came it lets more gather for `gather_s` before it takes them all."""
        self.name = digest.name
        self._digest, self._tails, self._from_start, self._gather_s = digest, tuple(tails), from_start, gather_s
        self._checkpoints, self._codec = equipment.checkpoints, equipment.codec
        self._parking = Parking(digest.name, equipment.dead_letters)
        self.at: dict[TopicPartition, Position] = {}
        self.oldest_unread: Mapping[TopicPartition, Sealed] = {}
        """The first record of the batch in work, per topic partition: how far behind this consumer is."""

    @property
    def parked(self) -> frozenset[str]:
        """The keys that are parked, as far as this worker knows."""
        return self._parking.keys

    async def run(self) -> None:
        """Consumes until cancelled."""
        async with asyncio.TaskGroup() as group:
            for tail in self._tails:
                group.create_task(self._run_on(tail), name=f"{self.name}:{tail.partitions[0][0]}")

    async def _run_on(self, tail: Tail) -> None:
        pause = OUTAGE_PAUSE_S
        while True:
            held: frozenset[TopicPartition] | None = None
            parts: list[TopicPartition] = []
            self._forget(tail.partitions)
            try:
                while True:
                    turn = tail.turn
                    if held is not tail.held:
                        held = tail.held
                        parts = await self._hold(tail, held)
                    records = await self._news(tail, parts)
                    if records:
                        await self._take(records)
                        pause = OUTAGE_PAUSE_S
                    else:
                        await tail.wait_past(turn)
            except Outage as outage:
                _log.warning("waits out an outage", extra={"consumer": self.name, "error": str(outage)})
                await asyncio.sleep(pause)
                pause = min(pause * 2, LONGEST_PAUSE_S)

    async def _news(self, tail: Tail, parts: Sequence[TopicPartition]) -> Sequence[Sealed]:
        records = await tail.next({part: self.at[part] for part in parts})
        if not records or not self._gather_s:
            return records
        await asyncio.sleep(self._gather_s)
        return await tail.next({part: self.at[part] for part in parts})

    async def _hold(self, tail: Tail, held: frozenset[TopicPartition]) -> list[TopicPartition]:
        """Begins with the partitions that have come to this worker and forgets those that went: all it has now."""
        parts = [part for part in tail.partitions if part in held and part[0] in self._digest.topics]
        self._forget(part for part in tail.partitions if part not in held)
        if come := [part for part in parts if part not in self.at]:
            for part in come:
                self.at[part] = await resumed(self._checkpoints, self.name, part, tail, from_start=self._from_start)
            await self._parking.load()
        return parts

    def _forget(self, parts: Iterable[TopicPartition]) -> None:
        for part in parts:
            self.at.pop(part, None)

    async def _take(self, records: Sequence[Sealed]) -> None:
        runs = {part: list(run) for part, run in groupby(sorted(records, key=_place), key=_part)}
        self.oldest_unread = {part: run[0] for part, run in runs.items()}
        for part, run in runs.items():
            for start in range(0, len(run), BATCH):
                if not await self._take_run(part, run[start : start + BATCH]):
                    await self._overtaken(part)
                    break
        self.oldest_unread = {}

    async def _overtaken(self, part: TopicPartition) -> None:
        """Another worker was first, or the checkpoint was taken away: what was read is forgotten."""
        self.at[part] = await self._checkpoints.load(self.name, *part) or START
        await self._parking.load()

    async def _take_run(self, part: TopicPartition, run: Sequence[Sealed]) -> bool:
        """Takes all in at once, or one by one when one of them is poison or parked; False: overtaken."""
        if not self.parked & {record.stream for record in run}:
            try:
                opened = [self._codec.open(record) for record in run]
                return self._reached(part, run[-1], await self._digest.digest(opened, self._advance(part, run[-1])))
            except Outage:
                raise
            except Exception as error:  # noqa: BLE001 - whichever record is poison is found below, one by one
                about = {"consumer": self.name, "records": len(run), "error": type(error).__name__}
                _log.info("takes records one by one", extra=about)
        for record in run:
            if not self._reached(part, record, await self._take_one(record, self._advance(part, record))):
                return False
        return True

    async def _take_one(self, record: Sealed, advance: Advance) -> bool:
        if record.stream in self.parked:
            return await self._parking.queue(record, advance)
        try:
            return await self._digest.digest([self._codec.open(record)], advance)
        except Outage:
            raise
        except Exception as error:  # noqa: BLE001 - poison: kept with its cause
            return await self._parking.park(record, error, advance)

    def _advance(self, part: TopicPartition, last: Sealed) -> Advance:
        return Advance(consumer=self.name, topic=part[0], partition=part[1], before=self.at[part], after=last.at)

    def _reached(self, part: TopicPartition, last: Sealed, done: bool) -> bool:
        if done:
            self.at[part] = last.at
        return done


def _part(record: Sealed) -> TopicPartition:
    return record.topic, record.partition


def _place(record: Sealed) -> tuple[str, int, Position]:
    return record.topic, record.partition, record.at
