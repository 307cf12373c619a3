"""Connections to Postgres: a small pool per role, and the line between an outage and a mistake."""

import asyncio
from collections.abc import AsyncGenerator, Generator
from contextlib import asynccontextmanager, contextmanager
from typing import Any, TypeAlias
from urllib.parse import quote, urlsplit, urlunsplit

import asyncpg
from asyncpg.pool import PoolConnectionProxy

from kernel.ports import Outage

Record = asyncpg.Record
Connection: TypeAlias = "PoolConnectionProxy[Record]"

PATIENCE_S = 8.0
"""How long one call may take; longer than any time-out of the server's, so that it is the server that ends it."""
IDLE_CONNECTION_S = 60.0
CLOSE_TIMEOUT_S = 2.0
LOOPBACK = ("127.0.0.1", "::1", "localhost")

_MISTAKES = (
    asyncpg.DataError,
    asyncpg.IntegrityConstraintViolationError,
    asyncpg.ProgramLimitExceededError,  # a text too long for an index, say: it will be too long tomorrow
    asyncpg.RaiseError,
    ValueError,  # asyncpg's word for an argument that does not fit its parameter
)


@contextmanager
def outages() -> Generator[None]:
    """Turns whatever the database could not do into Outage; what it refused because of the data passes as it is.

    Undefined columns and missing privileges count as outages too: they come from a deployment, not from a record, and
    a consumer must wait for the mending instead of taking every record for poison.
    """
    try:
        yield
    except _MISTAKES:
        raise
    except (asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError, OSError, TimeoutError) as error:
        raise Outage(f"Postgres: {type(error).__name__}: {error}") from error


class Database:
    """One role's database. Every call takes a connection for its own length only."""

    def __init__(self, pool: "asyncpg.Pool[Record]", patience_s: float = PATIENCE_S) -> None:
        self.pool, self._patience_s = pool, patience_s

    async def fetch(self, sql: str, *arguments: object) -> list[Record]:
        """All rows of one statement. Raises Outage."""
        async with self._connection() as connection:
            return await connection.fetch(sql, *arguments)

    async def one(self, sql: str, *arguments: object) -> Record | None:
        """The first row of one statement, if any. Raises Outage."""
        async with self._connection() as connection:
            return await connection.fetchrow(sql, *arguments)

    @asynccontextmanager
    async def transaction(self) -> AsyncGenerator[Connection]:
        """A transaction: committed at the end, rolled back when anything is raised. Raises Outage."""
        async with self._connection() as connection, connection.transaction():
            yield connection

    @asynccontextmanager
    async def _connection(self) -> AsyncGenerator[Connection]:
        with outages():
            async with self.pool.acquire(timeout=self._patience_s) as connection:
                try:
                    yield connection
                except asyncpg.InternalClientError:
                    connection.terminate()  # The server ended the session while it lay idle: asyncpg is at a loss.
                    raise


@asynccontextmanager
async def open_database(
    url: str, schema: str, connections: int = 10, patience_s: float = PATIENCE_S, least: int = 1
) -> AsyncGenerator[Database]:
    """A pool for one role; unqualified names are looked up in `schema`. Lost connections are replaced when needed.

    With `least` = 0 nothing is connected before somebody asks.
    """
    with outages():
        pool = await asyncpg.create_pool(
            url,
            min_size=least,
            max_size=connections,
            max_inactive_connection_lifetime=IDLE_CONNECTION_S,
            ssl=False if needs_no_tls(url) else None,
            timeout=patience_s,
            command_timeout=patience_s,
            server_settings={"search_path": schema, "application_name": f"{schema or 'log'} of the platform"},
            reset=_leave_session_alone,
        )
    try:
        yield Database(pool, patience_s)
    finally:
        await _close(pool)


def needs_no_tls(url: str) -> bool:
    """Asking this machine for TLS is a round trip more, and asyncpg forgets a future when that is cancelled."""
    parts = urlsplit(url)
    return parts.hostname in LOOPBACK and "sslmode=" not in parts.query


async def _close(pool: "asyncpg.Pool[Record]") -> None:
    try:
        async with asyncio.timeout(CLOSE_TIMEOUT_S):
            await pool.close()
    except (TimeoutError, OSError, asyncpg.PostgresError, asyncpg.InterfaceError):
        pool.terminate()


async def _leave_session_alone(connection: Any) -> None:
    """We change nothing in a session, so there is nothing to reset: one round trip less for each use of the pool."""


def url_of_role(url: str, role: str) -> str:
    """The same database and password as another role."""
    parts = urlsplit(url)
    password = "" if parts.password is None else f":{parts.password}"
    place = parts.netloc.rpartition("@")[2]
    return urlunsplit(parts._replace(netloc=f"{quote(role)}{password}@{place}"))
