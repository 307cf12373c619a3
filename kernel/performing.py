"""Performing: effects run outside transactions, in order per stream, side by side across streams, at least once."""

import asyncio
import logging
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from kernel.budgeting import RetryBudget, jittered
from kernel.committing import Advance
from kernel.digesting import Performing
from kernel.equipment import Equipment
from kernel.handling import Handler
from kernel.log import START, Position, Sealed, TopicPartition
from kernel.parking import Parking
from kernel.ports import Outage
from kernel.resuming import resumed
from kernel.subgraph import Effect
from kernel.tailing import OUTAGE_PAUSE_S, Tail

IN_FLIGHT = 64
"""Effects being performed at once."""
READ_AHEAD = 1000
"""Effects begun and not done, most of them waiting: for their turn, or to be repeated. Reading pauses beyond."""
LONGEST_PAUSE_S = 10.0
SETTLE_S = 0.2
_log = logging.getLogger(__name__)


@dataclass(eq=False)
class Progress:
    """How far one partition has come while it is held."""

    at: Position
    """The checkpoint, as last seen."""
    done: Position
    """Up to here everything is done with."""
    read: Position
    under_way: deque[tuple[Sealed, asyncio.Task[bool]]] = field(
        default_factory=deque[tuple[Sealed, asyncio.Task[bool]]]
    )


