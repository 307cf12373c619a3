"""Loading the city's menus and searching them: `python -m tests.benchmarks.search [TIMES]`.

Publishes the real city, lets the index catch up, copies it in SQL until there are TIMES of it, each further north, and
asks typical questions straight at the subgraph, one after the other: over Postgres and, after `make engines`, over
OpenSearch, in turns, once both are warm. CPU is of this process (GraphQL, the domain, the driver) and, beside it, of
all of the engines.
"""

import asyncio
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import AsyncExitStack, ExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, field, replace
from itertools import count
from pathlib import Path
from typing import Any

import msgspec
import psutil

from kernel.log import ConsistencyToken
from runtime.adapters.opensearch.opening import open_search
from runtime.adapters.postgres.domain import open_domain
from runtime.engines.opensearch import OpenSearchNode
from runtime.engines.postgres import PostgresCluster
from runtime.engines.programs import ProgramMissing
from runtime.engines.running import running
from runtime.engines.valkey import ValkeyServer
from simulator.city import Place, read_city
from simulator.cuisines import cuisines_of
from simulator.hours import hours_of
from simulator.menus import menu_of
from subgraphs.catalog.views.search import Search
from tests.catalog.bench import Bench, open_bench
from tests.catalog.premises import CUSTOMER
from tests.conftest import OWNER_PASSWORD, free_port, runtime_url
from tests.contracts.towns import migrate_towns
from tests.engines import START_WITHIN_SECONDS, opensearch_node_in

CITY = Path("simulator/cities/helsinki.json")
CENTRE = {"latitude": 60.1709, "longitude": 24.9424}
PATIENT_S = 30.0
"""A node that cannot keep up is measured all the same, not replaced."""
ROUNDS = 60
WARM_ROUNDS = 120
"""Java translates what is asked often, in the background: it is as fast as it gets after a thousand questions."""
FIND = """query($near: PositionInput, $search: String, $filter: RestaurantFilter, $sort: RestaurantSort) {
  restaurants(near: $near, search: $search, filter: $filter, sort: $sort, first: 20) {
    edges { cursor distanceM node { id name openingHours { openNow } cuisines { name } } } pageInfo { endCursor }
    degraded FACETS
  } }"""
