"""Fetching: what lies at which offset of a partition, asked of the brokers that lead, without any state of a reader.

aiokafka's consumer keeps one place per partition and follows it by itself; an event log is asked for many places at
once, and for the last ones all the time. So this goes by aiokafka's client, one request and one answer at a time.
"""

import asyncio
import logging
from collections import defaultdict
from collections.abc import AsyncGenerator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any, NamedTuple, TypeGuard

from aiokafka import TopicPartition as Place
from aiokafka.errors import KafkaError, NotLeaderForPartitionError, OffsetOutOfRangeError, for_code
from aiokafka.protocol.fetch import FetchRequest
from aiokafka.protocol.offset import OffsetRequest
from aiokafka.record.memory_records import MemoryRecords

from kernel.log import Position, Sealed, TopicPartition
from runtime.adapters.kafka.clients import Client
from runtime.adapters.kafka.connecting import outages
from runtime.adapters.kafka.records import NotOurRecord, followed_by, from_kafka

ANSWER_TIMEOUT_S = 4.0
MOST_BYTES = 8 * 2**20
"""Of one answer; each partition has a bound of its own besides."""
FIRST, BEHIND_LAST = -2, -1
_ASIDE = 1
"""The connection for requests that wait: a broker answers one connection's requests one after the other."""
_log = logging.getLogger(__name__)


class Fetched(NamedTuple):
    """What a partition held from an offset on."""

    records: Sequence[Any]
    """As aiokafka reads them: offset, key, value, headers."""
    next_offset: int
    end: int
    """The offset that its next record will get."""


class Brokers:
    """The brokers of one cluster. Connects when needed, and anew after whatever went wrong; raises Outage."""

    def __init__(self, servers: str) -> None:
        self._servers = servers
        self._client: Any = None
        self._connecting, self._learning = asyncio.Lock(), asyncio.Lock()
        self._closing: set[asyncio.Task[None]] = set()

    async def aclose(self) -> None:
        """Ends all connections, those included that are just being ended."""
        await self.look_again()
        if self._closing:
            await asyncio.wait(self._closing)

    async def look_again(self) -> None:
        """Ends all connections; whoever asks next connects anew and hears who leads what by now."""
        await self._part_with(self._client)

    async def leaders(self, parts: Sequence[TopicPartition]) -> Mapping[int, Sequence[TopicPartition]]:
        """Who leads which of these partitions."""
        led: dict[int, list[TopicPartition]] = defaultdict(list)
        with outages():
            client = await self._connected()
            for part in parts:
                led[await self._leader(client, part)].append(part)
        return led

    async def bounds(self, part: TopicPartition) -> tuple[int, int]:
        """The offset of the partition's first record, and the one that its next record will get."""
        return await self._bound(part, FIRST), await self._bound(part, BEHIND_LAST)

    async def at(self, part: TopicPartition, offset: int, most_bytes: int) -> Fetched | None:
        """What lies there and behind, one batch at least, without waiting; None for an offset that is not there."""
        (leader,) = await self.leaders([part])
        answers = await self.fetch(leader, {part: offset}, most_bytes=most_bytes, wait_s=0)
        fetched = answers[part]
        if isinstance(fetched, KafkaError):
            await self.look_again()
            with outages():
                raise fetched
        return fetched

    async def fetch(
        self, leader: int, offsets: Mapping[TopicPartition, int], *, most_bytes: int, wait_s: float
    ) -> Mapping[TopicPartition, Fetched | KafkaError | None]:
        """Waits until one of the partitions has something at its offset; None for an offset that is not there."""
        wanted: dict[str, list[tuple[int, int, int]]] = defaultdict(list)
        for (topic, partition), offset in offsets.items():
            wanted[topic].append((partition, offset, most_bytes))
        request = FetchRequest(int(wait_s * 1000), 1, MOST_BYTES, 0, list(wanted.items()))
        answer = await self._ask(leader, request, aside=wait_s > 0)
        return {
            (topic, partition): _fetched(offsets[topic, partition], error, end, rest[-1] or b"")
            for topic, partitions in answer.topics
            for partition, error, end, *rest in partitions
        }

    async def _bound(self, part: TopicPartition, which: int) -> int:
        (leader,) = await self.leaders([part])
        answer = await self._ask(leader, OffsetRequest(-1, 0, [(part[0], [(part[1], which)])]))
        ((_, ((_, error, *_, offset),)),) = answer.topics
        if error:
            await self.look_again()
            with outages():
                raise for_code(error)(part)
        return offset

    async def _ask(self, leader: int, request: Any, *, aside: bool = False) -> Any:
        with outages():
            client = await self._connected()
            try:
                async with asyncio.timeout(ANSWER_TIMEOUT_S):
                    return await client.send(leader, request, group=_ASIDE if aside else 0)
            except (KafkaError, OSError, TimeoutError):
                await self._part_with(client)
                raise

    async def _connected(self) -> Any:
        async with self._connecting:
            if self._client is None:
                client: Any = Client(bootstrap_servers=self._servers, request_timeout_ms=int(ANSWER_TIMEOUT_S * 1000))
                try:
                    async with asyncio.timeout(ANSWER_TIMEOUT_S):
                        await client.bootstrap()
                except BaseException:
                    await client.close()
                    raise
                self._client = client
            return self._client

    async def _leader(self, client: Any, part: TopicPartition) -> int:
        if not _is_known(leader := client.cluster.leader_for_partition(Place(*part))):
            async with self._learning, asyncio.timeout(ANSWER_TIMEOUT_S):
                leader = await self._learn_leader(client, part)
        if not _is_known(leader):
            raise NotLeaderForPartitionError(f"Nobody leads partition {part[1]} of {part[0]}; is there such a topic?")
        return leader

    async def _learn_leader(self, client: Any, part: TopicPartition) -> int | None:
        """One at a time: the client takes an answer that was on its way for news of topics that it did not ask for."""
        place = Place(*part)
        if not _is_known(client.cluster.leader_for_partition(place)):
            await client.add_topic(part[0])
            await client.force_metadata_update()
        return client.cluster.leader_for_partition(place)

    async def _part_with(self, client: Any) -> None:
        if client is self._client:
            self._client = None
        if client is not None:
            closing = asyncio.create_task(client.close(), name="kafka:closing")
            self._closing.add(closing)
            closing.add_done_callback(self._closing.discard)
            await asyncio.wait([closing])