class Performer:
    """Performs one effect. The checkpoint stands before the oldest record that is not done.

    Of a partition that goes to another worker, attempts under way finish and nothing is tried again; what was not
    done by then, or done and not yet saved, the other performs.
    """

    def __init__(self, effect: Effect[Any], port: object, tail: Tail, handler: Handler, equipment: Equipment) -> None:
        self.name, self._from_start = effect.name, effect.from_start
        self._performing = Performing(effect, port, handler, equipment.checkpoints)
        self._checkpoints, self._codec = equipment.checkpoints, equipment.codec
        self._tail, self._topics = tail, effect.topics
        self._parking = Parking(effect.name, equipment.dead_letters)
        self._room, self._free = asyncio.Semaphore(READ_AHEAD), asyncio.Semaphore(IN_FLIGHT)
        self._held: dict[TopicPartition, Progress] = {}
        self._last_of: dict[str, asyncio.Task[bool]] = {}
        self._started = asyncio.Event()
        self._budget = RetryBudget(asyncio.get_running_loop().time)
        self.outages = 0
        """Attempts that ended in an outage."""

    @property
    def parked(self) -> frozenset[str]:
        """The keys that are parked, as far as this worker knows."""
        return self._parking.keys

    @property
    def oldest_unread(self) -> Mapping[TopicPartition, Sealed]:
        """The oldest record that is not done, per topic partition."""
        return {part: held.under_way[0][0] for part, held in self._held.items() if held.under_way}

    @property
    def under_way(self) -> int:
        """How many effects are begun and not done, of the partitions that are held."""
        return sum(len(held.under_way) for held in self._held.values())

    async def run(self) -> None:
        """Performs until cancelled; what was under way is then performed again after the next start."""
        parts: frozenset[TopicPartition] | None = None
        async with asyncio.TaskGroup() as group:
            group.create_task(self._settle(), name=f"{self.name}:checkpoints")
            while True:
                turn = self._tail.turn
                try:
                    if parts is not self._tail.held:
                        await self._hold(parts := self._tail.held)
                    records = await self._tail.next({part: held.read for part, held in self._held.items()})
                except Outage:
                    parts = None
                    await asyncio.sleep(OUTAGE_PAUSE_S)
                    continue
                for record in records:
                    await self._room.acquire()
                    self._start(group, record)
                if not records:
                    await self._tail.wait_past(turn)

    async def _hold(self, parts: frozenset[TopicPartition]) -> None:
        """Begins with the partitions that have come to this worker, and ends with those that went."""
        for part in self._held.keys() - parts:
            await self._settle_part(part, self._held.pop(part))
        come: dict[TopicPartition, Progress] = {}
        for part in sorted(part for part in parts - self._held.keys() if part[0] in self._topics):
            at = await resumed(self._checkpoints, self.name, part, self._tail, from_start=self._from_start)
            come[part] = Progress(at=at, done=at, read=at)
        await self._parking.load()
        self._held |= come

    def _start(self, group: asyncio.TaskGroup, record: Sealed) -> None:
        held, before = self._held[record.topic, record.partition], self._last_of.get(record.stream)
        task = group.create_task(self._see_to(record, held, before), name=f"{self.name}:{record.id}")
        self._last_of[record.stream] = task
        held.under_way.append((record, task))
        held.read = record.at
        self._started.set()
        task.add_done_callback(lambda done: self._finished(record.stream, done))

    def _finished(self, stream: str, task: asyncio.Task[bool]) -> None:
        self._room.release()
        if self._last_of.get(stream) is task:
            del self._last_of[stream]

    async def _see_to(self, record: Sealed, held: Progress, before: asyncio.Task[bool] | None) -> bool:
        """Until the record is done with, performed and reported, or parked; False: it is another worker's now."""
        if before is not None:
            await asyncio.wait([before])
        self._budget.attempt()
        pause = OUTAGE_PAUSE_S
        while self._held.get((record.topic, record.partition)) is held:
            if await self._attempted(record):
                if pause > OUTAGE_PAUSE_S:
                    self._budget.succeeded()
                return True
            await asyncio.sleep(jittered(pause, f"{record.id}{pause}"))
            while not self._budget.take():  # noqa: ASYNC110 - the budget fills as time passes; nobody tells
                await asyncio.sleep(jittered(OUTAGE_PAUSE_S, record.id))
            pause = min(pause * 2, LONGEST_PAUSE_S)
        return False

    async def _attempted(self, record: Sealed) -> bool:
        """Whether it is done with; False after an outage."""
        try:
            if record.stream in self.parked and await self._parking.queue(record):
                return True
            async with self._free:
                await self._performing.perform(self._codec.open(record))
        except (Outage, asyncio.CancelledError) as outage:
            if _is_cancelled(outage):
                raise
            self.outages += 1
            about = {"consumer": self.name, "key": record.stream, "request_id": record.meta.correlation}
            _log.warning("waits out an outage", extra={**about, "error": str(outage)})
            return False
        except Exception as error:  # noqa: BLE001 - a bug or a refused report: kept with its cause, the key waits
            await self._park(record, error)
        return True

    async def _park(self, record: Sealed, error: Exception) -> None:
        while True:
            try:
                await self._parking.park(record, error)
                return
            except Outage:
                await asyncio.sleep(OUTAGE_PAUSE_S)

    async def _settle(self) -> None:
        """Moves the checkpoints behind what is done, while anything is under way."""
        while True:
            await self._started.wait()
            try:
                for part, held in list(self._held.items()):
                    await self._settle_part(part, held)
            except Outage:
                await asyncio.sleep(OUTAGE_PAUSE_S)
                continue
            oldest = [held.under_way[0][1] for held in self._held.values() if held.under_way]
            if oldest:
                await asyncio.wait(oldest, timeout=SETTLE_S, return_when=asyncio.FIRST_COMPLETED)
            else:
                self._started.clear()

    async def _settle_part(self, part: TopicPartition, held: Progress) -> None:
        tasks = held.under_way
        while tasks and tasks[0][1].done() and tasks[0][1].result():
            held.done = tasks.popleft()[0].at
        while held.at < held.done:  # another worker may have come further, or less far
            step = Advance(consumer=self.name, topic=part[0], partition=part[1], before=held.at, after=held.done)
            moved = await self._checkpoints.advance(step)
            held.at = held.done if moved else await self._checkpoints.load(self.name, *part) or START


def _is_cancelled(error: BaseException) -> bool:
    """Whether it is this task that is to end; drivers have been seen to raise cancellations of their own."""
    task = asyncio.current_task()
    return isinstance(error, asyncio.CancelledError) and task is not None and task.cancelling() > 0
