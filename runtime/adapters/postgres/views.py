"""The reading side of read models."""

import asyncio
from collections.abc import Sequence
from functools import lru_cache
from typing import TypeVar

import msgspec

from kernel.log import ConsistencyToken, Position
from kernel.messages import Row
from kernel.projecting import Feed, FeedItem
from runtime.adapters.postgres.pool import Database

RowT = TypeVar("RowT", bound=Row)

FIRST_PAUSE_S, LONGEST_PAUSE_S = 0.005, 0.04


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
