"""One order's whole life by hand: a customer and a kitchen with two tokens, through the router, and nothing else."""

import asyncio

import pytest

from tests.journeys.conftest import SignIn
from tests.journeys.dining import (
    MENU,
    ORDER,
    Restaurant,
    assert_lists,
    confirmed,
    cook,
    hand_over,
    line,
    now,
    open_restaurant,
    placed,
    quoted,
    reaches,
    story,
)
from tests.journeys.person import Json, Person
from tests.journeys.streams import KITCHEN_UPDATES, UPDATES, Follower
from tests.patience import eventually

pytestmark = [pytest.mark.anyio, pytest.mark.journey, pytest.mark.timeout(240)]

SEARCH = (
    """query Search($text: String!) { restaurants(search: $text, first: 5) { nodes { id name acceptingOrders } } }"""
)
LIFE = ["PLACED", "CONFIRMED", "ACCEPTED", "PREPARATION_STARTED", "READY", "COMPLETED"]


async def roasberg(person: Person, kitchen: Person) -> Restaurant:
    """The restaurant of the city that never closes."""
    found = (await person.ask(SEARCH, text="roasbreg"))["restaurants"]["nodes"]
    place = next(place for place in found if place["name"] == "Roasberg")
    assert place["acceptingOrders"] is True
    return Restaurant(place["id"], kitchen)


async def basket(person: Person, restaurant: Restaurant) -> list[Json]:
    """One line that comes to what the restaurant wants to sell at least."""
    place = (await person.ask(MENU, id=restaurant.id))["restaurant"]
    items = [item for category in place["menu"]["categories"] for item in category["items"] if item["available"]]
    dish = max(items, key=lambda item: item["price"]["minor"])
    return [line(dish, quantity=1 + place["minimumBasket"]["minor"] // dish["price"]["minor"])]


async def test_a_stranger_browses_a_customer_orders_a_kitchen_cooks_and_the_customer_collects(
    nobody: Person, aino: Person, kitchen: Person
) -> None:
    restaurant = await roasberg(nobody, kitchen)
    quote = await quoted(aino, restaurant, await basket(nobody, restaurant))
    paid = {"quoteId": quote["id"], "paymentToken": "tok_visa"}
    order = (await aino.does("placeOrder", paid, ORDER))["order"]
    assert (order["status"], order["version"]) == ("PLACED", 1)
    assert order["price"]["total"] == quote["price"]["total"]

    watcher = Follower(aino, UPDATES, order["id"])
    watching = asyncio.create_task(watcher.follow())
    await reaches(aino, order["id"], "CONFIRMED")
    await cook(kitchen, order["id"])
    await hand_over(aino, kitchen, order["id"])
    await watching

    told = await story(aino, order["id"])
    first = watcher.items[0]
    assert [event["type"] for event in told] == LIFE
    assert first["__typename"] == "OrderSnapshot"
    assert watcher.events == told[first["sequence"] :]


async def test_money_is_reserved_first_and_taken_when_the_food_is_handed_over(aino: Person, sign_in: SignIn) -> None:
    restaurant = await open_restaurant(sign_in)
    order_id = await confirmed(aino, restaurant)
    assert await payments(aino, order_id) == [{"status": "AUTHORISED", "captured": {"minor": 0}}]
    await cook(restaurant.staff, order_id)
    await hand_over(aino, restaurant.staff, order_id)

    async def is_captured() -> bool:
        return [payment["status"] for payment in await payments(aino, order_id)] == ["CAPTURED"]

    await eventually(is_captured)


async def test_money_is_given_back_when_the_kitchen_says_no(aino: Person, sign_in: SignIn) -> None:
    restaurant = await open_restaurant(sign_in)
    order_id = await confirmed(aino, restaurant)
    await restaurant.staff.does("rejectOrder", {"orderId": order_id, "reason": "TOO_BUSY"})

    async def is_void() -> bool:
        return [payment["status"] for payment in await payments(aino, order_id)] == ["VOIDED"]

    await eventually(is_void)
    assert [event["type"] for event in await story(aino, order_id)] == ["PLACED", "CONFIRMED", "REJECTED"]


async def test_an_unknown_outcome_at_the_provider_is_found_out_and_charged_once(aino: Person, sign_in: SignIn) -> None:
    restaurant = await open_restaurant(sign_in)
    order_id = (await placed(aino, restaurant, card="tok_error_after"))["order"]["id"]
    await reaches(aino, order_id, "CONFIRMED")
    assert await payments(aino, order_id) == [{"status": "AUTHORISED", "captured": {"minor": 0}}]


async def test_a_kitchen_is_told_of_paid_orders_only_and_of_everything_that_follows(
    aino: Person, sign_in: SignIn
) -> None:
    restaurant = await open_restaurant(sign_in)
    watcher = Follower(
        restaurant.staff, KITCHEN_UPDATES, restaurant.id, is_last=lambda item: item.get("type") == "COMPLETED"
    )
    watching = asyncio.create_task(watcher.follow())
    declined = (await placed(aino, restaurant, card="tok_card_declined"))["order"]["id"]
    await reaches(aino, declined, "FAILED")
    order_id = await confirmed(aino, restaurant)
    await cook(restaurant.staff, order_id)
    await hand_over(aino, restaurant.staff, order_id)
    await watching
    events = [item for item in watcher.items if item["__typename"] == "OrderEvent"]
    assert {event["order"]["id"] for event in events} <= {order_id}
    assert [event["type"] for event in events] == LIFE[-len(events) :]


async def test_who_sends_the_token_back_sees_their_own_change(aino: Person, sign_in: SignIn) -> None:
    restaurant = await open_restaurant(sign_in)
    for _ in range(10):
        success = await placed(aino, restaurant)
        order_id, seen = success["order"]["id"], success["consistencyToken"]
        await assert_lists(aino, order_id, seen)
        found = await aino.ask("query Own($id: ID!) { order(id: $id) { id } }", seen=seen, id=order_id)
        assert found["order"] == {"id": order_id}


async def test_server_sent_events_tell_the_same_as_a_socket(aino: Person, sign_in: SignIn) -> None:
    restaurant = await open_restaurant(sign_in)
    order_id = await confirmed(aino, restaurant)
    told: list[Json] = []

    async def listen() -> None:
        told.extend([item async for item in aino.events(UPDATES, id=order_id)])

    listening = asyncio.create_task(listen())
    await cook(restaurant.staff, order_id)
    await hand_over(aino, restaurant.staff, order_id)
    await listening
    events = [{key: item[key] for key in item if key != "__typename"} for item in told[1:]]
    assert events == (await story(aino, order_id))[told[0]["sequence"] :]


async def payments(person: Person, order_id: str) -> list[Json]:
    order = await now(person, order_id)
    assert order is not None
    return order["payments"]
