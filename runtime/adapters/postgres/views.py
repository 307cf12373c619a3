"""The reading side of read models."""

import asyncio
from collections.abc import Sequence
from functools import lru_cache
from typing import TypeVar

import msgspec

from kernel.log import ConsistencyToken, Position, journal_of
from kernel.messages import Row
from kernel.projecting import Feed, FeedItem
from runtime.adapters.postgres.log import PARTITIONS
from runtime.adapters.postgres.pool import Database

RowT = TypeVar("RowT", bound=Row)

FIRST_PAUSE_S, LONGEST_PAUSE_S = 0.005, 0.04

# Records above the horizon too: nobody reads them yet, and they were acknowledged all the same. Reading order is not
# quite the order of time, so a few are looked at; a commit takes its place and its time at almost the same moment.
_OLDEST_AGE = """
select coalesce(max(extract(epoch from clock_timestamp() - j.recorded_at)), 0)::float8 as seconds
from unnest($2::text[]) as t(topic) cross join generate_series(0, {last}) as p(partition)
left join {domain}.checkpoints c on (c.consumer, c.topic, c.partition) = ($1, t.topic, p.partition)
cross join lateral (
  select recorded_at from {domain}.journal j
  where j.topic = t.topic and j.partition = p.partition
    and (j.txid, j.position) > (coalesce(c.txid, '0'), coalesce(c.position, 0))
  order by j.txid, j.position limit 100
) j
"""


class PostgresViews:
    """One domain's views, through that domain's role; names in SQL are looked up in its schema."""

    def __init__(self, domain: str, database: Database) -> None:
        self._domain, self._database = domain, database

    async def fetch(self, row: type[RowT], sql: str, *arguments: object) -> Sequence[RowT]:
        rows = await self._database.fetch(_as_json(sql), *arguments)
        return [msgspec.json.decode(found[0], type=row) for found in rows]

    async def feed(self, feed: Feed, owner: str, after: int, limit: int) -> Sequence[FeedItem]:
        sql = (
            f"select owner, sequence, stream, version from {self._domain}.feed_items "
            "where feed = $1 and owner = $2 and sequence > $3 order by sequence limit $4"
        )
        rows = await self._database.fetch(sql, feed.name, owner, after, limit)
        return [
            FeedItem(owner=row["owner"], sequence=row["sequence"], stream=row["stream"], version=row["version"])
            for row in rows
        ]

    async def feed_head(self, feed: Feed, owner: str) -> int:
        row = await self._database.one(
            f"select head from {self._domain}.feed_heads where feed = $1 and owner = $2", feed.name, owner
        )
        return 0 if row is None else row["head"]

    async def reached(self, consumer: str, topics: Sequence[str], token: ConsistencyToken, wait_s: float = 0.5) -> bool:
        concerned = [topic for topic in topics if topic in (f"{token.journal}.events", f"{token.journal}.changes")]
        if not concerned or token.position == 0:
            return True
        loop = asyncio.get_running_loop()
        deadline, pause = loop.time() + wait_s, FIRST_PAUSE_S
        while not await self._past(consumer, concerned, token):
            left = deadline - loop.time()
            if left <= 0:
                return False
            await asyncio.sleep(min(pause, left))
            pause = min(pause * 2, LONGEST_PAUSE_S)
        return True

    async def behind_s(self, consumer: str, topics: Sequence[str]) -> float:
        if foreign := [topic for topic in topics if journal_of(topic) != self._domain]:
            raise ValueError(f"{self._domain} may not read {', '.join(foreign)}")
        sql = _OLDEST_AGE.format(domain=self._domain, last=PARTITIONS - 1)
        row = await self._database.one(sql, consumer, [*topics])
        return 0.0 if row is None else max(row["seconds"], 0.0)

    async def _past(self, consumer: str, topics: Sequence[str], token: ConsistencyToken) -> bool:
        rows = await self._database.fetch(
            f"select txid, position from {self._domain}.checkpoints "
            "where consumer = $1 and topic = any($2) and partition = $3",
            consumer,
            topics,
            token.partition,
        )
        return any(Position(txid=row["txid"], position=row["position"]) >= token.at for row in rows)


@lru_cache(maxsize=1000)
def _as_json(sql: str) -> str:
    return f"select row_to_json(q)::text from ({sql}\n) q"
