"""Every subscription through a router, over WebSocket and server-sent events, its items joined with other subgraphs.

The list is read from schema/supergraph.graphql: a new subscription wants a case in CASES.
"""

import asyncio
import traceback
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, cast

import httpx
import pytest
from graphql import GraphQLObjectType

from tests.journeys.carrying import Courier
from tests.journeys.conftest import SignIn
from tests.journeys.dining import confirmed, cook, hand_over, story
from tests.journeys.person import Json, Person, StreamEnded, StreamFailed
from tests.journeys.streams import UPDATES
from tests.router.conformance.joins import supergraph
from tests.router.conformance.meals import Meal, halfway, off_duty

pytestmark = [pytest.mark.anyio, pytest.mark.journey, pytest.mark.timeout(240)]

WITHIN_S = 150
RESTAURANT = {"name": "Conformance kitchen"}

ORDER = "order { id status restaurant { name } payments { status } delivery { status } review { stars } }"
UPDATES_JOINED = f"""subscription Updates($id: ID!) {{ orderUpdates(orderId: $id) {{ __typename
  ... on OrderSnapshot {{ {ORDER} }} ... on OrderEvent {{ type {ORDER} }} }} }}"""
KITCHEN_JOINED = """subscription Kitchen($id: ID!) { restaurantOrderUpdates(restaurantId: $id) { __typename
  ... on OpenOrders { orders { id restaurant { name rating { count } } delivery { status } } }
  ... on OrderEvent { type order { id restaurant { name rating { count } } delivery { status } } } } }"""
LOCATION_JOINED = """subscription Where($id: ID!) { deliveryLocation(orderId: $id) { phase
  position { latitude } order { id restaurant { name } delivery { courier { displayName rating { count } } } } } }"""
OFFERS_JOINED = """subscription Offers { courierOffers { __typename
  ... on OpenOffers { offers { id } delivery { id } }
  ... on OfferOpened { offer { id pickup { name } } }
  ... on OfferClosed { offer { id } }
  ... on CourierDeliveryChanged { delivery { id position { latitude } order { restaurant { name } }
    courier { rating { count } } } } } }"""
MENU_JOINED = """subscription Menu($id: ID!) { menuChanges(restaurantId: $id) { menuVersion
  restaurant { name acceptingOrders rating { count } }
  unavailableItems { id name restaurant { acceptingOrders } } } }"""

Items = AsyncGenerator[Any, None]


@dataclass(frozen=True)
class Scene:
    """What a case plays with: the meal, a way to watch, and what its watchers were told."""

    meal: Meal
    sign_in: SignIn
    way: Callable[..., Any]
    told: list[Json] = field(default_factory=list[Json])

    @asynccontextmanager
    async def watching(self, person: Person, document: str, **variables: object) -> AsyncGenerator[Items]:
        async with self.way(person, document, **variables) as items, aclosing(self._noted(items)) as noted:
            yield noted

    async def _noted(self, items: Items) -> Items:
        async for item in items:
            self.told.append(item)
            yield item


Case = Callable[[Scene], Awaitable[None]]


@asynccontextmanager
async def by_socket(person: Person, document: str, **variables: object) -> AsyncGenerator[Items]:
    async with person.watch(document, **variables) as watch:
        items = aiter(watch)
        async with aclosing(cast("Items", items)):
            yield cast("Items", items)


@asynccontextmanager
async def by_events(person: Person, document: str, **variables: object) -> AsyncGenerator[Items]:
    async with aclosing(person.events(document, **variables)) as items:
        yield items


async def order_updates(scene: Scene) -> None:
    customer, meal = scene.meal.customer, scene.meal
    order_id = await confirmed(customer, meal.restaurant)
    async with scene.watching(customer, UPDATES_JOINED, id=order_id) as items:
        first = await anext(items)
        assert (first["__typename"], first["order"]["restaurant"]) == ("OrderSnapshot", RESTAURANT)
        assert len(first["order"]["payments"]) == 1
        await cook(meal.staff, order_id)
        await hand_over(customer, meal.staff, order_id)
        heard = [item async for item in items]
    assert [item["type"] for item in heard] == ["ACCEPTED", "PREPARATION_STARTED", "READY", "COMPLETED"]
    assert all(item["order"]["restaurant"] == RESTAURANT and item["order"]["payments"] for item in heard)


async def kitchen_feed(scene: Scene) -> None:
    meal = scene.meal
    order_id = await confirmed(meal.customer, meal.restaurant)
    async with scene.watching(meal.staff, KITCHEN_JOINED, id=meal.restaurant.id) as items:
        first = await anext(items)
        assert first["__typename"] == "OpenOrders"
        listed = [order for order in first["orders"] if order["id"] == order_id]
        known = listed[0] if listed else (await until(items, lambda item: item["order"]["id"] == order_id))["order"]
        assert known["restaurant"]["rating"] is not None
        await meal.staff.does("acceptOrder", {"orderId": order_id, "prepMinutes": 10})
        heard = await until(items, lambda item: item["order"]["id"] == order_id and item["type"] == "ACCEPTED")
    assert heard["order"]["restaurant"] == known["restaurant"]


async def delivery_location(scene: Scene) -> None:
    meal = scene.meal
    async with scene.watching(meal.customer, LOCATION_JOINED, id=meal.riding) as items:
        first = await anext(items)
        assert (first["phase"], first["order"]["id"]) == ("TO_CUSTOMER", meal.riding)
        assert first["order"]["restaurant"] == RESTAURANT
        assert first["order"]["delivery"]["courier"]["displayName"]
        await meal.courier.report(meal.courier.spot.moved(15))
        later = await until(items, lambda item: item["position"]["latitude"] != first["position"]["latitude"])
        await meal.courier.report(halfway(meal.place))
    assert later["order"] == first["order"]


