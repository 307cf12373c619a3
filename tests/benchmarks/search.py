"""Loading the city's menus and searching them: `python -m tests.benchmarks.search [TIMES]`.

Publishes the real city, lets the index catch up, copies it in SQL until there are TIMES of it, each further north, and
asks typical questions straight at the subgraph, one after the other. CPU is of this process (GraphQL, the domain, the
driver) and, beside it, of all of Postgres.
"""

import asyncio
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from itertools import count
from pathlib import Path
from typing import Any

import msgspec
import psutil

from kernel.log import ConsistencyToken
from runtime.engines.postgres import PostgresCluster
from runtime.engines.running import running
from runtime.engines.valkey import ValkeyServer
from simulator.city import Place, read_city
from simulator.cuisines import cuisines_of
from simulator.hours import hours_of
from simulator.menus import menu_of
from tests.catalog.bench import Bench, migrate_catalog, open_bench
from tests.catalog.premises import CUSTOMER
from tests.conftest import OWNER_PASSWORD, free_port

CITY = Path("simulator/cities/helsinki.json")
CENTRE = {"latitude": 60.1709, "longitude": 24.9424}
ROUNDS = 60
FIND = """query($near: PositionInput, $search: String, $filter: RestaurantFilter, $after: String) {
  restaurants(near: $near, search: $search, filter: $filter, first: 20, after: $after) {
    edges { cursor distanceM node { id name openingHours { openNow } cuisines { name } } } pageInfo { endCursor }
    FACETS
  } }"""
FACETS = "totalCount facets { cuisines { cuisine { name } restaurants } }"
QUESTIONS: Mapping[str, tuple[Mapping[str, Any], str]] = {
    "nearest": ({"near": CENTRE}, ""),
    "a name, misspelt": ({"near": CENTRE, "search": "rafaello"}, ""),
    "a common dish": ({"near": CENTRE, "search": "pizza"}, ""),
    "three words": ({"near": CENTRE, "search": "kana curry riisi"}, ""),
    "open now": ({"near": CENTRE, "filter": {"openNow": True}}, ""),
    "all of it, with facets": (
        {"near": CENTRE, "search": "piza", "filter": {"openNow": True, "deliversHere": True}},
        FACETS,
    ),
}


async def load(bench: Bench, places: Sequence[Place]) -> None:
    """Registers and publishes, four at a time."""
    keys = count(1)
    pending = iter(places)

    async def worker() -> None:
        for place in pending:
            restaurant_id = await register(bench, place, next(keys))
            menu = msgspec.to_builtins(menu_of(place))
            given = {"idempotencyKey": key_of(next(keys)), "restaurantId": restaurant_id, "document": menu}
            answer = await bench.do("publishMenu", given)
            assert answer["__typename"] == "PublishMenuSuccess", answer

    await asyncio.gather(*(worker() for _ in range(4)))


async def register(bench: Bench, place: Place, key: int) -> str:
    given = {
        "idempotencyKey": key_of(key),
        "name": place.name,
        "cuisines": cuisines_of(place),
        "address": {"street": "", "houseNumber": "", "postalCode": "", "city": "Helsinki"},
        "position": {"latitude": place.latitude, "longitude": place.longitude},
        "timeZone": "Europe/Helsinki",
        "openingHours": hours_of(place),
        "deliveryRadiusM": 3000,
        "currency": "EUR",
        "prepMinutes": 20,
    }
    answer = await bench.do("registerRestaurant", given, fields="restaurant { id }")
    assert answer["__typename"] == "RegisterRestaurantSuccess", answer
    return answer["restaurant"]["id"]


def key_of(number: int) -> str:
    return f"00000000-0000-4000-8000-{number:012d}"


async def caught_up(bench: Bench) -> None:
    for partition in range(bench.log.partitions("catalog")):
        head = await bench.log.head("catalog.changes", partition)
        token = ConsistencyToken(journal="catalog", partition=partition, txid=head.txid, position=head.position)
        assert await bench.equipment.views.reached("search_documents", ("catalog.changes",), token, 120)


