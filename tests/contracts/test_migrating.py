"""Migrating: idempotent, quick, loses nothing, and refuses a server whose transaction ids lie behind the journal."""

import asyncio
import os
import re
import subprocess
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import asyncpg
import pytest

from kernel.committing import Advance, Committed
from kernel.log import START, Position
from kernel.messages import Row
from kernel.projecting import View
from runtime.adapters.clock import PlatformClock
from runtime.adapters.postgres.migrating import MigrationRefused, migrate
from runtime.adapters.postgres.schemas import DomainSchema, Kept
from runtime.engines.postgres import PostgresCluster
from runtime.engines.programs import postgres_programs, unprivileged_prefix
from runtime.engines.running import running
from tests.conftest import OWNER_PASSWORD, PostgresForTests, free_port, runtime_url, test_settings
from tests.contracts.conftest import Stores, migrate_contracts, open_stores
from tests.contracts.shop import NOON, SALES, SCHEMAS, SHELVES, Shelf, sale

pytestmark = pytest.mark.anyio

SHOP, PANTRY = SCHEMAS


@pytest.fixture
def url(own_url: str) -> str:
    """Each test changes the tables there are."""
    return own_url


class WiderSaleView(Row):
    stream: str
    sold: int
    mood: str


class WiderShelf(Shelf):
    note: str | None = None
    height_cm: int = 40
    marks: tuple[str, ...] = ("it's new",)


class NeedyShelf(Shelf, kw_only=True):
    note: str


class ChangedShelf(Row):
    id: str
    restaurant_id: str
    label: int
    revision: int = 0


async def bring(stores: Stores, *domains: DomainSchema, **changes: str) -> None:
    url = stores.url
    await migrate(test_settings(OWNER_DATABASE_URL=url, DATABASE_URL=runtime_url(url), **changes), domains)


async def test_migrating_again_changes_nothing_and_makes_nothing_anew(stores: Stores) -> None:
    await stores.shop.journal.commit(sale("order_1", "soup"))
    owner = await stores.owner()
    made = "select xmin::text, oid from pg_proc union all select xmin::text, oid from pg_trigger order by oid"
    before = await owner.fetch(made)
    await bring(stores, *SCHEMAS)
    assert await owner.fetch(made) == before
    assert len(await stores.shop.journal.read("order_1")) == 1


async def test_even_without_the_memory_of_it_migrating_is_idempotent(stores: Stores) -> None:
    await stores.shop.journal.commit(sale("order_1", "soup"))
    owner = await stores.owner()
    await owner.execute("delete from platform.migrations where name = 'fingerprint'")
    await bring(stores, *SCHEMAS)
    assert len(await stores.shop.journal.read("order_1")) == 1


async def test_a_view_of_another_shape_starts_anew_from_the_log(stores: Stores) -> None:
    owner = await stores.owner()
    await owner.execute("insert into shop.sales (stream, sold, lines) values ('order_1', 1, '[]')")
    await owner.execute("insert into shop.totals (what, sold) values ('soup', 1)")
    for consumer in ("sales", "totals"):
        step = Advance(
            consumer=consumer, topic="shop.events", partition=0, before=START, after=Position(txid=5, position=5)
        )
        assert await stores.shop.checkpoints.advance(step)
    wider = View(name="sales", row=WiderSaleView, key=("stream",))
    await bring(stores, replace(SHOP, views=(wider, *SHOP.views[1:])), PANTRY)
    assert await owner.fetchval("select count(*) from shop.sales") == 0
    await owner.execute("select mood from shop.sales")
    assert await stores.shop.checkpoints.load("sales", "shop.events", 0) is None
    assert await owner.fetchval("select count(*) from shop.totals") == 1
    assert await stores.shop.checkpoints.load("totals", "shop.events", 0) == Position(txid=5, position=5)
    await bring(stores, replace(SHOP, views=(SALES.view, *SHOP.views[1:])), PANTRY)
    await owner.execute("select lines from shop.sales")


async def test_tables_of_one_consumer_begin_anew_together(stores: Stores) -> None:
    owner = await stores.owner()
    kept = Kept(consumer="counting", tables=(replace(SALES.view, name="counted"), replace(SALES.view, name="named")))
    step = Advance(
        consumer="counting", topic="shop.events", partition=0, before=START, after=Position(txid=5, position=5)
    )
    await bring(stores, replace(SHOP, kept=(kept,)), PANTRY)
    for again in (kept, replace(kept, edition=2), replace(kept, tables=(*kept.tables[:1], wider_counted()))):
        await owner.execute("insert into shop.counted (stream, sold, lines) values ('order_1', 1, '[]')")
        assert await stores.shop.checkpoints.advance(step)
        await bring(stores, replace(SHOP, kept=(kept,)), PANTRY)
        assert await owner.fetchval("select count(*) from shop.counted") == 1
        if again is kept:
            await owner.execute("delete from shop.checkpoints; delete from shop.counted")
            continue
        await bring(stores, replace(SHOP, kept=(again,)), PANTRY)
        assert await owner.fetchval("select count(*) from shop.counted") == 0
        assert await stores.shop.checkpoints.load("counting", "shop.events", 0) is None
        await bring(stores, replace(SHOP, kept=(kept,)), PANTRY)


