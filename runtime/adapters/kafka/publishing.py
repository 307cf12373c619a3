"""Publishing records so that what arrives first arrives in order, whatever fails and however often it is repeated."""

import asyncio
from collections import defaultdict
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any

from aiokafka.errors import MessageSizeTooLargeError, RecordListTooLargeError

from kernel.log import Position, Sealed
from kernel.messages import Value
from kernel.ports import TopicPartition
from runtime.adapters.kafka.clients import Producer
from runtime.adapters.kafka.connecting import outages
from runtime.adapters.kafka.records import Outgoing, to_kafka
from runtime.adapters.kafka.topics import GREATEST_RECORD_BYTES

BATCH_BYTES = 1024 * 1024
REQUEST_TIMEOUT_MS = 5_000
ACKNOWLEDGED_WITHIN_S = 8.0
START_WITHIN_S = 8.0
_TOO_LARGE = (MessageSizeTooLargeError, RecordListTooLargeError)
_OVERHEAD_BYTES = 256
"""Of a batch with one record and its lengths."""


class Published(Value):
    """What became of some records."""

    reached: Mapping[TopicPartition, Position]
    """The last record of each topic partition that every replica in sync has, and all before it."""
    refused: Mapping[TopicPartition, Sealed]
    """Records that Kafka does not take because of their size; nothing behind them was published."""
    count: int
    """How many records were acknowledged."""


class Publisher:
    """Publishes one batch at a time to each topic partition: it is there as a whole or not at all.

    So a failure never leaves a hole that later records jump over. Whoever begins at a saved place again repeats
    records and never swaps them, even while another one does the same.
    """

    def __init__(self, producer: Any) -> None:
        self._producer = producer

    async def publish(
        self, records: Sequence[Sealed], after: Mapping[TopicPartition, Position] | None = None
    ) -> Published:
        """As many of each topic partition's records, the first ones first, as go into one batch.

        `after` is what they were read after; each record then says which one it follows.

        Raises:
            Outage: some were not acknowledged, and may be there or not.
        """
        parts: dict[TopicPartition, list[Sealed]] = defaultdict(list)
        for record in records:
            parts[record.topic, record.partition].append(record)
        batches = {part: self._batch(mine, (after or {}).get(part)) for part, mine in parts.items()}
        full = {part: batch for part, (batch, last) in batches.items() if last is not None}
        failed = await self._send(full)
        refused = failed | (batches.keys() - full.keys())
        return Published(
            reached={part: last for part, (_, last) in batches.items() if last is not None and part not in refused},
            refused={part: parts[part][0] for part in refused},
            count=sum(batch.record_count() for part, batch in full.items() if part not in refused),
        )

    async def _send(self, batches: Mapping[TopicPartition, Any]) -> set[TopicPartition]:
        """Waits for all of them; whose batch is too large. Raises Outage."""
        with outages():
            async with asyncio.timeout(ACKNOWLEDGED_WITHIN_S):
                waiting = [
                    await self._producer.send_batch(batch, topic, partition=partition)
                    for (topic, partition), batch in batches.items()
                ]
                errors = await asyncio.gather(*waiting, return_exceptions=True)
            failed = {part: error for part, error in zip(batches, errors, strict=True) if isinstance(error, Exception)}
            for error in failed.values():
                if not isinstance(error, _TOO_LARGE):
                    raise error
        return set(failed)

    def _batch(self, records: Sequence[Sealed], follows: Position | None) -> tuple[Any, Position | None]:
        """A closed batch and the place of its last record; None when even the first is too large."""
        batch, last = self._producer.create_batch(), None
        for record in records:
            sent = to_kafka(record, last or follows)
            if size_of(sent) > GREATEST_RECORD_BYTES:
                break
            added = batch.append(
                timestamp=sent.timestamp_ms, key=sent.key, value=sent.value, headers=list(sent.headers)
            )
            if added is None:
                break
            last = record.at
        batch.close()
        return batch, last


def size_of(record: Outgoing) -> int:
    """Its bytes on the way, a few too many."""
    headers = sum(len(name) * 4 + len(value) + 10 for name, value in record.headers)
    return len(record.key) + len(record.value) + headers + _OVERHEAD_BYTES


@asynccontextmanager
async def open_publisher(servers: str) -> AsyncGenerator[Publisher]:
    """Connected to whoever of `servers` answers, every record acknowledged by all replicas in sync. Raises Outage."""
    producer: Any = Producer(
        bootstrap_servers=servers,
        acks="all",
        enable_idempotence=True,
        max_batch_size=BATCH_BYTES,
        max_request_size=2 * GREATEST_RECORD_BYTES,
        request_timeout_ms=REQUEST_TIMEOUT_MS,
    )
    try:
        with outages():
            async with asyncio.timeout(START_WITHIN_S):
                await producer.start()
        yield Publisher(producer)
    finally:
        with outages():
            await producer.stop()
