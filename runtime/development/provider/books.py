"""The provider's books in SQLite: authorisations, operations by key, and a journal nothing is ever taken from."""

import secrets
import sqlite3
import threading
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import msgspec
from msgspec import Struct

from runtime.development.provider.cards import BY_NAME, Card, Operation
from runtime.development.provider.rules import Authorisation, Authorise, Change, Problem, changed

SCHEMA = """
create table if not exists tokens (token text primary key, card text not null) strict;
create table if not exists authorisations (
    id text primary key, status text not null, amount_minor integer not null, currency text not null,
    reference text not null, card text not null, captured_minor integer not null, refunded_minor integer not null,
    decline_code text, created_at real not null, expires_at real not null,
    check (amount_minor >= captured_minor and captured_minor >= refunded_minor and refunded_minor >= 0),
    check (status = 'captured' or captured_minor = 0)
) strict;
create index if not exists authorisations_by_reference on authorisations (reference);
create table if not exists operations (
    key text primary key, operation text not null, fingerprint text not null, attempts integer not null,
    state text not null, status integer, answer blob
) strict;
create table if not exists journal (
    position integer primary key, kind text not null, authorisation_id text not null, amount_minor integer not null,
    currency text not null, reference text not null, key text not null, recorded_at real not null
) strict;
create trigger if not exists journal_keeps before update on journal begin select raise(abort, 'append only'); end;
create trigger if not exists journal_stays before delete on journal begin select raise(abort, 'append only'); end;
update operations set state = 'begun' where state = 'in_progress';
"""
REUSED = Problem("idempotency_key_reused", "This key was used for another request.")
IN_PROGRESS = Problem("operation_in_progress", "This operation is in progress; ask for it by its key.")
ENTRIES = {"authorise": "authorised", "capture": "captured", "void": "voided", "refund": "refunded"}


class Call(Struct, frozen=True, kw_only=True):
    """One POST of a client: what it wants, under which key; `authorisation_id` for all but authorising."""

    key: str
    operation: Operation
    fingerprint: str
    wants: Authorise | Change
    authorisation_id: str = ""


class Answer(NamedTuple):
    status: int
    body: bytes
    replayed: bool = False


class Entry(Struct, frozen=True):
    """One line of the journal."""

    position: int
    kind: str
    authorisation_id: str
    amount_minor: int
    currency: str
    reference: str
    key: str
    recorded_at: float


