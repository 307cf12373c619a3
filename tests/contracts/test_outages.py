"""Outages: a restarted, frozen or contended Postgres costs an Outage in time, never a hang and never a commit."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Generator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import asyncpg
import psutil
import pytest

from kernel.committing import Committed, RequestBusy, RequestKnown
from kernel.ports import Outage
from runtime.adapters.postgres.pool import open_database
from runtime.engines.postgres import PostgresCluster
from runtime.engines.running import running
from tests.conftest import OWNER_PASSWORD, free_port, runtime_url
from tests.contracts.conftest import Stores, migrate_contracts, open_stores
from tests.contracts.shop import request, sale, with_parts
from tests.patience import AT_MOST_S

pytestmark = pytest.mark.anyio

BY_HAND = (
    "select shop.append('order_hand', 0, array['hand-c', 'hand-e'], array['shop.commands', 'shop.events'], "
    """array['Sell', 'Sold'], array['{}', '{}'], '{"actor": "aino", "correlation": "r"}', """
    """'{"request": {"actor": "aino", "mutation": "sell", "key": "key-1", "fingerprint": "same"}}')"""
)


@pytest.fixture
async def impatient(apart_url: str, valkey_url: str) -> AsyncIterator[Stores]:
    """Stores whose role waits for a lock a fifth of a second only."""
    owner = await asyncpg.connect(apart_url)
    await owner.execute(f"alter role shop in database {urlsplit(apart_url).path[1:]} set lock_timeout = '200ms'")
    await owner.close()
    async with open_stores(apart_url, valkey_url) as stores:
        yield stores


async def test_a_request_that_is_being_handled_elsewhere_is_busy(impatient: Stores) -> None:
    elsewhere = await impatient.owner()
    async with elsewhere.transaction():
        await elsewhere.execute(BY_HAND)
        mine = with_parts(sale("order_1", "soup"), request=request())
        assert await impatient.shop.journal.commit(mine) == RequestBusy()
    again = await impatient.shop.journal.commit(mine)
    assert isinstance(again, RequestKnown)
    assert again.outcome.stream == "order_hand"


@pytest.mark.parametrize("ending", ["commit", "rollback"])
async def test_a_request_waits_for_the_one_before_it(stores: Stores, ending: str) -> None:
    elsewhere = await stores.owner()
    await elsewhere.execute("begin")
    await elsewhere.execute(BY_HAND)
    waiting = asyncio.create_task(stores.shop.journal.commit(with_parts(sale("order_1", "soup"), request=request())))
    await until_waiting(stores)
    await elsewhere.execute(ending)
    assert isinstance(await waiting, RequestKnown if ending == "commit" else Committed)


async def until_waiting(stores: Stores) -> None:
    """Returns when a session of the shop waits for a lock."""
    owner = await stores.owner()
    async with asyncio.timeout(AT_MOST_S):
        while not await owner.fetchval(
            "select exists (select from pg_stat_activity where usename = 'shop' and wait_event_type = 'Lock')"
        ):
            await owner.execute("select pg_stat_clear_snapshot()")


async def test_a_restarted_server_is_an_outage_and_then_everything_is_there(tmp_path: Path, valkey_url: str) -> None:
    cluster = PostgresCluster(folder=tmp_path / "cluster", port=free_port(), password=OWNER_PASSWORD, durable=False)
    with running(cluster) as process:
        await migrate_contracts(cluster.url())
        async with open_stores(cluster.url(), valkey_url) as stores:
            await stores.shop.journal.commit(sale("order_1", "soup"))
            process.send_signal(signal.SIGINT)
            await asyncio.to_thread(process.wait, 20)
            for _ in range(3):
                with pytest.raises(Outage):
                    await stores.shop.journal.read("order_1")
                with pytest.raises(Outage):
                    await stores.shop.journal.commit(sale("order_2", "tea"))
            with running(cluster):
                assert [record.version for record in await stores.shop.journal.read("order_1")] == [1]
                assert isinstance(await stores.shop.journal.commit(sale("order_2", "tea")), Committed)
                assert len(await stores.shop.streams.read("order_2", after=0)) == 1


@contextmanager
def frozen(folder: Path) -> Generator[None]:
    """The server and its children stopped in their tracks."""
    lines = (folder / "postmaster.pid").read_text().splitlines()
    server = psutil.Process(int(lines[0]))
    family = [server, *server.children(recursive=True)]
    for process in family:
        os.kill(process.pid, signal.SIGSTOP)
    try:
        yield
    finally:
        for process in reversed(family):
            os.kill(process.pid, signal.SIGCONT)


async def test_a_frozen_server_is_an_outage_in_time_and_the_pool_recovers(tmp_path: Path) -> None:
    cluster = PostgresCluster(folder=tmp_path / "cluster", port=free_port(), password=OWNER_PASSWORD, durable=False)
    with running(cluster):
        await migrate_contracts(cluster.url())
        async with open_database(runtime_url(cluster.url()), "", connections=2, patience_s=0.3) as database:
            await database.fetch("select 1")
            with frozen(cluster.folder):
                asked = (database.fetch("select 1") for _ in range(6))
                async with asyncio.timeout(AT_MOST_S):
                    answers = await asyncio.gather(*asked, return_exceptions=True)
                assert [type(answer) for answer in answers] == [Outage] * 6
            assert [row[0] for row in await database.fetch("select 1")] == [1]


async def test_what_is_too_long_for_postgres_is_a_mistake_and_no_outage(stores: Stores) -> None:
    words = "select to_tsvector('simple', string_agg(md5(n::text), ' ')) from generate_series(1, 50000) n"
    with pytest.raises(asyncpg.ProgramLimitExceededError):
        await stores.shop.database.fetch(words)


@pytest.mark.parametrize("state", ["40P01", "40001", "55P03", "57014"])
async def test_deadlocks_and_their_like_are_outages_and_never_make_poison(stores: Stores, state: str) -> None:
    with pytest.raises(Outage):
        await stores.shop.database.fetch(f"do $$ begin raise exception 'try again' using errcode = '{state}'; end $$")
