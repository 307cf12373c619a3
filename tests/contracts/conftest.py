"""The suites' databases, which hold two small domains: one per module, emptied for each test, or one of its own."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from zlib import crc32

import asyncpg
import pytest

from kernel.ports import EventLog
from runtime.adapters.kafka.log import open_kafka_log
from runtime.adapters.postgres.domain import DomainStore, open_domain
from runtime.adapters.postgres.log import PostgresEventLog
from runtime.adapters.postgres.migrating import migrate
from runtime.adapters.postgres.pool import open_database, url_of_role
from runtime.adapters.postgres.positions import PostgresCourierPositions
from runtime.adapters.valkey.signals import ValkeySignals, open_signals
from tests.conftest import PostgresForTests, run_apart, running_postgres, runtime_url, test_settings
from tests.contracts.publishing import make_topics, open_publisher
from tests.contracts.riders import TRACKING
from tests.contracts.shop import CODEC, SCHEMAS
from tests.contracts.towns import migrate_towns


async def migrate_contracts(url: str) -> None:
    await migrate(test_settings(OWNER_DATABASE_URL=url, DATABASE_URL=runtime_url(url)), SCHEMAS)


def a_clone(postgres: PostgresForTests) -> Iterator[str]:
    template = postgres.template("contracts", lambda owner: run_apart(migrate_contracts(owner)))
    database = postgres.create_database(template)
    yield database
    postgres.drop_database(database)


@pytest.fixture(scope="module")
def module_url(postgres: PostgresForTests) -> Iterator[str]:
    yield from a_clone(postgres)


@pytest.fixture
def url(module_url: str) -> str:
    """Owner's URL of an empty database with the two domains."""
    run_apart(empty(module_url))
    return module_url


@pytest.fixture
def own_url(postgres: PostgresForTests) -> Iterator[str]:
    """The same, of the test's own: for tests that change what tables there are."""
    yield from a_clone(postgres)


@pytest.fixture(scope="session")
def apart(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PostgresForTests]:
    """Another server, for tests that hold transactions open: they would hide the records of all others."""
    with running_postgres(tmp_path_factory.mktemp("apart") / "cluster") as server:
        yield server


@pytest.fixture
def apart_url(apart: PostgresForTests) -> Iterator[str]:
    yield from a_clone(apart)


async def empty(url: str) -> None:
    """Deletes every row of both domains, past all triggers, and has the clock tell real time."""
    owner = await asyncpg.connect(url)
    tables = await owner.fetch(
        "select format('%I.%I', schemaname, tablename) from pg_tables where schemaname = any($1)",
        [schema.name for schema in SCHEMAS],
    )
    deletions = ";".join(f"delete from {table[0]}" for table in tables)
    await owner.execute(f"set session_replication_role = replica; {deletions}")
    await owner.execute("update platform.clock set origin = 'epoch', started = 'epoch', rate = 1")
    await owner.close()


@dataclass
class Stores:
    """Both domains and the log, over one database."""

    url: str
    shop: DomainStore
    pantry: DomainStore
    log: PostgresEventLog
    signals: ValkeySignals
    sessions: AsyncExitStack

    def partition(self, stream: str) -> int:
        """Of the journals, and of the topics that they are published to."""
        return crc32(stream.encode()) % self.log.partitions("shop")

    async def owner(self) -> "asyncpg.Connection[asyncpg.Record]":
        """A connection as the owner; it ends with the stores."""
        session = await asyncpg.connect(self.url)
        self.sessions.callback(session.terminate)
        return session


@asynccontextmanager
async def open_stores(url: str, valkey_url: str) -> AsyncGenerator[Stores]:
    """The stores of the two domains in a migrated database."""
    async with (
        open_domain(runtime_url(url), "shop", CODEC) as shop,
        open_domain(runtime_url(url), "pantry", CODEC) as pantry,
        open_database(runtime_url(url), "") as database,
        open_signals(valkey_url) as signals,
        AsyncExitStack() as sessions,
    ):
        log = PostgresEventLog(database, signals)
        yield Stores(url=url, shop=shop, pantry=pantry, log=log, signals=signals, sessions=sessions)


@dataclass(frozen=True)
class LogUnderTest:
    """One of the logs over the stores' journals, and what makes it show all that they hold."""

    log: EventLog
    show: Callable[[], Awaitable[object]]

    async def showing(self) -> None:
        """Shows whatever comes, until cancelled."""
        while True:
            await self.show()
            await asyncio.sleep(0.02)


@asynccontextmanager
async def open_log(stores: Stores, kafka: str | None) -> AsyncGenerator[LogUnderTest]:
    """The journals' own log, or the one on the Kafka with these servers."""
    if kafka is None:

        async def show() -> None:
            await stores.signals.publish(["log:shop", "log:pantry"])

        yield LogUnderTest(stores.log, show)
        return
    await make_topics(kafka)
    async with open_publisher(kafka, stores.log) as publisher, open_kafka_log(kafka, stores.log) as log:
        yield LogUnderTest(log, publisher.publish)


@pytest.fixture(params=["journal", pytest.param("kafka", marks=pytest.mark.engines)])
def kafka_or_not(request: pytest.FixtureRequest) -> str | None:
    """None for the journals' own log; else the servers of a Kafka without topics."""
    return request.getfixturevalue("kafka") if request.param == "kafka" else None


@pytest.fixture
async def stores(url: str, valkey_url: str) -> AsyncIterator[Stores]:
    async with open_stores(url, valkey_url) as opened:
        yield opened


@pytest.fixture
async def shown(stores: Stores, kafka_or_not: str | None) -> AsyncIterator[LogUnderTest]:
    """Each log in turn, over `stores`."""
    async with open_log(stores, kafka_or_not) as opened:
        yield opened


async def migrate_tracking(url: str) -> None:
    await migrate(test_settings(OWNER_DATABASE_URL=url, DATABASE_URL=runtime_url(url)), [TRACKING])


@pytest.fixture(scope="module")
def tracking_url(postgres: PostgresForTests) -> Iterator[str]:
    """Owner's URL of a database with tracking's table of positions."""
    template = postgres.template("positions", lambda owner: run_apart(migrate_tracking(owner)))
    database = postgres.create_database(template)
    yield database
    postgres.drop_database(database)


@pytest.fixture
async def table(tracking_url: str, valkey_url: str) -> AsyncIterator[PostgresCourierPositions]:
    """The couriers' positions in Postgres, none yet."""
    async with (
        open_database(url_of_role(runtime_url(tracking_url), "tracking"), "tracking", 4) as database,
        open_signals(valkey_url) as signals,
    ):
        await database.fetch("delete from courier_position")
        yield PostgresCourierPositions(database, signals)


@pytest.fixture
def town_url(postgres: PostgresForTests) -> Iterator[str]:
    """Owner's URL of an empty database for a town."""
    template = postgres.template("towns", lambda url: run_apart(migrate_towns(url)))
    url = postgres.create_database(template)
    yield url
    postgres.drop_database(url)
