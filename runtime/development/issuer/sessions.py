"""Codes and refresh families, in SQLite so that they survive a restart; secrets are kept as hashes."""

import hashlib
import sqlite3
import threading
import time
from collections.abc import Callable
from pathlib import Path

import msgspec
from msgspec import Struct

CODE_LIFETIME_S = 60
REFRESH_LIFETIME_S = 30 * 86_400

SCHEMA = """
create table if not exists codes (
    digest text primary key, family text not null, client_id text not null, subject text not null,
    redirect_uri text not null, scope text not null, nonce text not null, challenge text not null,
    issued_at real not null, used integer not null default 0
) strict;
create index if not exists codes_by_age on codes (issued_at);
create table if not exists refreshes (
    digest text primary key, family text not null, client_id text not null, subject text not null,
    scope text not null, issued_at real not null, used integer not null default 0
) strict;
create index if not exists refreshes_by_age on refreshes (issued_at);
create table if not exists ended_families (family text primary key, ended_at real not null) strict;
"""


class Code(Struct, frozen=True, kw_only=True):
    """An authorization code as it was granted; answers what authlib asks of one."""

    digest: str
    family: str
    client_id: str
    subject: str
    redirect_uri: str
    scope: str
    nonce: str
    challenge: str
    issued_at: float
    used: bool

    code_challenge_method = "S256"

    @property
    def code_challenge(self) -> str:
        return self.challenge

    def get_redirect_uri(self) -> str:
        return self.redirect_uri

    def get_scope(self) -> str:
        return self.scope

    def get_nonce(self) -> str:
        return self.nonce

    def get_auth_time(self) -> int:
        return int(self.issued_at)

    def get_acr(self) -> None:
        return None

    def get_amr(self) -> None:
        return None


class Refresh(Struct, frozen=True, kw_only=True):
    """A refresh token; every one of a family descends from the same sign-in."""

    digest: str
    family: str
    client_id: str
    subject: str
    scope: str
    issued_at: float
    used: bool

    def check_client(self, client: object) -> bool:
        return getattr(client, "client_id", None) == self.client_id

    def get_scope(self) -> str:
        return self.scope


class Sessions:
    """Safe for many threads; every change is one statement, so that of two who use one secret only one succeeds."""

    def __init__(self, folder: Path, *, now: Callable[[], float] = time.time) -> None:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._now = now
        self._lock = threading.Lock()
        self._database = sqlite3.connect(folder / "sessions.sqlite", check_same_thread=False, isolation_level=None)
        self._database.execute("pragma journal_mode = wal")
        self._database.executescript(SCHEMA)

    def close(self) -> None:
        self._database.close()

    def save_code(self, code: str, granted: dict[str, str]) -> None:
        """Remembers a code with its family, client_id, subject, redirect_uri, scope, nonce and challenge."""
        self._execute("delete from codes where issued_at < ?", self._now() - REFRESH_LIFETIME_S)
        self._execute(
            "insert into codes (digest, family, client_id, subject, redirect_uri, scope, nonce, challenge, issued_at)"
            " values (?, ?, ?, ?, ?, ?, ?, ?, ?)",
            *(digest(code), granted["family"], granted["client_id"], granted["subject"], granted["redirect_uri"]),
            *(granted["scope"], granted["nonce"], granted["challenge"], self._now()),
        )

    def code(self, code: str) -> Code | None:
        rows = self._execute("select * from codes where digest = ?", digest(code))
        found = msgspec.convert(rows[0], Code, strict=False) if rows else None
        return found if found and found.issued_at + CODE_LIFETIME_S > self._now() else None

    def spend_code(self, code: Code) -> bool:
        """Whether we are the first to use it."""
        return bool(self._execute("update codes set used = 1 where digest = ? and used = 0 returning 1", code.digest))

    def nonce_seen(self, client_id: str, nonce: str) -> bool:
        return bool(self._execute("select 1 from codes where client_id = ? and nonce = ?", client_id, nonce))

    def save_refresh(self, token: str, granted: Code | Refresh) -> None:
        self._execute("delete from refreshes where issued_at < ?", self._now() - REFRESH_LIFETIME_S)
        self._execute(
            "insert into refreshes (digest, family, client_id, subject, scope, issued_at) values (?, ?, ?, ?, ?, ?)",
            *(digest(token), granted.family, granted.client_id, granted.subject, granted.scope, self._now()),
        )

    def refresh(self, token: str) -> Refresh | None:
        rows = self._execute("select * from refreshes where digest = ?", digest(token))
        found = msgspec.convert(rows[0], Refresh, strict=False) if rows else None
        return found if found and found.issued_at + REFRESH_LIFETIME_S > self._now() else None

    def spend_refresh(self, refresh: Refresh) -> bool:
        """Whether we are the first to use it, its family still being trusted."""
        spent = (
            "update refreshes set used = 1 where digest = ? and used = 0"
            " and family not in (select family from ended_families) returning 1"
        )
        return bool(self._execute(spent, refresh.digest))

    def end_family(self, family: str) -> None:
        """No token of this sign-in can be refreshed any more, not even one that is being handed out right now."""
        self._execute("delete from ended_families where ended_at < ?", self._now() - 2 * REFRESH_LIFETIME_S)
        self._execute("insert or ignore into ended_families values (?, ?)", family, self._now())

    def _execute(self, statement: str, *values: object) -> list[dict[str, object]]:
        with self._lock:
            cursor = self._database.execute(statement, values)
            names = [column[0] for column in cursor.description or ()]
            return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]


def digest(secret: str) -> str:
    return hashlib.sha256(secret.encode(errors="surrogatepass")).hexdigest()
