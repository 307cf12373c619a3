"""The journal of one domain: commands, events and everything else of a commit, in one statement."""

from collections.abc import Sequence
from typing import Any

import asyncpg
import msgspec

from kernel.committing import (
    Advance,
    CheckpointMoved,
    ClaimTaken,
    CommandKnown,
    Commit,
    CommitResult,
    Committed,
    NewTimer,
    Obstacle,
    RequestBusy,
    RequestKey,
    RequestKnown,
    StoredOutcome,
    VersionMoved,
    Write,
)
from kernel.deciding import Table
from kernel.log import ConsistencyToken, Sealed
from kernel.messages import Row
from kernel.ports import Outage
from runtime.adapters.postgres.pool import Database, Record
from runtime.adapters.postgres.sealing import COLUMNS, sealed

NEWEST_VERSION = 2**31 - 1


class JournalMisused(Exception):
    """A commit that no correct caller makes: inside a transaction that has written, or ahead of its stream."""


class PostgresJournal:
    """One domain's journal, through that domain's role."""

    def __init__(self, domain: str, database: Database) -> None:
        self.domain = domain
        self._database = database
        self._read = (
            f"select {COLUMNS} from {domain}.journal where stream = $1 and version > $2 and version <= $3 "
            "order by version limit $4"
        )
        self._append = (
            "select o_partition as partition, o_txid as txid, o_position as position "
            f"from {domain}.append($1, $2, $3, $4, $5, $6, $7, $8)"
        )
        self._append_all = f"select {domain}.append_all($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)"
        self._outcome = f"select * from {domain}.requests where actor = $1 and mutation = $2 and key = $3"
        self._known = (
            f"select e.partition, e.txid, e.position, e.version from {domain}.journal c cross join lateral ("
            f"select * from {domain}.journal j where j.topic in ('{domain}.events', '{domain}.changes') "
            "and j.partition = c.partition and j.txid = c.txid order by j.position desc limit 1) e where c.id = $1"
        )

    async def read(self, stream: str, after: int = 0, upto: int | None = None, limit: int = 1000) -> Sequence[Sealed]:
        rows = await self._database.fetch(self._read, stream, after, NEWEST_VERSION if upto is None else upto, limit)
        return [sealed(self.domain, row) for row in rows]

    async def rows(self, tables: Sequence[Table[Any]], owner: str) -> Sequence[Row]:
        """One statement for all tables, so that they are read as of one moment."""
        kinds: list[type[Row]] = [table.row for table in tables]
        selects = [
            f"select {number} as number, row_to_json(t)::text as row "
            f'from {self.domain}."{table.name}" t where "{table.owner}" = $1'
            for number, table in enumerate(tables)
        ]
        found = await self._database.fetch(" union all ".join(selects), owner)
        return [msgspec.json.decode(row["row"], type=kinds[int(row["number"])]) for row in found]

    async def commit(self, commit: Commit) -> CommitResult:
        try:
            row = await self._written(commit)
        except asyncpg.UniqueViolationError as error:
            return await self._already(commit, error.constraint_name or "")
        except Outage as outage:
            answer = _answer(commit, outage.__cause__)
            if answer is None:
                raise
            return answer
        return Committed(version=commit.expected_version + len(commit.events), token=self._token(row))

    async def commit_all(self, commits: Sequence[Commit], advance: Advance) -> Obstacle | None:
        """By stream, so that two such commits never wait for each other's streams."""
        written = sorted((commit for commit in commits if commit.events), key=lambda commit: commit.stream)
        rest = {"timers": [_timer(timer) for commit in commits for timer in commit.timers], "advance": advance}
        messages = [
            (commit.stream, version, message.id, message.topic, message.type, message.data.decode(), meta)
            for commit in written
            for meta in [msgspec.json.encode(commit.meta).decode()]
            for version, message in enumerate((commit.command, *commit.events), start=commit.expected_version)
        ]
        try:
            await self._database.fetch(
                self._append_all,
                [commit.stream for commit in written],
                [commit.expected_version for commit in written],
                *([message[column] for message in messages] for column in range(7)),
                msgspec.json.encode(rest).decode(),
            )
        except asyncpg.UniqueViolationError:
            return VersionMoved()
        except Outage as outage:
            answer = _answer_to_all(outage.__cause__)
            if answer is None:
                raise
            return answer
        return None

    async def _written(self, commit: Commit) -> Record:
        journaled = (commit.command, *commit.events) if commit.events or commit.writes else ()
        arguments = (
            commit.stream,
            commit.expected_version,
            [message.id for message in journaled],
            [message.topic for message in journaled],
            [message.type for message in journaled],
            [message.data.decode() for message in journaled],
            msgspec.json.encode(commit.meta).decode(),
            _rest(commit),
        )
        row = await self._database.one(self._append, *arguments)
        assert row is not None
        return row

    async def _already(self, commit: Commit, constraint: str) -> CommitResult:
        """What stands in the way of a commit that met a unique index, the whole request first."""
        if commit.request is not None and (known := await self.outcome(commit.request)) is not None:
            return RequestKnown(outcome=known)
        if constraint != "journal_id":
            return VersionMoved()
        return await self._repeated(commit)

    async def known(self, command_id: str) -> CommandKnown | None:
        row = await self._database.one(self._known, command_id)
        return None if row is None else CommandKnown(version=row["version"] or 0, token=self._token(row))

    async def _repeated(self, commit: Commit) -> CommitResult:
        known = await self.known(commit.command.id)
        if known is None:
            raise JournalMisused(f"an id of {commit.command.type} is in the journal under another command")
        if commit.advance is not None or commit.timer_done is not None:
            moved = msgspec.structs.replace(
                commit, events=(), writes=(), claims=(), releases=(), timers=(), request=None, expected_version=0
            )
            if isinstance(await self.commit(moved), CheckpointMoved):
                return CheckpointMoved()
        return known

    async def outcome(self, request: RequestKey) -> StoredOutcome | None:
        row = await self._database.one(self._outcome, request.actor, request.mutation, request.key)
        return None if row is None else self._stored(row)

    async def refuse(self, request: RequestKey, outcome: StoredOutcome) -> RequestKnown | RequestBusy | None:
        sql = (
            f"insert into {self.domain}.requests (actor, mutation, key, fingerprint, refusal_type, refusal) "
            "values ($1, $2, $3, $4, $5, $6::json) on conflict do nothing returning 1"
        )
        refusal = None if outcome.refusal is None else outcome.refusal.decode()
        key = (request.actor, request.mutation, request.key)
        try:
            stored = await self._database.one(sql, *key, outcome.fingerprint, outcome.refusal_type, refusal)
        except Outage as outage:
            if isinstance(outage.__cause__, asyncpg.LockNotAvailableError):
                return RequestBusy()
            raise
        earlier = None if stored is not None else await self.outcome(request)
        return None if earlier is None else RequestKnown(outcome=earlier)

    def _stored(self, row: Record) -> StoredOutcome:
        return StoredOutcome(
            fingerprint=row["fingerprint"],
            stream=row["stream"],
            version=row["version"],
            token=None if row["txid"] is None else self._token(row),
            refusal_type=row["refusal_type"],
            refusal=None if row["refusal"] is None else row["refusal"].encode(),
        )

    def _token(self, row: Record) -> str:
        at = ConsistencyToken(
            journal=self.domain, partition=row["partition"], txid=row["txid"], position=row["position"]
        )
        return at.text()


