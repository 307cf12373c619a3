"""What a delivered order leaves behind: `python -m tests.benchmarks.storage [ORDERS] [AT_ONCE]`.

Plays whole lives as `order_life` does, and prints for one order: rows and bytes of each journal with its indexes, bytes
of everything else that each domain keeps, and bytes of write-ahead log.
"""

import asyncio
import sys
from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory

import asyncpg
import httpx

from runtime.settings import Settings
from simulator.city import read_city
from simulator.graph import Graph
from simulator.living.clock import Clock
from tests.benchmarks.order_life import (
    CITY,
    Person,
    Stage,
    couriers_of,
    friday,
    kitchens_of,
    life,
    measured,
)
from tests.running_platform import RunningPlatform, platform_in

SIZES = """
select n.nspname || case when c.relname = 'journal' then ' journal' else ' everything else' end as what,
       sum(pg_total_relation_size(c.oid))::bigint as bytes
from pg_class c join pg_namespace n on n.oid = c.relnamespace
where c.relkind = 'r' and n.nspname not like 'pg\\_%' and n.nspname <> 'information_schema' group by 1
"""
JOURNALS = "select nspname as name from pg_namespace where to_regclass(nspname || '.journal') is not null"

Sizes = Mapping[str, int]


async def sizes(settings: Settings) -> Sizes:
    """Bytes by what they are for, rows of the journals, and the write-ahead log so far."""
    connection = await asyncpg.connect(settings.owner_database_url)
    try:
        found = {row["what"]: row["bytes"] for row in await connection.fetch(SIZES)}
        for journal in await connection.fetch(JOURNALS):
            name = journal["name"]
            found[f"{name} rows"] = await connection.fetchval(f'select count(*) from "{name}".journal')
            found[f"{name} data"] = await connection.fetchval(
                f'select coalesce(sum(pg_column_size(j.*)), 0)::bigint from "{name}".journal j'
            )
        found["write-ahead log"] = await connection.fetchval("select pg_current_wal_lsn() - '0/0'::pg_lsn")
    finally:
        await connection.close()
    return found


async def play(platform: RunningPlatform, clock: Clock, orders: int, at_once: int) -> tuple[Sizes, Sizes]:
    """Sizes before and after so many lives, some more having warmed everything up."""
    settings = Settings.from_environment({"DATA_DIR": str(platform.data_dir), "PORT": str(platform.port)})
    city = read_city(CITY)
    async with httpx.AsyncClient(timeout=30, limits=httpx.Limits(max_connections=4 * at_once + 16)) as http:
        graph, issuer = Graph(platform.graph_url, http=http), platform.address(3, "")
        stage = Stage(graph, city, clock, await kitchens_of(platform, graph, http, city))
        people = [Person(f"customer-{n + 1}", graph, issuer, http) for n in range(at_once)]
        shifts = [asyncio.create_task(courier.work()) for courier in couriers_of(stage, graph, issuer, http, at_once)]
        await asyncio.gather(*(life(stage, person, number) for number, person in enumerate(people)))
        before = await sizes(settings)
        await measured(platform, stage, people, life, orders)
        after = await sizes(settings)
        for shift in shifts:
            shift.cancel()
        await asyncio.gather(*shifts, return_exceptions=True)
    return before, after


def main(orders: int, at_once: int) -> None:
    clock, chosen = friday({})
    with TemporaryDirectory() as folder, platform_in(Path(folder), environment=chosen) as platform:
        before, after = asyncio.run(play(platform, clock, orders, at_once))
    print(f"{orders} orders, {at_once} at a time, each")
    for what in sorted(after):
        grown = (after[what] - before.get(what, 0)) / orders
        if grown:
            print(f"{what:32} {grown:12.1f}")


if __name__ == "__main__":
    given = [int(word) for word in sys.argv[1:]]
    main(*(given + [200, 8][len(given) :]))
