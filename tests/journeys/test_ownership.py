"""Who may see an order is decided alike on every path that leads to it, for every role."""

from collections.abc import Awaitable, Callable

import pytest

from tests.journeys.conftest import SignIn
from tests.journeys.dining import Restaurant, confirmed, kept_restaurant, placed, quoted
from tests.journeys.person import Person, StreamFailed
from tests.journeys.references import referred
from tests.journeys.streams import KITCHEN_UPDATES, UPDATES
from tests.patience import eventually
from tests.running_platform import RunningPlatform

pytestmark = [pytest.mark.anyio, pytest.mark.journey, pytest.mark.timeout(240)]

SEES_EVERY_ORDER = ("sanna", "dispatch", "fia", "admin")
SEES_EVERY_KITCHEN = ("sanna", "admin")
SEES_EVERY_PAYMENT = ("sanna", "fia", "admin")
STRANGERS_TO_MONEY = ("eero", "otso", "kitchen", "dispatch", "partner-demo", None)

Path = Callable[[Person, Restaurant, str], Awaitable[bool]]


async def by_order(person: Person, _: Restaurant, order_id: str) -> bool:
    found = await person.ask("query Order($id: ID!) { order(id: $id) { id } }", id=order_id)
    return found["order"] is not None


async def by_events(person: Person, _: Restaurant, order_id: str) -> bool:
    document = "query Events($id: ID!) { orderEvents(orderId: $id, first: 5) { nodes { order { id } } } }"
    found = (await person.ask(document, id=order_id))["orderEvents"]
    return bool(found and found["nodes"])


async def by_watching(person: Person, _: Restaurant, order_id: str) -> bool:
    async with person.watch(UPDATES, id=order_id) as watch:
        try:
            return bool(await watch.item())
        except StreamFailed as refused:
            return is_let_in(refused)


async def by_listening(person: Person, _: Restaurant, order_id: str) -> bool:
    try:
        async for _item in person.events(UPDATES, id=order_id):
            return True
    except StreamFailed as refused:
        return is_let_in(refused)
    return False


def is_let_in(refused: StreamFailed) -> bool:
    """No; and it must be said as of something that is not there."""
    if refused.codes != ["NOT_FOUND"]:
        raise refused
    return False


ORDER_PATHS = (by_order, by_events, by_watching, by_listening)
EVERYBODY = ("aino", "eero", "kitchen", "otso", "sanna", "dispatch", "fia", "admin", "partner-demo", None)


@pytest.fixture
async def restaurant(sign_in: SignIn, kept: dict[str, str]) -> Restaurant:
    return await kept_restaurant(sign_in, kept)


@pytest.mark.parametrize("name", EVERYBODY)
async def test_every_path_to_an_order_gives_the_same_verdict(
    aino: Person, sign_in: SignIn, restaurant: Restaurant, name: str | None
) -> None:
    order_id, person = await confirmed(aino, restaurant), await sign_in(name)
    verdicts = {path.__name__: await path(person, restaurant, order_id) for path in ORDER_PATHS}
    assert set(verdicts.values()) == {name == "aino" or name in SEES_EVERY_ORDER}, verdicts


async def test_a_kitchen_sees_an_order_once_it_is_paid_for(aino: Person, restaurant: Restaurant) -> None:
    unpaid = (await placed(aino, restaurant, card="tok_card_lost"))["order"]["id"]
    paid = await confirmed(aino, restaurant)
    for path in ORDER_PATHS:
        assert await path(restaurant.staff, restaurant, paid), path.__name__
        assert not await path(restaurant.staff, restaurant, unpaid), path.__name__


@pytest.mark.parametrize("name", EVERYBODY)
async def test_a_kitchens_orders_are_for_its_own_people(
    aino: Person, sign_in: SignIn, restaurant: Restaurant, name: str | None
) -> None:
    await confirmed(aino, restaurant)
    person = await sign_in(name)
    document = "query Kitchen($id: ID!) { restaurant(id: $id) { name orders(first: 5) { nodes { id } } } }"
    place = (await person.ask(document, id=restaurant.id))["restaurant"]
    assert place["name"] == "Test kitchen"
    assert (place["orders"] is not None) == (name in SEES_EVERY_KITCHEN)
    assert await watches_kitchen(person, restaurant) == (name in SEES_EVERY_KITCHEN)


async def watches_kitchen(person: Person, restaurant: Restaurant) -> bool:
    async with person.watch(KITCHEN_UPDATES, id=restaurant.id) as watch:
        try:
            return (await watch.item())["__typename"] == "OpenOrders"
        except StreamFailed as refused:
            return is_let_in(refused)


