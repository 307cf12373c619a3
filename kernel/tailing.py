"""Tailing: one reader per process and journal, whose recent records all consumers share."""

import asyncio
import logging
from collections import deque
from collections.abc import Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from itertools import takewhile

from kernel.log import Position, Sealed, TopicPartition
from kernel.ports import EventLog, Outage, Wakeup
from kernel.sharing import Share, Whole, unshared

WINDOW = 2000
"""Records kept per topic partition; a consumer further behind reads the log itself."""
BATCH = 500
IDLE_POLL_S = 1.0
FIRST_POLL_S = 0.01
OUTAGE_PAUSE_S = 0.5
LONGEST_OUTAGE_PAUSE_S = 2.0
_log = logging.getLogger(__name__)


class Tail:
    """The recent end of some topics of one journal, in memory."""

    def __init__(self, log: EventLog, journal: str, topics: Sequence[str], group: str | None = None) -> None:
        """With a `group`, of its partitions only this worker's share; without, of all, as a rebuild needs."""
        self._log, self._topics, self._group = log, tuple(topics), group
        self.partitions: tuple[TopicPartition, ...] = tuple(
            (topic, partition) for topic in self._topics for partition in range(log.partitions(journal))
        )
        self._share: Share = Whole(self.partitions if group is None else ())
        self.held = self._share.parts
        """The partitions to be consumed here; another set after each change, of which there is news."""
        self._floor: dict[TopicPartition, Position] = {}
        self._cursor: dict[TopicPartition, Position] = {}
        self._recent: dict[TopicPartition, deque[Sealed]] = {part: deque() for part in self.partitions}
        self._news = asyncio.Event()
        self.turn = 0
        """Counts the arrivals of news, for `wait_past`."""

    async def run(self) -> None:
        """Follows the log until cancelled; outages are waited out."""
        pause = OUTAGE_PAUSE_S
        async with self._entered() as self._share:
            while True:
                turn = self.turn
                try:
                    await self._follow()
                except Outage as outage:
                    _log.warning("waits out an outage", extra={"topics": self._topics, "error": str(outage)})
                pause = OUTAGE_PAUSE_S if self.turn > turn else min(pause * 2, LONGEST_OUTAGE_PAUSE_S)
                await asyncio.sleep(pause)

    async def _follow(self) -> None:
        async with self._log.watch(self._topics) as wakeup:
            while True:
                await self._drain()
                await self._pause(wakeup)

    def _entered(self) -> AbstractAsyncContextManager[Share]:
        return unshared(self.partitions) if self._group is None else self._log.share(self._topics, self._group)

    async def _hold(self, parts: frozenset[TopicPartition]) -> None:
        """Follows each partition that has come to this worker, from its head on, and forgets those that went."""
        for part in self._cursor.keys() - parts:
            del self._cursor[part], self._floor[part]
            self._recent[part].clear()
        for part in sorted(parts - self._cursor.keys()):
            self._cursor[part] = self._floor[part] = await self._log.head(*part)
        self.held = parts
        self._announce()

    async def _drain(self) -> bool:
        found = False
        if self._share.parts != self.held or len(self._cursor) < len(self.held):
            await self._hold(self._share.parts)
        while records := await self._log.read(self._cursor, BATCH):
            found = True
            for record in records:
                part = (record.topic, record.partition)
                self._recent[part].append(record)
                self._cursor[part] = record.at
                if len(self._recent[part]) > WINDOW:
                    self._floor[part] = self._recent[part].popleft().at
            self._announce()
        return found

    async def _pause(self, wakeup: Wakeup) -> None:
        """Until there may be news. A wake-up can come before its record clears the horizon: look again, ever later."""
        if not await wakeup.wait(IDLE_POLL_S):
            return
        pause = FIRST_POLL_S
        while not await self._drain() and pause < IDLE_POLL_S:
            await wakeup.wait(pause)
            pause *= 3

    def _announce(self) -> None:
        self.turn += 1
        self._news.set()
        self._news = asyncio.Event()

    async def wait_past(self, turn: int) -> None:
        """Waits until `turn` has been passed."""
        while self.turn <= turn:
            await self._news.wait()

    async def next(self, after: Mapping[TopicPartition, Position]) -> Sequence[Sealed]:
        """The next records after these positions: from memory where the tail reaches back far enough, else read."""
        found: list[Sealed] = []
        behind: dict[TopicPartition, Position] = {}
        for part, position in after.items():
            floor = self._floor.get(part)
            if floor is None or position < floor:
                behind[part] = position
            elif position < self._cursor[part]:
                found.extend(_after(position, self._recent[part]))
        if behind:
            found.extend(await self._log.read(behind, BATCH))
        return found

    async def head(self, part: TopicPartition) -> Position:
        """The position of the log's last record."""
        return await self._log.head(*part)


def _after(position: Position, recent: deque[Sealed]) -> list[Sealed]:
    """Looked for from the end, where almost everybody reads."""
    news = list(takewhile(lambda record: record.at > position, reversed(recent)))
    news.reverse()
    return news
