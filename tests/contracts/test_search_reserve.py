"""A search engine that is away or slow: the reserve answers, flagged and not overrun, until the engine is back."""

import asyncio
import signal
from collections.abc import AsyncIterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from kernel.ports import Outage
from runtime.adapters.opensearch.connecting import asked
from runtime.adapters.opensearch.opening import OpenedSearch, open_search
from runtime.adapters.opensearch.reserve import AT_ONCE, FAILURES, reserved
from runtime.adapters.opensearch.search import WARMING
from runtime.engines.running import running
from subgraphs.catalog.views.search import CuisineCount, Found, Hit, Place, Wanted
from tests.contracts.towns import Town, open_town, place, wanted
from tests.engines import START_WITHIN_SECONDS, opensearch_node_in, skip_without
from tests.patience import eventually

pytestmark = pytest.mark.anyio
HANGING_S = 30
"""Somebody who waits for an engine that is stopped waits for longer than this."""
HIT = Hit(restaurant_id="restaurant_1", distance_m=None, place=(0, 0, "place 1", "restaurant_1"))


class Engine:
    """A search of one restaurant; well, away, or silent for a while."""

    def __init__(self, follower: str, *, pace_s: float = 0.0) -> None:
        self.name, self.pace_s = follower, pace_s
        self.outage: str | None = None
        self.asked = self.warmed = self.at_once = self.most_at_once = 0

    def follower(self, wanted: Wanted) -> str | None:
        del wanted
        return self.name

    async def warm(self) -> None:
        self.warmed += 1
        if self.outage is not None:
            raise Outage(self.outage)

    async def find(self, wanted: Wanted, limit: int, beyond: Place | None = None, *, backwards: bool = False) -> Found:
        del wanted, limit, beyond, backwards
        await self._answer()
        return Found(hits=[HIT])

    async def cuisines(self, wanted: Wanted, limit: int) -> Sequence[CuisineCount]:
        del wanted, limit
        await self._answer()
        return [CuisineCount(slug=self.name, restaurants=1)]

    async def count(self, wanted: Wanted) -> int:
        del wanted
        await self._answer()
        return 1

    async def _answer(self) -> None:
        self.asked += 1
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        try:
            await asyncio.sleep(self.pace_s)
            if self.outage is not None:
                raise Outage(self.outage)
        finally:
            self.at_once -= 1


async def test_the_reserve_answers_flagged_while_the_engine_is_away() -> None:
    engine, reserve = Engine("engine"), Engine("reserve")
    async with reserved(engine, reserve, rest_s=0.2) as search:
        assert not (await search.find(wanted(), 1)).degraded
        assert search.follower(wanted()) == "engine"
        engine.outage = "gone"
        for _ in range(FAILURES + 3):
            assert await search.find(wanted(), 1) == Found(hits=[HIT], degraded=True)
        assert (await search.cuisines(wanted(), 1))[0].slug == "reserve"
        assert await search.count(wanted()) == 1
        assert engine.asked == 1 + FAILURES  # and then it is given a rest
        assert search.follower(wanted()) == "reserve"
        engine.outage = None
        await eventually(lambda: is_well(search))
        assert search.follower(wanted()) == "engine"


async def is_well(search: Any) -> bool:
    return not (await search.find(wanted(), 1)).degraded


async def test_an_engine_is_warm_before_it_is_asked() -> None:
    engine = Engine("engine")
    async with reserved(engine, Engine("reserve")) as search:
        assert (engine.warmed, engine.asked) == (1, 0)
        assert not (await search.find(wanted(), 1)).degraded


async def test_nobodys_question_finds_out_whether_the_engine_is_back() -> None:
    engine = Engine("engine")
    async with reserved(engine, Engine("reserve"), rest_s=0.05) as search:
        engine.outage = "gone"
        for _ in range(FAILURES):
            await search.count(wanted())
        before = engine.warmed

        async def was_tried_thrice() -> bool:
            await search.count(wanted())
            return engine.warmed >= before + 3

        await eventually(was_tried_thrice)
        assert engine.asked == FAILURES


