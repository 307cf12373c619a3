"""Three hundred lost connections while orders move: no watcher misses anything, or hears it twice."""

import asyncio
from random import Random

import pytest

from tests.journeys.conftest import SignIn
from tests.journeys.dining import Restaurant, cook, hand_over, open_restaurant, placed, reaches, story
from tests.journeys.person import Json, Person
from tests.journeys.streams import KITCHEN_UPDATES, UPDATES, Follower
from tests.patience import eventually

pytestmark = [pytest.mark.anyio, pytest.mark.journey, pytest.mark.timeout(180)]

CUTS = 300
CUSTOMERS_AT_ONCE = 6
KITCHEN_WATCHERS = 6
SCREENS_AT_THE_ORDER = 2


class Trouble:
    """Cuts connections at random, until there have been enough."""

    def __init__(self, followers: list[Follower]) -> None:
        self.followers = followers
        self.random = Random(20261122)

    @property
    def cuts(self) -> int:
        return sum(follower.cuts for follower in self.followers)

    async def make(self) -> None:
        while self.cuts < CUTS:
            living = [follower for follower in self.followers if not follower.done]
            for follower in self.random.sample(living, k=min(3, len(living))):
                follower.cut()
            await asyncio.sleep(self.random.uniform(0, 0.03))  # the trouble itself, not a wait for something


async def test_every_watcher_hears_everything_once_whatever_happens_to_its_connection(
    aino: Person, sign_in: SignIn
) -> None:
    restaurant = await open_restaurant(sign_in)
    kitchens = [Follower(restaurant.staff, KITCHEN_UPDATES, restaurant.id) for _ in range(KITCHEN_WATCHERS)]
    trouble = Trouble([*kitchens])
    async with asyncio.TaskGroup() as tasks:
        in_kitchen = [tasks.create_task(follower.follow()) for follower in kitchens]
        await eventually(lambda: have_begun(kitchens))
        tasks.create_task(trouble.make())
        await asyncio.gather(*(dine(aino, restaurant, trouble) for _ in range(CUSTOMERS_AT_ONCE)))
        screens = trouble.followers[KITCHEN_WATCHERS:]
        stories = {screen.id: await story(aino, screen.id) for screen in screens}
        await eventually(lambda: everything_is_heard(kitchens, stories))
        for task in in_kitchen:
            task.cancel()

    assert trouble.cuts >= CUTS
    for screen in screens:
        first = screen.items[0]["sequence"]
        assert screen.events == stories[screen.id][first:]
    for kitchen in kitchens:
        assert kitchen.items[0]["orders"] == []
        assert kitchen.events == kitchens[0].events
        for order_id, told in stories.items():
            heard = [event for event in kitchen.events if event["order"]["id"] == order_id]
            assert [without_cursor(event) for event in heard] == [without_cursor(event) for event in told[1:]]


async def dine(customer: Person, restaurant: Restaurant, trouble: Trouble) -> None:
    """One order after the other, each on several screens, for as long as there is trouble."""
    while trouble.cuts < CUTS:
        order_id = (await placed(customer, restaurant))["order"]["id"]
        screens = [Follower(customer, UPDATES, order_id) for _ in range(SCREENS_AT_THE_ORDER)]
        trouble.followers.extend(screens)
        watching = [asyncio.create_task(screen.follow()) for screen in screens]
        await reaches(customer, order_id, "CONFIRMED")
        await cook(restaurant.staff, order_id)
        await hand_over(customer, restaurant.staff, order_id)
        await asyncio.gather(*watching)


async def have_begun(followers: list[Follower]) -> bool:
    """Whether each has its first item: who is cut before that has no cursor and begins later."""
    return all(follower.items for follower in followers)


async def everything_is_heard(kitchens: list[Follower], stories: dict[str, list[Json]]) -> bool:
    """Whether every watcher has as many events as there are to hear."""
    expected = sum(len(told) - 1 for told in stories.values())
    return all(len(kitchen.events) >= expected for kitchen in kitchens)


def without_cursor(event: Json) -> Json:
    return {name: value for name, value in event.items() if name != "cursor"}