class Books:
    """Every method blocks and is safe for many threads; what a call changes is one transaction, on disk at its end."""

    def __init__(self, folder: Path, *, authorisation_lifetime_s: float, now: Callable[[], float] = time.time) -> None:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._lifetime_s = authorisation_lifetime_s
        self._now = now
        self._lock = threading.Lock()
        self._database = sqlite3.connect(folder / "books.sqlite", check_same_thread=False, isolation_level=None)
        self._database.row_factory = sqlite3.Row
        self._database.execute("pragma journal_mode = wal")
        self._database.execute("pragma synchronous = full")
        self._database.executescript(SCHEMA)

    def close(self) -> None:
        self._database.close()

    def new_token(self, card: Card) -> str:
        token = f"tok_{secrets.token_hex(12)}"
        with self._transaction():
            self._database.execute("insert into tokens values (?, ?)", (token, card.name))
        return token

    def card_of(self, call: Call) -> Card | None:
        """The card that decides how this call goes; None when there is no such token or authorisation."""
        if isinstance(call.wants, Authorise):
            row = self._row("select card from tokens where token = ?", call.wants.token)
            return BY_NAME.get(row["card"] if row else call.wants.token.removeprefix("tok_"))
        row = self._row("select card from authorisations where id = ?", call.authorisation_id)
        return BY_NAME[row["card"]] if row else None

    def known(self, call: Call) -> Answer | None:
        """What was answered to this key before, or why the key cannot be used for this call."""
        row = self._row("select * from operations where key = ?", call.key)
        if row is None:
            return None
        if row["fingerprint"] != call.fingerprint:
            return refusal(409, REUSED)
        if row["state"] == "in_progress":
            return refusal(409, IN_PROGRESS)
        return Answer(row["status"], row["answer"], replayed=True) if row["state"] == "done" else None

    def attempt(self, call: Call) -> int:
        """Counts a call of a key whose operation is not done; from 1."""
        with self._transaction():
            self._note(call, "begun")
            return int(self._row_inside("select attempts from operations where key = ?", call.key)["attempts"])

    def begin(self, call: Call) -> None:
        """Says to whoever asks that the operation is in progress."""
        with self._transaction():
            self._database.execute("update operations set state = 'in_progress' where key = ?", (call.key,))

    def perform(self, call: Call, card: Card | None) -> Answer:
        """Does it, once for each key however many ask, and keeps the answer."""
        with self._transaction():
            row = self._database.execute("select * from operations where key = ?", (call.key,)).fetchone()
            if row is not None and row["fingerprint"] != call.fingerprint:
                return refusal(409, REUSED)
            if row is not None and row["state"] == "done":
                return Answer(row["status"], row["answer"], replayed=True)
            answer = (
                self._authorise(call, call.wants, card) if isinstance(call.wants, Authorise) else self._change(call)
            )
            self._note(call, "done")
            self._database.execute(
                "update operations set status = ?, answer = ? where key = ?", (answer.status, answer.body, call.key)
            )
            return answer

    def operation(self, key: str) -> dict[str, object] | None:
        row = self._row("select * from operations where key = ? and state != 'begun'", key)
        if row is None:
            return None
        answer = msgspec.Raw(row["answer"]) if row["answer"] is not None else None
        known = {"key": key, "operation": row["operation"], "status": row["state"]}
        return {**known, "http_status": row["status"], "answer": answer}

    def authorisation(self, authorisation_id: str) -> Authorisation | None:
        row = self._row("select * from authorisations where id = ?", authorisation_id)
        return msgspec.convert(dict(row), Authorisation) if row else None

    def journal(self, after: int, limit: int) -> list[Entry]:
        statement = "select * from journal where position > ? order by position limit ?"
        with self._lock:
            rows = self._database.execute(statement, (after, limit)).fetchall()
        return [Entry(*row) for row in rows]

    def _authorise(self, call: Call, wants: Authorise, card: Card | None) -> Answer:
        if card is None:
            return refusal(422, Problem("token_unknown", "There is no such token."))
        now = self._now()
        decline = card.decline
        if card.declined_once:
            tried = self._database.execute("select 1 from authorisations where reference = ?", (wants.reference,))
            decline = None if tried.fetchone() else card.decline
        held = Authorisation(
            id=f"auth_{secrets.token_hex(12)}",
            status="declined" if decline else "authorised",
            amount_minor=wants.amount_minor,
            currency=wants.currency,
            reference=wants.reference,
            card=card.name,
            decline_code=decline,
            created_at=now,
            expires_at=now + self._lifetime_s,
        )
        self._keep(held)
        self._record(call, held, "declined" if decline else "authorised", wants.amount_minor)
        if decline:
            return refusal(402, Problem(decline, card.says), held)
        return Answer(200, msgspec.json.encode(held))

    def _change(self, call: Call) -> Answer:
        assert not isinstance(call.wants, Authorise)
        row = self._database.execute("select * from authorisations where id = ?", (call.authorisation_id,)).fetchone()
        if row is None:
            return refusal(404, Problem("authorisation_unknown", "There is no such authorisation."))
        held = msgspec.convert(dict(row), Authorisation)
        after = changed(held, call.wants, self._now())
        if isinstance(after, Problem):
            return refusal(422, after, held)
        self._keep(after)
        amount = getattr(call.wants, "amount_minor", held.amount_minor)
        self._record(call, after, ENTRIES[call.operation], amount)
        return Answer(200, msgspec.json.encode(after))

    def _keep(self, held: Authorisation) -> None:
        columns = msgspec.structs.asdict(held)
        names, marks = ", ".join(columns), ", ".join("?" * len(columns))
        statement = f"insert or replace into authorisations ({names}) values ({marks})"  # noqa: S608 (our own names)
        self._database.execute(statement, tuple(columns.values()))

    def _record(self, call: Call, held: Authorisation, kind: str, amount: int) -> None:
        self._database.execute(
            "insert into journal (kind, authorisation_id, amount_minor, currency, reference, key, recorded_at)"
            " values (?, ?, ?, ?, ?, ?, ?)",
            (kind, held.id, amount, held.currency, held.reference, call.key, self._now()),
        )

    def _note(self, call: Call, state: str) -> None:
        self._database.execute(
            "insert into operations (key, operation, fingerprint, attempts, state) values (?, ?, ?, 1, ?)"
            " on conflict (key) do update set attempts = attempts + 1, state = excluded.state",
            (call.key, call.operation, call.fingerprint, state),
        )

    def _row(self, statement: str, value: str) -> sqlite3.Row | None:
        with self._lock:
            return self._database.execute(statement, (value,)).fetchone()

    def _row_inside(self, statement: str, value: str) -> sqlite3.Row:
        return self._database.execute(statement, (value,)).fetchone()

    @contextmanager
    def _transaction(self) -> Generator[None]:
        with self._lock:
            self._database.execute("begin immediate")
            try:
                yield
            except BaseException:
                self._database.execute("rollback")
                raise
            self._database.execute("commit")


def refusal(status: int, problem: Problem, held: Authorisation | None = None) -> Answer:
    body: dict[str, object] = {"error": problem}
    return Answer(status, msgspec.json.encode(body | ({"authorisation": held} if held else {})))
