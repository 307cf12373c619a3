"""The steps of an order, each by whoever takes it, and a restaurant to order from."""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from random import SystemRandom

from tests.journeys.conftest import SignIn
from tests.journeys.person import Json, Person
from tests.patience import eventually

ORDER = "order { id version status availableActions price { total { minor currency } } } consistencyToken"
ENDED = frozenset({"COMPLETED", "DELIVERED", "RETURNED", "REJECTED", "CANCELLED", "EXPIRED", "FAILED"})

MENU = """query Menu($id: ID!) { restaurant(id: $id) { id name acceptingOrders minimumBasket { minor } menu { version
  categories { name items { id externalId name available price { minor }
    optionGroups { id name minChoices maxChoices options { id name available } } } } } } }"""
ORDER_NOW = """query OrderNow($id: ID!) { order(id: $id) { id version status collectionCode availableActions
  payments { status captured { minor } } } }"""
STORY = """query Story($id: ID!, $after: String) { orderEvents(orderId: $id, first: 100, after: $after) {
  nodes { sequence cursor type occurredAt changed order { id version status } } } }"""


@dataclass(frozen=True)
class Restaurant:
    """A restaurant that is in the graph, and who cooks there."""

    id: str
    staff: Person

    async def items(self) -> dict[str, Json]:
        """What is on the menu, by the restaurant's own names."""
        place = (await self.staff.ask(MENU, id=self.id))["restaurant"]
        return {item["externalId"]: item for category in place["menu"]["categories"] for item in category["items"]}


def line(item: Json, quantity: int = 1, options: Sequence[str] | None = None) -> Json:
    """A line of a quote; without `options` the first ones that the item's rules ask for."""
    if options is None:
        groups = item["optionGroups"]
        options = [option["id"] for group in groups for option in group["options"][: group["minChoices"]]]
    return {"itemId": item["id"], "quantity": quantity, "optionIds": [*options]}


async def quoted(
    customer: Person, restaurant: Restaurant, lines: Sequence[Json] | None = None, door: Json | None = None
) -> Json:
    """A quote; of two coffees unless said otherwise, to be collected unless there is a door to bring them to."""
    lines = lines or [line((await restaurant.items())["coffee"], 2)]
    given: Json = {"restaurantId": restaurant.id, "fulfilment": "TAKEAWAY", "lines": [*lines]}
    if door is not None:
        given |= {"fulfilment": "DELIVERY", "delivery": door}
    success = "quote { id expiresAt price { total { minor currency } } } consistencyToken"
    return (await customer.does("quoteOrder", given, success))["quote"]


async def placed(customer: Person, restaurant: Restaurant, card: str = "tok_visa", door: Json | None = None) -> Json:
    """An order that has just been placed: the payload of its success."""
    quote = await quoted(customer, restaurant, door=door)
    return await customer.does("placeOrder", {"quoteId": quote["id"], "paymentToken": card}, ORDER)


async def confirmed(customer: Person, restaurant: Restaurant, door: Json | None = None) -> str:
    """The id of an order that is paid for and waits for its kitchen."""
    order_id = (await placed(customer, restaurant, door=door))["order"]["id"]
    await reaches(customer, order_id, "CONFIRMED")
    return order_id


async def now(person: Person, order_id: str) -> Json | None:
    """The order as that person sees it, if at all."""
    return (await person.ask(ORDER_NOW, id=order_id))["order"]


async def reaches(person: Person, order_id: str, status: str) -> None:
    """Returns when the order has that status."""
    await eventually(lambda: has_reached(person, order_id, status))


async def has_reached(person: Person, order_id: str, status: str) -> bool:
    found = await now(person, order_id)
    return found is not None and found["status"] == status


async def assert_lists(person: Person, order_id: str, seen: str) -> None:
    """Who sends back the token of their change finds it on top of their list, or is told that the list is older than
    what follows from it."""
    listed = (await person.ask("query Latest { orders(first: 1) { asOf nodes { id } } }", seen=seen))["orders"]
    if listed["nodes"] != [{"id": order_id}]:
        await reaches(person, order_id, "CONFIRMED")
        next_at = (await story(person, order_id))[1]["occurredAt"]
        assert datetime.fromisoformat(listed["asOf"]) <= datetime.fromisoformat(next_at), listed


