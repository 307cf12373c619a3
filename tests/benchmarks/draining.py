"""How fast a backlog drains, and what a record costs each consumer: `python -m tests.benchmarks.draining [ORDERS]`.

Orders are placed while nobody works. Then each consumer on their way to the confirmation takes its backlog alone, in
the order of that way; and on another platform all consumers of all domains at once. All of it twice: record by record,
as when one comes at a time, and as a worker takes a backlog. Postgres syncs every commit; the payment provider answers
at once, within the process.
"""

import asyncio
import sys
import time
from collections.abc import AsyncGenerator, Generator, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from subprocess import Popen
from tempfile import TemporaryDirectory

import msgspec

import kernel.consuming
from kernel.committing import Commit, NewMessage
from kernel.ids import typed_id
from kernel.log import Meta
from kernel.ticking import Firing
from runtime.adapters.background import background
from runtime.adapters.postgres.migrating import migrate
from runtime.engines.postgres import PostgresCluster
from runtime.engines.running import running
from runtime.engines.valkey import ValkeyServer
from runtime.logs import start_logging
from runtime.supervision.footprint import footprint_of
from runtime.wiring import SCHEMAS, Platform, open_platform
from runtime.working import Loop, Work
from subgraphs.payments.effects import Approved, Operation, PaymentProvider
from tests.conftest import OWNER_PASSWORD, PostgresForTests, free_port, runtime_url, test_settings
from tests.orders.ordering import place, placed
from tests.spelling import uuid_of

RESTAURANTS, AT_ONCE = 50, 16
AT_MOST_S, LOOK_EVERY_S = 600.0, 0.1
EACH = ("order_view", "kitchen", "insights.postgresql", "payments.of_orders", "payments.provider", "orders.of_payments")
"""On the way of an order to its confirmation: projection, feed, sink, reaction, effect, reaction."""
EVERYBODY = "everybody"


class Bank:
    """A provider that has done it already."""

    async def find(self, key: str) -> Approved | None:
        return Approved(operation_id=key)

    async def execute(self, operation: Operation) -> Approved:
        return Approved(operation_id=operation.key)


@dataclass(frozen=True)
class Drained:
    """What it took; processor time is told per record."""

    records: int
    elapsed_s: float
    here_us: float
    postgres_us: float

    @property
    def per_s(self) -> float:
        return self.records / self.elapsed_s

    @property
    def record_us(self) -> float:
        return self.here_us + self.postgres_us


@dataclass(frozen=True)
class Bench:
    """A platform with nobody at work, and the Postgres beneath it."""

    platform: Platform
    postgres: Popen[bytes]

    async def fill(self, orders: int) -> None:
        """So many orders placed."""
        numbers = iter(range(orders))

        async def order() -> None:
            for number in numbers:
                await self.platform.stores["orders"].journal.commit(self._placing(number))

        await asyncio.gather(*(order() for _ in range(AT_ONCE)))

    def _placing(self, number: int) -> Commit:
        order_id = typed_id("order", uuid_of(number))
        ids = {"order_id": order_id, "quote_id": typed_id("quote", uuid_of(number))}
        messages = (
            msgspec.structs.replace(place, **ids),
            msgspec.structs.replace(placed, **ids, restaurant_id=f"restaurant_{number % RESTAURANTS}"),
        )
        codec = self.platform.equipment["orders"].codec
        command, event = (
            NewMessage(id=f"{prefix}_{number}", topic=topic, type=type(message).__name__, data=codec.seal(message))
            for prefix, topic, message in zip(
                ("cmd", "evt"), ("orders.commands", "orders.events"), messages, strict=True
            )
        )
        meta = Meta(actor="aino", correlation=f"request_{number}")
        return Commit(stream=order_id, expected_version=0, command=command, events=(event,), meta=meta)

    async def drained(self, records: int, *names: str) -> Drained:
        """By the consumers of these names, all without one, until none of them is behind."""
        work = Work(self.platform)
        loops = [each for each in (*work.consumers, *work.performers) if each.name in names]
        began, here, postgres = time.perf_counter(), time.process_time(), self._postgres_s()
        async with background(_at_once(*work.tails.values(), *loops) if names else work.run(), "work"):
            async with asyncio.timeout(AT_MOST_S):
                while await self._behind(work, names):
                    await asyncio.sleep(LOOK_EVERY_S)
            return Drained(
                records=records,
                elapsed_s=time.perf_counter() - began,
                here_us=(time.process_time() - here) / records * 1e6,
                postgres_us=(self._postgres_s() - postgres) / records * 1e6,
            )

    async def _behind(self, work: Work, names: Sequence[str]) -> int:
        everyone = [(name, each) for name, each in work.everyone().items() if not names or name in names]
        backlogs = [
            await self.platform.flow.backlogs(each.domain, {name: each.digest.topics})
            for name, each in everyone
            if not isinstance(each.digest, Firing)
        ]
        return sum(backlog.events for found in backlogs for backlog in found.values())

    def _postgres_s(self) -> float:
        return footprint_of(self.postgres.pid).cpu_seconds


