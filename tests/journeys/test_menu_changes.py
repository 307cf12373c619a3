"""A menu's stream has no sequence: it begins anew with how it is, never goes back, and ends up with the final state."""

import asyncio
from datetime import UTC, datetime, timedelta
from random import Random

import pytest

from tests.journeys.conftest import SignIn
from tests.journeys.dining import Restaurant, open_restaurant
from tests.journeys.person import Json, Person, StreamFailed, Watch
from tests.journeys.streams import MENU_CHANGES, MENU_NOW
from tests.patience import eventually

pytestmark = [pytest.mark.anyio, pytest.mark.journey, pytest.mark.timeout(240)]

WATCHERS = 4
RECONNECTS = 10


@pytest.fixture
async def restaurant(sign_in: SignIn) -> Restaurant:
    return await open_restaurant(sign_in)


class Watcher:
    """Watches a menu and loses its connection again and again."""

    def __init__(self, person: Person, restaurant: Restaurant, random: Random) -> None:
        self.person = person
        self.restaurant = restaurant
        self.random = random
        self.items: list[Json] = []

    async def watch(self) -> None:
        for _ in range(RECONNECTS):
            async with self.person.watch(MENU_CHANGES, id=self.restaurant.id) as watch:
                await self._begin(watch)
                await self._stay_a_while(watch)
                watch.cut()

    async def _begin(self, watch: Watch) -> None:
        """The first item is what the query says, as far as nothing changes in between."""
        before = await menu_now(self.person, self.restaurant)
        first = await watch.item()
        after = await menu_now(self.person, self.restaurant)
        assert first["menuVersion"] <= after["menuVersion"]
        if state(before) == state(after) and first["menuVersion"] == after["menuVersion"]:
            assert state(first) == state(after)
        self.items.append(first)

    async def _stay_a_while(self, watch: Watch) -> None:
        try:
            async with asyncio.timeout(self.random.uniform(0, 0.4)):
                async for item in watch:
                    self.items.append(item)
        except TimeoutError:
            return


async def test_watchers_of_a_menu_end_up_with_the_truth_whatever_happens_to_their_connections(
    nobody: Person, restaurant: Restaurant
) -> None:
    watchers = [Watcher(nobody, restaurant, Random(number)) for number in range(WATCHERS)]
    enough = asyncio.Event()
    changing = asyncio.create_task(keep_changing(restaurant, enough))
    await asyncio.gather(*(watcher.watch() for watcher in watchers))
    async with nobody.watch(MENU_CHANGES, id=restaurant.id) as watch:
        items = [await watch.item()]
        enough.set()
        await changing
        final = await menu_now(nobody, restaurant)

        async def has_the_final_state() -> bool:
            if state(items[-1]) != state(final):
                items.append(await watch.item())
            return state(items[-1]) == state(final)

        await eventually(has_the_final_state)
    for watcher in watchers:
        times = [datetime.fromisoformat(item["asOf"]) for item in watcher.items]
        versions = [item["menuVersion"] for item in watcher.items]
        assert times == sorted(times)
        assert versions == sorted(versions)
    assert len({item["menuVersion"] for watcher in watchers for item in watcher.items}) > WATCHERS


async def test_what_changed_is_named_and_a_pause_is_told(nobody: Person, restaurant: Restaurant) -> None:
    soup, staff = (await restaurant.items())["soup"], restaurant.staff
    until = (datetime.now(UTC) + timedelta(hours=1)).replace(microsecond=0)
    async with nobody.watch(MENU_CHANGES, id=restaurant.id) as watch:
        assert (await watch.item())["unavailableItems"] == []
        await staff.does("setItemAvailability", {"menuItemId": soup["id"], "available": False})
        off = await watch.item()
        assert [item["id"] for item in off["unavailableItems"]] == [soup["id"]]
        assert off["changedItems"] == [{"id": soup["id"]}]
        await staff.does("pauseRestaurant", {"restaurantId": restaurant.id, "until": until.isoformat()})
        assert datetime.fromisoformat((await watch.item())["pausedUntil"]) == until
        await staff.does("removeMenuItem", {"menuItemId": soup["id"]})
        assert (await watch.item())["goneItemIds"] == [soup["id"]]


async def test_a_menu_that_is_not_there_is_one_error(nobody: Person) -> None:
    async with nobody.watch(MENU_CHANGES, id="restaurant_01h455vb4pex5vsknk084sn02q") as watch:
        with pytest.raises(StreamFailed) as refused:
            await watch.item()
    assert refused.value.codes == ["NOT_FOUND"]


async def keep_changing(restaurant: Restaurant, enough: asyncio.Event) -> None:
    """Items go off and come back, and prices change, until it is enough."""
    items, random, staff = [*(await restaurant.items()).values()], Random(7), restaurant.staff
    while not enough.is_set():
        given = {"menuItemId": random.choice(items)["id"]}
        if random.random() < 0.5:
            await staff.does("setItemAvailability", {**given, "available": random.random() < 0.5})
        else:
            await staff.does("changeMenuItem", {**given, "priceMinor": random.randrange(300, 2000)})


async def menu_now(person: Person, restaurant: Restaurant) -> Json:
    """What the query says."""
    return (await person.ask(MENU_NOW, id=restaurant.id))["menuAvailability"]


def state(item: Json) -> Json:
    """An item without its moment, and without what only a stream says."""
    return {name: item[name] for name in ("menuVersion", "pausedUntil", "unavailableItems")}
