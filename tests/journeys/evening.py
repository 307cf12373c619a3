"""An evening on which everybody watches, and loses the connection again and again."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from random import Random

from tests.journeys.carrying import DELIVERY, Courier, Neighbourhood
from tests.journeys.dining import cook, hand_over, placed, reaches, story
from tests.journeys.person import Json, Person
from tests.journeys.streams import (
    KITCHEN_UPDATES,
    LOCATION_NOW,
    LOCATIONS,
    MENU_CHANGES,
    MENU_NOW,
    OFFERS,
    OFFERS_NOW,
    UPDATES,
    Beholder,
    Follower,
    Watcher,
)
from tests.patience import eventually

COLLECTING, AT_HOME, KITCHEN_WATCHERS, MENU_WATCHERS = 3, 2, 4, 3
CUT_AT_ONCE = 4
OF_ORDER = "delivery { order { id } }"
CARRIED_TO_THE_END = frozenset({"DELIVERED", "RETURNED", "CANCELLED", "FAILED"})


@dataclass
class Shift(Beholder):
    """A courier's stream of offers, and what all of it adds up to."""

    offers: dict[str, Json] = field(default_factory=dict[str, Json])
    delivery: Json | None = None
    news: asyncio.Event = field(default_factory=asyncio.Event)

    def take(self, item: Json) -> None:
        super().take(item)
        match item["__typename"]:
            case "OpenOffers":
                self.offers = {offer["id"]: offer for offer in item["offers"]}
                self.delivery = item["delivery"]
            case "OfferOpened":
                self.offers[item["offer"]["id"]] = item["offer"]
            case "OfferClosed":
                self.offers.pop(item["offer"]["id"], None)
            case _:
                self.delivery = item["delivery"]
        if self.delivery is not None and self.delivery["status"] in CARRIED_TO_THE_END:
            self.delivery = None
        self.news.set()

    @property
    def told(self) -> Json:
        return {"offers": [*self.offers.values()], "delivery": self.delivery}