async def _at_once(*loops: Loop) -> None:
    async with asyncio.TaskGroup() as group:
        for loop in loops:
            group.create_task(loop.run())


@contextmanager
def one_by_one() -> Generator[None]:
    """Nothing is taken together, as when nothing comes together."""
    kept = kernel.consuming.BATCH
    kernel.consuming.BATCH = 1
    try:
        yield
    finally:
        kernel.consuming.BATCH = kept


@asynccontextmanager
async def a_platform(server: PostgresForTests, postgres: Popen[bytes], valkey: ValkeyServer) -> AsyncGenerator[Bench]:
    """A new one, without a record."""
    url = server.create_database()
    settings = test_settings(OWNER_DATABASE_URL=url, DATABASE_URL=runtime_url(url), VALKEY_URL=valkey.url())
    await migrate(settings, SCHEMAS)
    async with open_platform(settings) as platform:
        yield Bench(replace(platform, ports={**platform.ports, PaymentProvider: Bank()}), postgres)


Engines = tuple[PostgresForTests, Popen[bytes], ValkeyServer]


async def measured(orders: int, engines: Engines) -> dict[str, Drained]:
    """Each consumer by itself, and everybody together."""
    found: dict[str, Drained] = {}
    async with a_platform(*engines) as bench:
        await bench.fill(orders)
        for name in EACH:
            found[name] = await bench.drained(orders, name)
    async with a_platform(*engines) as bench:
        await bench.fill(orders)
        found[EVERYBODY] = await bench.drained(orders)
    return found


def told(alone: Drained, together: Drained) -> str:
    return " ".join(
        (
            *(f"{each.per_s:8.0f}/s {each.here_us:7.0f} + {each.postgres_us:6.0f} µs" for each in (alone, together)),
            f"{together.per_s / alone.per_s:7.1f} {alone.record_us / together.record_us:7.1f}",
        )
    )


async def main(orders: int, engines: Engines) -> None:
    with one_by_one():
        alone = await measured(orders, engines)
    together = await measured(orders, engines)
    print(
        f"{'worker + Postgres, per record':22}   one by one                     together       ratio: speed, processor"
    )
    for name in together:
        print(f"{name:22} {told(alone[name], together[name])}")


if __name__ == "__main__":
    start_logging("warning")
    with TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        cluster = PostgresCluster(folder=Path(folder) / "postgres", port=free_port(), password=OWNER_PASSWORD)
        kept = ValkeyServer(folder=Path(folder) / "valkey", port=free_port())
        with running(cluster) as postgres, running(kept):
            given = int(sys.argv[1]) if sys.argv[1:] else 2000
            asyncio.run(main(given, (PostgresForTests(cluster), postgres, kept)))
