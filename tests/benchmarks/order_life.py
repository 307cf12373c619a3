"""What the whole life of a delivered order costs: `python -m tests.benchmarks.order_life [ORDERS] [AT_ONCE]`.

Starts a platform of its own and lets customers, kitchens and couriers play orders from the quote to the door through
the router, as fast as they can, AT_ONCE of them at a time: eight mutations, two codes read and one watcher of
`orderUpdates` an order, and one watcher of `courierOffers` a courier. Prints processor milliseconds per order by
process, orders per second, and how long after it happened a customer's watcher was told of each event. Afterwards as
many orders are only placed: a quote, an order and a watcher until the kitchen may see it.

Settings in the environment choose the platform: `ENGINES=real ROUTER=hive python -m tests.benchmarks.order_life`.

Everything shares the machine with the load, which is one more process and is printed too.
"""

import asyncio
import resource
import sys
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import aclosing, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from uuid import uuid4
from zoneinfo import ZoneInfo

import httpx

from simulator.city import City, read_city
from simulator.graph import Graph, Thread
from simulator.living.clock import Clock
from simulator.living.deeds import (
    ACCEPT,
    ACCEPT_OFFER,
    DROP_OFF,
    GO_ONLINE,
    PICK_UP,
    PLACE,
    QUOTE,
    READY,
    REPORT,
    START,
    Deed,
    DoorStep,
    Line,
    OutcomeT,
    Placing,
    Point,
    Quoting,
    Reporting,
)
from simulator.living.questions import (
    DROPOFF_PIN,
    MENU,
    OFFERS,
    ORDER_UPDATES,
    PICKUP_CODE,
    OrderTold,
    RestaurantSeen,
    ShiftTold,
    Where,
)
from simulator.load import chosen
from simulator.marker import read_marker
from simulator.registration import owner_of
from simulator.signing_in import SignedIn
from tests.benchmarks.processes import cpu_seconds, percentile, spent
from tests.running_platform import RunningPlatform, platform_in

RESTAURANTS = 8
REPORT_EVERY_S = 20.0
FIVE_O_CLOCK = datetime(2026, 11, 27, 17, 0, tzinfo=ZoneInfo("Europe/Helsinki"))
LONGEST_NUMBER = 20
"""Letters that a house number may have; the map knows some with a floor and more."""
LOAD = "(the load itself)"
CITY = Path("simulator/cities/helsinki.json")


class Refused(Exception):
    """The platform said no where it should not have."""


class Person:
    """Somebody signed in."""

    def __init__(self, name: str, graph: Graph, issuer: str, http: httpx.AsyncClient) -> None:
        self.graph = graph.signed_in_as(SignedIn(name, issuer, http))

    async def act(self, deed: Deed[OutcomeT], order: object) -> OutcomeT:
        """Raises Refused."""
        outcome = await self.graph.act(deed.operation, order)
        if outcome.refusal:
            raise Refused(f"{deed.name}: {outcome.refusal}")
        return outcome

    async def does(self, deed: Deed[OutcomeT], **given: object) -> OutcomeT:
        """Raises Refused."""
        return await self.act(deed, {"idempotencyKey": uuid4(), **given})


@dataclass(frozen=True)
class Kitchen:
    staff: Person
    place: RestaurantSeen
    line: Line


@dataclass
class Stage:
    """Who plays, and what was seen."""

    graph: Graph
    city: City
    clock: Clock
    kitchens: list[Kitchen]
    delays_s: list[float] = field(default_factory=list[float])
    assigned: dict[str, asyncio.Event] = field(default_factory=dict[str, asyncio.Event])
    cooked_by: dict[str, Kitchen] = field(default_factory=dict[str, Kitchen])
    ordered_by: dict[str, Person] = field(default_factory=dict[str, Person])
    ready: dict[str, asyncio.Event] = field(default_factory=dict[str, asyncio.Event])


async def cook(stage: Stage, order_id: str) -> None:
    kitchen = stage.cooked_by[order_id]
    await kitchen.staff.does(ACCEPT, orderId=order_id, prepMinutes=1)
    await kitchen.staff.does(START, orderId=order_id)
    await kitchen.staff.does(READY, orderId=order_id)
    stage.ready[order_id].set()


async def placed(stage: Stage, customer: Person, number: int) -> str:
    """The id of an order that was quoted and placed."""
    kitchen = stage.kitchens[number % len(stage.kitchens)]
    doors = [address for address in stage.city.addresses if len(address.house_number) <= LONGEST_NUMBER]
    address = doors[number * 7 % len(doors)]
    door = DoorStep(address.street, address.house_number, Where(address.latitude, address.longitude))
    quoted = await customer.act(QUOTE, Quoting(uuid4(), kitchen.place.id, [kitchen.line], door))
    assert quoted.quote is not None
    order = (await customer.act(PLACE, Placing(uuid4(), quoted.quote.id, "tok_visa"))).order
    assert order is not None
    stage.cooked_by[order.id], stage.ordered_by[order.id] = kitchen, customer
    stage.ready[order.id] = asyncio.Event()
    return order.id


