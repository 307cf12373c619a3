"""Analytics in Postgres and in ClickHouse: both agree with whoever reckons plainly, however the facts came."""

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from importlib.util import find_spec
from pathlib import Path
from random import Random

import pytest
from msgspec.structs import asdict, replace

from kernel.ports import Outage
from runtime.adapters.clickhouse import ClickHouseAnalytics, open_clickhouse
from runtime.adapters.clickhouse.connecting import ClickHouse
from runtime.adapters.clickhouse.connecting import open_database as open_clickhouse_database
from runtime.adapters.clickhouse.tables import SCHEMA
from runtime.adapters.postgres.analytics import KEPT, PostgresAnalytics
from runtime.adapters.postgres.analytics.forgetting import OFTEN
from runtime.adapters.postgres.migrating import migrate
from runtime.adapters.postgres.pool import Database, open_database, url_of_role
from runtime.adapters.postgres.schemas import DomainSchema
from subgraphs.insights.analytics import KEPT_FOR, Analytics, OfCourier, OfPlatform
from subgraphs.insights.facts import AnyFact, OrderFact
from tests.clocks import SettableClock
from tests.conftest import PostgresForTests, free_port, run_apart, runtime_url, test_settings
from tests.insights.agreeing import (
    BEFORE,
    DAY,
    agree,
    agree_on_baskets,
    agree_on_operations,
    agree_on_periods,
    agree_on_punctuality,
    any_periods,
)
from tests.insights.evenings import BEGAN, COURIERS, NOW, business
from tests.insights.oracle import Oracle

pytestmark = pytest.mark.anyio

PATIENT_S = 60.0
"""How long a call may take here: this machine may be busy."""
TABLES = [statement.split()[5] for statement in SCHEMA]
CHDB = pytest.param(
    "clickhouse",
    marks=pytest.mark.skipif(
        find_spec("chdb") is None or find_spec("clickhouse_connect") is None,
        reason="ClickHouse runs in tests only with its extra: pip install -r requirements-clickhouse.lock",
    ),
)


async def migrate_insights(url: str) -> None:
    settings = test_settings(OWNER_DATABASE_URL=url, DATABASE_URL=runtime_url(url))
    await migrate(settings, [DomainSchema(name="insights", kept=(KEPT,))])


@pytest.fixture(scope="module")
def insights_url(postgres: PostgresForTests) -> Iterator[str]:
    template = postgres.template("analytics", lambda url: run_apart(migrate_insights(url)))
    url = postgres.create_database(template)
    yield url
    postgres.drop_database(url)


