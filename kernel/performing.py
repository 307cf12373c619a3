"""Performing: effects run outside transactions, in order per stream, side by side across streams, at least once."""

import asyncio
import traceback
from collections import deque
from typing import Any

from kernel.budgeting import RetryBudget, jittered
from kernel.committing import Advance
from kernel.digesting import carry_out
from kernel.equipment import Equipment
from kernel.handling import Handler
from kernel.log import START, Position, Sealed
from kernel.ports import DeadLetter, Outage, TopicPartition
from kernel.subgraph import Effect
from kernel.tailing import OUTAGE_PAUSE_S, Tail

IN_FLIGHT = 64
"""Effects under way at once; when all are taken, reading pauses."""
LONGEST_PAUSE_S = 10.0
SETTLE_S = 0.2


class Performer:
    """Performs one effect. The checkpoint stands before the oldest record that is not done."""

    def __init__(self, effect: Effect[Any], port: object, tail: Tail, handler: Handler, equipment: Equipment) -> None:
        self.name = effect.name
        self._effect, self._port, self._tail, self._handler = effect, port, tail, handler
        self._checkpoints, self._dead_letters = equipment.checkpoints, equipment.dead_letters
        self._codec = equipment.codec
        self._parts = [part for part in tail.partitions if part[0] in effect.topics]
        self._free = asyncio.Semaphore(IN_FLIGHT)
        self._open: dict[TopicPartition, deque[tuple[Position, asyncio.Task[None]]]] = {}
        self._last_of: dict[str, asyncio.Task[None]] = {}
        self._started = asyncio.Event()
        self._budget = RetryBudget(asyncio.get_running_loop().time)
        self.outages = 0
        """Attempts that ended in an outage."""
        self.last_outage: str | None = None
        self.at: dict[TopicPartition, Position] = {}
        self.parked: frozenset[str] = frozenset()

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
                    await self._free.acquire()
                    self._start(group, record)
                    read[record.topic, record.partition] = record.at
                if not records:
                    await self._tail.wait_past(turn)

    async def _load(self) -> dict[TopicPartition, Position]:
        while True:
            try:
                self.parked = await self._dead_letters.parked(self.name)
                for part in self._parts:
                    self.at[part] = await self._checkpoints.load(self.name, *part) or START
                    self._open[part] = deque()
                return dict(self.at)
            except Outage:
                await asyncio.sleep(OUTAGE_PAUSE_S)

    def _start(self, group: asyncio.TaskGroup, record: Sealed) -> None:
        before = self._last_of.get(record.stream)
        task = group.create_task(self._perform(record, before), name=f"{self.name}:{record.id}")
        self._last_of[record.stream] = task
        self._open[record.topic, record.partition].append((record.at, task))
        self._started.set()
        task.add_done_callback(lambda done: self._finished(record.stream, done))

    def _finished(self, stream: str, task: asyncio.Task[None]) -> None:
        self._free.release()
        if self._last_of.get(stream) is task:
            del self._last_of[stream]

    async def _perform(self, record: Sealed, before: asyncio.Task[None] | None) -> None:
        if before is not None:
            await asyncio.wait([before])
        self._budget.attempt()
        pause = OUTAGE_PAUSE_S
        while True:
            try:
                if record.stream not in self.parked:
                    opened = self._codec.open(record)
                    commands = await self._effect.perform(opened, self._port)
                    await carry_out(self._handler, self.name, opened, commands)
                else:
                    await self._park(record, "KeyParked", "")
                return
            except Outage as outage:
                self.outages += 1
                self.last_outage = repr(outage)
                pause = await self._rest(pause, record.id)
            except Exception as error:  # noqa: BLE001 - a bug or a refused report: kept with its cause, the key waits
                self.parked |= {record.stream}
                await self._park(record, repr(error), "".join(traceback.format_exception(error)))
                return

    async def _rest(self, pause: float, seed: str) -> float:
        """Waits before a repeat, longer while the budget of repeats is spent; the pause to wait next time."""
        await asyncio.sleep(self._budget.take() + jittered(pause, f"{seed}{pause}"))
        return min(pause * 2, LONGEST_PAUSE_S)

    async def _park(self, record: Sealed, error: str, trace: str) -> None:
        letter = DeadLetter(consumer=self.name, key=record.stream, record=record, error=error, traceback=trace)
        while True:
            try:
                return await self._dead_letters.park(letter)
            except Outage:
                await asyncio.sleep(OUTAGE_PAUSE_S)

    async def _settle(self) -> None:
        """Moves the checkpoints behind what is done, while anything is under way."""
        while True:
            await self._started.wait()
            for part in self._parts:
                await self._settle_part(part)
            oldest = [tasks[0][1] for tasks in self._open.values() if tasks]
            if oldest:
                await asyncio.wait(oldest, timeout=SETTLE_S, return_when=asyncio.FIRST_COMPLETED)
            else:
                self._started.clear()

    async def _settle_part(self, part: TopicPartition) -> None:
        done: Position | None = None
        tasks = self._open[part]
        while tasks and tasks[0][1].done():
            done = tasks.popleft()[0]
        if done is None:
            return
        step = Advance(consumer=self.name, topic=part[0], partition=part[1], before=self.at[part], after=done)
        try:
            moved = await self._checkpoints.advance(step)
            self.at[part] = done if moved else await self._checkpoints.load(self.name, *part) or START
        except Outage:
            await asyncio.sleep(OUTAGE_PAUSE_S)
