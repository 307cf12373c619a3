"""Two orders that touch every subgraph: one was brought and reviewed, the other is on its way."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from tests.journeys.carrying import Courier, Neighbourhood, Spot, settle
from tests.journeys.conftest import SignIn
from tests.journeys.dining import Restaurant
from tests.journeys.person import Json, Person
from tests.patience import eventually

FINISHED = """query Finished($id: ID!) { order(id: $id) { status reviewableUntil payments { id status } } }"""
PARTS = """query Parts($id: ID!) {
  order(id: $id) { payments { id } delivery { id courier { id } position { latitude } } } }"""
FIGURES = """query Figures($id: ID!, $first: LocalDate!, $last: LocalDate!) { restaurant(id: $id) {
  insights(from: $first, to: $last) { topItems(first: 1) { quantity } } } }"""
OPINION: Json = {"restaurant": {"stars": 4, "text": "Hyvää."}, "courier": {"stars": 5}}


@dataclass(frozen=True)
class Meal:
    """Ids and people of both orders."""

    place: Neighbourhood
    customer: Person
    courier: Courier
    """Who rides with the order that is on its way."""
    carrier: Person
    """Who brought the other one."""
    brought: str
    riding: str
    delivery: str
    """Of the order that is on its way."""
    payment: str
    review: str
    """Of the order that was brought."""

    @property
    def restaurant(self) -> Restaurant:
        return self.place.restaurant

    @property
    def staff(self) -> Person:
        return self.place.restaurant.staff


async def kept_meal(sign_in: SignIn, kept: Json) -> Meal:
    """The meal of this deployment, cooked once; its people talk over this test's connections."""
    if "meal" not in kept:
        kept["meal"] = await cooked(sign_in)
    made: Meal = kept["meal"]
    made.courier.person = await sign_in(made.courier.person.name)
    restaurant = Restaurant(made.restaurant.id, await sign_in(made.staff.name))
    place = Neighbourhood(restaurant, made.place.kitchen, made.place.door)
    carrier = await sign_in(made.carrier.name)
    return replace(made, place=place, customer=await sign_in("aino"), carrier=carrier)


async def cooked(sign_in: SignIn) -> Meal:
    aino, place = await sign_in("aino"), await settle(sign_in, "Conformance kitchen")
    first = await place.courier(sign_in)
    brought = await place.delivered(aino, first)
    await off_duty(first)
    review = await reviewed(aino, brought)
    await place.restaurant.staff.does("replyToReview", {"reviewId": review, "text": "Kiitos!"})
    courier = await place.courier(sign_in)
    riding = await place.cooked(aino)
    delivery = await place.fetched(courier, riding)
    await courier.ride(halfway(place))
    parts = await whole(aino, riding)
    await eventually(lambda: is_sold(place.restaurant))
    return Meal(place, aino, courier, first.person, brought, riding, delivery, parts["payments"][0]["id"], review)


async def is_sold(restaurant: Restaurant) -> bool:
    """Whether the restaurant's figures know of a meal, on whichever day it is where the restaurant is."""
    today = datetime.now(UTC).date()
    days = {"first": f"{today - timedelta(days=1)}", "last": f"{today + timedelta(days=1)}"}
    found = (await restaurant.staff.ask(FIGURES, id=restaurant.id, **days))["restaurant"]["insights"]
    return found is not None and bool(found["topItems"])


async def off_duty(courier: Courier) -> None:
    """The courier's shift ends, as soon as what was carried has ended."""

    async def is_off() -> bool:
        return (await courier.person.act("goOffline", {}))["__typename"] == "GoOfflineSuccess"

    await eventually(is_off)


def halfway(place: Neighbourhood) -> Spot:
    return place.kitchen.towards(place.door, 0.4)


async def reviewed(customer: Person, order_id: str) -> str:
    """The id of the customer's review, as soon as reviews know the order and its courier."""

    async def is_over(found: Json) -> bool:
        return found["reviewableUntil"] is not None and found["payments"][0]["status"] == "CAPTURED"

    await looked_at(customer, FINISHED, order_id, is_over)
    written = await customer.does("reviewOrder", {"orderId": order_id, **OPINION}, "review { id }")
    return written["review"]["id"]


async def whole(customer: Person, order_id: str) -> Json:
    """The order, as soon as every subgraph has its part of it."""

    async def is_whole(found: Json) -> bool:
        return bool(found["payments"]) and found["delivery"]["position"] is not None

    return await looked_at(customer, PARTS, order_id, is_whole)


async def looked_at(person: Person, document: str, id: str, fits: Callable[[Json], Awaitable[bool]]) -> Json:
    found: Json = {}

    async def has_come() -> bool:
        found.update((await person.ask(document, id=id))["order"])
        return await fits(found)

    await eventually(has_come)
    return found
