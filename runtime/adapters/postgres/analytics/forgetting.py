"""Forgetting: what is older than insights keeps is deleted a little at a time, by whoever records.

Sums are forgotten by whole days, and nothing is ever added to a day that is. A life is forgotten when all that it tells
of lies before: when it is recorded again it adds to forgotten days only, so that no sum counts it twice.
"""

from datetime import datetime, timedelta

from runtime.adapters.postgres.analytics.cells import DAY, floored
from runtime.adapters.postgres.analytics.lives import KEPT, LOCK, last_moment
from runtime.adapters.postgres.pool import Database
from subgraphs.insights.analytics import KEPT_FOR

OFTEN = timedelta(hours=1)
"""How often to look whether there is anything to forget."""
AT_ONCE = 1000
"""How many rows of each table: some milliseconds, for which nobody records."""

_DELETE = """
delete from {table} where ctid = any(array(select ctid from {table} where {moment} < $1 limit $2)) returning 1
"""


def horizon(now: datetime) -> datetime:
    """The first moment that is not forgotten: a day's beginning, UTC."""
    return floored(now - KEPT_FOR, DAY)


async def forget(database: Database, before: datetime, at_once: int = AT_ONCE) -> bool:
    """Deletes some of what lies before; whether there may be more. Raises Outage."""
    deleted: list[int] = []
    async with database.transaction() as connection:
        await connection.execute(LOCK)
        for table in KEPT.tables:
            sql = _DELETE.format(table=table.name, moment=last_moment(table.row))
            deleted.append(len(await connection.fetch(sql, before, at_once)))
    return at_once in deleted
