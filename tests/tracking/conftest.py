"""Tracking's bench over a database of the test's own."""

from collections.abc import AsyncGenerator, Iterator

import pytest

from tests.conftest import PostgresForTests, a_database, run_apart
from tests.tracking.bench import Bench, migrate_tracking, open_bench


@pytest.fixture
def tracking_url(postgres: PostgresForTests) -> Iterator[str]:
    """A database with tracking's schema alone."""
    yield from a_database(postgres, postgres.template("tracking", lambda url: run_apart(migrate_tracking(url))))


@pytest.fixture
async def bench(tracking_url: str, valkey_url: str) -> AsyncGenerator[Bench]:
    async with open_bench(tracking_url, valkey_url) as opened:
        await opened.stream.next()  # From here on a worker takes whatever comes.
        yield opened
