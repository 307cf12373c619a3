"""Following: the live ends of partitions, fetched as they grow and kept for whoever reads them next."""

import asyncio
import logging
from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import takewhile

from kernel.log import Position, Sealed, TopicPartition
from kernel.ports import Outage
from runtime.adapters.kafka.fetching import Brokers, Fetched, opened
from runtime.adapters.kafka.seeking import Seeker

KEPT = 2000
"""Records kept per partition; who comes later reads the topic."""
WAIT_S = 0.3
"""How long a broker may hold a request when there is nothing new; a partition followed anew waits for its return."""
GATHER_S = 0.01
"""For the first request to ask for all that a reader begins with."""
MOST_BYTES = 256 * 1024
UNREAD_S = 30.0
"""When nobody has asked for so long, a partition is followed no longer."""
_log = logging.getLogger(__name__)


class Gap(Exception):
    """A topic lacks what its journal has: the archive will say it."""


@dataclass(eq=False)
class End:
    """The last records of one partition."""

    next_offset: int
    floor: Position
    """Everything after it is in `records`, or will be."""
    last: Position
    asked_at: float
    leader: int | None = None
    records: deque[Sealed] = field(default_factory=deque[Sealed])

    def take(self, part: TopicPartition, fetched: Fetched) -> int | None:
        """Keeps what is new, and gives up the oldest; the offset of the last that was new. Raises Gap."""
        offset_of_last = None
        for each in opened(part, fetched):
            if each.record.at > self.last:
                if each.leaves_out(self.last):
                    raise Gap(f"{part}: {each.follows} is missing before offset {each.offset}")
                self.records.append(each.record)
                self.last, offset_of_last = each.record.at, each.offset
        while len(self.records) > KEPT:
            self.floor = self.records.popleft().at
        self.next_offset = fetched.next_offset
        return offset_of_last

    def after(self, position: Position, limit: int) -> Sequence[Sealed]:
        """The next records after the position; looked for from the end, where almost everybody reads."""
        news = list(takewhile(lambda record: record.at > position, reversed(self.records)))
        news.reverse()
        return news[:limit]


class Following:
    """One request at a time to each broker that leads something followed.

    What fails is let go of: whoever reads it next reads the topic, meets the outage there, and has it followed again.
    """

    def __init__(self, brokers: Brokers, seeker: Seeker, wake: Callable[[Iterable[str]], None]) -> None:
        """`wake` is called with topics that have news, or that are followed no longer."""
        self._brokers, self._seeker, self._wake = brokers, seeker, wake
        self._ends: dict[TopicPartition, End] = {}
        self._asked: set[int] = set()
        self._more = asyncio.Event()
        self._now = asyncio.get_running_loop().time

    @property
    def parts(self) -> frozenset[TopicPartition]:
        """What is followed."""
        return frozenset(self._ends)

    def follow(self, part: TopicPartition, next_offset: int, last: Position) -> None:
        """From this offset on; `last` is the last place of the journal that lies before it."""
        if part not in self._ends:
            self._ends[part] = End(next_offset, floor=last, last=last, asked_at=self._now())
            self._more.set()

    def read(self, part: TopicPartition, after: Position, limit: int) -> Sequence[Sealed] | None:
        """What has come after a position; None when only the topic can tell."""
        end = self._ends.get(part)
        if end is None or after < end.floor:
            return None
        end.asked_at = self._now()
        return () if after >= end.last else end.after(after, limit)

    def last(self, part: TopicPartition) -> Position | None:
        """The place of the last record, of a partition that is followed."""
        end = self._ends.get(part)
        return None if end is None else end.last

    async def run(self) -> None:
        """Follows until cancelled."""
        async with asyncio.TaskGroup() as group:
            while True:
                await self._more.wait()
                await asyncio.sleep(GATHER_S)
                self._more.clear()
                await self._learn_leaders()
                leaders = {end.leader for end in self._ends.values() if end.leader is not None}
                for leader in leaders - self._asked:
                    self._asked.add(leader)
                    group.create_task(self._ask(leader), name=f"kafka:fetch:{leader}")

    async def _learn_leaders(self) -> None:
        new = [part for part, end in self._ends.items() if end.leader is None]
        try:
            leaders = await self._brokers.leaders(new)
        except Outage as outage:
            self._let_go(new, outage)
            return
        for leader, parts in leaders.items():
            for part in parts:
                self._ends[part].leader = leader

    async def _ask(self, leader: int) -> None:
        """Fetches from one broker while something is followed there."""
        try:
            while offsets := self._wanted(leader):
                try:
                    answers = await self._brokers.fetch(leader, offsets, most_bytes=MOST_BYTES, wait_s=WAIT_S)
                    await self._take(offsets, answers)
                except Exception as error:  # noqa: BLE001 - whatever it is: who reads the topic next meets it too
                    self._let_go(offsets, error)
        finally:
            self._asked.discard(leader)

    def _wanted(self, leader: int) -> Mapping[TopicPartition, int]:
        unread = self._now() - UNREAD_S
        for part in [part for part, end in self._ends.items() if end.asked_at < unread]:
            del self._ends[part]
        return {part: end.next_offset for part, end in self._ends.items() if end.leader == leader}

    async def _take(
        self, offsets: Mapping[TopicPartition, int], answers: Mapping[TopicPartition, Fetched | Exception | None]
    ) -> None:
        news: set[str] = set()
        for part, answer in answers.items():
            end = self._ends.get(part)
            if end is None or end.next_offset != offsets[part]:
                continue
            if not isinstance(answer, Fetched):
                self._let_go([part], answer)
                continue
            try:
                offset = end.take(part, answer)
            except Gap as gap:
                self._let_go([part], gap)
                continue
            if offset is not None:
                self._seeker.remember(part, end.last, offset)
                self._ends[part] = self._ends.pop(part)  # An answer may be full before the last one asked for.
                news.add(part[0])
        self._wake(news)
        if any(isinstance(answer, Exception) for answer in answers.values()):
            await self._brokers.look_again()

    def _let_go(self, parts: Iterable[TopicPartition], why: Exception | None) -> None:
        gone = [part for part in parts if self._ends.pop(part, None) is not None]
        _log.warning("follows no longer", extra={"parts": gone, "error": repr(why)})
        self._wake({topic for topic, _ in gone})