FACETS = "totalCount facets { cuisines { cuisine { name } restaurants } }"
QUESTIONS: Mapping[str, tuple[Mapping[str, Any], str]] = {
    "nearest": ({"near": CENTRE}, ""),
    "a name, misspelt": ({"near": CENTRE, "search": "rafaello"}, ""),
    "a common dish": ({"near": CENTRE, "search": "pizza"}, ""),
    "three words": ({"near": CENTRE, "search": "kana curry riisi"}, ""),
    "delivers here": ({"near": CENTRE, "filter": {"deliversHere": True}}, ""),
    "the best rated": ({"sort": "RATING"}, ""),
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


@dataclass
class Engines:
    """Whose CPU is counted, and who is asked."""

    cluster: PostgresCluster
    node: "subprocess.Popen[bytes] | None"
    searches: dict[str, Search] = field(default_factory=dict[str, Search])

    def seconds(self) -> float:
        """CPU of both engines so far."""
        if self.node is None:
            return engine_seconds(self.cluster)
        times = psutil.Process(self.node.pid).cpu_times()
        return engine_seconds(self.cluster) + times.user + times.system


def engine_seconds(cluster: PostgresCluster) -> float:
    """CPU of the server and of its backends, also of those that have ended."""
    postmaster = psutil.Process(int((cluster.folder / "postmaster.pid").read_text().split()[0]))
    own = postmaster.cpu_times()
    backends = [times for process in postmaster.children(recursive=True) for times in times_of(process)]
    return (
        own.user
        + own.system
        + own.children_user
        + own.children_system
        + sum(times.user + times.system for times in backends)
    )


def times_of(process: psutil.Process) -> "list[Any]":
    """None of one that has just ended: its own are its parent's then."""
    with suppress(psutil.NoSuchProcess):
        return [process.cpu_times()]
    return []


@dataclass
class Taken:
    """What the answers of one engine took, in milliseconds."""

    waited: list[float] = field(default_factory=list[float])
    cpu_here: float = 0.0
    cpu_beside: float = 0.0
    hits: int = 0


async def compare(bench: Bench, engines: Engines, name: str) -> None:
    """Asks every engine in turns and prints a line for each; the last says how they compare."""
    taken = {engine: Taken() for engine in engines.searches}
    for _ in range(ROUNDS):
        await ask_all(bench, engines, name, taken)
    medians = {engine: sorted(took.waited)[ROUNDS // 2] for engine, took in taken.items()}
    for engine, took in taken.items():
        print(
            f"{name:24} {engine:10} {took.hits:3} hits   p50 {medians[engine]:6.1f} ms"
            f"   p95 {sorted(took.waited)[ROUNDS * 95 // 100]:6.1f} ms   CPU {took.cpu_here / ROUNDS:5.1f} ms here,"
            f" {took.cpu_beside / ROUNDS:5.1f} ms in engines   {medians[engine] / medians['Postgres']:.2f} of Postgres",
            flush=True,
        )


async def ask_all(bench: Bench, engines: Engines, name: str, taken: Mapping[str, Taken]) -> None:
    for engine, search in engines.searches.items():
        bench.search = search
        await ask(bench, engines, name, taken[engine])


async def ask(bench: Bench, engines: Engines, name: str, taken: Taken) -> None:
    asked, more = QUESTIONS[name]
    began, cpu, beside = time.perf_counter(), time.process_time(), engines.seconds()
    data = await bench.ask(FIND.replace("FACETS", more), asked, viewer=CUSTOMER)
    taken.waited.append(1000 * (time.perf_counter() - began))
    taken.cpu_here += 1000 * (time.process_time() - cpu)
    taken.cpu_beside += 1000 * (engines.seconds() - beside)
    assert not data["restaurants"]["degraded"]
    taken.hits = len(data["restaurants"]["edges"])


COPY = """
do $$
declare step int;
begin
  alter table catalog.restaurants disable trigger user;
  alter table catalog.menu_items disable trigger user;
  create temp table places as select r.*, d.names, d.items, d.keys, r.id as original
    from catalog.restaurants r join catalog.search_documents d on d.restaurant_id = r.id;
  for step in 1 .. {times} - 1 loop
    update places set id = platform.typed_id('restaurant'), latitude = latitude + 0.003;
    insert into catalog.restaurants select (json_populate_record(null::catalog.restaurants, row_to_json(p))).*
      from places p;
    insert into catalog.search_documents (restaurant_id, names, items, keys, revision)
      select id, names, items, keys, revision from places;
    insert into catalog.menu_items select (jsonb_populate_record(i, jsonb_build_object(
        'id', platform.typed_id('item'), 'restaurant_id', p.id))).*
      from places p join catalog.menu_items i on i.restaurant_id = p.original;
  end loop;
  alter table catalog.menu_items enable trigger user;
  alter table catalog.restaurants enable trigger user;
end $$;
"""


async def measure(engines: Engines, valkey: ValkeyServer, node: OpenSearchNode | None, times: int) -> None:
    places = read_city(CITY).restaurants
    url = engines.cluster.url("postgres")
    await migrate_towns(url)
    async with open_bench(url, valkey.url()) as bench:
        async with bench.indexing():
            await publish(bench, engines, places)
        await bench.type(COPY.replace("{times}", str(times)))
        await bench.type("vacuum analyze catalog.restaurants, catalog.search_documents, catalog.menu_items")
        engines.searches["Postgres"] = bench.search
        async with AsyncExitStack() as stack:
            if node is not None:
                engines.searches["OpenSearch"] = await stack.enter_async_context(indexed(bench, engines, node))
            print(f"Searching among {times * len(places)} restaurants:")
            for name in [*QUESTIONS] * WARM_ROUNDS:
                await ask_all(bench, engines, name, {engine: Taken() for engine in engines.searches})
            for name in QUESTIONS:
                await compare(bench, engines, name)


async def publish(bench: Bench, engines: Engines, places: Sequence[Place]) -> None:
    began, cpu, engine = time.perf_counter(), time.process_time(), engines.seconds()
    await load(bench, places)
    loaded = time.perf_counter() - began
    await caught_up(bench)
    indexed_s = time.perf_counter() - began
    cpu, engine = time.process_time() - cpu, engines.seconds() - engine
    print(f"{len(places)} menus published in {loaded:.1f} s, searchable {indexed_s - loaded:.1f} s later;")
    each = 1000 / len(places)
    print(f"per restaurant {cpu * each:.1f} ms CPU here, {engine * each:.1f} ms in Postgres")


@asynccontextmanager
async def indexed(bench: Bench, engines: Engines, node: OpenSearchNode) -> AsyncGenerator[Search]:
    """Search over a new index of everything."""
    catalog = open_domain(runtime_url(bench.url), "catalog", bench.equipment.codec)
    async with catalog as store, open_search(node.url, bench.search, store, bench.log, PATIENT_S) as opened:
        began, cpu, beside = time.perf_counter(), time.process_time(), engines.seconds()
        await opened.builder.rebuild()
        built_s, cpu, beside = time.perf_counter() - began, time.process_time() - cpu, engines.seconds() - beside
        print(f"index built in {built_s:.1f} s, {cpu:.1f} s CPU here, {beside:.1f} s in engines")
        yield opened.search


def main(times: int) -> None:
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        cluster = PostgresCluster(folder=Path(folder) / "postgres", port=free_port(), password=OWNER_PASSWORD)
        valkey = ValkeyServer(folder=Path(folder) / "valkey", port=free_port())
        stack.enter_context(running(cluster))
        stack.enter_context(running(valkey))
        node, process = replace(opensearch_node_in(Path(folder) / "opensearch"), short_lived=False), None
        try:
            process = stack.enter_context(running(node, within_seconds=START_WITHIN_SECONDS))
        except ProgramMissing as missing:
            print(f"Postgres only: {missing}")
        asyncio.run(measure(Engines(cluster, process), valkey, node if process else None, times))


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 1)