def engine_seconds(cluster: PostgresCluster) -> float:
    """CPU of the server and of its backends, also of those that have ended."""
    postmaster = psutil.Process(int((cluster.folder / "postmaster.pid").read_text().split()[0]))
    own = postmaster.cpu_times()
    backends = [process.cpu_times() for process in postmaster.children(recursive=True)]
    return (
        own.user
        + own.system
        + own.children_user
        + own.children_system
        + sum(times.user + times.system for times in backends)
    )


async def ask(bench: Bench, cluster: PostgresCluster, name: str) -> None:
    asked, more = QUESTIONS[name]
    document = FIND.replace("FACETS", more)
    for _ in range(5):
        await bench.ask(document, asked, viewer=CUSTOMER)
    took: list[float] = []
    cpu, engine, found = time.process_time(), engine_seconds(cluster), 0
    for _ in range(ROUNDS):
        began = time.perf_counter()
        data = await bench.ask(document, asked, viewer=CUSTOMER)
        took.append(1000 * (time.perf_counter() - began))
        found = len(data["restaurants"]["edges"])
    cpu, engine = 1000 * (time.process_time() - cpu) / ROUNDS, 1000 * (engine_seconds(cluster) - engine) / ROUNDS
    took.sort()
    print(
        f"{name:24} {found:3} hits   p50 {took[ROUNDS // 2]:6.1f} ms   p95 {took[ROUNDS * 95 // 100]:6.1f} ms   "
        f"CPU {cpu:5.1f} ms here, {engine:5.1f} ms in Postgres"
    )


COPY = """
do $$
declare step int;
begin
  alter table catalog.restaurants disable trigger user;
  create temp table places as select r.*, d.names, d.items, d.keys
    from catalog.restaurants r join catalog.search_documents d on d.restaurant_id = r.id;
  for step in 1 .. {times} - 1 loop
    update places set id = platform.typed_id('restaurant'), latitude = latitude + 0.003;
    insert into catalog.restaurants select (json_populate_record(null::catalog.restaurants, row_to_json(p))).*
      from places p;
    insert into catalog.search_documents (restaurant_id, names, items, keys, revision)
      select id, names, items, keys, revision from places;
  end loop;
  alter table catalog.restaurants enable trigger user;
end $$;
"""


async def measure(cluster: PostgresCluster, valkey: ValkeyServer, times: int) -> None:
    places = read_city(CITY).restaurants
    url = cluster.url("postgres")
    await migrate_catalog(url)
    async with open_bench(url, valkey.url()) as bench, bench.indexing():
        began, cpu, engine = time.perf_counter(), time.process_time(), engine_seconds(cluster)
        await load(bench, places)
        loaded = time.perf_counter() - began
        await caught_up(bench)
        indexed = time.perf_counter() - began
        cpu, engine = time.process_time() - cpu, engine_seconds(cluster) - engine
        print(f"{len(places)} menus published in {loaded:.1f} s, searchable {indexed - loaded:.1f} s later;")
        each = 1000 / len(places)
        print(f"per restaurant {cpu * each:.1f} ms CPU here, {engine * each:.1f} ms in Postgres")
        await bench.type(COPY.replace("{times}", str(times)))
        await bench.type("vacuum analyze catalog.restaurants, catalog.search_documents")
        print(f"Searching among {times * len(places)} restaurants:")
        for name in QUESTIONS:
            await ask(bench, cluster, name)


def main(times: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        cluster = PostgresCluster(folder=Path(folder) / "postgres", port=free_port(), password=OWNER_PASSWORD)
        valkey = ValkeyServer(folder=Path(folder) / "valkey", port=free_port())
        with running(cluster), running(valkey):
            asyncio.run(measure(cluster, valkey, times))


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 1)
