"""Commits per second and CPU per commit, beside a bare insert in the same run: `python -m tests.benchmarks.journal`.

Sequential is one caller, one commit after the other; side by side is many callers on one pool. A placing is what
handling does for a request: ask for its outcome, read its stream, commit. Postgres syncs every commit to disk.
"""

import asyncio
import os
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from itertools import count
from pathlib import Path

import msgspec

from kernel.committing import Committed
from runtime.adapters.postgres.domain import DomainStore, open_domain
from runtime.adapters.postgres.migrating import migrate
from runtime.engines.postgres import PostgresCluster
from runtime.engines.running import running
from tests.conftest import OWNER_PASSWORD, free_port, runtime_url, test_settings
from tests.contracts.shop import CODEC, SCHEMAS, request, sale, with_parts

ROUNDS = int(os.environ.get("ROUNDS", "3000"))
CALLERS = 16


class Figure(msgspec.Struct):
    """One line of the result."""

    what: str
    per_second: float
    cpu_us: float
    p50_ms: float
    p95_ms: float

    def __str__(self) -> str:
        return (
            f"{self.what:36} {self.per_second:8.0f}/s {self.cpu_us:8.0f} µs CPU here "
            f"{self.p50_ms:7.2f} ms p50 {self.p95_ms:7.2f} ms p95"
        )


async def measure(what: str, work: Callable[[], Awaitable[object]], callers: int) -> Figure:
    """`work` done ROUNDS times by so many callers side by side."""
    took: list[float] = []

    async def call() -> None:
        for _ in range(ROUNDS // callers):
            began = time.perf_counter()
            await work()
            took.append(time.perf_counter() - began)

    for _ in range(50):
        await work()
    began, cpu = time.perf_counter(), time.process_time()
    await asyncio.gather(*(call() for _ in range(callers)))
    cpu, elapsed = time.process_time() - cpu, time.perf_counter() - began
    took.sort()
    return Figure(
        what=what,
        per_second=len(took) / elapsed,
        cpu_us=cpu / len(took) * 1e6,
        p50_ms=took[len(took) // 2] * 1000,
        p95_ms=took[len(took) * 95 // 100] * 1000,
    )


async def figures(url: str) -> None:
    """All lines, sequential and side by side."""
    await migrate(test_settings(OWNER_DATABASE_URL=url, DATABASE_URL=runtime_url(url)), SCHEMAS)
    async with open_domain(runtime_url(url), "shop", CODEC) as shop:
        numbers = count()

        async def bare_insert() -> None:
            number = next(numbers)
            await shop.database.fetch(
                "insert into shop.journal (partition, topic, stream, version, id, type, data, meta) "
                "values (0, 'shop.events', $1, 1, $1, 'Sold', $2, $3)",
                f"bare_{number}",
                '{"type":"Sold","at":"2026-06-01T12:00:00Z","what":"soup","price_minor":100}',
                '{"actor":"aino","correlation":"req_1"}',
            )

        for callers in (1, CALLERS):
            label = "sequential" if callers == 1 else f"{callers} side by side"
            for what, work in (
                ("bare insert of one row", bare_insert),
                ("commit: command, 3 events, request", lambda: commit(shop, next(numbers))),
                ("placing: outcome, read, commit", lambda: place(shop, next(numbers))),
            ):
                print(await measure(f"{what}", work, callers), label)


async def commit(shop: DomainStore, number: int) -> None:
    placed = sale(f"order_{number}", "soup", "tea", "bread", command_id=f"cmd_{number}")
    result = await shop.journal.commit(with_parts(placed, request=request(f"key-{number}")))
    assert isinstance(result, Committed)


async def place(shop: DomainStore, number: int) -> None:
    assert await shop.journal.outcome(request(f"key-{number}")) is None
    assert await shop.journal.read(f"order_{number}") == []
    await commit(shop, number)


def main() -> int:
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        cluster = PostgresCluster(folder=Path(folder) / "postgres", port=free_port(), password=OWNER_PASSWORD)
        with running(cluster):
            asyncio.run(figures(cluster.url()))
    return 0


if __name__ == "__main__":
    sys.exit(main())
