"""Database roles: a domain's role adds to its own journal and reads it, and has no business anywhere else."""

import asyncpg
import pytest

from runtime.adapters.postgres.pool import url_of_role
from tests.conftest import runtime_url
from tests.contracts.conftest import Stores
from tests.contracts.shop import sale

pytestmark = pytest.mark.anyio

COLUMNS, VALUES = "partition, topic, stream, id, type, data, meta", "0, 'shop.events', 's', 'i', 't', '{}', '{}'"
FORBIDDEN = {
    "shop": [
        "update shop.journal set type = 'Forged'",
        "delete from shop.journal",
        "truncate shop.journal",
        f"insert into shop.journal ({COLUMNS}, txid) values ({VALUES}, '1')",
        f"insert into shop.journal ({COLUMNS}, position) overriding system value values ({VALUES}, 1)",
        "update shop.requests set fingerprint = 'forged'",
        "delete from shop.requests",
        "drop table shop.sales",
        "create table shop.mine (id int)",
        "select * from pantry.journal",
        "select * from pantry.shelves",
        "insert into pantry.shelves (id, restaurant_id, label, tags, retired) values ('a', 'b', 'c', '[]', false)",
        "select pantry.append('s', 0, '{}', '{}', '{}', '{}', '{}', null)",
        "update platform.clock set rate = 2",
        "select * from platform.migrations",
        "set role pantry",
        "set role owner",
    ],
    "pantry": [
        "delete from pantry.shelves",
        "truncate pantry.shelves",
        "alter table pantry.shelves disable trigger all",
    ],
    "runtime": [
        "update shop.journal set type = 'Forged'",
        "delete from shop.journal",
        f"insert into shop.journal ({COLUMNS}) values ({VALUES})",
        "select * from shop.requests",
        "select * from shop.sales",
        "select * from pantry.shelves",
        "set role shop",
    ],
}


@pytest.mark.parametrize("role", list(FORBIDDEN))
async def test_a_role_may_not(stores: Stores, role: str) -> None:
    await stores.shop.journal.commit(sale("order_1", "soup"))
    session = await asyncpg.connect(url_of_role(runtime_url(stores.url), role))
    for statement in FORBIDDEN[role]:
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await session.execute(statement)
    await session.close()


async def test_the_log_s_role_reads_every_journal(stores: Stores) -> None:
    session = await asyncpg.connect(runtime_url(stores.url))
    assert await session.fetchval("select count(*) from shop.journal") == 0
    assert await session.fetchval("select count(*) from pantry.journal") == 0
    await session.close()
