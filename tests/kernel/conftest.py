"""The tally domain over a database and a Valkey of the test's own; whoever consumes does so on each log."""

from collections.abc import AsyncGenerator

import pytest

from tests.kernel.tally import Bench, make_database, open_bench

ON_EACH_LOG = {"test_consuming", "test_effects_and_timers", "test_overtaken", "test_reacting_together"}


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "bench" in metafunc.fixturenames and metafunc.definition.path.stem in ON_EACH_LOG:
        metafunc.parametrize("bench", ["journal", pytest.param("kafka", marks=pytest.mark.engines)], indirect=True)


@pytest.fixture
async def bench(request: pytest.FixtureRequest, postgres_url: str, valkey_url: str) -> AsyncGenerator[Bench]:
    kafka = request.getfixturevalue("kafka") if getattr(request, "param", "journal") == "kafka" else None
    async with open_bench(await make_database(postgres_url), valkey_url, kafka=kafka) as opened:
        yield opened
