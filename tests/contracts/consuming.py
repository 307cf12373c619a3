"""A worker of the shop, as a process of its own to be killed: a view and a feed over a share of the partitions."""

import asyncio
import signal
import subprocess
import sys
from collections.abc import AsyncGenerator, Generator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kernel.consuming import Consumer
from kernel.digesting import Feeding, Projecting
from kernel.ports import EventLog
from kernel.tailing import Tail
from runtime.adapters.clock import PlatformClock
from runtime.adapters.ids import RandomIds
from runtime.adapters.kafka import belonging
from runtime.adapters.kafka.log import open_kafka_log
from tests.contracts.conftest import Stores, open_stores
from tests.contracts.shop import BY_WHAT, TOTALS

ROOT = Path(__file__).parents[2]
TOTAL: Any = TOTALS


@dataclass(frozen=True)
class Group:
    """Workers that share, and how long Kafka waits for one of them who is silent."""

    name: str = "work.shop"
    missed_after_s: float = belonging.SESSION_S


SHOP = Group()


class Worker:
    """One worker of the group."""

    def __init__(self, stores: Stores, log: EventLog, group: str) -> None:
        equipment = stores.shop.equipment(stores.signals, PlatformClock(), RandomIds())
        digests = (
            Projecting(TOTAL, stores.shop.view_store),
            Feeding(BY_WHAT, stores.shop.view_store, stores.signals),
        )
        self.tail = Tail(log, "shop", ["shop.events"], group)
        self.consumers = [Consumer(digest, [self.tail], equipment) for digest in digests]

    async def run(self) -> None:
        """Works until cancelled."""
        async with asyncio.TaskGroup() as group:
            for loop in (self.tail, *self.consumers):
                group.create_task(loop.run())


@asynccontextmanager
async def a_worker(stores: Stores, kafka: str | None, group: str = SHOP.name) -> AsyncGenerator[Worker]:
    """With a log of its own, as in a process of its own; it leaves in good order."""
    if kafka is None:
        worker = Worker(stores, stores.log, group)
        async with working(worker):
            yield worker
        return
    async with open_kafka_log(kafka, stores.log) as log:
        worker = Worker(stores, log, group)
        async with working(worker):
            yield worker


@asynccontextmanager
async def working(worker: Worker) -> AsyncGenerator[None]:
    task = asyncio.create_task(worker.run())
    try:
        yield
    finally:
        task.cancel()
        await asyncio.wait([task])


@contextmanager
def another_process(
    url: str, valkey_url: str, kafka: str | None, group: Group = SHOP
) -> Generator[subprocess.Popen[bytes]]:
    """A worker that says `working` once it consumes, killed at the end if it still lives."""
    arguments = [url, valkey_url, kafka or "", group.name, str(group.missed_after_s)]
    program = [sys.executable, "-m", "tests.contracts.consuming", *arguments]
    with subprocess.Popen(program, cwd=ROOT, stdout=subprocess.PIPE) as process:
        try:
            assert process.stdout is not None
            assert process.stdout.readline() == b"working\n"
            yield process
        finally:
            process.send_signal(signal.SIGKILL)


async def main(url: str, valkey_url: str, kafka: str, group: str, missed_after_s: str) -> None:
    belonging.SESSION_S = float(missed_after_s)
    async with open_stores(url, valkey_url) as stores, a_worker(stores, kafka or None, group) as worker:
        while not any(consumer.at for consumer in worker.consumers):
            await asyncio.sleep(0.01)
        sys.stdout.write("working\n")
        sys.stdout.flush()
        await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
