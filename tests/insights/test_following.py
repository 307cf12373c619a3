"""The sink over a real log: an evening in the journals comes to its figures, in either engine, and waits for one that
is away."""

import asyncio
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import asynccontextmanager
from importlib.util import find_spec
from pathlib import Path
from random import Random
from typing import Any

import asyncpg
import msgspec
import pytest

from kernel.consuming import Consumer
from kernel.digesting import Pouring
from kernel.log import journal_of
from kernel.ports import Outage
from kernel.tailing import Tail
from runtime.adapters.analytics import FlowProgress
from runtime.settings import Settings
from runtime.wiring import Platform, open_platform
from subgraphs.insights.analytics import Analytics, OfPlatform
from subgraphs.insights.facts import AnyFact
from subgraphs.insights.reactions import TOPICS, consumer_of, facts_of, sink_to
from tests.conftest import runtime_url, test_settings
from tests.insights.oracle import Oracle
from tests.insights.test_reconciling import NIGHT
from tests.patience import eventually
from tests.sagas.test_evenings import an_evening
from tests.sagas.world import World

pytestmark = [pytest.mark.anyio, pytest.mark.timeout(300)]

WRITE = """insert into {journal}.journal (partition, topic, stream, version, id, type, data, meta)
values (platform.partition_of($1), $2, $1, $3, $4, $5, $6::json, '{{"actor": "tests", "correlation": "tests"}}')"""


class Fickle:
    """An engine that is away every other time it is asked to record."""

    def __init__(self, analytics: Analytics) -> None:
        self.analytics, self.engine, self.asked = analytics, analytics.engine, 0

    async def record(self, facts: Sequence[AnyFact]) -> None:
        self.asked += 1
        if self.asked % 2:
            raise Outage("away")
        await self.analytics.record(facts)


@pytest.fixture
def settings(migrated_url: str, valkey_url: str) -> Callable[[str], Settings]:
    def settings_with(url: str) -> Settings:
        return test_settings(
            OWNER_DATABASE_URL=migrated_url,
            DATABASE_URL=runtime_url(migrated_url),
            VALKEY_URL=valkey_url,
            ANALYTICS_URL=url,
        )

    return settings_with


async def journaled(url: str, world: World) -> None:
    """Writes the evening's news into the journals, as if it had just happened."""
    owner = await asyncpg.connect(url)
    try:
        for record in world.log:
            if record.topic in TOPICS:
                told = (record.stream, record.topic, record.version, record.id, type(record.message).__name__)
                await owner.execute(
                    WRITE.format(journal=record.journal), *told, msgspec.json.encode(record.message).decode()
                )
    finally:
        await owner.close()


@asynccontextmanager
async def pouring(platform: Platform, port: Any) -> AsyncGenerator[None]:
    """The sink at work."""
    equipment, sink = platform.equipment["insights"], sink_to(port.engine)
    tails = [Tail(platform.journals, journal_of(topic), [topic]) for topic in TOPICS]
    consumer = Consumer(Pouring(sink, port, equipment.checkpoints), tails, equipment, from_start=sink.from_start)
    tasks = [asyncio.create_task(loop.run()) for loop in (*tails, consumer)]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


@pytest.mark.parametrize("engine", ["postgresql", "clickhouse"])
async def test_an_engine_is_poured_the_whole_log_and_may_be_away_meanwhile(
    settings: Callable[[str], Settings], migrated_url: str, tmp_path: Path, engine: str
) -> None:
    if engine == "clickhouse" and find_spec("chdb") is None:
        pytest.skip("ClickHouse runs in tests only with its extra: pip install -r requirements-clickhouse.lock")
    world, _ = an_evening(Random(3).randbytes(1200))
    await journaled(migrated_url, world)
    oracle = Oracle(fact for record in world.log for fact in facts_of(record))
    night = OfPlatform(begin=NIGHT[0], end=NIGHT[1], now=world.now)
    url = "postgresql:" if engine == "postgresql" else f"chdb://{tmp_path}/store"
    async with open_platform(settings(url)) as platform:
        analytics, progress = platform.ports[Analytics], FlowProgress(platform.flow)
        behind = await progress.behind_s(consumer_of(engine), TOPICS)
        assert behind > 0
        async with pouring(platform, Fickle(analytics)):
            await eventually(lambda: is_at_head(progress, engine), at_most_s=180)
        told, true = await analytics.operations(night), await oracle.operations(night)
        assert (told.accepted, told.lapsed, told.declined) == (true.accepted, true.lapsed, true.declined)
        assert told.engaged_s == pytest.approx(true.engaged_s, abs=0.001)
        assert told.click_to_door.times == true.click_to_door.times
        assert true.accepted > 0


async def is_at_head(progress: FlowProgress, engine: str) -> bool:
    return await progress.behind_s(consumer_of(engine), TOPICS) == 0
