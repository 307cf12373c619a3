"""Every view can be thrown away: built anew from the log it is the same, in whatever order the log is read.

A small town has lived an evening on a platform of its own: food delivered, orders cancelled and refused, couriers who
decline, kitchens that are late, reviews.
"""

import asyncio
import random
import subprocess
import sys
from collections import defaultdict
from collections.abc import AsyncGenerator, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import islice, permutations
from typing import Any

import pytest

from kernel.log import START, Recorded
from kernel.projecting import Key, Projection
from projections import PROJECTIONS
from runtime.rebuilding import run as rebuild
from runtime.settings import Settings
from runtime.wiring import Platform, open_platform
from simulator.living import Clock, Plan, Tempers, Town
from tests.conftest import run_apart
from tests.journeys.conftest import door_of
from tests.journeys.person import Person
from tests.patience import eventually
from tests.running_platform import ROOT, RunningPlatform, platform_in

pytestmark = [pytest.mark.anyio, pytest.mark.journey, pytest.mark.timeout(300)]

FRIDAY = datetime(2026, 1, 16, 15, 0, tzinfo=UTC)  # five in the afternoon in Helsinki
RATE = 40.0
ORDERS, COURIERS, RESTAURANTS = 12, 8, 8
MOODY = Tempers(cancels_at_once=10, cancels_late=10, courier_declines=30, kitchen_rejects=10, reviews=100)
SHUFFLES, MOST_PERMUTATIONS = 4, 6
Rows = dict[Key, Any]
OF_AN_ORDER = "status version lines { name } payments { status } restaurant { name }"
SHOWN = ("search_documents", "order_view", "payment_view")
OF_A_RESTAURANT = "name menu { categories { items { id } } }"
BY_PROJECTION = pytest.mark.parametrize("projection", PROJECTIONS, ids=[each.view.name for each in PROJECTIONS])


@dataclass
class Lived:
    """A platform on which an evening was lived, and what was ordered."""

    platform: RunningPlatform
    settings: Settings
    orders: list[str]


@pytest.fixture(scope="module")
def lived(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lived]:
    clock = Clock(rate=RATE, started=datetime.now(UTC), origin=FRIDAY)
    environment = {
        "CITY_RESTAURANTS": str(RESTAURANTS),
        "CLOCK_RATE": str(RATE),
        "CLOCK_STARTED": clock.started.isoformat(),
        "CLOCK_ORIGIN": clock.origin.isoformat(),
    }
    with platform_in(tmp_path_factory.mktemp("lived") / "kept", environment=environment) as platform:
        graph, issuer = platform.graph_url, platform.address(3, "")
        plan = Plan(
            graph=graph,
            issuer=issuer,
            clock=clock,
            orders=ORDERS,
            couriers=COURIERS,
            minutes=3,
            most_minutes=50,
            tempers=MOODY,
        )
        town = Town.opened(plan)
        run_apart(town.run())
        orders = [order.order_id for order in town.diary.orders.values() if order.order_id]
        yield Lived(platform, Settings.from_environment(platform.environment), orders)


@pytest.fixture
async def engines(lived: Lived) -> AsyncGenerator[Platform]:
    async with open_platform(lived.settings) as platform:
        yield platform


@pytest.fixture
async def sanna(lived: Lived) -> AsyncGenerator[Person]:
    async with door_of(lived.platform) as door:
        yield await door("sanna")


async def log_of(engines: Platform, topics: Sequence[str]) -> list[Recorded]:
    """Everything on these topics, in reading order."""
    parts = {(topic, partition): START for topic in topics for partition in range(engines.log.partitions(topic))}
    codec = engines.equipment["orders"].codec
    return [codec.open(sealed) for sealed in await engines.log.read(parts, limit=1_000_000)]


async def rows_of(engines: Platform, projection: Projection[Any]) -> Rows:
    """The live view."""
    view = projection.view
    found = await engines.equipment[projection.domain].views.fetch(view.row, f'select * from "{view.name}"')
    return {tuple(getattr(row, name) for name in view.key): row for row in found}


