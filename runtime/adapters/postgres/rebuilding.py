"""Rebuilding a view beside the live one: a shadow table with a consumer of its own takes the live one's place."""

from contextlib import AbstractAsyncContextManager
from dataclasses import replace

from kernel.messages import Row
from kernel.projecting import Projection
from runtime.adapters.postgres import schemas
from runtime.adapters.postgres.pool import Connection, Database, open_database

SUFFIX = "__next"


def owner_of(url: str) -> AbstractAsyncContextManager[Database]:
    """The database as its owner, who may make and drop tables; a lost session is replaced."""
    return open_database(url, "", connections=1)


def shadow_of(projection: Projection[Row]) -> Projection[Row]:
    """The same fold into a table and under a consumer of another name."""
    return replace(projection, view=replace(projection.view, name=projection.view.name + SUFFIX))


async def cast_shadow(owner: Database, projection: Projection[Row]) -> None:
    """Makes the shadow's empty table; what an earlier attempt left is dropped. Raises Outage."""
    domain, view = projection.domain, shadow_of(projection).view
    async with owner.transaction() as session:
        await session.execute(f'drop table if exists {domain}."{view.name}"')
        await _forget(session, domain, view.name)
        await session.execute(schemas.create_table(domain, view))
        await session.execute(f'grant select, insert, update, delete on {domain}."{view.name}" to {domain}')


async def swap(owner: Database, projection: Projection[Row]) -> bool:
    """Puts the shadow in the live view's place, with its checkpoints; False while it is behind in any partition.

    The live consumer waits for the table meanwhile, then finds its checkpoints moved and goes on from the shadow's. So
    does whoever begins a rebuild anew: between the question and the swap nobody casts an empty shadow.
    Raises Outage: all of it was done, as `is_swapped` tells, or nothing.
    """
    domain, name = projection.domain, projection.view.name
    async with owner.transaction() as session:
        await session.execute(f'lock table {domain}."{name}", {domain}."{name}{SUFFIX}" in access exclusive mode')
        if await session.fetchval(_IS_BEHIND.format(domain=domain), name, name + SUFFIX):
            return False
        await session.execute(f'drop table {domain}."{name}"')
        await session.execute(f'alter table {domain}."{name}{SUFFIX}" rename to "{name}"')
        for index in await session.fetch(
            "select indexname from pg_indexes where schemaname = $1 and tablename = $2", domain, name
        ):
            plain = index["indexname"].replace(SUFFIX, "", 1)
            await session.execute(f'alter index {domain}."{index["indexname"]}" rename to "{plain}"')
        await _forget(session, domain, name)
        for table in ("checkpoints", "dead_letters"):
            await session.execute(f"update {domain}.{table} set consumer = $1 where consumer = $2", name, name + SUFFIX)
    return True


async def is_swapped(owner: Database, projection: Projection[Row]) -> bool:
    """Whether the shadow that was cast is there no more: it serves, even if nobody heard so. Raises Outage."""
    shadow = f'{projection.domain}."{shadow_of(projection).view.name}"'
    return bool(await owner.fetch("select where to_regclass($1) is null", shadow))


_IS_BEHIND = """
select exists (
  select from {domain}.checkpoints live
  left join {domain}.checkpoints next on next.consumer = $2
    and next.topic = live.topic and next.partition = live.partition
  where live.consumer = $1 and live.position > 0
    and (next.txid is null or (next.txid, next.position) < (live.txid, live.position))
)
"""


async def _forget(session: Connection, domain: str, consumer: str) -> None:
    for table in ("checkpoints", "dead_letters"):
        await session.execute(f"delete from {domain}.{table} where consumer = $1", consumer)
