"""The reviews' bench over a database of the test's own."""

from collections.abc import AsyncGenerator

import pytest

from tests.conftest import PostgresForTests, run_apart
from tests.reviews.bench import Bench, migrate_reviews, open_bench


@pytest.fixture
async def bench(postgres: PostgresForTests, valkey_url: str) -> AsyncGenerator[Bench]:
    template = postgres.template("reviews", lambda url: run_apart(migrate_reviews(url)))
    url = postgres.create_database(template)
    async with open_bench(url, valkey_url) as opened:
        yield opened
    postgres.drop_database(url)
