"""How far everything has come, asked of the database itself: backlogs, dead letters, timers that are due."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import NamedTuple

from kernel.log import START, Position, journal_of
from kernel.ports import TopicPartition
from runtime.adapters.postgres.log import PARTITIONS
from runtime.adapters.postgres.pool import Database

COUNTED = 2500
"""Records counted per topic partition, and timers per domain; who is further behind than that has other worries."""

_CHECKPOINTS = "select consumer, topic, partition, txid, position from {domain}.checkpoints"
# Records above the horizon too: nobody reads them yet, so everybody is behind them.
_BACKLOG = """
select p.consumer, count(*) as events, min(j.recorded_at) as oldest_at
from unnest($1::text[], $2::text[], $3::smallint[], $4::xid8[], $5::bigint[])
  as p(consumer, topic, partition, txid, position)
cross join lateral (
  select recorded_at from {journal}.journal j
  where j.topic = p.topic and j.partition = p.partition and (j.txid, j.position) > (p.txid, p.position)
  order by j.txid, j.position limit $6
) j
group by p.consumer
"""
_LETTERS = """
select consumer, count(*) as letters, count(distinct key) as keys, min(parked_at) as oldest_at
from {domain}.dead_letters group by consumer
"""
_TIMERS = """
select count(*) as due, min(at) as earliest from (
  select at from {domain}.timers where at <= $1 order by at limit $2
) due
"""


class Backlog(NamedTuple):
    """What a consumer has not consumed yet."""

    events: int = 0
    oldest_at: datetime | None = None


class Letters(NamedTuple):
    """What a consumer could not digest, and what waits behind it."""

    letters: int = 0
    keys: int = 0
    oldest_at: datetime | None = None


class Timers(NamedTuple):
    """What should have been handled by now."""

    due: int
    earliest: datetime | None


class PostgresFlow:
    """Asks through the role that may read every journal and where its consumers stand."""

    def __init__(self, readers: Database) -> None:
        self._readers = readers

    async def backlogs(self, domain: str, consumers: Mapping[str, Sequence[str]]) -> Mapping[str, Backlog]:
        """Of each consumer of the domain: name → topics; counted up to 2,500 per topic partition."""
        rows = await self._readers.fetch(_CHECKPOINTS.format(domain=domain))
        stand = {
            (row["consumer"], row["topic"], row["partition"]): Position(txid=row["txid"], position=row["position"])
            for row in rows
        }
        backlogs = dict.fromkeys(consumers, Backlog())
        for journal in sorted({journal_of(topic) for topics in consumers.values() for topic in topics}):
            parts = [
                (name, (topic, partition), stand.get((name, topic, partition), START))
                for name, topics in consumers.items()
                for topic in topics
                if journal_of(topic) == journal
                for partition in range(PARTITIONS)
            ]
            for name, behind in (await self._behind(journal, parts)).items():
                backlogs[name] = _together(backlogs[name], behind)
        return backlogs

    async def _behind(
        self, journal: str, parts: Sequence[tuple[str, TopicPartition, Position]]
    ) -> Mapping[str, Backlog]:
        rows = await self._readers.fetch(
            _BACKLOG.format(journal=journal),
            [name for name, _, _ in parts],
            [topic for _, (topic, _), _ in parts],
            [partition for _, (_, partition), _ in parts],
            [at.txid for _, _, at in parts],
            [at.position for _, _, at in parts],
            COUNTED,
        )
        return {row["consumer"]: Backlog(row["events"], row["oldest_at"]) for row in rows}

    async def letters(self, domain: str) -> Mapping[str, Letters]:
        """Of each consumer of the domain that has any."""
        rows = await self._readers.fetch(_LETTERS.format(domain=domain))
        return {row["consumer"]: Letters(row["letters"], row["keys"], row["oldest_at"]) for row in rows}

    async def timers(self, domain: str, now: datetime) -> Timers:
        """Those due at `now` in domain time; counted up to 2,500."""
        row = await self._readers.one(_TIMERS.format(domain=domain), now, COUNTED)
        return Timers(0, None) if row is None else Timers(row["due"], row["earliest"])


def _together(one: Backlog, other: Backlog) -> Backlog:
    oldest = [at for at in (one.oldest_at, other.oldest_at) if at is not None]
    return Backlog(one.events + other.events, min(oldest, default=None))
