"""The steps of a delivery, each by whoever takes it, and a place on Earth that no other test's couriers come near."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from math import cos, radians
from random import SystemRandom

from tests.journeys.conftest import SignIn
from tests.journeys.dining import Restaurant, confirmed, open_restaurant
from tests.journeys.person import Json, Person
from tests.patience import eventually

DEGREE_M = 111_195.0
"""Of latitude."""
FAST_M_PER_S = 40.0
"""What the platform still takes for riding: 150 km/h are 41.7."""
LONGEST_SEARCH_S = 90.0
"""A round that finds nobody is followed by the next one after 20 s."""
DELIVERY = "delivery { id status version courier { id displayName } availableActions }"
DELIVERY_NOW = f"query Delivery($id: ID!) {{ order(id: $id) {{ id status {DELIVERY} }} }}"
NEWS = "query News($id: ID!) { deliveryEvents(orderId: $id, first: 100) { nodes { type } } }"
CODES = "query Codes($id: ID!) { order(id: $id) { pickupCode dropoffPin } }"
MYSELF = "query Myself { courier { id online offers { id status } delivery { id status } } }"
REPORTED = "accepted dropped { reason count }"

Clock = Callable[[], datetime]
Condition = Callable[[], Awaitable[bool]]


@dataclass(frozen=True)
class Spot:
    """A place on Earth."""

    latitude: float
    longitude: float

    @property
    def json(self) -> Json:
        return {"latitude": self.latitude, "longitude": self.longitude}

    def moved(self, north_m: float, east_m: float = 0.0) -> "Spot":
        east = east_m / DEGREE_M / cos(radians(self.latitude))
        return Spot(round(self.latitude + north_m / DEGREE_M, 6), round(self.longitude + east, 6))

    def towards(self, goal: "Spot", share: float) -> "Spot":
        latitude = self.latitude + (goal.latitude - self.latitude) * share
        return Spot(latitude, self.longitude + (goal.longitude - self.longitude) * share)

    def metres_to(self, other: "Spot") -> float:
        east = (other.longitude - self.longitude) * cos(radians(self.latitude))
        return DEGREE_M * ((other.latitude - self.latitude) ** 2 + east**2) ** 0.5


def real_time() -> datetime:
    return datetime.now(UTC)


@dataclass
class Courier:
    """A courier and the phone that says where they are, on the platform's clock."""

    person: Person
    spot: Spot
    clock: Clock = real_time
    id: str = ""
    reported: int = 0
    looked_at: datetime = field(default=datetime(1970, 1, 1, tzinfo=UTC))

    async def go_online(self) -> None:
        """Begin a shift where they stand."""
        given = {"vehicle": "BICYCLE", "displayName": f"Courier {self.person.name}"}
        self.id = (await self.person.does("goOnline", given, "courier { id }"))["courier"]["id"]
        await self.report()

    async def report(self, spot: Spot | None = None, accuracy_m: float = 5) -> Json:
        """Say where they are. A long way takes the phone's clock ahead, as far as the platform believes in."""
        spot = spot or self.spot
        ride = timedelta(seconds=self.spot.metres_to(spot) / FAST_M_PER_S + 0.001)
        self.spot, self.looked_at = spot, max(self.clock(), self.looked_at + ride)
        self.reported += 1
        point = {
            **spot.json,
            "accuracyM": accuracy_m,
            "sequence": self.reported,
            "recordedAt": self.looked_at.isoformat(),
        }
        return await self.reports([point])

    async def reports(self, points: Sequence[Json]) -> Json:
        """What became of these points."""
        return await self.person.does("reportPositions", {"positions": [*points]}, REPORTED)

    async def ride(self, goal: Spot, steps: int = 2) -> None:
        """Go there, saying where they are on the way."""
        origin = self.spot
        for step in range(1, steps + 1):
            outcome = await self.report(origin.towards(goal, step / steps))
            assert outcome["accepted"] == 1, outcome

    async def stays(self, holds: Condition) -> None:
        """Until that holds, the phone saying where they are now and then, as phones do: what was said of a place before
        tracking had heard of the trip counts as no arrival."""

        async def holds_now() -> bool:
            await self.report()
            return await holds()

        await eventually(holds_now)

    async def myself(self) -> Json:
        return (await self.person.ask(MYSELF))["courier"]

    async def offer(self) -> str:
        """The id of what they are asked, as soon as they are."""
        found: list[Json] = []

        async def is_asked() -> bool:
            found[:] = (await self.myself())["offers"]
            return bool(found)

        await eventually(is_asked, at_most_s=LONGEST_SEARCH_S)
        return found[0]["id"]

    async def accept(self) -> str:
        """Take on what they are asked next; the delivery's id."""
        accepted = await self.person.does("acceptOffer", {"offerId": await self.offer()}, DELIVERY)
        return accepted["delivery"]["id"]

    async def does(self, mutation: str, delivery_id: str, **given: object) -> Json:
        """A step of the delivery, which succeeds; the delivery."""
        return (await self.person.does(mutation, {"deliveryId": delivery_id, **given}, DELIVERY))["delivery"]