async def life(stage: Stage, customer: Person, number: int) -> None:
    """From the quote until the watcher is told that it was delivered."""
    order_id = await placed(stage, customer, number)
    thread = Thread[OrderTold](cursor=lambda told: told.item.cursor, ended=lambda told: told.item.type == "DELIVERED")
    cooking: asyncio.Task[None] | None = None
    async for told in customer.graph.watch(ORDER_UPDATES, {"id": order_id}, thread):
        item = told.item
        if item.occurred_at is not None:
            stage.delays_s.append((stage.clock.now() - item.occurred_at).total_seconds())
        status = item.order.status if item.order else ""
        if cooking is None and status == "CONFIRMED":
            cooking = asyncio.create_task(cook(stage, order_id))
    assert cooking is not None
    await cooking


async def placing(stage: Stage, customer: Person, number: int) -> None:
    """From the quote until the watcher is told that the order is paid for."""
    order_id = await placed(stage, customer, number)
    thread = Thread[OrderTold](cursor=lambda told: told.item.cursor, ended=lambda _: False)
    async with aclosing(customer.graph.watch(ORDER_UPDATES, {"id": order_id}, thread)) as updates:
        async for told in updates:
            if told.item.occurred_at is not None:
                stage.delays_s.append((stage.clock.now() - told.item.occurred_at).total_seconds())
            if told.item.order is not None and told.item.order.status == "CONFIRMED":
                return


class Courier:
    """Waits near a kitchen, takes every offer, and is as quick as nobody is."""

    def __init__(self, stage: Stage, person: Person, near: Where) -> None:
        self._stage, self._person, self._near = stage, person, near
        self._sequence = 0

    async def work(self) -> None:
        await self._person.does(GO_ONLINE, vehicle="BICYCLE", displayName="Quick")
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._report())
            thread = Thread[ShiftTold](ended=lambda _: False)
            async for told in self._person.graph.watch(OFFERS, {}, thread):
                item = told.item
                offers = item.offers if item.typename == "OpenOffers" else (item.offer,)
                for offer in offers:
                    if offer is not None and offer.status == "OPEN":
                        await self._carry(offer.id)

    async def _carry(self, offer_id: str) -> None:
        with suppress(Refused):  # told twice, or taken back meanwhile
            taken = (await self._person.does(ACCEPT_OFFER, offerId=offer_id)).delivery
            assert taken is not None
            assert taken.order is not None
            order_id = taken.order.id
            await self._stage.ready[order_id].wait()
            kitchen, customer = self._stage.cooked_by[order_id], self._stage.ordered_by[order_id]
            shown = (await kitchen.staff.graph.ask(PICKUP_CODE, {"id": order_id})).order
            await self._person.does(PICK_UP, deliveryId=taken.id, code=shown and shown.pickup_code)
            named = (await customer.graph.ask(DROPOFF_PIN, {"id": order_id})).order
            await self._person.does(DROP_OFF, deliveryId=taken.id, pin=named and named.dropoff_pin)

    async def _report(self) -> None:
        while True:
            self._sequence += 1
            point = Point(self._near.latitude, self._near.longitude, 8.0, self._sequence, self._stage.clock.now())
            await self._person.act(REPORT, Reporting([point]))
            await asyncio.sleep(REPORT_EVERY_S)