async def test_the_reserve_is_not_overrun() -> None:
    engine, reserve = Engine("engine"), Engine("reserve", pace_s=0.1)
    engine.outage = "gone"
    async with reserved(engine, reserve, wait_s=0.3) as search:
        answers = await asyncio.gather(*(search.count(wanted()) for _ in range(200)), return_exceptions=True)
        assert reserve.most_at_once == AT_ONCE
        turned_away = [answer for answer in answers if isinstance(answer, Outage)]
        assert 0 < len(turned_away) < 200
        assert reserve.asked == 200 - len(turned_away)
        assert await search.count(wanted()) == 1


async def test_a_client_that_goes_away_says_nothing_of_the_engine() -> None:
    engine, reserve = Engine("engine", pace_s=30), Engine("reserve")
    async with reserved(engine, reserve) as search:
        for _ in range(FAILURES + 1):
            with suppress(TimeoutError):
                async with asyncio.timeout(0.01):
                    await search.count(wanted())
        engine.pace_s = 0
        assert not (await search.find(wanted(), 1)).degraded


@pytest.fixture
async def town(town_url: str, valkey_url: str) -> AsyncIterator[Town]:
    async with open_town(town_url, valkey_url) as empty:
        yield empty


@pytest.mark.engines
async def test_an_engine_that_is_stopped_killed_and_back_is_asked_again(town: Town, tmp_path: Path) -> None:
    skip_without("opensearch")
    node = opensearch_node_in(tmp_path / "node")
    await town.register(place(1))
    async with open_search(node.url, town.postgres, town.catalog, town.log) as opened:
        town.index(opened)
        town.start(opened.builder)
        assert await found(town) == (["restaurant_1"], True)  # there is no engine yet
        with running(node, within_seconds=START_WITHIN_SECONDS) as process:
            await eventually(lambda: answers_well(town), 60)  # the first index was built meanwhile
            process.send_signal(signal.SIGSTOP)
            async with asyncio.timeout(HANGING_S):
                for _ in range(FAILURES + 2):
                    assert (await found(town))[0] == ["restaurant_1"]
            await town.register(place(2))
            assert (await found(town))[1]
            process.send_signal(signal.SIGCONT)
            await eventually(lambda: answers_well(town, places=2), 60)
            await town.register(*(place(number) for number in range(3, 403)))
            await eventually(lambda: are_arriving(opened), 60)
            process.send_signal(signal.SIGKILL)
            await asyncio.to_thread(process.wait, 20)
            await town.register(place(403))
            assert (await found(town))[1]
        with running(node, within_seconds=START_WITHIN_SECONDS):
            await eventually(lambda: answers_well(town, places=403), 60)
            await town.stop()
        with running(node, within_seconds=START_WITHIN_SECONDS):
            async with open_search(node.url, town.postgres, town.catalog, town.log) as anew:
                assert await questions_asked(anew) >= len(WARMING)  # before anybody has asked one


async def are_arriving(opened: OpenedSearch) -> bool:
    """Whether some of them are indexed and, very likely, others under way."""
    answer = await asked(opened.index.client, "POST", "/restaurants/_count", within_s=10)
    return answer["count"] > 2


async def questions_asked(opened: OpenedSearch) -> int:
    stats = await asked(opened.index.client, "GET", "/restaurants/_stats/search", within_s=10)
    return stats["_all"]["total"]["search"]["query_total"]


async def found(town: Town) -> tuple[list[str], bool]:
    answer = await town.search.find(wanted(), 500)
    return [hit.restaurant_id for hit in answer.hits], answer.degraded


async def answers_well(town: Town, places: int = 1) -> bool:
    restaurants, degraded = await found(town)
    return len(restaurants) == places and not degraded
