"""A relay of the shop in a process of its own, to be killed, stopped and gone on with; and who reads what it did."""

import asyncio
import multiprocessing
from collections.abc import AsyncGenerator, Generator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager
from typing import Any

from aiokafka import TopicPartition

from kernel.log import START, Position, Sealed
from runtime.adapters.kafka.clients import Consumer
from runtime.adapters.kafka.records import from_kafka
from runtime.adapters.kafka.relay import CONSUMER, Relay, lease_of
from runtime.adapters.postgres.consuming import PostgresCheckpoints
from runtime.adapters.postgres.log import PARTITIONS, PostgresEventLog
from runtime.adapters.postgres.pool import open_database, url_of_role
from runtime.adapters.valkey.signals import open_signals
from tests.contracts.conftest import Stores

TOPICS = ("shop.commands", "shop.events")
PARTS = [(topic, partition) for topic in TOPICS for partition in range(PARTITIONS)]
Part = tuple[str, int]


@asynccontextmanager
async def open_relay(servers: str, url: str, valkey_url: str, silent_s: float = 2.0) -> AsyncGenerator[Relay]:
    """A relay of the shop; `url` is that of the role `runtime`."""
    async with (
        open_database(url, "") as readers,
        open_database(url_of_role(url, "shop"), "shop") as shop,
        open_signals(valkey_url) as signals,
    ):
        log, checkpoints = PostgresEventLog(readers, signals), PostgresCheckpoints("shop", shop)
        yield Relay("shop", TOPICS, log, checkpoints, servers=servers, lease=lease_of("shop", url, silent_s))


FORKS = multiprocessing.get_context("forkserver")
FORKS.set_forkserver_preload([__name__])


@contextmanager
def relaying(servers: str, url: str, valkey_url: str) -> Generator[int]:
    """The same in a process of its own, which has this id, killed at the end if it still lives."""
    process = FORKS.Process(target=relay_on, args=(servers, url, valkey_url))
    process.start()
    try:
        yield process.pid or 0
    finally:
        process.kill()
        process.join()


async def published(servers: str) -> Mapping[Part, Sequence[Sealed]]:
    """Everything in the shop's topics, as a stranger reads it."""
    consumer: Any = Consumer(bootstrap_servers=servers, enable_auto_commit=False, auto_offset_reset="earliest")
    await consumer.start()
    try:
        parts = [TopicPartition(*part) for part in PARTS]
        consumer.assign(parts)
        ends = await consumer.end_offsets(parts)
        found: dict[Part, list[Sealed]] = {part: [] for part in PARTS}
        while [part for part in parts if await consumer.position(part) < ends[part]]:
            for part, records in (await consumer.getmany(timeout_ms=1000)).items():
                topic, number = part
                found[topic, number] += [
                    from_kafka(topic, number, each.key, each.value, each.headers) for each in records
                ]
        return found
    finally:
        await consumer.stop()


async def journaled(stores: Stores) -> Mapping[Part, Sequence[Sealed]]:
    """Everything in the shop's journal, in reading order."""
    found: dict[Part, list[Sealed]] = {part: [] for part in PARTS}
    at: dict[Part, Position] = dict.fromkeys(PARTS, START)
    while records := await stores.log.read(at, 1000):
        for record in records:
            found[record.topic, record.partition].append(record)
            at[record.topic, record.partition] = record.at
    return found


async def all_is_relayed(stores: Stores, parts: Sequence[Part] = PARTS) -> bool:
    """Whether the saved checkpoints are where the journal ends."""
    for topic, partition in parts:
        reached = await stores.shop.checkpoints.load(CONSUMER, topic, partition)
        if (reached or START) < await stores.log.head(topic, partition):
            return False
    return True


def first_ones(records: Sequence[Sealed]) -> Sequence[Sealed]:
    """Without repetitions, as a consumer who dedupes by id keeps them."""
    found: dict[str, Sealed] = {}
    for record in records:
        found.setdefault(record.id, record)
    return list(found.values())


def relay_on(servers: str, url: str, valkey_url: str) -> None:
    async def run() -> None:
        async with open_relay(servers, url, valkey_url) as relay:
            await relay.run()

    asyncio.run(run())
