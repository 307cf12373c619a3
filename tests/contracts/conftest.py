"""The suites' database: a clone of one that holds the two small domains."""

from collections.abc import AsyncGenerator, AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass

import asyncpg
import pytest

from runtime.adapters.postgres.domain import DomainStore, open_domain
from runtime.adapters.postgres.log import PostgresEventLog
from runtime.adapters.postgres.migrating import migrate
from runtime.adapters.postgres.pool import open_database
from runtime.adapters.valkey.signals import ValkeySignals, open_signals
from tests.conftest import PostgresForTests, run_apart, runtime_url, test_settings
from tests.contracts.shop import CODEC, SCHEMAS


async def migrate_contracts(url: str) -> None:
    await migrate(test_settings(OWNER_DATABASE_URL=url, DATABASE_URL=runtime_url(url)), SCHEMAS)


@pytest.fixture
def url(postgres: PostgresForTests) -> Iterator[str]:
    """Owner's URL of a database with the two domains."""
    template = postgres.template("contracts", lambda owner: run_apart(migrate_contracts(owner)))
    database = postgres.create_database(template)
    yield database
    postgres.drop_database(database)


@dataclass
class Stores:
    """Both domains and the log, over one database."""

    url: str
    shop: DomainStore
    pantry: DomainStore
    log: PostgresEventLog
    signals: ValkeySignals
    sessions: AsyncExitStack

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


@pytest.fixture
async def stores(url: str, valkey_url: str) -> AsyncIterator[Stores]:
    async with open_stores(url, valkey_url) as opened:
        yield opened
