"""What the whole life of a delivered order costs: `python -m tests.benchmarks.order_life [ORDERS] [AT_ONCE]`.

Starts a platform of its own and lets customers, kitchens and couriers play orders from the quote to the door through
the router, as fast as they can, AT_ONCE of them at a time: eight mutations, two codes read and one watcher of
`orderUpdates` an order, and one watcher of `courierOffers` a courier. Prints processor milliseconds per order by
process, orders per second, and how long after it happened a customer's watcher was told of each event.

Everything shares the machine with the load, which is one more process and is printed too.
"""

import asyncio
import resource
import sys
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from uuid import uuid4

import httpx

from simulator.city import City, read_city
from simulator.graph import Graph, Thread
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
LONGEST_NUMBER = 20
"""Letters that a house number may have; the map knows some with a floor and more."""
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


async def order(stage: Stage, customer: Person, number: int) -> None:
    """From the quote until the watcher is told that it was delivered."""
    kitchen = stage.kitchens[number % len(stage.kitchens)]
    doors = [address for address in stage.city.addresses if len(address.house_number) <= LONGEST_NUMBER]
    address = doors[number * 7 % len(doors)]
    door = DoorStep(address.street, address.house_number, Where(address.latitude, address.longitude))
    quoted = await customer.act(QUOTE, Quoting(uuid4(), kitchen.place.id, [kitchen.line], door))
    assert quoted.quote is not None
    placed = await customer.act(PLACE, Placing(uuid4(), quoted.quote.id, "tok_visa"))
    assert placed.order is not None
    order_id = placed.order.id
    stage.cooked_by[order_id], stage.ordered_by[order_id] = kitchen, customer
    stage.ready[order_id] = asyncio.Event()
    thread = Thread[OrderTold](cursor=lambda told: told.item.cursor, ended=lambda told: told.item.type == "DELIVERED")
    cooking: asyncio.Task[None] | None = None
    async for told in customer.graph.watch(ORDER_UPDATES, {"id": order_id}, thread):
        item = told.item
        if item.occurred_at is not None:
            stage.delays_s.append((datetime.now(UTC) - item.occurred_at).total_seconds())
        status = item.order.status if item.order else ""
        if cooking is None and status == "CONFIRMED":
            cooking = asyncio.create_task(cook(stage, order_id))
    assert cooking is not None
    await cooking


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
            point = Point(self._near.latitude, self._near.longitude, 8.0, self._sequence, datetime.now(UTC))
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


async def play(platform: RunningPlatform, orders: int, at_once: int) -> None:
    limits = httpx.Limits(max_connections=4 * at_once + 16)
    city = read_city(CITY)
    async with httpx.AsyncClient(timeout=30, limits=limits) as http:
        graph, issuer = Graph(platform.graph_url, http=http), platform.address(3, "")
        stage = Stage(graph, city, await kitchens_of(platform, graph, http, city))
        couriers = [
            Courier(
                stage,
                Person(f"courier-{n + 1}", graph, issuer, http),
                stage.kitchens[n % len(stage.kitchens)].place.position,
            )
            for n in range(at_once + 2)
        ]
        shifts = [asyncio.create_task(courier.work()) for courier in couriers]
        waiting = iter(range(at_once + orders))

        async def customers(person: Person) -> None:
            for turn in waiting:
                await order(stage, person, turn)

        people = [Person(f"customer-{n + 1}", graph, issuer, http) for n in range(at_once)]
        await asyncio.gather(*(order(stage, person, next(waiting)) for person in people))  # warms everything up
        stage.delays_s.clear()
        before, load_before, began = cpu_seconds(platform), own_cpu_s(), time.monotonic()
        await asyncio.gather(*(customers(person) for person in people))
        elapsed_s = time.monotonic() - began
        costs = {**spent(before, cpu_seconds(platform)), "(the load itself)": own_cpu_s() - load_before}
        for shift in shifts:
            shift.cancel()
        await asyncio.gather(*shifts, return_exceptions=True)
        report(costs, orders, elapsed_s, stage.delays_s, at_once)


def own_cpu_s() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def report(costs: Mapping[str, float], orders: int, elapsed_s: float, delays_s: list[float], at_once: int) -> None:
    pace = f"{orders} orders, {at_once} at a time, from the quote to the door in {elapsed_s:.1f} s"
    print(f"{pace}: {orders / elapsed_s:.1f} orders/s")
    for name, seconds in costs.items():
        print(f"{name:24} {1000 * seconds / orders:8.1f} ms of processor time an order")
    platform_s = sum(seconds for name, seconds in costs.items() if not name.startswith("("))
    print(f"{'together':24} {1000 * platform_s / orders:8.1f} ms, without the load")
    told_ms = [1000 * delay for delay in delays_s]
    p50, p95 = percentile(told_ms, 50), percentile(told_ms, 95)
    print(f"event to subscriber: p50 {p50:.0f} ms, p95 {p95:.0f} ms of {len(told_ms)} events")


def main(orders: int, at_once: int) -> None:
    with (
        TemporaryDirectory() as folder,
        platform_in(
            Path(folder), environment={"CITY_RESTAURANTS": str(RESTAURANTS), "LOG_LEVEL": "warning"}
        ) as platform,
    ):
        asyncio.run(play(platform, orders, at_once))


if __name__ == "__main__":
    given = [int(word) for word in sys.argv[1:]]
    main(*(given + [200, 8][len(given) :]))
