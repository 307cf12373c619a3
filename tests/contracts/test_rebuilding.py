"""Rebuilding: beside the live view, which goes on serving and consuming, and is then replaced in one moment."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from signal import SIGINT, SIGKILL
from typing import Any

import pytest
from structlog.testing import capture_logs
from structlog.typing import EventDict

from kernel.committing import Committed
from kernel.consuming import Consumer
from kernel.digesting import Projecting
from kernel.equipment import Equipment
from kernel.log import ConsistencyToken
from kernel.ports import EventLog
from kernel.tailing import Tail
from runtime.adapters.background import background
from runtime.adapters.clock import PlatformClock
from runtime.adapters.ids import RandomIds
from runtime.adapters.opensearch.search import INDEX
from runtime.adapters.postgres.rebuilding import cast_shadow, owner_of, shadow_of, swap
from runtime.engines.postgres import PostgresCluster
from runtime.engines.running import running
from runtime.rebuilding import rebuild, run
from tests.conftest import OWNER_PASSWORD, free_port, runtime_url, test_settings
from tests.contracts.conftest import LogUnderTest, Stores, migrate_contracts, open_log, open_stores
from tests.contracts.shop import TOTALS, TotalView, sale
from tests.engines import START_WITHIN_SECONDS, kafka_broker_in, opensearch_node_in, skip_without
from tests.patience import AT_MOST_S, eventually

pytestmark = pytest.mark.anyio

TOTAL: Any = TOTALS
LIVE_IS_FAR_AHEAD = "insert into shop.checkpoints values ('totals', 'shop.events', 0, '9000000000000000000', 1)"
SWAP = """
begin;
drop table shop.totals;
alter table shop.totals__next rename to totals;
delete from shop.checkpoints;
commit
"""


def equipment_of(stores: Stores) -> Equipment:
    return stores.shop.equipment(stores.signals, PlatformClock(), RandomIds())


async def totals(stores: Stores) -> dict[str, int]:
    return {row.what: row.sold for row in await stores.shop.views.fetch(TotalView, "select * from totals")}


async def sell(stores: Stores, name: str, orders: int) -> list[ConsistencyToken]:
    """Sells and wakes, as handling does; returns the places of what was sold."""
    tokens: list[ConsistencyToken | None] = []
    for number in range(orders):
        committed = await stores.shop.journal.commit(sale(f"{name}_{number}", "soup", f"tea {number % 3}"))
        assert isinstance(committed, Committed)
        await stores.signals.publish(["log:shop"])
        tokens.append(ConsistencyToken.parse(committed.token))
    return [token for token in tokens if token is not None]


async def consumed(stores: Stores, tokens: list[ConsistencyToken]) -> bool:
    reached = [stores.shop.views.reached("totals", TOTALS.topics, token, wait_s=AT_MOST_S) for token in tokens]
    return all(await asyncio.gather(*reached))


async def truth(stores: Stores) -> dict[str, int]:
    rows = await stores.shop.database.fetch(
        "select data ->> 'what' as what, count(*) as sold from journal where topic = 'shop.events' group by 1"
    )
    return {row["what"]: row["sold"] for row in rows}


async def places(stores: Stores, consumer: str) -> list[tuple[object, ...]]:
    """Where it stands in each partition."""
    sql = "select topic, partition, txid::text, position from checkpoints where consumer = $1 order by topic, partition"
    return [tuple(row.values()) for row in await stores.shop.database.fetch(sql, consumer)]


@asynccontextmanager
async def live(stores: Stores, log: EventLog, projection: Any = TOTAL) -> AsyncGenerator[None]:
    """The live view, or its shadow, consuming."""
    tail = Tail(log, "shop", ["shop.events"])
    consumer = Consumer(Projecting(projection, stores.shop.view_store), [tail], equipment_of(stores))
    async with background(tail.run(), "tail"), background(consumer.run(), "live"):
        yield


async def is_whole(stores: Stores) -> bool:
    """Whether the view says what the journal holds, and nothing is left of its rebuild."""
    return await totals(stores) == await truth(stores) and await places(stores, "totals__next") == []


async def test_a_rebuilt_view_replaces_the_live_one_while_it_consumes(stores: Stores, shown: LogUnderTest) -> None:
    async with background(shown.showing(), "showing"), owner_of(stores.url) as owner:
        equipment = equipment_of(stores)
        async with live(stores, shown.log):
            assert await consumed(stores, await sell(stores, "before", 20))
            await owner.fetch("update shop.totals set sold = 1000")  # what a rebuild is for
            _, during = await asyncio.gather(rebuild(owner, TOTAL, shown.log, equipment), sell(stores, "during", 20))
            assert await consumed(stores, during + await sell(stores, "after", 5))
            assert await totals(stores) == await truth(stores)
        await rebuild(owner, TOTAL, shown.log, equipment)  # and once more: nothing of the first is in its way
        assert await is_whole(stores)


async def test_a_rebuild_waits_until_its_database_is_back(tmp_path: Path, valkey_url: str) -> None:
    cluster = PostgresCluster(folder=tmp_path / "cluster", port=free_port(), password=OWNER_PASSWORD, durable=False)
    with running(cluster) as process:
        await migrate_contracts(cluster.url())
        async with open_stores(cluster.url(), valkey_url) as stores, owner_of(cluster.url()) as owner:
            await sell(stores, "before", 20)
            reader = await stores.owner()
            await reader.execute("begin; lock table shop.totals in access share mode")
            with capture_logs() as lines:
                rebuilding = asyncio.create_task(rebuild(owner, TOTAL, stores.log, equipment_of(stores)))
                await eventually(lambda: waits_for_readers(stores))
                process.send_signal(SIGINT)
                await asyncio.to_thread(process.wait, AT_MOST_S)
                await eventually(lambda: waits(rebuilding, lines))
                with running(cluster):
                    await rebuilding
                    assert await is_whole(stores)


@pytest.mark.engines
@pytest.mark.timeout(300)
async def test_a_rebuild_waits_until_kafka_is_back_and_the_old_view_serves(stores: Stores, tmp_path: Path) -> None:
    skip_without("kafka")
    broker = kafka_broker_in(tmp_path / "broker")
    with running(broker, within_seconds=START_WITHIN_SECONDS) as process:
        async with open_log(stores, broker.servers) as kafka, owner_of(stores.url) as owner:
            async with live(stores, stores.log):  # the view knows what is not published yet
                assert await consumed(stores, await sell(stores, "published", 20))
                published = await places(stores, "totals")
                await kafka.show()
                assert await consumed(stores, await sell(stores, "before_it_is", 5))
            with capture_logs() as lines:
                rebuilding = asyncio.create_task(rebuild(owner, TOTAL, kafka.log, equipment_of(stores)))
                await eventually(lambda: stands_at(stores, published))
                process.send_signal(SIGKILL)
                process.wait()
                await eventually(lambda: waits(rebuilding, lines))
                assert await totals(stores) == await truth(stores)
                with running(broker, within_seconds=START_WITHIN_SECONDS):
                    await kafka.show()
                    await rebuilding
            assert await is_whole(stores)


async def test_who_rebuilds_beside_another_puts_no_empty_view_in_its_place(own_url: str, valkey_url: str) -> None:
    async with open_stores(own_url, valkey_url) as stores, owner_of(own_url) as first, owner_of(own_url) as second:
        async with live(stores, stores.log):
            assert await consumed(stores, await sell(stores, "before", 20))
        await cast_shadow(first, TOTAL)
        async with live(stores, stores.log, shadow_of(TOTAL)):
            await eventually(lambda: is_level(stores))
        reader = await stores.owner()
        await reader.execute("begin; lock table shop.totals__next in access share mode")
        casting = asyncio.create_task(cast_shadow(second, TOTAL))
        await eventually(lambda: waits_for_readers(stores))
        swapping = asyncio.create_task(swap(first, TOTAL))
        await eventually(lambda: waits_for_readers(stores, writers=2))
        await reader.execute("rollback")
        await casting
        assert await swapping is False
        assert await totals(stores) == await truth(stores)


async def is_level(stores: Stores) -> bool:
    """Whether the shadow stands where the live view does."""
    return await places(stores, "totals__next") == await places(stores, "totals")


async def waits_for_readers(stores: Stores, writers: int = 1) -> bool:
    waiting = "select from pg_locks where mode = 'AccessExclusiveLock' and not granted"
    return len(await stores.shop.database.fetch(waiting)) == writers


async def waits(rebuilding: "asyncio.Task[None]", lines: list[EventDict], view: str = "totals") -> bool:
    """Whether it says so; a rebuild that has ended raises what it ended with."""
    if rebuilding.done():
        rebuilding.result()
    return any(line["event"] == "waits out an outage" and line.get("view") == view for line in lines)


async def stands_at(stores: Stores, wanted: list[tuple[object, ...]]) -> bool:
    return await places(stores, "totals__next") == wanted


async def test_a_rebuild_that_did_not_hear_of_its_end_finds_that_it_came(own_url: str, valkey_url: str) -> None:
    async with open_stores(own_url, valkey_url) as stores, owner_of(own_url) as owner:
        await sell(stores, "before", 5)
        await owner.fetch(LIVE_IS_FAR_AHEAD)
        rebuilding = asyncio.create_task(rebuild(owner, TOTAL, stores.log, equipment_of(stores)))
        await eventually(lambda: has_begun(stores))
        await (await stores.owner()).execute(SWAP)
        await rebuilding


async def has_begun(stores: Stores) -> bool:
    return await places(stores, "totals__next") != []


@pytest.mark.engines
@pytest.mark.timeout(300)
async def test_an_index_is_built_as_soon_as_there_is_an_engine(
    migrated_url: str, valkey_url: str, tmp_path: Path
) -> None:
    skip_without("opensearch")
    node = opensearch_node_in(tmp_path / "node")
    settings = test_settings(DATABASE_URL=runtime_url(migrated_url), VALKEY_URL=valkey_url, SEARCH_URL=node.url)
    with capture_logs() as lines:
        rebuilding = asyncio.create_task(run(settings, INDEX))
        await eventually(lambda: waits(rebuilding, lines, INDEX))
        with running(node, within_seconds=START_WITHIN_SECONDS):
            await rebuilding
    assert [line["view"] for line in lines if line["event"] == "rebuilt"] == [INDEX]
