"""Insights over real engines: a bench with a graph to ask, and analytics in Postgres alone."""

from collections.abc import AsyncGenerator, Iterator

import pytest

from runtime.adapters.postgres.analytics import KEPT, PostgresAnalytics
from runtime.adapters.postgres.pool import open_database, url_of_role
from tests.clocks import SettableClock
from tests.conftest import PostgresForTests, run_apart, runtime_url
from tests.insights.bench import Bench, migrate_insights, open_bench

PATIENT_S = 60.0
"""How long a call may take here: this machine may be busy."""


@pytest.fixture(scope="module")
def insights_url(postgres: PostgresForTests) -> Iterator[str]:
    url = postgres.create_database(postgres.template("insights", lambda url: run_apart(migrate_insights(url))))
    yield url
    postgres.drop_database(url)


@pytest.fixture
async def analytics(insights_url: str) -> AsyncGenerator[PostgresAnalytics]:
    """Without facts."""
    async with open_database(url_of_role(runtime_url(insights_url), "insights"), "insights", 3, PATIENT_S) as database:
        for table in KEPT.tables:
            await database.fetch(f'delete from "{table.name}"')
        yield PostgresAnalytics(database, SettableClock())


@pytest.fixture
async def bench(insights_url: str, valkey_url: str, analytics: PostgresAnalytics) -> AsyncGenerator[Bench]:
    async with open_bench(insights_url, valkey_url, analytics) as opened:
        yield opened
