"""What analytics costs: recording a year of facts, and asking about it, in Postgres and in ClickHouse in-process.

python -m tests.benchmarks.analytics [ORDERS]
"""

import asyncio
import sys
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from time import perf_counter

from msgspec.structs import replace

from runtime.adapters.clickhouse import open_clickhouse
from runtime.adapters.postgres.analytics import PostgresAnalytics
from runtime.adapters.postgres.pool import open_database, url_of_role
from subgraphs.insights.analytics import Analytics, OfPlatform, OfRestaurant
from subgraphs.insights.facts import AnyFact, Line, OrderFact
from tests.clocks import SettableClock
from tests.conftest import running_postgres, runtime_url
from tests.insights.bench import migrate_insights, sale
from tests.spelling import AT

RESTAURANTS, BATCH = 20, 500
DAY = timedelta(days=1)
YEAR = tuple(AT - 365 * DAY + DAY * number for number in range(367))
PARTS = (
    ("placed_at", "currency", "food_minor", "delivery_fee_minor", "tip_minor", "paid_minor", "lines"),
    ("confirmed_at",),
    ("promised_at",),
    ("ready_at",),
    ("picked_up_at", "courier_id"),
    ("delivered_at", "sold_at", "courier_id"),
)


def facts_of_a_year(orders: int) -> Sequence[AnyFact]:
    """Each order as the six facts that its events tell, in the order of time."""
    chance, facts = Random(1), list[OrderFact]()
    for number in range(orders):
        line = Line(line=1, item_id=f"item_{chance.randrange(2000)}", name="Soup", quantity=1, total_minor=2000)
        placed_at = AT - 365 * DAY * (1 - number / orders)
        order = sale(number, placed_at, restaurant_id=f"restaurant_{chance.randrange(RESTAURANTS)}", lines=(line,) * 3)
        for part, names in enumerate(PARTS):
            kept = {name: getattr(order, name) for name in (*names, "order_id", "restaurant_id")}
            facts.append(OrderFact(event_id=f"evt_{number}_{part}", at=placed_at, **kept))
    return facts


async def measure(name: str, analytics: Analytics, facts: Sequence[AnyFact]) -> None:
    began = perf_counter()
    for start in range(0, len(facts), BATCH):
        await analytics.record(facts[start : start + BATCH])
    took = perf_counter() - began
    print(f"{name}: {len(facts) / took:,.0f} facts/s, {took / len(facts) * BATCH * 1000:.0f} ms a batch of {BATCH}")
    asked = OfRestaurant(restaurant_id="restaurant_1", currency="EUR", edges=YEAR)
    day = replace(asked, edges=(AT - DAY, AT))
    for what, question in (
        ("sales of a year by day", lambda: analytics.sales(asked)),
        ("baskets of a year", lambda: analytics.baskets(asked)),
        ("punctuality of a year", lambda: analytics.punctuality(asked, timedelta(minutes=5))),
        ("items of a year", lambda: analytics.items(asked, 10)),
        ("sales of a day", lambda: analytics.sales(day)),
        ("operations of 31 days", lambda: analytics.operations(OfPlatform(begin=AT - 31 * DAY, end=AT, now=AT))),
    ):
        times: list[float] = []
        for _ in range(5):
            began = perf_counter()
            await question()
            times.append(perf_counter() - began)
        print(f"  {what}: {sorted(times)[2] * 1000:.1f} ms")


@asynccontextmanager
async def postgres(folder: Path) -> AsyncGenerator[Analytics]:
    with running_postgres(folder / "cluster") as server:
        url = server.create_database()
        await migrate_insights(url)
        async with open_database(url_of_role(runtime_url(url), "insights"), "insights", 2) as database:
            yield PostgresAnalytics(database, SettableClock())


async def main(orders: int) -> None:
    facts = facts_of_a_year(orders)
    with TemporaryDirectory() as folder:
        async with postgres(Path(folder)) as analytics:
            await measure("postgresql", analytics, facts)
        async with open_clickhouse(f"chdb://{folder}/chdb") as analytics:
            await measure("chdb", analytics, facts)


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]) if len(sys.argv) > 1 else 20_000))