def folded(projection: Projection[Any], records: Sequence[Recorded]) -> Rows:
    rows: Rows = {}
    for record in records:
        for key in projection.keys(record):
            row = projection.fold(rows.pop(key, None), record, key)
            rows |= {} if row is None else {key: row}
    return rows


def orders_of(records: Sequence[Recorded], topics: Sequence[str]) -> Iterator[list[Recorded]]:
    """The log as readers may get it: topic after topic, or all streams shuffled; each stream's order holds."""
    for one_after_another in islice(permutations(topics), MOST_PERMUTATIONS):
        yield [record for topic in one_after_another for record in records if record.topic == topic]
    for seed in range(SHUFFLES):
        yield shuffled(records, random.Random(seed))


def shuffled(records: Sequence[Recorded], chance: random.Random) -> list[Recorded]:
    streams: dict[tuple[str, str], list[Recorded]] = defaultdict(list)
    for record in reversed(records):
        streams[record.topic, record.stream].append(record)
    turns = [name for name, stream in streams.items() for _ in stream]
    chance.shuffle(turns)
    return [streams[name].pop() for name in turns]


async def test_the_evening_had_something_of_everything(engines: Platform, lived: Lived) -> None:
    topics = sorted({topic for each in PROJECTIONS for topic in each.topics})
    told = {record.topic for record in await log_of(engines, topics)}
    assert told == {*topics}
    assert len(lived.orders) >= ORDERS // 2


@BY_PROJECTION
async def test_a_view_is_what_its_fold_makes_of_the_log_in_any_order(
    engines: Platform, projection: Projection[Any]
) -> None:
    async def same() -> bool:
        live = await rows_of(engines, projection)
        records = await log_of(engines, projection.topics)
        return all(folded(projection, order) == live for order in orders_of(records, projection.topics))

    await eventually(same)


@BY_PROJECTION
async def test_a_view_is_rebuilt_and_its_readers_do_not_notice(
    engines: Platform, lived: Lived, projection: Projection[Any]
) -> None:
    before = await rows_of(engines, projection)
    rebuilding = asyncio.create_task(rebuild(lived.settings, projection.view.name))
    while not rebuilding.done():
        assert (await rows_of(engines, projection)).keys() >= before.keys()
    await rebuilding

    async def same() -> bool:
        return await rows_of(engines, projection) == folded(projection, await log_of(engines, projection.topics))

    await eventually(same)


async def test_clients_get_the_same_answers_while_what_they_ask_for_is_rebuilt(lived: Lived, sanna: Person) -> None:
    seen = " ".join(
        f'o{number}: order(id: "{each}") {{ {OF_AN_ORDER} }}' for number, each in enumerate(lived.orders[:5])
    )
    document = (
        f'query Look {{ restaurants(first: {RESTAURANTS}, search: "a") {{ nodes {{ {OF_A_RESTAURANT} }} }} {seen} }}'
    )
    before = await sanna.ask(document)

    async def rebuild_all() -> None:
        for view in SHOWN:
            await rebuild(lived.settings, view)

    rebuilding, asked = asyncio.create_task(rebuild_all()), 0
    while not rebuilding.done():
        assert await sanna.ask(document) == before
        asked += 1
    await rebuilding
    assert asked >= len(SHOWN)


def test_the_command_rebuilds_and_names_the_views_there_are(lived: Lived) -> None:
    def command(view: str) -> subprocess.CompletedProcess[str]:
        words = [sys.executable, "-m", "runtime", "rebuild", view]
        return subprocess.run(
            words, cwd=ROOT, env=lived.platform.environment, capture_output=True, text=True, timeout=60, check=False
        )

    assert command("order_view").returncode == 0
    unknown = command("orders_view")
    assert unknown.returncode == 1
    assert all(projection.view.name in unknown.stderr for projection in PROJECTIONS)