@dataclass(frozen=True)
class Neighbourhood:
    """A restaurant, a door that it delivers to, and nobody else for many kilometres."""

    restaurant: Restaurant
    kitchen: Spot
    door: Spot

    def address(self, **more: object) -> Json:
        """Where the customer lives."""
        return {
            "street": "Ovikatu",
            "houseNumber": "7 B 12",
            "postalCode": "00100",
            "city": "Helsinki",
            "position": self.door.json,
            "instructions": "Door code 4711",
            **more,
        }

    async def courier(self, sign_in: SignIn, clock: Clock = real_time, away_m: float = 500) -> Courier:
        """A courier on a shift, so far from the restaurant."""
        person = await sign_in(f"courier-{SystemRandom().randrange(10**9)}")
        courier = Courier(person, self.kitchen.moved(0, -away_m), clock)
        await courier.go_online()
        return courier

    async def ordered(self, customer: Person, **more: object) -> str:
        """The id of an order to the door that is paid for."""
        return await confirmed(customer, self.restaurant, self.address(**more))

    async def cooked(self, customer: Person, **more: object) -> str:
        """The id of an order to the door whose food is ready: now a courier is looked for."""
        order_id = await self.ordered(customer, **more)
        await self.cook(order_id)
        return order_id

    async def cook(self, order_id: str) -> None:
        """Accept, and be ready."""
        await self.restaurant.staff.does("acceptOrder", {"orderId": order_id, "prepMinutes": 10})
        await self.restaurant.staff.does("markOrderReady", {"orderId": order_id})

    async def fetched(self, courier: Courier, order_id: str) -> str:
        """The courier comes and takes the food over; the delivery's id."""
        delivery_id = await courier.accept()
        await self.fetch(courier, delivery_id, order_id)
        return delivery_id

    async def fetch(self, courier: Courier, delivery_id: str, order_id: str) -> None:
        """The courier comes and takes the food over."""
        await courier.ride(self.kitchen)
        code = (await codes(self.restaurant.staff, order_id))["pickupCode"]
        await courier.does("confirmPickup", delivery_id, code=code)

    async def bring(self, customer: Person, courier: Courier, delivery_id: str, order_id: str) -> None:
        """The courier rides to the door and hands the food over."""
        await courier.ride(self.door)
        pin = (await codes(customer, order_id))["dropoffPin"]
        await courier.does("confirmDropoff", delivery_id, pin=pin)

    async def delivered(self, customer: Person, courier: Courier) -> str:
        """The id of an order that was brought to the door."""
        order_id = await self.cooked(customer)
        delivery_id = await self.fetched(courier, order_id)
        await self.bring(customer, courier, delivery_id, order_id)
        return order_id


async def settle(sign_in: SignIn, name: str = "Test kitchen") -> Neighbourhood:
    """A neighbourhood of its own, somewhere between Tallinn and the polar circle."""
    lots = SystemRandom()
    kitchen = Spot(round(lots.uniform(59, 66), 6), round(lots.uniform(22, 30), 6))
    restaurant = await open_restaurant(sign_in, name, position=kitchen.json)
    return Neighbourhood(restaurant, kitchen, kitchen.moved(300, 200))


async def codes(person: Person, order_id: str) -> Json:
    """Which of the order's codes that person may say."""
    return (await person.ask(CODES, id=order_id))["order"]


async def delivery_of(person: Person, order_id: str) -> Json | None:
    """The order's delivery as that person sees it."""
    return (await person.ask(DELIVERY_NOW, id=order_id))["order"]["delivery"]


async def is_delivery(person: Person, order_id: str, status: str) -> None:
    """Returns when the order's delivery has that status."""
    await eventually(lambda: has_status(person, order_id, status))


async def has_status(person: Person, order_id: str, status: str) -> bool:
    found = await delivery_of(person, order_id)
    return found is not None and found["status"] == status


async def news(person: Person, order_id: str) -> list[str]:
    """The types of a delivery's events."""
    return [event["type"] for event in (await person.ask(NEWS, id=order_id))["deliveryEvents"]["nodes"]]


async def has_news(person: Person, order_id: str, kind: str) -> bool:
    return await delivery_of(person, order_id) is not None and kind in await news(person, order_id)
