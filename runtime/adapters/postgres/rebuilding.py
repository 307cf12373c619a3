"""Rebuilding a view beside the live one: a shadow table with a consumer of its own takes the live one's place."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import TypeAlias

import asyncpg

from kernel.messages import Row
from kernel.projecting import Projection
from runtime.adapters.postgres import schemas

SUFFIX = "__next"

Owner: TypeAlias = "asyncpg.Connection[asyncpg.Record]"


@asynccontextmanager
async def owner_of(url: str) -> "AsyncGenerator[Owner]":
    """A connection as the database's owner, who may make and drop tables."""
    owner = await asyncpg.connect(url)
    try:
        yield owner
    finally:
        owner.terminate()


def shadow_of(projection: Projection[Row]) -> Projection[Row]:
    """The same fold into a table and under a consumer of another name."""
    return replace(projection, view=replace(projection.view, name=projection.view.name + SUFFIX))


async def cast_shadow(owner: "Owner", projection: Projection[Row]) -> None:
    """Makes the shadow's empty table; what an earlier attempt left is dropped."""
    domain, view = projection.domain, shadow_of(projection).view
    async with owner.transaction():
        await owner.execute(f'drop table if exists {domain}."{view.name}"')
        await _forget(owner, domain, view.name)
        await owner.execute(schemas.create_table(domain, view))
        await owner.execute(f'grant select, insert, update, delete on {domain}."{view.name}" to {domain}')


async def swap(owner: "Owner", projection: Projection[Row]) -> bool:
    """Puts the shadow in the live view's place, with its checkpoints; False while it is behind in any partition.

    The live consumer waits for the table meanwhile, then finds its checkpoints moved and goes on from the shadow's.
    """
    domain, name = projection.domain, projection.view.name
    async with owner.transaction():
        await owner.execute(f'lock table {domain}."{name}" in access exclusive mode')
        if await owner.fetchval(_IS_BEHIND.format(domain=domain), name, name + SUFFIX):
            return False
        await owner.execute(f'drop table {domain}."{name}"')
        await owner.execute(f'alter table {domain}."{name}{SUFFIX}" rename to "{name}"')
        for index in await owner.fetch(
            "select indexname from pg_indexes where schemaname = $1 and tablename = $2", domain, name
        ):
            plain = index["indexname"].replace(SUFFIX, "", 1)
            await owner.execute(f'alter index {domain}."{index["indexname"]}" rename to "{plain}"')
        await _forget(owner, domain, name)
        for table in ("checkpoints", "dead_letters"):
            await owner.execute(f"update {domain}.{table} set consumer = $1 where consumer = $2", name, name + SUFFIX)
    return True


_IS_BEHIND = """
select exists (
  select from {domain}.checkpoints live
  left join {domain}.checkpoints next on next.consumer = $2
    and next.topic = live.topic and next.partition = live.partition
  where live.consumer = $1 and live.position > 0
    and (next.txid is null or (next.txid, next.position) < (live.txid, live.position))
)
"""


async def _forget(owner: "Owner", domain: str, consumer: str) -> None:
    for table in ("checkpoints", "dead_letters"):
        await owner.execute(f"delete from {domain}.{table} where consumer = $1", consumer)
