"""Performing: effects run outside transactions, in order per stream, side by side across streams, at least once."""

import asyncio
import logging
from collections import deque
from collections.abc import Mapping
from typing import Any

from kernel.budgeting import RetryBudget, jittered
from kernel.committing import Advance
from kernel.digesting import Performing
from kernel.equipment import Equipment
from kernel.handling import Handler
from kernel.log import START, Position, Sealed
from kernel.parking import Parking
from kernel.ports import Outage, TopicPartition
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


class Performer:
    """Performs one effect. The checkpoint stands before the oldest record that is not done."""

    def __init__(self, effect: Effect[Any], port: object, tail: Tail, handler: Handler, equipment: Equipment) -> None:
        self.name, self._from_start = effect.name, effect.from_start
        self._performing = Performing(effect, port, handler, equipment.checkpoints)
        self._checkpoints, self._codec, self._tail = equipment.checkpoints, equipment.codec, tail
        self._parking = Parking(effect.name, equipment.dead_letters)
        self._parts = [part for part in tail.partitions if part[0] in effect.topics]
        self._room, self._free = asyncio.Semaphore(READ_AHEAD), asyncio.Semaphore(IN_FLIGHT)
        self._open: dict[TopicPartition, deque[tuple[Sealed, asyncio.Task[None]]]] = {}
        self._last_of: dict[str, asyncio.Task[None]] = {}
        self._started = asyncio.Event()
        self._budget = RetryBudget(asyncio.get_running_loop().time)
        self._done: dict[TopicPartition, Position] = {}
        self.outages = 0
        """Attempts that ended in an outage."""
        self.at: dict[TopicPartition, Position] = {}

    @property
    def parked(self) -> frozenset[str]:
        """The keys that are parked, as far as this worker knows."""
        return self._parking.keys

    @property
    def oldest_unread(self) -> Mapping[TopicPartition, Sealed]:
        """The oldest record that is not done, per topic partition."""
        return {part: tasks[0][0] for part, tasks in self._open.items() if tasks}

    @property
    def under_way(self) -> int:
        """How many effects are begun and not done."""
        return sum(len(tasks) for tasks in self._open.values())

    async def run(self) -> None:
        """Performs until cancelled; what was under way is then performed again after the next start."""
        read = await self._load()
        async with asyncio.TaskGroup() as group:
            group.create_task(self._settle(), name=f"{self.name}:checkpoints")
            while True:
                turn = self._tail.turn
                try:
                    records = await self._tail.next(read)
                except Outage:
                    await asyncio.sleep(OUTAGE_PAUSE_S)
                    continue
                for record in records:
                    await self._room.acquire()
                    self._start(group, record)
                    read[record.topic, record.partition] = record.at
                if not records:
                    await self._tail.wait_past(turn)

    async def _load(self) -> dict[TopicPartition, Position]:
        while True:
            try:
                for part in self._parts:
                    self.at[part] = self._done[part] = await resumed(
                        self._checkpoints, self.name, part, self._tail, from_start=self._from_start
                    )
                    self._open[part] = deque()
                await self._parking.load()
                return dict(self.at)
            except Outage:
                await asyncio.sleep(OUTAGE_PAUSE_S)

    def _start(self, group: asyncio.TaskGroup, record: Sealed) -> None:
        before = self._last_of.get(record.stream)
        task = group.create_task(self._see_to(record, before), name=f"{self.name}:{record.id}")
        self._last_of[record.stream] = task
        self._open[record.topic, record.partition].append((record, task))
        self._started.set()
        task.add_done_callback(lambda done: self._finished(record.stream, done))

    def _finished(self, stream: str, task: asyncio.Task[None]) -> None:
        self._room.release()
        if self._last_of.get(stream) is task:
            del self._last_of[stream]

    async def _see_to(self, record: Sealed, before: asyncio.Task[None] | None) -> None:
        """Until the record is done with: performed and reported, or parked."""
        if before is not None:
            await asyncio.wait([before])
        self._budget.attempt()
        pause = OUTAGE_PAUSE_S
        while not await self._attempted(record):
            await asyncio.sleep(jittered(pause, f"{record.id}{pause}"))
            while not self._budget.take():  # noqa: ASYNC110 - the budget fills as time passes; nobody tells
                await asyncio.sleep(jittered(OUTAGE_PAUSE_S, record.id))
            pause = min(pause * 2, LONGEST_PAUSE_S)
        if pause > OUTAGE_PAUSE_S:
            self._budget.succeeded()

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
                for part in self._parts:
                    await self._settle_part(part)
            except Outage:
                await asyncio.sleep(OUTAGE_PAUSE_S)
                continue
            oldest = [tasks[0][1] for tasks in self._open.values() if tasks]
            if oldest:
                await asyncio.wait(oldest, timeout=SETTLE_S, return_when=asyncio.FIRST_COMPLETED)
            else:
                self._started.clear()

    async def _settle_part(self, part: TopicPartition) -> None:
        tasks = self._open[part]
        while tasks and tasks[0][1].done():
            self._done[part] = tasks.popleft()[0].at
        while self.at[part] < self._done[part]:  # another worker may have come further, or less far
            before, after = self.at[part], self._done[part]
            step = Advance(consumer=self.name, topic=part[0], partition=part[1], before=before, after=after)
            moved = await self._checkpoints.advance(step)
            self.at[part] = after if moved else await self._checkpoints.load(self.name, *part) or START


def _is_cancelled(error: BaseException) -> bool:
    """Whether it is this task that is to end; drivers have been seen to raise cancellations of their own."""
    task = asyncio.current_task()
    return isinstance(error, asyncio.CancelledError) and task is not None and task.cancelling() > 0