def wider_counted() -> View[Row]:
    return View(name="named", row=WiderSaleView, key=("stream",))


async def test_a_captured_table_gains_columns_and_keeps_its_rows(stores: Stores) -> None:
    owner = await stores.owner()
    await owner.execute(
        "insert into pantry.shelves (id, restaurant_id, label, tags, retired) values ('a','r','A','[]',false)"
    )
    await bring(stores, SHOP, replace(PANTRY, tables=(replace(SHELVES, row=WiderShelf),)))
    row = await owner.fetchrow("select note, height_cm, marks, revision from pantry.shelves")
    assert row is not None
    assert tuple(row) == (None, 40, '["it\'s new"]', 1)
    await bring(stores, *SCHEMAS)  # a version behind goes on working, its rows lack what it does not know
    await owner.execute(
        "insert into pantry.shelves (id, restaurant_id, label, tags, retired) values ('b','r','B','[]',false)"
    )


@pytest.mark.parametrize("row", [NeedyShelf, ChangedShelf])
async def test_a_captured_table_is_never_changed_at_the_cost_of_its_rows(stores: Stores, row: type[Row]) -> None:
    with pytest.raises(MigrationRefused):
        await bring(stores, SHOP, replace(PANTRY, tables=(replace(SHELVES, row=row),)))
    owner = await stores.owner()
    await owner.execute("select tags from pantry.shelves")


async def test_a_new_password_is_taken_on(stores: Stores) -> None:
    secret = "another-password-of-tests"
    await bring(stores, *SCHEMAS, RUNTIME_PASSWORD=secret)
    session = await asyncpg.connect(runtime_url(stores.url).replace("runtime-password-of-tests", secret))
    await session.close()
    await bring(stores, *SCHEMAS)


async def test_the_database_has_the_platform_s_clock(stores: Stores) -> None:
    started = "2026-01-01T00:00:00+00:00"
    await bring(stores, *SCHEMAS, CLOCK_ORIGIN=NOON.isoformat(), CLOCK_STARTED=started, CLOCK_RATE="60")
    settings = test_settings(CLOCK_ORIGIN=NOON.isoformat(), CLOCK_STARTED=started, CLOCK_RATE="60")
    clock = PlatformClock(settings.clock_origin, settings.clock_started, settings.clock_rate)
    owner = await stores.owner()
    before, here, after = clock.now(), await owner.fetchval("select platform.now()"), clock.now()
    assert before <= here <= after


async def test_two_migrations_at_once_are_one(apart: PostgresForTests) -> None:
    url = apart.create_database()
    await asyncio.gather(*(migrate_contracts(url) for _ in range(3)))


def program(name: str, *arguments: str, stdin: str = "") -> str:
    """The output of one of Postgres's own programs."""
    command = [*unprivileged_prefix(), str(postgres_programs() / name), *arguments]
    environment = {**os.environ, "PGPASSWORD": OWNER_PASSWORD}
    done = subprocess.run(
        command, input=stdin, capture_output=True, text=True, env=environment, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


async def restore(cluster: PostgresCluster, dump: str) -> None:
    """The dump in another cluster's database, its roles made before."""
    owner = await asyncpg.connect(cluster.url())
    for role in ("shop", "pantry", "runtime", "log_reader"):
        await owner.execute(f"create role {role}")
    await owner.close()
    program("psql", "--quiet", "--set=ON_ERROR_STOP=1", f"--dbname={cluster.url()}", stdin=dump)


async def test_after_a_dump_and_restore_writing_waits_for_the_transaction_ids(
    apart: PostgresForTests, tmp_path: Path, valkey_url: str
) -> None:
    url = apart.create_database()
    await migrate_contracts(url)
    owner = await asyncpg.connect(url)
    await owner.execute("do $$ begin for i in 1..3000 loop perform pg_current_xact_id(); commit; end loop; end $$")
    await owner.close()
    async with open_stores(url, valkey_url) as stores:
        await stores.shop.journal.commit(sale("order_1", "soup"))
    dump = program("pg_dump", f"--dbname={url}")
    cluster = PostgresCluster(folder=tmp_path / "restored", port=free_port(), password=OWNER_PASSWORD, durable=False)
    with running(cluster):
        await restore(cluster, dump)
        with pytest.raises(MigrationRefused) as refused:
            await migrate_contracts(cluster.url())
    command = re.search("`pg_resetwal (.*) DATA_FOLDER`", str(refused.value))
    assert command is not None
    program("pg_resetwal", *command[1].split(), str(cluster.folder.resolve()))
    with running(cluster):
        await migrate_contracts(cluster.url())
        async with open_stores(cluster.url(), valkey_url) as stores:
            again = await stores.shop.journal.commit(sale("order_1", "tea", expected=1))
            assert isinstance(again, Committed)
            assert await versions_in_reading_order(stores) == [1, 2]


async def versions_in_reading_order(stores: Stores) -> Sequence[int | None]:
    partition = (await stores.shop.journal.read("order_1"))[0].partition
    return [record.version for record in await stores.log.read({("shop.events", partition): START}, 10)]
