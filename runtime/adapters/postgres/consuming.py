"""What consumers of one domain keep: checkpoints, dead letters, timers."""

from collections.abc import Sequence
from datetime import datetime

import msgspec

from kernel.committing import Advance
from kernel.log import Position
from kernel.ports import DeadLetter
from kernel.timers import DueTimer
from runtime.adapters.postgres.pool import Database
from runtime.adapters.postgres.sealing import COLUMNS, sealed

ADVANCE = "advance($1, $2, $3, $4, $5, $6, $7, $8)"
_LETTER = f"consumer, key, journal, {COLUMNS}, error, traceback"
_PARK = f"""
insert into {{domain}}.dead_letters ({_LETTER})
select $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22, $23, $24 from moved where done
on conflict do nothing
"""


def advance_arguments(advance: Advance | None) -> tuple[object, ...]:
    """The arguments of the SQL function `advance`; all null for none, which always succeeds."""
    if advance is None:
        return (None,) * 8
    before, after = advance.before, advance.after
    return (
        advance.consumer, advance.topic, advance.partition, before.txid, before.position, after.txid, after.position,
        advance.letter,
    )  # fmt: skip


class PostgresCheckpoints:
    """Where the domain's consumers stand."""

    def __init__(self, domain: str, database: Database) -> None:
        self._domain, self._database = domain, database

    async def load(self, consumer: str, topic: str, partition: int) -> Position | None:
        row = await self._database.one(
            f"select txid, position from {self._domain}.checkpoints "
            "where consumer = $1 and topic = $2 and partition = $3",
            consumer,
            topic,
            partition,
        )
        return None if row is None else Position(txid=row["txid"], position=row["position"])

    async def advance(self, advance: Advance) -> bool:
        row = await self._database.one(f"select {self._domain}.{ADVANCE}", *advance_arguments(advance))
        return row is not None and bool(row[0])


class PostgresDeadLetters:
    """What the domain's consumers could not digest."""

    def __init__(self, domain: str, database: Database) -> None:
        self._domain, self._database = domain, database

    async def park(self, letter: DeadLetter, advance: Advance | None = None) -> bool:
        return await self._store(
            f"with moved as materialized (select {self._domain}.{ADVANCE} as done)", letter, advance
        )

    async def queue(self, letter: DeadLetter, advance: Advance | None = None) -> bool:
        """The letters ahead are locked: either a replay sees this one too, or this sees that they are gone."""
        ahead = f"select 1 from {self._domain}.dead_letters where consumer = $9 and key = $10 for share"
        moved = f"select {self._domain}.{ADVANCE} as done where (select count(*) from ahead) > 0"
        return await self._store(
            f"with ahead as materialized ({ahead}), moved as materialized ({moved})", letter, advance
        )

    async def _store(self, moved: str, letter: DeadLetter, advance: Advance | None) -> bool:
        record = letter.record
        row = await self._database.one(
            f"{moved}, stored as ({_PARK.format(domain=self._domain)}) select done from moved",
            *advance_arguments(advance),
            letter.consumer,
            letter.key,
            record.journal,
            record.partition,
            record.at.txid,
            record.at.position,
            record.topic,
            record.stream,
            record.version,
            record.id,
            record.type,
            record.data,
            msgspec.json.encode(record.meta).decode(),
            record.recorded_at,
            letter.error,
            letter.traceback,
        )
        return row is not None and bool(row[0])

    async def parked(self, consumer: str) -> frozenset[str]:
        rows = await self._database.fetch(
            f"select distinct key from {self._domain}.dead_letters where consumer = $1", consumer
        )
        return frozenset(row["key"] for row in rows)

    async def letters(self, consumer: str, key: str | None = None) -> Sequence[DeadLetter]:
        rows = await self._database.fetch(
            f"select consumer, key, journal, {COLUMNS}, error, traceback from {self._domain}.dead_letters "
            "where consumer = $1 and ($2::text is null or key = $2) order by topic, partition, txid, position",
            consumer,
            key,
        )
        return [
            DeadLetter(
                consumer=row["consumer"],
                key=row["key"],
                record=sealed(row["journal"], row),
                error=row["error"],
                traceback=row["traceback"],
            )
            for row in rows
        ]


class PostgresTimers:
    """The domain's durable timers."""

    def __init__(self, domain: str, database: Database) -> None:
        self._domain, self._database = domain, database

    async def due(self, now: datetime, limit: int) -> Sequence[DueTimer]:
        rows = await self._database.fetch(
            f"select id, at, type, data from {self._domain}.timers where at <= $1 order by at, id limit $2", now, limit
        )
        return [DueTimer(id=row["id"], at=row["at"], type=row["type"], data=row["data"].encode()) for row in rows]

    async def finish(self, timer_id: str) -> None:
        await self._database.fetch(f"delete from {self._domain}.timers where id = $1", timer_id)

    async def next_at(self) -> datetime | None:
        row = await self._database.one(f"select min(at) as at from {self._domain}.timers")
        return None if row is None else row["at"]