def _is_known(leader: int | None) -> TypeGuard[int]:
    return leader is not None and leader >= 0


class Opened(NamedTuple):
    """A record of the journal, as it lies in the topic."""

    offset: int
    record: Sealed
    follows: Position | None

    def leaves_out(self, last: Position) -> bool:
        """Whether something is missing between `last` and this record."""
        return self.follows is not None and self.follows > last


def opened(part: TopicPartition, fetched: Fetched) -> Iterator[Opened]:
    """The journal's records among them; what somebody else wrote is passed over."""
    for record in fetched.records:
        try:
            sealed = from_kafka(*part, record.key, record.value, record.headers)
            yield Opened(record.offset, sealed, followed_by(record.headers))
        except NotOurRecord as error:
            _log.warning("passes over a record", extra={"offset": record.offset, "error": str(error)})


def _fetched(offset: int, error: int, end: int, content: bytes) -> Fetched | KafkaError | None:
    if error:
        failed = for_code(error)
        return None if failed is OffsetOutOfRangeError else failed(offset)
    batches, records, next_offset = MemoryRecords(content), list[Any](), offset
    while (batch := batches.next_batch()) is not None:
        if not batch.validate_crc():
            return KafkaError(f"A batch behind offset {next_offset} is not what was written.")
        next_offset = batch.next_offset
        if not batch.is_control_batch:
            records += [record for record in batch if record.offset >= offset]
    return Fetched(records, next_offset, end)


@asynccontextmanager
async def open_brokers(servers: str) -> AsyncGenerator[Brokers]:
    """Opens while Kafka is away, too."""
    brokers = Brokers(servers)
    try:
        yield brokers
    finally:
        await brokers.aclose()
