"""The index: the latest state stays, nothing that changes is lost while it is built anew, nobody notices."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from typing import Any

import asyncpg
import pytest
from prometheus_client import REGISTRY

from runtime.adapters.background import ended
from runtime.adapters.opensearch.building import BuildInterrupted, IndexBuilder
from runtime.adapters.opensearch.connecting import asked
from runtime.adapters.opensearch.documents import read_states
from runtime.adapters.opensearch.opening import OpenedSearch, open_search
from runtime.adapters.opensearch.search import INDEX
from subgraphs.catalog.views.search import Sort
from tests.contracts.towns import Town, dish, open_town, place, wanted
from tests.patience import eventually

pytestmark = [pytest.mark.anyio, pytest.mark.engines]
PATIENT_S = 30.0
"""How long an engine may take here before the reserve answers: this machine may be busy."""


@pytest.fixture
async def town(town_url: str, valkey_url: str) -> AsyncIterator[Town]:
    async with open_town(town_url, valkey_url) as empty:
        yield empty


@pytest.fixture
async def opened(town: Town, opensearch: str) -> AsyncIterator[OpenedSearch]:
    async with open_search(opensearch, town.postgres, town.catalog, town.log, PATIENT_S) as search:
        yield search
        await town.stop()


async def names(town: Town) -> list[str]:
    found = await town.search.find(wanted(), 100)
    assert not found.degraded
    return [hit.place[2] for hit in found.hits]


async def request(opened: OpenedSearch, method: str, path: str, body: object = None) -> Any:
    return await asked(opened.index.client, method, path, within_s=10, body=body)


async def indices(opened: OpenedSearch) -> dict[str, list[str]]:
    """Every index with its aliases."""
    return {name: [*index["aliases"]] for name, index in (await request(opened, "GET", "/_alias")).items()}


async def test_of_two_writers_the_one_who_read_later_stays(town: Town, opened: OpenedSearch) -> None:
    await town.register(place(1))
    await opened.builder.rebuild()
    town.opened = opened
    hold = await asyncpg.connect(town.url)
    await hold.execute("begin; select pg_current_xact_id()")  # somebody's long transaction: xmin stands still
    states = [await read_states(town.catalog.views, ["restaurant_1"])]
    for name in ("Second", "Third"):
        await town.type("update catalog.restaurants set name = $1", name)
        states.append(await read_states(town.catalog.views, ["restaurant_1"]))
    await hold.close()
    for late in (states[2], states[0], states[1], states[2]):
        refused = await opened.index.write(late, (opened.index.name,), refresh="wait_for")
        assert (refused, await names(town)) == ({}, ["third"])


async def test_one_who_is_retired_is_not_brought_back_by_an_older_state(town: Town, opened: OpenedSearch) -> None:
    await town.register(place(1))
    await opened.builder.rebuild()
    town.opened = opened
    old = await read_states(town.catalog.views, ["restaurant_1"])
    await town.type("update catalog.restaurants set retired = true")
    await opened.index.put(["restaurant_1"])
    await opened.index.write(old, (opened.index.name,), refresh="wait_for")
    assert await names(town) == []


async def test_an_index_is_built_anew_while_all_goes_on(town: Town, opened: OpenedSearch) -> None:
    await town.register(*(place(number) for number in range(40)))
    await opened.builder.rebuild()
    (before,) = await indices(opened)
    town.index(opened)
    rebuilding = asyncio.create_task(opened.builder.rebuild())
    number = 0
    while not rebuilding.done():
        number += 1
        await town.type("update catalog.restaurants set name = $1 where id = 'restaurant_7'", f"Seven {number}")
        await town.register(place(f"new_{number}"))
        assert len(await names(town)) >= 40
    await rebuilding
    await town.settled()
    found = await names(town)
    assert len(found) == 40 + number
    assert f"seven {number}" in found
    ((index, aliases),) = (await indices(opened)).items()
    assert (aliases, index == before) == (["restaurants"], False)


async def test_what_an_interrupted_build_left_is_removed_by_the_next(town: Town, opened: OpenedSearch) -> None:
    await town.register(*(place(number) for number in range(400)))
    await opened.builder.rebuild()
    town.index(opened)
    building = asyncio.create_task(opened.builder.rebuild())
    await eventually(lambda: is_building(opened))
    building.cancel()
    with suppress(asyncio.CancelledError):
        await building
    assert len(await indices(opened)) == 2
    await town.type("update catalog.restaurants set name = 'Changed' where id = 'restaurant_7'")
    await town.settled()
    await opened.builder.rebuild()
    assert [*(await indices(opened)).values()] == [["restaurants"]]
    assert await town.search.count(wanted()) == 400
    assert "changed" in await names(town)


async def is_building(opened: OpenedSearch) -> bool:
    return any("restaurants-next" in aliases for aliases in (await indices(opened)).values())


async def test_one_builds_at_a_time(town: Town, opened: OpenedSearch) -> None:
    await town.register(*(place(number) for number in range(400)))
    second = IndexBuilder(opened.index, town.catalog.database, town.log, town.equipment.checkpoints)
    first = asyncio.create_task(opened.builder.rebuild())
    await eventually(lambda: is_building(opened))
    with pytest.raises(BuildInterrupted):
        await second.rebuild()
    await first
    await second.rebuild()


async def test_a_lost_index_is_built_again_by_itself(town: Town, opened: OpenedSearch) -> None:
    await town.register(place(1))
    town.index(opened)
    building = asyncio.create_task(opened.builder.run())

    async def is_served() -> bool:
        found = await town.search.find(wanted(), 10)
        return not found.degraded and len(found.hits) == 1

    await eventually(is_served)
    await ended(building)
    (index,) = await indices(opened)
    await request(opened, "DELETE", f"/{index}")
    assert (await town.search.find(wanted(), 10)).degraded
    town.start(opened.builder)
    await eventually(is_served)


async def test_a_document_that_cannot_be_indexed_becomes_a_letter_and_holds_up_nobody(
    town: Town, opened: OpenedSearch
) -> None:
    await opened.builder.rebuild()
    town.index(opened)
    await town.register(place("good"), place("bad"))
    await town.settled()
    await town.type("update catalog.restaurants set latitude = 200 where id = 'restaurant_bad'")
    await town.register(place("later"))
    await town.settled()
    assert await names(town) == ["place bad", "place good", "place later"]
    assert await town.equipment.dead_letters.parked(INDEX) == {"restaurant_bad"}
    await opened.builder.rebuild()  # which leaves it out, and says so
    assert await names(town) == ["place good", "place later"]


async def test_an_engine_without_room_is_waited_for(town: Town, opened: OpenedSearch) -> None:
    await opened.builder.rebuild()
    town.index(opened)
    full = {"index.blocks.read_only_allow_delete": True}  # what a full disk does; every write is answered 429
    await request(opened, "PUT", "/restaurants/_settings", full)
    before = waited_for()
    await town.register(place(1))
    await eventually(lambda: is_waiting(before))
    assert await names(town) == []
    await request(opened, "PUT", "/restaurants/_settings", {"index.blocks.read_only_allow_delete": None})
    await town.settled()
    assert await names(town) == ["place 1"]
    assert await town.equipment.dead_letters.parked(INDEX) == frozenset()


async def test_an_index_that_somebody_closed_is_waited_for_and_parks_nobody(town: Town, opened: OpenedSearch) -> None:
    await opened.builder.rebuild()
    await request(opened, "POST", "/restaurants/_close")
    town.index(opened)
    before = waited_for()
    await town.register(place(1))
    await eventually(lambda: is_waiting(before))
    assert (await town.search.find(wanted(), 10)).degraded
    await request(opened, "POST", "/restaurants/_open")
    await town.settled()
    assert await names(town) == ["place 1"]
    assert await town.equipment.dead_letters.parked(INDEX) == frozenset()


def waited_for() -> float:
    """Documents so far that the engine had no room for."""
    return REGISTRY.get_sample_value("search_documents_indexed_total", {"outcome": "no_room"}) or 0


async def is_waiting(before: float) -> bool:
    return waited_for() > before


async def test_two_workers_index_the_same_changes(town: Town, opened: OpenedSearch) -> None:
    await opened.builder.rebuild()
    town.index(opened)
    town.start(*town.indexing(opened))
    for number in range(30):
        await town.register(place(number))
        await town.cook(dish(f"restaurant_{number}", f"Dish {number}"))
        await town.type("update catalog.restaurants set name = $1 where id = $2", "Renamed", f"restaurant_{number}")
    await town.settled()
    assert await names(town) == ["renamed"] * 30
    hits = (await town.search.find(wanted(words=("dish",), sort=Sort.RELEVANCE), 100)).hits
    assert len(hits) == 30