@pytest.fixture(scope="session")
def chdb_path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The one path of this process."""
    return tmp_path_factory.mktemp("chdb") / "store"


@dataclass
class Engine:
    """An engine, and how it is made to forget at once what it would forget sooner or later."""

    analytics: Analytics
    forget: Callable[[], Awaitable[None]]


@pytest.fixture(params=["postgresql", CHDB])
async def engine(request: pytest.FixtureRequest) -> AsyncIterator[Engine]:
    """Without facts."""
    if request.param == "postgresql":
        url = url_of_role(runtime_url(request.getfixturevalue("insights_url")), "insights")
        async with open_database(url, "insights", 4, PATIENT_S) as database:
            for table in KEPT.tables:
                await database.fetch(f'delete from "{table.name}"')
            yield in_postgres(database)
    else:
        async with open_clickhouse_database(f"chdb://{request.getfixturevalue('chdb_path')}", PATIENT_S) as database:
            for table in TABLES:
                await database.command(f"truncate table if exists {table}")
            yield in_clickhouse(database)


def in_postgres(database: Database) -> Engine:
    clock = SettableClock(datetime.now(UTC))
    analytics = PostgresAnalytics(database, clock)

    async def forget() -> None:
        clock.advance(OFTEN)
        await analytics.record([])

    return Engine(analytics, forget)


def in_clickhouse(database: ClickHouse) -> Engine:
    async def forget() -> None:
        for table in TABLES:
            await database.command(f"optimize table {table} final")

    return Engine(ClickHouseAnalytics(database), forget)


@pytest.fixture
def analytics(engine: Engine) -> Analytics:
    return engine.analytics


async def recorded(analytics: Analytics, facts: Sequence[AnyFact], chance: Random) -> None:
    """The facts in batches of any size."""
    rest = [*facts]
    while rest:
        size = chance.choice((1, 3, 20, 100))
        await analytics.record(rest[:size])
        del rest[:size]


@pytest.mark.parametrize("seed", range(2))
async def test_answers_are_those_of_plain_reckoning(analytics: Analytics, seed: int) -> None:
    facts = business(seed)
    await analytics.record(facts)
    await agree(analytics, Oracle(facts))


@pytest.mark.parametrize("seed", range(2))
async def test_periods_may_begin_and_end_on_any_quarter_of_an_hour(analytics: Analytics, seed: int) -> None:
    facts, chance = business(seed), Random(seed)
    await analytics.record(facts)
    oracle = Oracle(facts)
    for asked in any_periods(chance):
        assert await analytics.sales(asked) == await oracle.sales(asked)
        assert await analytics.losses(asked) == await oracle.losses(asked)
        assert await analytics.items(asked, 3) == await oracle.items(asked, 3)
        await agree_on_baskets(analytics, oracle, asked)
        await agree_on_punctuality(analytics, oracle, asked)
        pay = OfCourier(courier_id=chance.choice(COURIERS), edges=asked.edges)
        assert await analytics.earnings(pay) == await oracle.earnings(pay)
        now = NOW + timedelta(microseconds=chance.randrange(2 * DAY // timedelta(microseconds=1)))
        await agree_on_operations(analytics, oracle, OfPlatform(begin=asked.begin, end=asked.end, now=now))
        assert await analytics.unassigned(now) == await oracle.unassigned(now)


@pytest.mark.parametrize("seed", range(2))
async def test_facts_may_come_twice_in_any_order_and_in_any_batches(analytics: Analytics, seed: int) -> None:
    facts, chance = business(seed, orders=25), Random(seed)
    doubled = [*facts, *chance.sample(facts, len(facts) // 2)]
    chance.shuffle(doubled)
    await recorded(analytics, doubled, chance)
    await agree(analytics, Oracle(facts))


async def test_answers_are_right_halfway_too(analytics: Analytics) -> None:
    facts, chance = [*business(7)], Random(7)
    chance.shuffle(facts)
    half = len(facts) // 2
    await analytics.record(facts[:half])
    await agree(analytics, Oracle(facts[:half]))
    await analytics.record(facts[half:])
    await agree(analytics, Oracle(facts))


async def test_of_two_couriers_of_one_order_one_is_paid(analytics: Analytics) -> None:
    fact = OrderFact(
        event_id="evt_1", at=BEGAN, order_id="order_1", restaurant_id="restaurant_1", courier_id="courier_1"
    )
    told = replace(fact, placed_at=BEGAN, confirmed_at=BEGAN, sold_at=BEGAN, currency="EUR")
    await analytics.record([told])
    await analytics.record([replace(fact, event_id="evt_2", courier_id="courier_2")])
    pay = [await analytics.earnings(OfCourier(courier_id=each, edges=(BEFORE, NOW))) for each in COURIERS]
    assert [len(parts) for parts in pay] == [0, 1, 0]


async def test_nothing_recorded_comes_to_nothing(analytics: Analytics) -> None:
    await analytics.record([])
    await agree(analytics, Oracle())


async def test_what_is_older_than_it_is_kept_is_forgotten_however_often_it_is_told(engine: Engine) -> None:
    today = datetime.combine(datetime.now(UTC).date(), BEGAN.timetz())
    lately, once = today - 20 * DAY - BEGAN, today - 20 * DAY - KEPT_FOR - BEGAN
    recent = [moved(fact, lately, "recent") for fact in business(1)]
    old = [moved(fact, once, "old") for fact in business(2)]
    for _ in range(2):
        await engine.analytics.record([*old, *recent])
        await engine.forget()
        await agree_on_periods(engine.analytics, Oracle(recent), lately)
        await agree_on_periods(engine.analytics, Oracle(), once)


def moved(fact: AnyFact, by: timedelta, name: str) -> AnyFact:
    """The fact at another time, of other lives."""
    told = asdict(fact)
    moments = {field: value + by for field, value in told.items() if isinstance(value, datetime)}
    ids = {
        field: f"{told[field]}_{name}" for field in ("event_id", "order_id", "offer_id", "delivery_id") & told.keys()
    }
    return replace(fact, **moments, **ids)


async def test_a_server_that_is_not_there_is_an_outage() -> None:
    pytest.importorskip("clickhouse_connect", reason="clickhouse-connect is an extra: requirements-clickhouse.lock")
    async with open_clickhouse(f"clickhouse://insights:secret@127.0.0.1:{free_port()}/platform") as analytics:
        for _ in range(2):
            with pytest.raises(Outage):
                await analytics.record(business(1, orders=1))
            with pytest.raises(Outage):
                await analytics.unassigned(BEGAN)
