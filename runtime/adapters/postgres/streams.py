"""Reads of many streams as one query."""

import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager

from kernel.codec import Codec
from kernel.log import Recorded
from runtime.adapters.background import background
from runtime.adapters.postgres.pool import Database, Record
from runtime.adapters.postgres.sealing import COLUMNS, sealed

MOST_AT_ONCE = 500

_READ = """
select r.n, j.* from unnest($1::text[], $2::int[], $3::int[]) with ordinality as r(stream, after, most, n)
cross join lateral (
  select {columns} from {domain}.journal j where j.stream = r.stream and j.version > r.after
  order by j.version limit r.most
) j order by r.n, j.version
"""

_Asked = tuple[str, int, int]


class PostgresStreams:
    """Collects the reads that arrive while a query is under way; they are the next query together."""

    def __init__(self, domain: str, database: Database, codec: Codec) -> None:
        self.domain, self._database, self.codec = domain, database, codec
        self._sql = _READ.format(columns=COLUMNS, domain=domain)
        self._asked: dict[_Asked, asyncio.Future[Sequence[Recorded]]] = {}
        self._news = asyncio.Event()

    async def read(self, stream: str, after: int, limit: int = 100) -> Sequence[Recorded]:
        asked = (stream, after, limit)
        answer = self._asked.get(asked)
        if answer is None:
            answer = self._asked[asked] = asyncio.get_running_loop().create_future()
            self._news.set()
        return await asyncio.shield(answer)  # Others may wait for the same answer.

    @asynccontextmanager
    async def running(self) -> AsyncGenerator["PostgresStreams"]:
        """Answers reads while it is entered."""
        try:
            async with background(self._run(), f"streams:{self.domain}"):
                yield self
        finally:
            for answer in self._asked.values():
                answer.cancel()

    async def _run(self) -> None:
        while True:
            await self._news.wait()
            await asyncio.sleep(0)  # Whoever was woken together asks in this turn of the loop.
            batch = dict(list(self._asked.items())[:MOST_AT_ONCE])
            for asked in batch:
                del self._asked[asked]
            if not self._asked:
                self._news.clear()
            await self._answer(batch)

    async def _answer(self, batch: dict[_Asked, "asyncio.Future[Sequence[Recorded]]"]) -> None:
        streams, afters, limits = (list(column) for column in zip(*batch, strict=True))
        try:
            rows = await self._database.fetch(self._sql, streams, afters, limits)
        except Exception as error:  # noqa: BLE001 - it is the askers', and must not end the reading for all others
            for answer in batch.values():
                _fail(answer, error)
            return
        found: dict[int, list[Record]] = {}
        for row in rows:
            found.setdefault(row["n"], []).append(row)
        for number, answer in enumerate(batch.values(), start=1):
            self._hand_over(answer, found.get(number, []))

    def _hand_over(self, answer: "asyncio.Future[Sequence[Recorded]]", rows: Sequence[Record]) -> None:
        try:
            answer.set_result([self.codec.open(sealed(self.domain, row)) for row in rows])
        except Exception as error:  # noqa: BLE001 - the asker's again: one of the records is poison
            _fail(answer, error)


def _fail(answer: "asyncio.Future[Sequence[Recorded]]", error: Exception) -> None:
    answer.set_exception(error)
    answer.exception()  # Marked as seen: whoever asked may be gone.