async def cook(staff: Person, order_id: str) -> None:
    """Accept, start, be ready."""
    await staff.does("acceptOrder", {"orderId": order_id, "prepMinutes": 10})
    await staff.does("startPreparing", {"orderId": order_id})
    await staff.does("markOrderReady", {"orderId": order_id})


async def hand_over(customer: Person, staff: Person, order_id: str) -> None:
    """The customer says the code, the kitchen types it in."""
    order = await now(customer, order_id)
    assert order is not None, "the customer sees the order"
    await staff.does("confirmCollection", {"orderId": order_id, "code": order["collectionCode"]})


async def story(person: Person, order_id: str) -> list[Json]:
    """All of an order's events as `orderEvents` has them."""
    return (await person.ask(STORY, id=order_id))["orderEvents"]["nodes"]


HELSINKI: Json = {"latitude": 60.17, "longitude": 24.94}


def registration(name: str, hours: str, position: Json) -> Json:
    return {
        "name": name,
        "description": "A kitchen of the tests.",
        "cuisines": ["cafe"],
        "address": {"street": "Testikatu", "houseNumber": "1", "postalCode": "00100", "city": "Helsinki"},
        "position": position,
        "timeZone": "Europe/Helsinki",
        "openingHours": hours,
        "deliveryRadiusM": 2000,
        "currency": "EUR",
        "prepMinutes": 10,
        "minimumBasketMinor": 1000,
    }


def item(external_id: str, price_minor: int, groups: Sequence[str] = ()) -> Json:
    return {
        "externalId": external_id,
        "name": external_id.capitalize(),
        "priceMinor": price_minor,
        "taxRate": 1350,
        "optionGroups": [*groups],
    }


SIZES = {
    "externalId": "size",
    "name": "Size",
    "minChoices": 1,
    "maxChoices": 1,
    "options": [
        {"externalId": "small", "name": "Small", "priceMinor": 0},
        {"externalId": "large", "name": "Large", "priceMinor": 200},
    ],
}
DOCUMENT = {
    "categories": [{"name": "All", "items": [item("coffee", 350), item("soup", 950), item("pizza", 1250, ["size"])]}],
    "optionGroups": [SIZES],
}


async def open_restaurant(
    sign_in: SignIn, name: str = "Test kitchen", hours: str = "24/7", position: Json = HELSINKI
) -> Restaurant:
    """A restaurant of its own, with coffee, soup and pizza, that orders knows of."""
    staff = await sign_in(f"owner-{SystemRandom().randrange(10**12)}")
    registered = await staff.does("registerRestaurant", registration(name, hours, position), "restaurant { id }")
    restaurant = Restaurant(registered["restaurant"]["id"], staff)
    await staff.does("publishMenu", {"restaurantId": restaurant.id, "document": DOCUMENT})
    customer = await sign_in("aino")

    async def is_known() -> bool:
        with suppress(AssertionError):
            await quoted(customer, restaurant, [line(each) for each in (await restaurant.items()).values()])
            return True
        return await taking_orders(customer, restaurant) is False

    await eventually(is_known)
    return restaurant


async def taking_orders(person: Person, restaurant: Restaurant) -> bool | None:
    """Whether the restaurant takes orders now; None while orders does not know it."""
    return (await person.ask(MENU, id=restaurant.id))["restaurant"]["acceptingOrders"]


async def kept_restaurant(sign_in: SignIn, kept: dict[str, str]) -> Restaurant:
    """One restaurant for all tests of this session that leave it as they found it."""
    if not kept:
        opened = await open_restaurant(sign_in)
        kept.update({"id": opened.id, "owner": opened.staff.name})
    return Restaurant(kept["id"], await sign_in(kept["owner"]))