@dataclass
class Evening:
    """Customers, a kitchen and couriers, until there have been `cuts` and everybody has eaten."""

    place: Neighbourhood
    customer: Person
    couriers: Sequence[Courier]
    cuts: int
    screens: list[Follower] = field(default_factory=list[Follower])
    maps: list[Beholder] = field(default_factory=list[Beholder])
    stories: dict[str, list[Json]] = field(default_factory=dict[str, list[Json]])

    def __post_init__(self) -> None:
        staff, restaurant_id = self.place.restaurant.staff, self.place.restaurant.id
        self.kitchens = [Follower(staff, KITCHEN_UPDATES, restaurant_id) for _ in range(KITCHEN_WATCHERS)]
        self.shifts = [Shift(each.person, OFFERS, question=OFFERS_NOW, seen=standing) for each in self.couriers]
        self.menus = [
            Beholder(self.customer, MENU_CHANGES, restaurant_id, question=MENU_NOW, seen=availability)
            for _ in range(MENU_WATCHERS)
        ]

    @property
    def watchers(self) -> Sequence[Watcher]:
        return [*self.kitchens, *self.shifts, *self.menus, *self.screens, *self.maps]

    @property
    def goes_on(self) -> bool:
        return sum(watcher.cuts for watcher in self.watchers) < self.cuts

    async def live(self) -> None:
        endless = [*self.kitchens, *self.shifts, *self.menus]
        async with asyncio.TaskGroup() as tasks:
            watching = [tasks.create_task(watcher.follow()) for watcher in endless]
            await eventually(lambda: have_begun(endless))
            working = [tasks.create_task(self._carry(*each)) for each in zip(self.couriers, self.shifts, strict=True)]
            async with asyncio.TaskGroup() as trouble:
                trouble.create_task(self._make_trouble())
                for _ in range(COLLECTING):
                    trouble.create_task(self._collect())
                for _ in range(AT_HOME):
                    trouble.create_task(self._stay_at_home())
            await self._hear_the_rest()
            for task in [*watching, *working]:
                task.cancel()

    async def _make_trouble(self) -> None:
        random = Random(20261122)
        while self.goes_on:
            living = [watcher for watcher in self.watchers if not watcher.done]
            for watcher in random.sample(living, k=min(CUT_AT_ONCE, len(living))):
                watcher.cut()
            await asyncio.sleep(random.uniform(0, 0.03))  # the trouble itself, not a wait for something

    async def _change_menu(self) -> None:
        """What nobody orders is off or back, each time at another price: so no state comes twice."""
        pizza, staff = (await self.place.restaurant.items())["pizza"], self.place.restaurant.staff
        given = {"menuItemId": pizza["id"]}
        await staff.does("setItemAvailability", {**given, "available": not pizza["available"]})
        await staff.does("changeMenuItem", {**given, "priceMinor": pizza["price"]["minor"] + 1})

    async def _collect(self) -> None:
        """One order after the other, each on two screens."""
        while self.goes_on:
            order_id = (await placed(self.customer, self.place.restaurant))["order"]["id"]
            async with asyncio.TaskGroup() as watching:
                for _ in range(2):
                    self.screens.append(Follower(self.customer, UPDATES, order_id))
                    watching.create_task(self.screens[-1].follow())
                await reaches(self.customer, order_id, "CONFIRMED")
                await cook(self.place.restaurant.staff, order_id)
                await self._change_menu()
                await hand_over(self.customer, self.place.restaurant.staff, order_id)

    async def _stay_at_home(self) -> None:
        """The same to the door, with two maps."""
        while self.goes_on:
            order_id = await self.place.ordered(self.customer)
            async with asyncio.TaskGroup() as watching:
                self.screens.append(Follower(self.customer, UPDATES, order_id))
                watching.create_task(self.screens[-1].follow())
                for _ in range(2):
                    self.maps.append(chart(self.customer, order_id))
                    watching.create_task(self.maps[-1].follow())
                await self.place.cook(order_id)

    async def _carry(self, courier: Courier, shift: Shift) -> None:
        """Whatever they are asked to."""
        while await shift.news.wait():
            shift.news.clear()
            for offer_id in [*shift.offers]:
                taken = await courier.person.act("acceptOffer", {"offerId": offer_id}, f"{DELIVERY} {OF_ORDER}")
                if taken["__typename"] == "AcceptOfferSuccess":
                    delivery_id, order_id = taken["delivery"]["id"], taken["delivery"]["order"]["id"]
                    await self.place.fetch(courier, delivery_id, order_id)
                    await self.place.bring(self.customer, courier, delivery_id, order_id)

    async def _hear_the_rest(self) -> None:
        """Until those whose streams have no end have heard everything there is."""
        for order_id in {screen.id for screen in self.screens if screen.id}:
            self.stories[order_id] = await story(self.customer, order_id)
        expected = sum(len(told) - 1 for told in self.stories.values())
        await eventually(lambda: have_heard(self.kitchens, expected))
        for watcher in [*self.shifts, *self.menus]:
            await eventually(watcher.knows_the_truth)


def chart(customer: Person, order_id: str) -> Beholder:
    """A map with the courier on it."""
    return Beholder(customer, LOCATIONS, order_id, question=LOCATION_NOW, seen=whereabouts)


def whereabouts(item: Json) -> Json:
    """A location without the moment of its estimate."""
    eta = item["eta"] and {name: item["eta"][name] for name in item["eta"] if name != "calculatedAt"}
    return {**item, "eta": eta}


def standing(item: Json) -> Json:
    """What a courier is asked and carries."""
    return {"offers": item["offers"], "delivery": item["delivery"]}


def availability(item: Json) -> Json:
    """A menu's state without its moment, and without what only a stream says."""
    return {name: item[name] for name in ("menuVersion", "pausedUntil", "unavailableItems")}


async def have_begun(watchers: Sequence[Watcher]) -> bool:
    """Whether each has its first item: who is cut before that has no cursor and begins later."""
    return all(watcher.items for watcher in watchers)


async def have_heard(kitchens: Sequence[Follower], expected: int) -> bool:
    return all(len(kitchen.events) >= expected for kitchen in kitchens)
