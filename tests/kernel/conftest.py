"""The tally domain over a database and a Valkey of the test's own."""

from collections.abc import AsyncGenerator

import pytest

from tests.kernel.tally import Bench, make_database, open_bench


@pytest.fixture
async def bench(postgres_url: str, valkey_url: str) -> AsyncGenerator[Bench]:
    async with open_bench(await make_database(postgres_url), valkey_url) as opened:
        yield opened