def _rest(commit: Commit) -> str | None:
    """Everything of a commit that is not a message, as JSON; None when there is nothing, which is the fastest way."""
    rest: dict[str, object] = {}
    if commit.writes:
        rest["writes"] = _by_table(commit.writes)
        rest["at"] = msgspec.json.decode(commit.command.data, type=_Stamped).at
    if commit.claims:
        rest["claims"] = [{"scope": c.scope, "key": c.key, "limit": c.limit} for c in commit.claims]
    if commit.releases:
        rest["releases"] = commit.releases
    if commit.timers:
        rest["timers"] = [_timer(timer) for timer in commit.timers]
    if commit.timer_done is not None:
        rest["timer_done"] = commit.timer_done
    if commit.request is not None:
        rest["request"] = commit.request
    if commit.advance is not None:
        rest["advance"] = commit.advance
    return msgspec.json.encode(rest).decode() if rest else None


class _Stamped(msgspec.Struct):
    at: str = ""


def _by_table(writes: Sequence[Write]) -> list[dict[str, object]]:
    tables: dict[str, list[Row]] = {}
    for write in writes:
        tables.setdefault(write.table, []).append(write.row)
    return [{"table": table, "rows": rows} for table, rows in sorted(tables.items())]


def _timer(timer: NewTimer) -> dict[str, Any]:
    return {"id": timer.id, "at": timer.at, "type": timer.type, "data": msgspec.Raw(timer.data)}


def _answer_to_all(error: BaseException | None) -> Obstacle | None:
    """What it means for commits made together; None when it is an outage indeed."""
    if isinstance(error, asyncpg.DeadlockDetectedError | asyncpg.LockNotAvailableError):
        return VersionMoved()
    if not isinstance(error, asyncpg.PostgresError):
        return None
    return {"JR002": VersionMoved(), "JR003": CheckpointMoved()}.get(error.sqlstate or "")


def _answer(commit: Commit, error: BaseException | None) -> CommitResult | None:
    """What it means for the commit that Postgres raised `error`; None when it is an outage indeed."""
    if isinstance(error, asyncpg.DeadlockDetectedError):
        return VersionMoved()  # As if the other had been first: decide again on what it wrote.
    if isinstance(error, asyncpg.LockNotAvailableError):
        return None if commit.request is None else RequestBusy()
    if not isinstance(error, asyncpg.PostgresError):
        return None
    match error.sqlstate:
        case "JR003":
            return CheckpointMoved()
        case "JR004":
            return VersionMoved()
        case "JR005":
            return ClaimTaken(claim=commit.claims[int(error.detail or "1") - 1])
        case "JR001" | "JR002":
            raise JournalMisused(str(error)) from error
        case _:
            return None
