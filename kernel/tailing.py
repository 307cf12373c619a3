"""Tailing: one reader per process and journal, whose recent records all consumers share."""

import asyncio
import logging
from collections import deque
from collections.abc import Mapping, Sequence
from itertools import takewhile

from kernel.log import Position, Sealed
from kernel.ports import EventLog, Outage, TopicPartition, Wakeup

WINDOW = 2000
"""Records kept per topic partition; a consumer further behind reads the log itself."""
BATCH = 500
IDLE_POLL_S = 1.0
FIRST_POLL_S = 0.01
OUTAGE_PAUSE_S = 0.5
_log = logging.getLogger(__name__)


class Tail:
    """The recent end of some topics of one journal, in memory."""

    def __init__(self, log: EventLog, journal: str, topics: Sequence[str]) -> None:
        self._log, self._topics = log, tuple(topics)
        self.partitions: tuple[TopicPartition, ...] = tuple(
            (topic, partition) for topic in self._topics for partition in range(log.partitions(journal))
        )
        self._floor: dict[TopicPartition, Position] = {}
        self._cursor: dict[TopicPartition, Position] = {}
        self._recent: dict[TopicPartition, deque[Sealed]] = {part: deque() for part in self.partitions}
        self._news = asyncio.Event()
        self.turn = 0
        """Counts the arrivals of news, for `wait_past`."""

    async def run(self) -> None:
        """Follows the log until cancelled; outages are waited out."""
        while True:
            try:
                await self._follow()
            except Outage as outage:
                _log.warning("waits out an outage", extra={"topics": self._topics, "error": str(outage)})
                await asyncio.sleep(OUTAGE_PAUSE_S)

    async def _follow(self) -> None:
        async with self._log.watch(self._topics) as wakeup:
            for part in self.partitions:
                if part not in self._cursor:
                    self._cursor[part] = self._floor[part] = await self._log.head(*part)
            self._announce()
            while True:
                await self._drain()
                await self._pause(wakeup)

    async def _drain(self) -> bool:
        found = False
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
