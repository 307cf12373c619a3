"""Watching a menu: how it is first, then every change, the latest winning, also those that nobody announces."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

import pytest
from msgspec.structs import replace

from kernel.graph.context import GraphContext
from kernel.ids import typed_id
from subgraphs.catalog.subgraph import SUBGRAPH
from subgraphs.catalog.views.availability import Availability
from tests.catalog.bench import Bench
from tests.catalog.graph import DOCUMENT, key, published, registered
from tests.catalog.premises import CUSTOMER
from tests.catalog.premises import published as house
from tests.patience import AT_MOST_S
from tests.spelling import AT, uuid_of

TOLD = """asOf menuVersion pausedUntil unavailableItems { name unavailableUntil } unavailableOptions { name }
    changedItems { name available price { minor } optionGroups { name } } goneItemIds restaurant { name }"""
WATCH = f"subscription($id: ID!) {{ menuChanges(restaurantId: $id) {{ {TOLD} }} }}"
NOW = f"query($id: ID!) {{ menuAvailability(restaurantId: $id) {{ {TOLD} }} }}"


class Watcher:
    """One subscription."""

    def __init__(self, stream: Any) -> None:
        self._stream = stream

    async def told(self) -> Any:
        """The next item."""
        async with asyncio.timeout(AT_MOST_S):
            answer = await anext(self._stream)
        assert answer.errors is None, answer.errors
        return answer.data["menuChanges"]

    async def refused(self) -> str:
        """The code of the error that ends the stream."""
        async with asyncio.timeout(AT_MOST_S):
            answer = await anext(self._stream)
        return answer.errors[0].extensions["code"]


@asynccontextmanager
async def watching(bench: Bench, restaurant_id: str, context: GraphContext | None = None) -> AsyncGenerator[Watcher]:
    stream: Any = await SUBGRAPH.schema.subscribe(
        WATCH, {"id": restaurant_id}, context_value=context or bench.context(CUSTOMER)
    )
    try:
        yield Watcher(stream)
    finally:
        await stream.aclose()


def at_moment(**changes: Any) -> Availability:
    premises = house.premises
    now = Availability(at=AT, version=1, restaurant=premises.restaurant, items=premises.items, groups=premises.groups)
    return replace(now, **changes)


def test_what_stays_as_it_is_is_not_told_again() -> None:
    assert at_moment(at=AT + timedelta(hours=1)).shows_the_same(at_moment())


def test_an_absence_that_ends_is_a_change() -> None:
    item = replace(house.item("tiramisu"), unavailable=True, unavailable_until=AT + timedelta(hours=1))
    before = at_moment(items=(item,))
    after = replace(before, at=AT + timedelta(hours=1))
    assert before.off_items == (item,)
    assert not after.shows_the_same(before)
    assert after.changed_since(before) == (item,)


def test_a_pause_that_ends_is_a_change() -> None:
    paused = replace(house.restaurant, paused_until=AT + timedelta(hours=1))
    before = at_moment(restaurant=paused)
    assert not replace(before, at=AT + timedelta(hours=1)).shows_the_same(before)


def test_new_dearer_and_gone_items_are_told_apart() -> None:
    before = at_moment()
    cake, pizza = house.item("tiramisu"), house.item("margherita")
    dearer, new = replace(cake, price_minor=1), replace(cake, id="item_new")
    after = at_moment(version=2, items=(dearer, new))
    assert after.changed_since(before) == (dearer, new)
    assert after.gone_since(before) == (pizza.id,)


def test_an_option_that_is_off_is_told() -> None:
    group = house.group("size")
    off = replace(group.options[0], unavailable=True)
    after = at_moment(groups=(replace(group, options=(off, group.options[1])),))
    assert after.off_options == (off,)
    assert not after.shows_the_same(at_moment())


@pytest.mark.anyio
async def test_changes_are_told_as_they_come(bench: Bench) -> None:
    restaurant_id = await registered(bench)
    menu = await published(bench, restaurant_id)
    cake = menu["categories"][1]["items"][0]["id"]
    async with watching(bench, restaurant_id) as watcher:
        first = await watcher.told()
        assert first == (await bench.ask(NOW, {"id": restaurant_id}))["menuAvailability"]
        assert (first["unavailableItems"], first["changedItems"], first["menuVersion"]) == ([], [], menu["version"])
        until = "2026-11-20T18:00:00Z"
        await bench.do("setItemAvailability", {"menuItemId": cake, "available": False, "until": until})
        off = await watcher.told()
        assert off["unavailableItems"] == [{"name": "Tiramisù", "unavailableUntil": until}]
        assert [item["name"] for item in off["changedItems"]] == ["Tiramisù"]
        await bench.do("pauseRestaurant", {"restaurantId": restaurant_id, "until": until})
        assert (await watcher.told())["pausedUntil"] == until
        await bench.do("changeMenuItem", {"menuItemId": cake, "priceMinor": 850})
        assert (await watcher.told())["changedItems"][0]["price"]["minor"] == 850
        sweet = {"categories": DOCUMENT["categories"][1:]}
        await bench.do("publishMenu", {"idempotencyKey": key(), "restaurantId": restaurant_id, "document": sweet})
        gone = await watcher.told()
        assert gone["goneItemIds"] == [menu["categories"][0]["items"][0]["id"]]


@pytest.mark.anyio
async def test_what_nobody_announces_is_told_within_a_poll(bench: Bench) -> None:
    restaurant_id = await registered(bench)
    await published(bench, restaurant_id)
    await bench.type(
        "update catalog.menu_items set unavailable = true, unavailable_until = $1", AT + timedelta(hours=1)
    )
    async with watching(bench, restaurant_id) as watcher:
        assert len((await watcher.told())["unavailableItems"]) == 2
        bench.clock.advance(timedelta(hours=1))
        back = await watcher.told()
        assert (back["unavailableItems"], len(back["changedItems"])) == ([], 2)
        await bench.type("update catalog.menu_items set price_minor = 1 where external_id = 'margherita'")
        dearer = await watcher.told()
        assert [item["price"]["minor"] for item in dearer["changedItems"]] == [1]
        assert dearer["changedItems"][0]["optionGroups"] == [{"name": "Size"}]


@pytest.mark.anyio
async def test_there_is_nothing_to_watch_where_there_is_no_restaurant(bench: Bench) -> None:
    for restaurant_id in ("restaurant_x", "", typed_id("restaurant", uuid_of(4))):
        async with watching(bench, restaurant_id) as watcher:
            assert await watcher.refused() == "NOT_FOUND"
        assert await bench.ask(NOW, {"id": restaurant_id}) == {"menuAvailability": None}


@pytest.mark.anyio
async def test_a_stream_ends_with_its_token_and_with_its_restaurant(bench: Bench) -> None:
    restaurant_id = await registered(bench)
    left = [60.0]
    context = bench.context(CUSTOMER)
    object.__setattr__(context, "remaining_s", lambda: left[0])
    async with watching(bench, restaurant_id, context) as watcher, watching(bench, restaurant_id) as other:
        await watcher.told()
        await other.told()
        left[0] = 0.0
        await bench.type("update catalog.restaurants set retired = true")
        await bench.signals.publish([restaurant_id])
        assert await watcher.refused() == "TOKEN_EXPIRED"
        assert await other.refused() == "FORBIDDEN"