async def test_the_kitchens_own_people_see_them_also_through_an_order(
    aino: Person, eero: Person, restaurant: Restaurant
) -> None:
    mine, his = await confirmed(aino, restaurant), await confirmed(eero, restaurant)
    document = "query Round($id: ID!) { order(id: $id) { restaurant { orders(first: 9) { nodes { id } } } } }"

    async def are_listed() -> bool:
        seen = await restaurant.staff.ask(document, id=mine)
        return {node["id"] for node in seen["order"]["restaurant"]["orders"]["nodes"]} >= {mine, his}

    await eventually(are_listed)
    assert (await aino.ask(document, id=mine))["order"]["restaurant"]["orders"] is None


@pytest.mark.parametrize("name", ["eero", "kitchen", "otso", "sanna", None])
async def test_orders_are_the_viewers_own(
    aino: Person, sign_in: SignIn, restaurant: Restaurant, name: str | None
) -> None:
    order_id, document = await confirmed(aino, restaurant), "query Mine { orders(first: 100) { nodes { id } } }"

    async def lists_it(person: Person) -> bool:
        return order_id in [node["id"] for node in (await person.ask(document))["orders"]["nodes"]]

    await eventually(lambda: lists_it(aino))
    assert not await lists_it(await sign_in(name))


@pytest.mark.parametrize("name", [*SEES_EVERY_PAYMENT, *STRANGERS_TO_MONEY])
async def test_money_is_for_the_customer_support_and_finance(
    aino: Person, sign_in: SignIn, restaurant: Restaurant, name: str | None
) -> None:
    order_id, person = await confirmed(aino, restaurant), await sign_in(name)
    document = "query Money($id: ID!) { order(id: $id) { payments { id } } }"
    payment_id = (await aino.ask(document, id=order_id))["order"]["payments"][0]["id"]
    order = (await person.ask(document, id=order_id))["order"]
    assert bool(order and order["payments"]) == (name in SEES_EVERY_PAYMENT)
    payment = (await person.ask("query Payment($id: ID!) { payment(id: $id) { id } }", id=payment_id))["payment"]
    assert (payment is not None) == (name in SEES_EVERY_PAYMENT)


@pytest.mark.parametrize("name", ["eero", "kitchen", "otso", "sanna", "admin", None])
async def test_a_quote_is_its_customers_alone(
    aino: Person, sign_in: SignIn, restaurant: Restaurant, name: str | None
) -> None:
    quote_id, document = (await quoted(aino, restaurant))["id"], "query Quote($id: ID!) { quote(id: $id) { id } }"
    assert (await aino.ask(document, id=quote_id))["quote"] == {"id": quote_id}
    assert (await (await sign_in(name)).ask(document, id=quote_id))["quote"] is None


async def test_a_code_is_said_by_the_customer_alone(aino: Person, sanna: Person, restaurant: Restaurant) -> None:
    order_id, document = await confirmed(aino, restaurant), "query Code($id: ID!) { order(id: $id) { collectionCode } }"
    codes = [
        (await person.ask(document, id=order_id))["order"]["collectionCode"]
        for person in (aino, restaurant.staff, sanna)
    ]
    assert [code is not None for code in codes] == [True, False, False]


@pytest.mark.parametrize("name", ["eero", "otso", "kitchen", None])
async def test_a_reference_is_no_way_around(
    aino: Person, sign_in: SignIn, restaurant: Restaurant, platform: RunningPlatform, name: str | None
) -> None:
    """The subgraphs themselves judge what a router asks them for, whatever it has planned."""
    order_id, person = await confirmed(aino, restaurant), await sign_in(name)
    assert await referred(platform, aino, "orders", "Order", order_id, "id status") is not None
    assert await referred(platform, person, "orders", "Order", order_id, "id status") is None
    money = "payments { id }"
    assert (await referred(platform, aino, "payments", "Order", order_id, money) or {})["payments"]
    assert not (await referred(platform, person, "payments", "Order", order_id, money) or {}).get("payments")


@pytest.mark.parametrize("subgraph", ["catalog", "orders", "payments", "dispatch", "tracking", "reviews", "insights"])
async def test_nobody_gets_past_the_router(aino: Person, platform: RunningPlatform, subgraph: str) -> None:
    address = platform.address(1, f"/{subgraph}/graphql")
    answer = await aino.http.post(address, json={"query": "{ __typename }"}, headers=aino.headers)
    assert answer.status_code == 401
