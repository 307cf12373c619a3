"""The catalog's bench over a database of the test's own."""

from collections.abc import AsyncGenerator

import pytest

from tests.catalog.bench import Bench, migrate_catalog, open_bench
from tests.conftest import PostgresForTests, run_apart


@pytest.fixture
async def bench(postgres: PostgresForTests, valkey_url: str) -> AsyncGenerator[Bench]:
    template = postgres.template("catalog", lambda url: run_apart(migrate_catalog(url)))
    url = postgres.create_database(template)
    async with open_bench(url, valkey_url) as opened:
        yield opened
    postgres.drop_database(url)
