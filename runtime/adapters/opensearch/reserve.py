"""A search with a reserve: while the engine is away or slow the reserve answers, flagged, and is not overrun.

Nobody's question finds out whether the engine is back, nor is the first that an engine gets: that is done on the side.
"""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from typing import Protocol, TypeVar

import msgspec
from purgatory.domain.model import CLOSED, OpenedState
from purgatory.service._async.circuitbreaker import AsyncCircuitBreaker

from kernel.ports import Outage
from runtime.adapters.background import background
from runtime.adapters.breakers import watched_breakers
from runtime.adapters.tallies import SEARCHES
from runtime.logs import logger
from subgraphs.catalog.views.search import CuisineCount, Found, Place, Search, Wanted

BREAKER, FAILURES, REST_S = "search_engine", 5, 2.0
AT_ONCE = 4
"""Questions that the reserve is asked at the same time: its database has connections left for all else."""
WAIT_S = 1.0
"""How long a question waits for its turn; then the client is told to come back."""
AnswerT = TypeVar("AnswerT")
_logger = logger("search")


class Engine(Search, Protocol):
    """A search that is slow at first."""

    async def warm(self) -> None:
        """Returns when it is as quick as clients need it. Raises Outage when it is away, or stays slow."""
        ...


class ReservedSearch:
    """As `subgraphs.catalog.views.search.Search`, by `engine`, else by `reserve`."""

    def __init__(self, engine: Engine, reserve: Search, breaker: AsyncCircuitBreaker, wait_s: float) -> None:
        self._engine, self._reserve, self._breaker, self._wait_s = engine, reserve, breaker, wait_s
        self._turns = asyncio.Semaphore(AT_ONCE)

    def follower(self, wanted: Wanted) -> str | None:
        """That of whoever would be asked now."""
        return (self._engine if self._is_well else self._reserve).follower(wanted)

    async def begin(self) -> None:
        """Warms an engine that is there; one that is away is not waited for."""
        with suppress(Outage):
            await self._engine.warm()

    async def look_after(self, every_s: float) -> None:
        """Warms the engine again whenever it has been away, and only then is it asked; until cancelled."""
        while True:
            await asyncio.sleep(every_s)
            if not self._is_well:
                with suppress(Outage, OpenedState):
                    async with self._breaker:
                        await self._engine.warm()

    async def find(self, wanted: Wanted, limit: int, beyond: Place | None = None, *, backwards: bool = False) -> Found:
        async def reserve() -> Found:
            found = await self._reserve.find(wanted, limit, beyond, backwards=backwards)
            return msgspec.structs.replace(found, degraded=True)

        return await self._answer(lambda: self._engine.find(wanted, limit, beyond, backwards=backwards), reserve)

    async def cuisines(self, wanted: Wanted, limit: int) -> Sequence[CuisineCount]:
        return await self._answer(
            lambda: self._engine.cuisines(wanted, limit), lambda: self._reserve.cuisines(wanted, limit)
        )

    async def count(self, wanted: Wanted) -> int:
        return await self._answer(lambda: self._engine.count(wanted), lambda: self._reserve.count(wanted))

    async def _answer(
        self, engine: Callable[[], Awaitable[AnswerT]], reserve: Callable[[], Awaitable[AnswerT]]
    ) -> AnswerT:
        if self._is_well:
            try:
                async with self._breaker:
                    answer = await engine()
            except Outage as error:
                _logger.info("asks the reserve", reason=str(error))
            else:
                SEARCHES.labels("engine").inc()
                return answer
        async with self._turn():
            SEARCHES.labels("reserve").inc()
            return await reserve()

    @property
    def _is_well(self) -> bool:
        return self._breaker.context.state == CLOSED

    @asynccontextmanager
    async def _turn(self) -> AsyncGenerator[None]:
        try:
            async with asyncio.timeout(self._wait_s):
                await self._turns.acquire()
        except TimeoutError as error:
            raise Outage("too many questions wait for the search's reserve") from error
        try:
            yield
        finally:
            self._turns.release()


@asynccontextmanager
async def reserved(
    engine: Engine, reserve: Search, *, rest_s: float = REST_S, wait_s: float = WAIT_S
) -> AsyncGenerator[ReservedSearch]:
    """`engine` with `reserve` behind it. A client that goes away says nothing of the engine's health."""
    breaker = await watched_breakers(FAILURES, rest_s).get_breaker(BREAKER, exclude=[asyncio.CancelledError])
    search = ReservedSearch(engine, reserve, breaker, wait_s)
    await search.begin()
    async with background(search.look_after(rest_s / 4), "search:reserve"):
        yield search
