"""The event log on Kafka: live ends, what the topics still hold, and behind them the journals as their archive."""

import asyncio
from collections.abc import AsyncGenerator, Iterable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress

from kernel.log import Position, Sealed, TopicPartition, journal_of
from kernel.ports import EventLog, Wakeup
from kernel.sharing import Share
from runtime.adapters.background import background
from runtime.adapters.kafka.belonging import Groups
from runtime.adapters.kafka.fetching import Brokers, open_brokers
from runtime.adapters.kafka.following import Following
from runtime.adapters.kafka.reading import Reader
from runtime.adapters.kafka.seeking import Seeker


class Flag:
    """Somebody's interest in topics: raised by news, lowered by who has waited for it."""

    def __init__(self, topics: Iterable[str]) -> None:
        self.topics = frozenset(topics)
        self._raised = asyncio.Event()

    def wave(self) -> None:
        self._raised.set()

    async def wait(self, timeout_s: float) -> bool:
        with suppress(TimeoutError):
            async with asyncio.timeout(timeout_s):
                await self._raised.wait()
        raised = self._raised.is_set()
        self._raised.clear()
        return raised


class KafkaEventLog:
    """The journals as a relay publishes them: each topic's partition in its journal's order, what is doubled left out.

    A position is found by what the records say, never by an offset that somebody committed; what a topic holds no more
    is read from the archive.
    """

    def __init__(self, brokers: Brokers, servers: str, archive: EventLog) -> None:
        seeker = Seeker(brokers)
        self._archive = archive
        self._following = Following(brokers, seeker, self._wake)
        self._reader = Reader(brokers, seeker, self._following, archive)
        self._groups = Groups(servers, self._wake)
        self._flags: set[Flag] = set()

    def partitions(self, journal: str) -> int:
        return self._archive.partitions(journal)

    async def read(self, after: Mapping[TopicPartition, Position], limit: int) -> Sequence[Sealed]:
        found: list[Sealed] = []
        behind: list[tuple[TopicPartition, Position]] = []
        for part, position in after.items():
            news = self._following.read(part, position, limit)
            if news is None:
                behind.append((part, position))
            else:
                found += news
        for records in await asyncio.gather(*(self._reader.read(part, position, limit) for part, position in behind)):
            found += records
        return found

    async def head(self, topic: str, partition: int) -> Position:
        last = self._following.last((topic, partition))
        return await self._reader.last((topic, partition)) if last is None else last

    @asynccontextmanager
    async def watch(self, topics: Sequence[str]) -> AsyncGenerator[Wakeup]:
        flag = Flag(topics)
        self._flags.add(flag)
        try:
            yield flag
        finally:
            self._flags.discard(flag)

    def share(self, topics: Sequence[str], group: str) -> AbstractAsyncContextManager[Share]:
        parts = [(topic, number) for topic in topics for number in range(self.partitions(journal_of(topic)))]
        return self._groups.share(topics, group, parts)

    async def run(self) -> None:
        """Follows the live ends until cancelled."""
        await self._following.run()

    @property
    def followed(self) -> frozenset[TopicPartition]:
        """The partitions whose live ends are fetched now."""
        return self._following.parts

    def _wake(self, topics: Iterable[str]) -> None:
        news = frozenset(topics)
        for flag in self._flags:
            if not news.isdisjoint(flag.topics):
                flag.wave()


@asynccontextmanager
async def open_kafka_log(servers: str, archive: EventLog) -> AsyncGenerator[KafkaEventLog]:
    """The log as one process reads it; opens while Kafka is away, too."""
    async with open_brokers(servers) as brokers:
        log = KafkaEventLog(brokers, servers, archive)
        async with background(log.run(), "kafka:following"):
            yield log
