"""The living city: its people, all at once, for one evening."""

import asyncio
from contextlib import suppress
from datetime import timedelta

import httpx

from simulator.city import City, read_city
from simulator.living.arrivals import arrivals
from simulator.living.cook import Cook
from simulator.living.customer import Customer
from simulator.living.diary import Courier, Diary, Ordered, read_diary
from simulator.living.plan import Plan
from simulator.living.rider import Rider
from simulator.living.scene import Scene
from simulator.lots import Lots
from simulator.streets import Streets

CONNECTIONS = 20
"""Enough for a hundred requests a second at the platform's pace; the pool looks through all of them at every one."""

TIMEOUT = httpx.Timeout(20.0, pool=None)
STEP_S = 2.0
"""Real seconds between two writings of the diary."""

LAST_NEWS_S, LAST_LOOK_S = 20.0, 0.2
"""Real seconds in which kitchens hear what their customers have heard, and between two looks whether they have."""

WAY_HOME_S = 10.0
"""Real seconds that couriers have to end their shifts in."""

VEHICLES = ("BICYCLE", "BICYCLE", "BICYCLE", "SCOOTER", "SCOOTER", "CAR")


class Town:
    """One evening. Nothing is shared with the platform but its address and its clock."""

    def __init__(self, plan: Plan, city: City, diary: Diary) -> None:
        """`diary` is a new one, or the one of the evening that is to go on."""
        self.plan = plan
        self.city = city
        self.diary = diary
        self._stopped = asyncio.Event()
        self._kitchens = dict[str, asyncio.Task[None]]()

    @classmethod
    def opened(cls, plan: Plan) -> "Town":
        """With the plan's city, and its diary if there is one. Raises BrokenCityFile."""
        return cls(plan, read_city(plan.city), read_diary(plan.diary) or Diary(seed=plan.seed))

    async def run(self) -> None:
        """Returns when all orders have ended and everybody has gone home, or soon after `stop`.

        Outages, refusals and mistakes of the platform are noted in the diary and outlived; after the plan's
        `most_minutes` everybody goes home whatever has not ended.
        """
        limits = httpx.Limits(max_connections=CONNECTIONS, max_keepalive_connections=CONNECTIONS)
        async with httpx.AsyncClient(timeout=TIMEOUT, limits=limits) as http:
            scene = Scene(self.plan, self.city, self.diary, http)
            try:
                await self._evening(scene)
            finally:
                scene.keep()

    def stop(self) -> None:
        """Let everybody drop what they do, as a power cut would; the diary remembers where they were."""
        self._stopped.set()

    async def _evening(self, scene: Scene) -> None:
        self._prepare(scene.streets)
        riders = [Rider(scene, name, noted) for name, noted in self.diary.couriers.items()]
        async with asyncio.TaskGroup() as people:
            scene.open_kitchen = lambda restaurant_id: self._open_kitchen(people, scene, restaurant_id)
            for restaurant_id in self.diary.kitchens:
                scene.open_kitchen(restaurant_id)
            others = [people.create_task(rider.live()) for rider in riders]
            others.append(people.create_task(self._keep_for_ever(scene)))
            customers = [
                people.create_task(Customer(scene, ordered).live())
                for ordered in self.diary.orders.values()
                if not ordered.settled
            ]
            await self._until_over(customers)
            await self._until_kitchens_know()
            for task in (*customers, *others, *self._kitchens.values()):
                task.cancel()
        if not self._stopped.is_set():
            await self._go_home(riders)
            self.diary.ended = None if self.diary.unended else self.plan.clock.now()

    def _prepare(self, streets: Streets) -> None:
        """Everybody who is to come; whoever the diary knows already stays as they are."""
        diary, plan = self.diary, self.plan
        diary.began = diary.began or plan.clock.now()
        for number, hungry_at in enumerate(arrivals(plan.seed, plan.orders, diary.began, plan.minutes), 1):
            person = f"customer-{number}"
            diary.orders.setdefault(number, Ordered(number=number, person=person, hungry_at=hungry_at))
        for number in range(1, plan.couriers + 1):
            lots = Lots(f"{plan.seed}/courier-{number}")
            spot = streets.somewhere(lots, "start")
            vehicle = lots.one("vehicle", VEHICLES)
            newcomer = Courier(latitude=spot.latitude, longitude=spot.longitude, vehicle=vehicle)
            diary.couriers.setdefault(f"courier-{number}", newcomer)

    def _open_kitchen(self, people: asyncio.TaskGroup, scene: Scene, restaurant_id: str) -> None:
        if restaurant_id not in self._kitchens:
            cook = Cook(scene, restaurant_id, self.diary.kitchens[restaurant_id])
            scene.hatches.put(restaurant_id, cook)
            self._kitchens[restaurant_id] = people.create_task(cook.live())

    async def _until_over(self, customers: list[asyncio.Task[None]]) -> None:
        began = self.diary.began or self.plan.clock.now()
        closing = self.plan.clock.real(began + timedelta(minutes=self.plan.most_minutes))
        left_s = (closing - self.plan.clock.real(self.plan.clock.now())).total_seconds()
        evening = asyncio.ensure_future(asyncio.wait(customers)) if customers else None
        stopping = asyncio.ensure_future(self._stopped.wait())
        await asyncio.wait(
            [task for task in (evening, stopping) if task], timeout=left_s, return_when="FIRST_COMPLETED"
        )
        for task in (evening, stopping):
            if task:
                task.cancel()

    async def _until_kitchens_know(self) -> None:
        """A kitchen hears of an ending a little later than the customer, and later still when it was just cut off."""
        with suppress(TimeoutError):
            async with asyncio.timeout(LAST_NEWS_S):
                while self.diary.untold and not self._stopped.is_set():  # noqa: ASYNC110  (kitchens have tasks of their own)
                    await asyncio.sleep(LAST_LOOK_S)

    async def _keep_for_ever(self, scene: Scene) -> None:
        while True:
            await asyncio.sleep(STEP_S)
            scene.keep()

    async def _go_home(self, riders: list[Rider]) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(WAY_HOME_S), asyncio.TaskGroup() as ways:
                for rider in riders:
                    ways.create_task(rider.somebody.persist("go home", rider.go_home))