async def courier_offers(scene: Scene) -> None:
    place = scene.meal.place
    courier = await place.courier(scene.sign_in, away_m=20)
    async with scene.watching(courier.person, OFFERS_JOINED) as items:
        assert await anext(items) == {"__typename": "OpenOffers", "offers": [], "delivery": None}
        order_id = await place.cooked(scene.meal.customer)
        await courier.report()
        offered = await until(items, lambda item: item["__typename"] == "OfferOpened")
        assert offered["offer"]["pickup"] == RESTAURANT
        delivery_id = await courier.accept()
        taken = await until(items, lambda item: item["__typename"] == "CourierDeliveryChanged")
        assert taken["delivery"]["courier"]["rating"] is not None
        assert taken["delivery"]["id"] == delivery_id
        await finished(scene, courier, delivery_id, order_id)
        await until(items, is_underway)
    await off_duty(courier)


def is_underway(item: Json) -> bool:
    delivery = item.get("delivery")
    return delivery is not None and delivery["position"] is not None


async def finished(scene: Scene, courier: Courier, delivery_id: str, order_id: str) -> None:
    await scene.meal.place.fetch(courier, delivery_id, order_id)
    await scene.meal.place.bring(scene.meal.customer, courier, delivery_id, order_id)


async def menu_changes(scene: Scene) -> None:
    meal = scene.meal
    soup = (await meal.restaurant.items())["soup"]["id"]
    async with scene.watching(meal.customer, MENU_JOINED, id=meal.restaurant.id) as items:
        first = await anext(items)
        assert first["restaurant"] == {**RESTAURANT, "acceptingOrders": True, "rating": first["restaurant"]["rating"]}
        assert first["restaurant"]["rating"] is not None
        await meal.staff.does("setItemAvailability", {"menuItemId": soup, "available": False})
        off = await until(items, lambda item: bool(item["unavailableItems"]))
        assert off["unavailableItems"] == [{"id": soup, "name": "Soup", "restaurant": {"acceptingOrders": True}}]
        await meal.staff.does("setItemAvailability", {"menuItemId": soup, "available": True})
        await until(items, lambda item: item["unavailableItems"] == [])


async def until(items: Items, fits: Callable[[Json], bool]) -> Json:
    """The next item that fits."""
    while True:
        item = await anext(items)
        if fits(item):
            return item


CASES: dict[str, Case] = {
    "courierOffers": courier_offers,
    "deliveryLocation": delivery_location,
    "menuChanges": menu_changes,
    "orderUpdates": order_updates,
    "restaurantOrderUpdates": kitchen_feed,
}


def test_every_subscription_has_a_case() -> None:
    assert {*cast("GraphQLObjectType", supergraph().subscription_type).fields} == {*CASES}


@pytest.mark.parametrize("name", CASES)
@pytest.mark.parametrize("watching", [by_socket, by_events], ids=["socket", "events"])
async def test_a_stream_begins_with_what_is_and_goes_on_with_what_happens(
    sign_in: SignIn, meal: Meal, client: httpx.AsyncClient, name: str, watching: Callable[..., Any]
) -> None:
    scene = Scene(meal, sign_in, watching)
    try:
        async with asyncio.timeout(WITHIN_S):
            await CASES[name](scene)
    except TimeoutError as hung:
        metrics = (await client.get("/metrics")).text
        raise AssertionError(f"stood still at {place_of(hung)}, told {scene.told}; {metrics}") from hung


def place_of(hung: TimeoutError) -> str:
    """The calls within which it was waited for, the innermost last."""
    cut = hung.__cause__ or hung
    return " > ".join(f"{frame.name}:{frame.lineno}" for frame in traceback.extract_tb(cut.__traceback__))


async def test_a_watcher_resumes_after_any_event(aino: Person, meal: Meal) -> None:
    told = await story(aino, meal.brought)
    for place, event in enumerate(told, 1):
        rest = [event["sequence"] for event in told[place:]]
        async with aino.watch(UPDATES, id=meal.brought, after=event["cursor"]) as watch:
            assert [item["sequence"] async for item in watch] == rest
        streamed = aino.events(UPDATES, id=meal.brought, after=event["cursor"])
        assert [item["sequence"] async for item in streamed] == rest


async def test_a_cursor_that_is_no_good_starts_over(aino: Person, meal: Meal) -> None:
    async with aino.watch(UPDATES, id=meal.riding, after="nonsense") as watch:
        assert await watch.item() == {"__typename": "ResyncRequired", "reason": "UNKNOWN"}
        assert (await watch.item())["__typename"] == "OrderSnapshot"


async def test_an_order_that_has_ended_completes_its_streams(aino: Person, meal: Meal) -> None:
    async with aino.watch(UPDATES, id=meal.brought) as watch:
        assert (await watch.item())["order"]["status"] == "DELIVERED"
        with pytest.raises(StreamEnded):
            await watch.item()
    assert [item["order"]["status"] async for item in aino.events(UPDATES, id=meal.brought)] == ["DELIVERED"]


@pytest.mark.parametrize("id", ["nonsense", "order_01h455vb4pex5vsknk084sn02q"])
async def test_what_is_not_there_is_one_error_and_then_the_end(aino: Person, id: str) -> None:
    async with aino.watch(UPDATES, id=id) as watch:
        with pytest.raises(StreamFailed) as refused:
            await watch.item()
        with pytest.raises(StreamEnded):
            await watch.item()
    assert refused.value.codes == ["NOT_FOUND"]
