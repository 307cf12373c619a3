"""A ClickHouse client in threads: opened at its first use, and the line between an outage and a mistake."""

import asyncio
from collections.abc import AsyncGenerator, Callable, Generator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, contextmanager
from functools import partial
from importlib import import_module
from importlib.util import find_spec
from threading import Lock
from typing import Any, TypeVar
from urllib.parse import urlsplit

import msgspec

from kernel.ports import Outage
from runtime.adapters.clickhouse.tables import SCHEMA, Block
from runtime.prerequisites import CannotStart

PATIENCE_S = 20.0
"""How long one call may take, the first one included, which opens the client and makes the tables."""
CONNECT_TIMEOUT_S = 3
THREADS = 4
MISSING = "ANALYTICS_URL needs {name}, which is an extra: pip install -r requirements-clickhouse.lock."

AnswerT = TypeVar("AnswerT")
RowT = TypeVar("RowT", bound=msgspec.Struct)


class ClickHouse:
    """A database of ours. Calls run in threads; every one raises Outage while ClickHouse cannot answer."""

    def __init__(self, url: str, patience_s: float = PATIENCE_S) -> None:
        """`clickhouse[s]://USER:PASSWORD@HOST:PORT/NAME` or `chdb:///PATH`: of the latter one path per process."""
        self._in_process, self._patience_s = url.startswith("chdb:"), patience_s
        self._dsn = dsn_of(url)
        self._threads = ThreadPoolExecutor(1 if self._in_process else THREADS, thread_name_prefix="clickhouse")
        self._opening = Lock()
        self._client: Any = None

    async def fetch(self, kind: type[RowT], sql: str, **parameters: object) -> Sequence[RowT]:
        """The rows that `sql` selects, as structs of `kind` by their columns' names."""
        return await self._call(partial(self._fetch, kind, sql, parameters))

    async def insert(self, blocks: Sequence[Block]) -> None:
        """Inserts the blocks one after the other; their rows are there when it returns."""
        await self._call(partial(self._insert, blocks))

    async def command(self, sql: str) -> None:
        """Carries out a statement that answers nothing."""
        await self._call(partial(self._command, sql))

    async def aclose(self) -> None:
        """Ends the client and its threads."""
        client, self._client = self._client, None
        if client is not None:
            await asyncio.get_running_loop().run_in_executor(self._threads, client.close)
        self._threads.shutdown(wait=False, cancel_futures=True)

    async def _call(self, work: Callable[[], AnswerT]) -> AnswerT:
        try:
            async with asyncio.timeout(self._patience_s):
                return await asyncio.get_running_loop().run_in_executor(self._threads, work)
        except TimeoutError as error:
            raise Outage("ClickHouse did not answer in time") from error

    def _fetch(self, kind: type[RowT], sql: str, parameters: Mapping[str, object]) -> Sequence[RowT]:
        with _outages():
            found = self._opened().query(sql, parameters=dict(parameters), tz_mode="aware")
        rows = [dict(zip(found.column_names, row, strict=True)) for row in found.result_rows]
        return msgspec.convert(rows, list[kind])

    def _insert(self, blocks: Sequence[Block]) -> None:
        with _outages():
            for block in blocks:
                self._opened().insert(block.table, [*block.rows], column_names=[*block.columns])

    def _command(self, sql: str) -> None:
        with _outages():
            self._opened().command(sql)

    def _opened(self) -> Any:
        """The client; whoever asks first makes the tables too."""
        with self._opening:
            if self._client is None:
                client = _connect(self._dsn, in_process=self._in_process)
                for statement in SCHEMA:
                    client.command(statement)
                self._client = client
            return self._client


@asynccontextmanager
async def open_database(url: str, patience_s: float = PATIENCE_S) -> AsyncGenerator[ClickHouse]:
    """The database while the context is entered; it need not be there yet. Raises CannotStart."""
    for name in ("clickhouse_connect", *(("chdb",) if url.startswith("chdb:") else ())):
        if find_spec(name) is None:
            raise CannotStart(MISSING.format(name=name.replace("_", "-")))
    database = ClickHouse(url, patience_s)
    try:
        yield database
    finally:
        await database.aclose()


def dsn_of(url: str) -> str:
    """The address as the driver has it."""
    parts = urlsplit(url)
    return url if parts.scheme == "chdb" else parts._replace(scheme=parts.scheme.replace("clickhouse", "http")).geturl()


def _connect(dsn: str, *, in_process: bool) -> Any:
    driver: Any = import_module("clickhouse_connect")  # an extra: types are not always there to be checked
    if in_process:
        return driver.get_client(dsn=dsn, settings={"max_threads": 1})  # It shares the process with everything else.
    return driver.get_client(
        dsn=dsn,
        connect_timeout=CONNECT_TIMEOUT_S,
        send_receive_timeout=int(PATIENCE_S),
        autogenerate_session_id=False,  # Calls of one session must not run at the same time.
    )


@contextmanager
def _outages() -> Generator[None]:
    """Turns whatever ClickHouse could not do into Outage; what it cannot read in a fact passes as it is."""
    driver: Any = import_module("clickhouse_connect.driver.exceptions")
    try:
        yield
    except driver.DataError:
        raise
    except (driver.ClickHouseError, OSError) as error:
        raise Outage(f"ClickHouse: {type(error).__name__}: {str(error)[:300]}") from error
