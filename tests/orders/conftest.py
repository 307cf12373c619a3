"""A bench with one kitchen for every test that asks for it."""

from collections.abc import AsyncGenerator

import pytest

from runtime.engines.valkey import ValkeyServer
from tests.conftest import runtime_url, test_settings
from tests.orders.bench import Bench, open_bench


@pytest.fixture
async def bench(migrated_url: str, valkey_url: str) -> AsyncGenerator[Bench]:
    settings = test_settings(
        OWNER_DATABASE_URL=migrated_url, DATABASE_URL=runtime_url(migrated_url), VALKEY_URL=valkey_url
    )
    async with open_bench(settings) as opened:
        yield opened


@pytest.fixture(scope="module")
async def shared_bench(module_migrated_url: str, valkey: ValkeyServer) -> AsyncGenerator[Bench]:
    """One bench for all tests of a module that leave its kitchen and its clock as they are."""
    settings = test_settings(
        OWNER_DATABASE_URL=module_migrated_url,
        DATABASE_URL=runtime_url(module_migrated_url),
        VALKEY_URL=valkey.url(),
    )
    async with open_bench(settings) as opened:
        yield opened
