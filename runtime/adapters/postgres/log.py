"""The event log by tailing the journals: reading order, horizon, heads."""

from collections.abc import Mapping, Sequence
from contextlib import AbstractAsyncContextManager

from kernel.log import START, Position, Sealed, journal_of
from kernel.ports import Signals, TopicPartition, Wakeup
from kernel.sharing import Share, unshared
from runtime.adapters.postgres.pool import Database
from runtime.adapters.postgres.sealing import COLUMNS, sealed

PARTITIONS = 4
"""As in platform.partition_of; stored journals cannot be given another number."""

# Rows of transactions below the horizon only: of those no more can appear, so nothing is ever skipped. A plain sequence
# would lose rows, since a slow transaction may commit a lower number later.
_READ = """
select j.* from unnest($1::text[], $2::smallint[], $3::xid8[], $4::bigint[]) as p(topic, partition, txid, position)
cross join lateral (
  select {columns} from {journal}.journal j
  where j.topic = p.topic and j.partition = p.partition and (j.txid, j.position) > (p.txid, p.position)
    and j.txid < pg_snapshot_xmin(pg_current_snapshot())
  order by j.txid, j.position limit $5
) j
"""
_HEAD = """
select txid, position from {journal}.journal
where topic = $1 and partition = $2 and txid < pg_snapshot_xmin(pg_current_snapshot())
order by txid desc, position desc limit 1
"""
# Everything on the server that owns a transaction id, in any database and by anybody.
_HORIZON_AGE = """
select coalesce(max(extract(epoch from clock_timestamp() - since)), 0)::float8 from (
  select xact_start as since from pg_stat_activity where backend_xid is not null
  union all select prepared from pg_prepared_xacts
) as writers
"""


class PostgresEventLog:
    """All journals of one database, through a role that may read them all."""

    def __init__(self, database: Database, signals: Signals) -> None:
        self._database, self._signals = database, signals

    def partitions(self, journal: str) -> int:
        return PARTITIONS

    async def read(self, after: Mapping[TopicPartition, Position], limit: int) -> Sequence[Sealed]:
        found: list[Sealed] = []
        for journal in sorted({journal_of(topic) for topic, _ in after}):
            parts = [(topic, partition, at) for (topic, partition), at in after.items() if journal_of(topic) == journal]
            rows = await self._database.fetch(
                _READ.format(journal=journal, columns=COLUMNS),
                [topic for topic, _, _ in parts],
                [partition for _, partition, _ in parts],
                [at.txid for _, _, at in parts],
                [at.position for _, _, at in parts],
                limit,
            )
            found += [sealed(journal, row) for row in rows]
        return found

    async def head(self, topic: str, partition: int) -> Position:
        row = await self._database.one(_HEAD.format(journal=journal_of(topic)), topic, partition)
        return START if row is None else Position(txid=row["txid"], position=row["position"])

    async def horizon_age_s(self) -> float:
        """How long the oldest writing transaction has been open: records newer than it are not visible yet."""
        row = await self._database.one(_HORIZON_AGE)
        return 0.0 if row is None else row[0]

    def watch(self, topics: Sequence[str]) -> AbstractAsyncContextManager[Wakeup]:
        return self._signals.watch([f"log:{journal}" for journal in sorted({journal_of(topic) for topic in topics})])

    def share(self, topics: Sequence[str], group: str) -> AbstractAsyncContextManager[Share]:
        """Everything, to every worker: journals are tailed, and whoever comes second finds the checkpoint moved."""
        return unshared((topic, partition) for topic in topics for partition in range(PARTITIONS))
