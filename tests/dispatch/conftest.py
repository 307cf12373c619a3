"""A bench with a worker at work for every test that asks for it."""

from collections.abc import AsyncGenerator

import pytest

from tests.conftest import runtime_url, test_settings
from tests.dispatch.bench import Bench, open_bench


@pytest.fixture
async def bench(migrated_url: str, valkey_url: str) -> AsyncGenerator[Bench]:
    settings = test_settings(
        OWNER_DATABASE_URL=migrated_url, DATABASE_URL=runtime_url(migrated_url), VALKEY_URL=valkey_url
    )
    async with open_bench(settings) as opened, opened.working():
        yield opened
