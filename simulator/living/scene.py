"""What everybody in town shares: the plan, the map, the diary, and where to find one another."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Generic, Protocol, TypeVar

import httpx

from simulator.city import City, Place
from simulator.graph import Graph, Patience
from simulator.living.diary import Diary, Ordered
from simulator.living.fates import Fates
from simulator.living.plan import Plan
from simulator.registration import owner_of
from simulator.streets import Spot, Streets, between_m

T = TypeVar("T")
PATIENT = Patience(tries=60, first_s=0.2, longest_s=2.0)
"""A minute: longer than the platform needs to come back from anything but an operator's mistake."""

IMPATIENT = Patience(tries=1)


class Hatch(Protocol):
    """Where a kitchen hands food out."""

    async def handed_out(self, order_id: str) -> str:
        """The pickup code, read from the kitchen's screen, as soon as the food stands there."""
        ...


class Door(Protocol):
    """Where a customer waits."""

    async def answered(self) -> str | None:
        """The PIN that the customer says, or None if nobody opens."""
        ...


class Meeting(Generic[T]):
    """Where people are found by name; who comes too early waits."""

    def __init__(self) -> None:
        self._there = dict[str, T]()
        self._arrivals = dict[str, asyncio.Event]()

    def put(self, name: str, found: T) -> None:
        self._there[name] = found
        self._arrivals.setdefault(name, asyncio.Event()).set()

    async def find(self, name: str) -> T:
        await self._arrivals.setdefault(name, asyncio.Event()).wait()
        return self._there[name]


class Scene:
    def __init__(self, plan: Plan, city: City, diary: Diary, http: httpx.AsyncClient) -> None:
        self.plan = plan
        self.clock = plan.clock
        self.city = city
        self.diary = diary
        self.http = http
        self.streets = Streets(city)
        self.fates = Fates(plan.seed, plan.orders, plan.tempers)
        self.graph = Graph(plan.graph, patience=PATIENT, http=http)
        self.hatches = Meeting[Hatch]()
        """By the restaurant's id."""
        self.screens = Meeting[str]()
        """Restaurants whose kitchens see what is ordered, by their id: nobody is to order where nobody looks."""
        self.doors = Meeting[Door]()
        """By the order's id."""
        self.orders = Meeting[Ordered]()
        """By the order's id, once its customer knows it."""
        self.open_kitchen: Callable[[str], None] = lambda _: None
        """Called with a restaurant's id before it is ordered from."""

    def owner(self, name: str, spot: Spot) -> str:
        """Who owns the restaurant of that name that stands there, by the map."""
        return owner_of(min(self.city.restaurants, key=lambda place: (place.name != name, _away_m(place, spot))))

    def keep(self) -> None:
        """Write the diary down, if it is kept at all."""
        if self.plan.diary is not None:
            self.diary.write(self.plan.diary)


async def first_of(wish: Awaitable[T], end: asyncio.Event) -> T | None:
    """What comes of the wish, or None when the end comes before; the wish is dropped then."""
    wished, ended = asyncio.ensure_future(wish), asyncio.ensure_future(end.wait())
    try:
        await asyncio.wait((wished, ended), return_when=asyncio.FIRST_COMPLETED)
        return wished.result() if wished.done() else None
    finally:
        wished.cancel()
        ended.cancel()


def _away_m(place: Place, spot: Spot) -> float:
    return between_m(Spot(place.latitude, place.longitude), spot)
