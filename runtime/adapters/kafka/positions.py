"""Couriers' positions through Kafka: a stream that is kept for minutes. The index stays where it was.

Points lie in the partition of their courier, and workers share the partitions as one group of consumers.
"""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from datetime import datetime
from typing import Any, Protocol
from zlib import crc32

import msgspec

from kernel.places import Position
from kernel.ports import Outage
from runtime.adapters.kafka.clients import Consumer, Producer
from runtime.adapters.kafka.connecting import outages
from runtime.adapters.kafka.topics import POSITIONS
from runtime.adapters.postgres.log import PARTITIONS
from subgraphs.tracking.positions import Point

GROUP = "tracking"
KEPT = 10_000
"""Points that a worker finds at least when it was away; older ones are skipped."""
TAKEN_AT_ONCE = 500
WAIT_S = 2.0
ANSWER_TIMEOUT_S = 0.8
START_WITHIN_S = 8.0
SESSION_MS = 6_000
"""After so long a worker that says nothing has its partitions taken away."""
_HEADERS = [("content-type", b"application/json")]


class CourierIndex(Protocol):
    """Where each courier was last, and the read model behind it."""

    async def index(self, courier_id: str, points: Sequence[Point]) -> None: ...
    async def save(self, points: Sequence[Point], wake: Sequence[str]) -> None: ...
    async def last(self, courier_id: str) -> Point | None: ...
    async def near(self, around: Position, radius_m: float, since: datetime, limit: int) -> Sequence[Point]: ...


class OnDemand:
    """One of aiokafka's clients, connected when it is first used and made anew when that failed."""

    def __init__(self, make: Callable[[], Any]) -> None:
        self._make = make
        self._starting: asyncio.Task[Any] | None = None

    async def started(self) -> Any:
        """Raises Outage. Whoever waits no longer lets it go on for the next one."""
        if self._starting is None or (self._starting.done() and self._starting.exception()):
            self._starting = asyncio.create_task(self._start(), name="connecting to Kafka")
        return await asyncio.shield(self._starting)

    async def _start(self) -> Any:
        client = self._make()
        try:
            with outages():
                async with asyncio.timeout(START_WITHIN_S):
                    await client.start()
        except BaseException:
            await client.stop()
            raise
        return client

    async def aclose(self) -> None:
        """Ends it, however far it has come."""
        if self._starting is not None:
            self._starting.cancel()
            await asyncio.wait([self._starting])
            if not self._starting.cancelled() and not self._starting.exception():
                await self._starting.result().stop()


class KafkaPositionStream:
    """As `subgraphs.tracking.positions.PositionStream`. Workers share what comes: each point is taken once, unless a
    worker dies."""

    def __init__(self, servers: str, index: CourierIndex, kept: int = KEPT) -> None:
        self._index, self._kept = index, kept // PARTITIONS
        self._decoder = msgspec.json.Decoder(Point)
        self._producer = OnDemand(
            lambda: Producer(bootstrap_servers=servers, acks=1, request_timeout_ms=int(WAIT_S * 1000))
        )
        self._consumer = OnDemand(
            lambda: Consumer(
                POSITIONS,
                bootstrap_servers=servers,
                group_id=GROUP,
                auto_offset_reset="earliest",
                auto_commit_interval_ms=1_000,
                session_timeout_ms=SESSION_MS,
                heartbeat_interval_ms=SESSION_MS // 4,
                request_timeout_ms=SESSION_MS,
            )
        )

    async def connect(self) -> None:
        """Makes ready to append, which has no time for it. Raises Outage."""
        await self._producer.started()

    async def aclose(self) -> None:
        """Closes its connections, and leaves the group."""
        await self._producer.aclose()
        await self._consumer.aclose()

    async def save(self, points: Sequence[Point], wake: Sequence[str]) -> None:
        """As the port says."""
        await self._index.save(points, wake)

    async def last(self, courier_id: str) -> Point | None:
        """As the port says."""
        return await self._index.last(courier_id)

    async def near(self, around: Position, radius_m: float, since: datetime, limit: int) -> Sequence[Point]:
        """As `runtime.adapters.couriers.Vicinity` says, as far as the index knows."""
        return await self._index.near(around, radius_m, since, limit)

    async def append(self, courier_id: str, points: Sequence[Point]) -> None:
        """As the port says. The index goes first: it is what couriers are sought by."""
        if not points:
            return
        with outages():
            async with asyncio.timeout(ANSWER_TIMEOUT_S):
                await self._index.index(courier_id, points)
                producer = await self._producer.started()
                sent = [await self._send(producer, courier_id, point) for point in points]
                await asyncio.gather(*sent)

    async def next(self) -> Sequence[Point]:
        """As the port says."""
        with outages():
            async with asyncio.timeout(WAIT_S + SESSION_MS / 1000):
                consumer = await self._consumer.started()
                found = await consumer.getmany(timeout_ms=int(WAIT_S * 1000), max_records=TAKEN_AT_ONCE)
                if not found:
                    await consumer.topics()  # Nothing new and nobody there look the same; this one raises.
        for part, records in found.items():
            self._skip(consumer, part, records[-1].offset)
        return [self._decoder.decode(record.value) for records in found.values() for record in records]

    async def _send(self, producer: Any, courier_id: str, point: Point) -> Awaitable[object]:
        return await producer.send(
            POSITIONS,
            msgspec.json.encode(point),
            key=courier_id.encode(),
            partition=crc32(courier_id.encode()) % PARTITIONS,
            timestamp_ms=int(point.received_at.timestamp() * 1000),
            headers=_HEADERS,
        )

    def _skip(self, consumer: Any, part: Any, taken: int) -> None:
        """Who has fallen far behind goes on with what is newer."""
        end = consumer.highwater(part)
        if end is not None and end - taken > self._kept + TAKEN_AT_ONCE:
            consumer.seek(part, end - self._kept)


@asynccontextmanager
async def open_kafka_positions(servers: str, index: CourierIndex) -> AsyncGenerator[KafkaPositionStream]:
    """The stream of one process, over the index of another adapter; opens while Kafka is away, too."""
    stream = KafkaPositionStream(servers, index)
    with suppress(Outage):
        await stream.connect()
    try:
        yield stream
    finally:
        await stream.aclose()
