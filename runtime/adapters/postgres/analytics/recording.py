"""Recording: facts are joined to their lives, and the cells move by what the lives add now and did not before."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from functools import reduce

import msgspec

from kernel.messages import Row
from runtime.adapters.postgres.analytics.cells import sums_of
from runtime.adapters.postgres.analytics.lives import (
    DELIVERIES,
    LOCK,
    OFFERS,
    ORDERS,
    SHIFTS,
    CellRow,
    ItemName,
    LifeT,
    joined,
    life_of,
)
from runtime.adapters.postgres.pool import Connection, Database
from runtime.adapters.postgres.shapes import TableSql
from subgraphs.insights.facts import AnyFact, OrderLife

DOMAIN = "insights"

_MOVE = """
insert into analytics_cell as c (scope, measure, grain, at, label, count, total)
select scope, measure, grain, at, label, count, total from json_populate_recordset(null::analytics_cell, $1::json)
on conflict (scope, measure, grain, at, label)
do update set count = c.count + excluded.count, total = c.total + excluded.total
"""
_NAME = """
insert into analytics_item as i (item_id, name, named_at)
select item_id, name, named_at from json_populate_recordset(null::analytics_item, $1::json)
on conflict (item_id) do update set name = excluded.name, named_at = excluded.named_at
where (excluded.named_at, excluded.name) > (i.named_at, i.name)
"""
_TABLES: Mapping[type[Row], TableSql] = {
    view.row: TableSql(DOMAIN, view.name, view.row, view.key) for view in (ORDERS, OFFERS, DELIVERIES, SHIFTS)
}


async def record(database: Database, facts: Sequence[AnyFact], since: datetime) -> None:
    """Records the facts in one transaction, one batch after the other: they share cells. Raises Outage.

    `since`: cells of days before are left alone, as they are forgotten.
    """
    told: list[Row] = [life_of(fact) for fact in facts]
    before: list[Row] = []
    after: list[Row] = []
    async with database.transaction() as connection:
        await connection.execute(LOCK)
        for kind in _TABLES:
            known, now = await _join(connection, kind, [life for life in told if isinstance(life, kind)])
            before += known
            after += now
        await _write(connection, _MOVE, [move for move in _moves(before, after) if move.at >= since])
        await _write(connection, _NAME, _names(life for life in told if isinstance(life, OrderLife)))


async def _join(
    connection: Connection, kind: type[LifeT], told: Sequence[LifeT]
) -> tuple[Sequence[LifeT], Sequence[LifeT]]:
    """Joins what is told to what was known; what was known before, and the lives that are other now."""
    if not told:
        return [], []
    table = _TABLES[kind]
    wanted = msgspec.json.encode([{name: getattr(life, name) for name in table.key} for life in told]).decode()
    known = [msgspec.json.decode(row[0], type=kind) for row in await connection.fetch(table.load, wanted)]
    lives = {_key(table, life): life for life in known}
    for life in told:
        lives[_key(table, life)] = reduce(joined, filter(None, (lives.get(_key(table, life)), life)))
    unchanged = {_key(table, life): life for life in known}
    changed = [life for key, life in lives.items() if unchanged.get(key) != life]
    await _write(connection, table.upsert, changed)
    return [unchanged[key] for life in changed if (key := _key(table, life)) in unchanged], changed


def _key(table: TableSql, life: Row) -> tuple[str, ...]:
    return tuple(getattr(life, name) for name in table.key)


async def _write(connection: Connection, sql: str, rows: Sequence[Row]) -> None:
    if rows:
        await connection.execute(sql, msgspec.json.encode(rows).decode())


def _moves(before: Iterable[Row], after: Iterable[Row]) -> Iterator[CellRow]:
    """What the cells have to move by."""
    sums = sums_of(after)
    sums.subtract(sums_of(before))
    moved = {cell for (cell, _), by in sums.items() if by}
    for cell in sorted(moved):
        yield CellRow(**cell._asdict(), count=sums[cell, "count"], total=sums[cell, "total"])


def _names(orders: Iterable[OrderLife]) -> Sequence[ItemName]:
    """What the items of these orders were called, each once, the latest."""
    found: dict[str, ItemName] = {}
    for order in orders:
        for line in order.lines or ():
            if order.placed_at is None:
                continue
            name = ItemName(item_id=line.item_id, name=line.name, named_at=order.placed_at)
            known = found.get(line.item_id, name)
            found[line.item_id] = max(known, name, key=lambda each: (each.named_at, each.name))
    return [*found.values()]
