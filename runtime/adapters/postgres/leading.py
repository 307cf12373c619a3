"""Leading: an advisory lock on a session of its own, so that of many who could do something one does.

Whoever waits for the lock ends the session of a leader that was not heard of for a while: it may have been stopped, or
its machine cut off. It can wake up later and go on for a moment, so what it does must bear a second one beside it.
"""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any

import asyncpg

from runtime.adapters.postgres.pool import needs_no_tls, outages

ANSWER_WITHIN_S = 3.0
ASK_AGAIN_S = 1.0
SILENT_S = 12.0
"""A leader that was not heard of for so long may be replaced: several times as long as it takes to renew."""
_TRY = "select pg_try_advisory_lock(hashtextextended($1, 0))"
_END_SILENT = """
select pg_terminate_backend(s.pid) from pg_locks l join pg_stat_activity s using (pid)
where l.locktype = 'advisory' and l.granted and l.objsubid = 1
  and l.database = (select oid from pg_database where datname = current_database())
  and (l.classid::bigint << 32 | l.objid::bigint) = hashtextextended($1, 0)
  and s.state_change < clock_timestamp() - $2::float8 * interval '1 s'
"""


class Lease:
    """The lock, held for as long as its session lives."""

    def __init__(self, session: "asyncpg.Connection[Any]") -> None:
        self._session = session

    async def renew(self) -> None:
        """To be called every second or two. Raises Outage when the session has ended or does not answer: then somebody
        else may hold the lock."""
        with outages():
            await self._session.fetchval("select 1")


@asynccontextmanager
async def open_lease(url: str, name: str, silent_s: float = SILENT_S) -> AsyncGenerator[Lease]:
    """Waits, for ever, until nobody else holds the lock of that name; gives it up at the end. Raises Outage.

    All who want it log in as the same role, which may end its own sessions.
    """
    with outages():
        session = await asyncpg.connect(
            url,
            ssl=False if needs_no_tls(url) else None,
            timeout=ANSWER_WITHIN_S,
            command_timeout=ANSWER_WITHIN_S,
            server_settings={"application_name": name},
        )
    try:
        with outages():
            while not await session.fetchval(_TRY, name):
                await session.fetch(_END_SILENT, name, silent_s)
                await asyncio.sleep(ASK_AGAIN_S)
        yield Lease(session)
    finally:
        session.terminate()  # The server ends an idle session as soon as its connection is closed.
