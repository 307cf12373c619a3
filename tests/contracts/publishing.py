"""A relay for the suites, as bad as one may be: it publishes when it is told to, and again from where it is told to."""

from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from itertools import product
from typing import Any

from kernel.log import START, Position, Sealed, TopicPartition
from kernel.ports import EventLog, Outage
from runtime.adapters.kafka.administering import Topic, open_administration
from runtime.adapters.kafka.clients import Producer
from runtime.adapters.kafka.fetching import open_brokers
from runtime.adapters.kafka.records import to_kafka
from runtime.adapters.postgres.log import PARTITIONS
from tests.patience import eventually

TOPICS = ("shop.commands", "shop.events", "pantry.changes")
LOOK_S = 0.05


class Publisher:
    """Publishes what the journals hold."""

    def __init__(self, journals: EventLog, producer: Any, topics: Sequence[str]) -> None:
        self._journals, self._producer, self._topics = journals, producer, topics
        self.at: dict[TopicPartition, Position] = {}
        self.fall_back()

    async def run(self) -> None:
        """Publishes whatever comes, until cancelled."""
        async with self._journals.watch(self._topics) as wakeup:
            while True:
                await self.publish()
                await wakeup.wait(LOOK_S)

    async def publish(self) -> int:
        """Everything new; how many records that was."""
        count = 0
        while records := await self._journals.read(self.at, 500):
            await self.send(records)
            count += len(records)
        return count

    async def send(self, records: Sequence[Sealed]) -> None:
        """These, in this order, the first one as what follows the place that was reached."""
        waiting: list[Any] = []
        for record in records:
            out = to_kafka(record, self.at[record.topic, record.partition])
            waiting.append(
                await self._producer.send(
                    out.topic,
                    partition=out.partition,
                    key=out.key,
                    value=out.value,
                    headers=list(out.headers),
                    timestamp_ms=out.timestamp_ms,
                )
            )
            self.at[record.topic, record.partition] = record.at
        for each in waiting:
            await each

    async def send_rubbish(self, part: TopicPartition) -> None:
        """A record as somebody else might write it."""
        await (await self._producer.send(part[0], partition=part[1], key=b"?", value=b"not ours"))

    def fall_back(self, to: Mapping[TopicPartition, Position] | None = None) -> None:
        """As after a kill before the checkpoint was saved: what comes next was there before."""
        start = {(topic, number): START for topic in self._topics for number in range(PARTITIONS)}
        self.at |= start if to is None else to


async def make_topics(servers: str, topics: Sequence[str] = TOPICS) -> None:
    """Returns when each partition of theirs answers."""
    async with open_administration(servers) as kafka:
        await kafka.create([Topic(name=name, partitions=PARTITIONS) for name in topics])
    async with open_brokers(servers) as brokers:

        async def ready() -> bool:
            with suppress(Outage):
                for topic, number in product(topics, range(PARTITIONS)):
                    await brokers.bounds((topic, number))
                return True
            return False

        await eventually(ready)


@asynccontextmanager
async def open_publisher(servers: str, journals: EventLog, topics: Sequence[str] = TOPICS) -> AsyncGenerator[Publisher]:
    producer: Any = Producer(bootstrap_servers=servers, acks="all", enable_idempotence=True)
    await producer.start()
    try:
        yield Publisher(journals, producer, topics)
    finally:
        await producer.stop()
