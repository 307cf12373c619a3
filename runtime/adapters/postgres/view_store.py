"""The writing side of read models: folded rows and the checkpoint in one transaction."""

from collections.abc import Mapping, Sequence
from itertools import groupby
from typing import Any

import msgspec

from kernel.committing import Advance
from kernel.log import Recorded
from kernel.messages import Row
from kernel.projecting import Feed, Key, Projection
from runtime.adapters.postgres.consuming import ADVANCE, advance_arguments
from runtime.adapters.postgres.pool import Connection, Database
from runtime.adapters.postgres.shapes import TableSql

_TAKE_NUMBERS = (
    "insert into {schema}.feed_heads as h (feed, owner, head) values ($1, $2, $3) "
    "on conflict (feed, owner) do update set head = h.head + excluded.head returning head"
)
_ADD_ITEMS = (
    "insert into {schema}.feed_items (feed, owner, sequence, stream, version) "
    "select $1, * from unnest($2::text[], $3::bigint[], $4::text[], $5::int[])"
)


class _Moved(Exception):
    """The checkpoint is no longer where this worker thought: roll back."""


class PostgresViewStore:
    """Writes one domain's views and feeds."""

    def __init__(self, domain: str, database: Database) -> None:
        self._domain, self._database = domain, database
        self._advance = f"select {domain}.{ADVANCE}"
        self._tables: dict[str, TableSql] = {}

    async def apply(self, projection: Projection[Any], records: Sequence[Recorded], advance: Advance) -> bool:
        table = self._table(projection)
        concerned = [(record, key) for record in records for key in projection.keys(record)]
        try:
            async with self._database.transaction() as connection:
                if projection.sharing != "stream":  # taken before anything is loaded; an advisory lock takes no xid
                    await connection.execute(
                        "select pg_advisory_xact_lock(hashtextextended($1, 0))",
                        f"{self._domain}.{projection.view.name}",
                    )
                if concerned:
                    before = await self._load(connection, table, projection, [key for _, key in concerned])
                    await self._save(connection, table, before, _fold(projection, before, concerned))
                await self._move(connection, advance)
        except _Moved:
            return False
        return True

    async def feed(self, feed: Feed, records: Sequence[Recorded], advance: Advance) -> bool:
        owned = [(owner, record) for record in records if (owner := feed.owner(record)) is not None]
        owned.sort(key=lambda pair: pair[0])  # stable, and every worker locks heads in the same order
        try:
            async with self._database.transaction() as connection:
                for owner, group in groupby(owned, key=lambda pair: pair[0]):
                    await self._number(connection, feed, owner, [record for _, record in group])
                await self._move(connection, advance)
        except _Moved:
            return False
        return True

    async def _number(self, connection: Connection, feed: Feed, owner: str, records: Sequence[Recorded]) -> None:
        """Numbers come with the lock on the owner's head, so that a later one is never seen before an earlier one."""
        head: int = await connection.fetchval(_TAKE_NUMBERS.format(schema=self._domain), feed.name, owner, len(records))
        await connection.execute(
            _ADD_ITEMS.format(schema=self._domain),
            feed.name,
            [owner] * len(records),
            list(range(head - len(records) + 1, head + 1)),
            [record.stream for record in records],
            [record.version or 0 for record in records],
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
