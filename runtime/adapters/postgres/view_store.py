"""The writing side of read models: folded rows and the checkpoint in one transaction."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from kernel.committing import Advance
from kernel.log import Recorded
from kernel.messages import Row
from kernel.projecting import Feed, Key, Projection
from runtime.adapters.postgres.consuming import ADVANCE, advance_arguments
from runtime.adapters.postgres.pool import Connection, Database
from runtime.adapters.postgres.shapes import TableSql

# Numbers come with the lock on the owner's head, so that a later one is never seen before an earlier one; every worker
# locks heads in the same order. `left` counts the owner's items behind this one.
_FEED = """
with moved as materialized (select {schema}.{advance} as done),
heads as (
  insert into {schema}.feed_heads as h (feed, owner, head)
  select $9, n.owner, n.items from unnest($10::text[], $11::bigint[]) as n(owner, items), moved
  where moved.done order by n.owner
  on conflict (feed, owner) do update set head = h.head + excluded.head returning h.owner, h.head
), items as (
  insert into {schema}.feed_items (feed, owner, sequence, stream, version)
  select $9, owner, h.head - i.left, i.stream, i.version
  from unnest($12::text[], $13::bigint[], $14::text[], $15::int[]) as i(owner, "left", stream, version)
  join heads h using (owner)
)
select done from moved
"""


class _Moved(Exception):
    """The checkpoint is no longer where this worker thought: roll back."""


class PostgresViewStore:
    """Writes one domain's views and feeds."""

    def __init__(self, domain: str, database: Database) -> None:
        self._domain, self._database = domain, database
        self._advance = f"select {domain}.{ADVANCE}"
        self._feed = _FEED.format(schema=domain, advance=ADVANCE)
        self._tables: dict[str, TableSql] = {}

    async def apply(self, projection: Projection[Any], records: Sequence[Recorded], advance: Advance) -> bool:
        table = self._table(projection)
        concerned = [(record, key) for record in records for key in projection.keys(record)]
        if not concerned:
            return await self._done(self._advance, advance)
        try:
            async with self._database.transaction() as connection:
                if projection.sharing != "stream":  # taken before anything is loaded; an advisory lock takes no xid
                    await connection.execute(
                        "select pg_advisory_xact_lock(hashtextextended($1, 0))",
                        f"{self._domain}.{projection.view.name}",
                    )
                before = await self._load(connection, table, projection, [key for _, key in concerned])
                await self._save(connection, table, before, _fold(projection, before, concerned))
                await self._move(connection, advance)
        except _Moved:
            return False
        return True

    async def feed(self, feed: Feed, records: Sequence[Recorded], advance: Advance) -> bool:
        owned = [(owner, record) for record in records if (owner := feed.owner(record)) is not None]
        behind: Counter[str] = Counter()
        items: list[tuple[str, int, str, int]] = []
        for owner, record in reversed(owned):
            items.append((owner, behind[owner], record.stream, record.version or 0))
            behind[owner] += 1
        return await self._done(
            self._feed,
            advance,
            feed.name,
            [*behind],
            [*behind.values()],
            *([item[column] for item in items] for column in range(4)),
        )

    async def _load(
        self, connection: Connection, table: TableSql, projection: Projection[Any], keys: Sequence[Key]
    ) -> dict[Key, Row]:
        wanted = msgspec.json.encode([dict(zip(table.key, key, strict=True)) for key in dict.fromkeys(keys)]).decode()
        rows = await connection.fetch(table.load, wanted)
        decoded = [msgspec.json.decode(row[0], type=projection.view.row) for row in rows]
        return {_key(table, row): row for row in decoded}

    async def _save(
        self, connection: Connection, table: TableSql, before: Mapping[Key, Row], after: Mapping[Key, Row | None]
    ) -> None:
        changed = [row for key, row in after.items() if row is not None and row != before.get(key)]
        removed = [key for key, row in after.items() if row is None and key in before]
        if changed:
            await connection.execute(table.upsert, msgspec.json.encode(changed).decode())
        if removed:
            keys = [dict(zip(table.key, key, strict=True)) for key in removed]
            await connection.execute(table.remove, msgspec.json.encode(keys).decode())

    async def _done(self, sql: str, advance: Advance, *arguments: object) -> bool:
        """What needs no transaction of several statements; the first arguments are those of the step."""
        row = await self._database.one(sql, *advance_arguments(advance), *arguments)
        return row is not None and bool(row[0])

    async def _move(self, connection: Connection, advance: Advance) -> None:
        if not await connection.fetchval(self._advance, *advance_arguments(advance)):
            raise _Moved

    def _table(self, projection: Projection[Any]) -> TableSql:
        view = projection.view
        if view.name not in self._tables:
            self._tables[view.name] = TableSql(self._domain, view.name, view.row, view.key)
        return self._tables[view.name]


def _fold(
    projection: Projection[Any], before: Mapping[Key, Row], concerned: Sequence[tuple[Recorded, Key]]
) -> dict[Key, Row | None]:
    rows: dict[Key, Row | None] = {}
    for record, key in concerned:
        rows[key] = projection.fold(rows[key] if key in rows else before.get(key), record, key)
    return rows


def _key(table: TableSql, row: Row) -> Key:
    return tuple(getattr(row, name) for name in table.key)