async def kitchens_of(platform: RunningPlatform, graph: Graph, http: httpx.AsyncClient, city: City) -> list[Kitchen]:
    marker = read_marker(platform.data_dir / "city.json")
    found: list[Kitchen] = []
    for place in chosen(city, RESTAURANTS):
        shown = (await graph.ask(MENU, {"id": marker.restaurants[place.osm_id].restaurant_id})).restaurant
        if shown is None or shown.menu is None or not shown.accepting_orders:
            continue
        dishes = [dish for category in shown.menu.categories for dish in category.items]
        dish = max(dishes, key=lambda each: each.price.minor)
        options = [o.id for group in dish.option_groups for o in group.options[: group.min_choices]]
        portions = max(1, -(-shown.minimum_basket.minor // dish.price.minor))
        staff = Person(owner_of(place), graph, platform.address(3, ""), http)
        found.append(Kitchen(staff, shown, Line(dish.id, portions, options)))
    return found


Turn = Callable[[Stage, Person, int], Awaitable[None]]


@dataclass(frozen=True)
class Cost:
    """What some orders cost."""

    orders: int
    elapsed_s: float
    processor_s: Mapping[str, float]
    """By process, the most expensive first, the load last."""
    delays_s: Sequence[float]

    @property
    def order_ms(self) -> float:
        """Processor time of one order over all processes of the platform."""
        return sum(ms for name, ms in self.by_process_ms.items() if name != LOAD)

    @property
    def by_process_ms(self) -> Mapping[str, float]:
        return {name: 1000 * seconds / self.orders for name, seconds in self.processor_s.items()}


@dataclass(frozen=True)
class Costs:
    """Of whole lives, and of placing alone."""

    life: Cost
    placing: Cost


def friday(environment: Mapping[str, str]) -> tuple[Clock, dict[str, str]]:
    """The clock and the settings of a small platform where Friday's dinner begins now, so that kitchens are open."""
    clock = Clock(started=datetime.now(UTC), origin=FIVE_O_CLOCK)
    times = {"CLOCK_STARTED": clock.started.isoformat(), "CLOCK_ORIGIN": clock.origin.isoformat()}
    return clock, {"CITY_RESTAURANTS": str(RESTAURANTS), "LOG_LEVEL": "warning", **times, **environment}


async def play(platform: RunningPlatform, clock: Clock, orders: int, at_once: int) -> Costs:
    limits = httpx.Limits(max_connections=4 * at_once + 16)
    city = read_city(CITY)
    async with httpx.AsyncClient(timeout=30, limits=limits) as http:
        graph, issuer = Graph(platform.graph_url, http=http), platform.address(3, "")
        stage = Stage(graph, city, clock, await kitchens_of(platform, graph, http, city))
        people = [Person(f"customer-{n + 1}", graph, issuer, http) for n in range(at_once)]
        shifts = [asyncio.create_task(courier.work()) for courier in couriers_of(stage, graph, issuer, http, at_once)]
        await asyncio.gather(*(life(stage, person, number) for number, person in enumerate(people)))  # warms all up
        lives = await measured(platform, stage, people, life, orders)
        for shift in shifts:
            shift.cancel()
        await asyncio.gather(*shifts, return_exceptions=True)
        return Costs(lives, await measured(platform, stage, people, placing, orders))


def couriers_of(stage: Stage, graph: Graph, issuer: str, http: httpx.AsyncClient, at_once: int) -> list[Courier]:
    """Two more than there are orders at a time, spread over the kitchens."""
    return [
        Courier(
            stage,
            Person(f"courier-{n + 1}", graph, issuer, http),
            stage.kitchens[n % len(stage.kitchens)].place.position,
        )
        for n in range(at_once + 2)
    ]


async def measured(platform: RunningPlatform, stage: Stage, people: Sequence[Person], turn: Turn, orders: int) -> Cost:
    """What `orders` turns cost, each person taking one after the other."""
    waiting = iter(range(len(people), len(people) + orders))

    async def one_after_the_other(person: Person) -> None:
        for number in waiting:
            await turn(stage, person, number)

    stage.delays_s.clear()
    before, load_before, began = cpu_seconds(platform), own_cpu_s(), time.monotonic()
    await asyncio.gather(*(one_after_the_other(person) for person in people))
    elapsed_s = time.monotonic() - began
    processor_s = {**spent(before, cpu_seconds(platform)), LOAD: own_cpu_s() - load_before}
    return Cost(orders, elapsed_s, processor_s, tuple(stage.delays_s))


def own_cpu_s() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def report(what: str, cost: Cost) -> None:
    print(f"{cost.orders} orders, {what}, in {cost.elapsed_s:.1f} s: {cost.orders / cost.elapsed_s:.1f} orders/s")
    for name, milliseconds in cost.by_process_ms.items():
        print(f"{name:24} {milliseconds:8.1f} ms of processor time an order")
    print(f"{'together':24} {cost.order_ms:8.1f} ms, without the load")
    told_ms = [1000 * delay for delay in cost.delays_s]
    p50, p95 = percentile(told_ms, 50), percentile(told_ms, 95)
    print(f"event to subscriber: p50 {p50:.0f} ms, p95 {p95:.0f} ms of {len(told_ms)} events")


def costs_of(orders: int, at_once: int, environment: Mapping[str, str] | None = None) -> Costs:
    """Of a platform of its own, started with these settings."""
    clock, chosen_settings = friday(environment or {})
    with TemporaryDirectory() as folder, platform_in(Path(folder), environment=chosen_settings) as platform:
        return asyncio.run(play(platform, clock, orders, at_once))


def main(orders: int, at_once: int) -> None:
    costs = costs_of(orders, at_once)
    report(f"{at_once} at a time, from the quote to the door", costs.life)
    report(f"{at_once} at a time, from the quote to the kitchen", costs.placing)


if __name__ == "__main__":
    given = [int(word) for word in sys.argv[1:]]
    main(*(given + [200, 8][len(given) :]))
