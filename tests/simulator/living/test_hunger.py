"""The way to an order: whoever is refused tries elsewhere, and nobody who asks twice orders twice."""

from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import cast

import pytest

from simulator.living import Diary, Ordered
from simulator.living.hunger import ATTEMPTS, Hunger
from simulator.living.somebody import Somebody
from tests.simulator.living.town import scene_at
from tests.simulator.test_asking import Wallet
from tests.simulator.wires import Heard, Reply, http_server

pytestmark = pytest.mark.anyio
FIVE = datetime(2026, 11, 27, 15, tzinfo=UTC)


def answer(**fields: object) -> Reply:
    return Reply(body={"data": fields})


def place(basket_minor: int = 1000) -> dict[str, object]:
    position = {"latitude": 60.17, "longitude": 24.94}
    seen = {"id": "restaurant_1", "name": "Kulma", "acceptingOrders": True, "prepMinutes": 12, "position": position}
    return {**seen, "minimumBasket": {"minor": basket_minor}}


def dish(name: str, minor: int, available: bool = True, groups: Sequence[object] = ()) -> dict[str, object]:
    return {"id": name, "available": available, "price": {"minor": minor}, "optionGroups": groups}


SIZE = {"minChoices": 1, "options": [{"id": "gone", "available": False}, {"id": "large", "available": True}]}
NO_SIZE = {"minChoices": 1, "options": [{"id": "gone", "available": False}]}
DISHES = [dish("soup", 300, groups=[SIZE]), dish("off", 100, available=False), dish("sizeless", 100, groups=[NO_SIZE])]
FOUND = answer(restaurants={"nodes": [place()]})
NOBODY = answer(restaurants={"nodes": []})
MENU = answer(restaurant={**place(), "menu": {"categories": [{"items": DISHES}]}})
QUOTED = answer(result={"__typename": "QuoteOrderSuccess", "quote": {"id": "quote_1"}})
CLOSED = answer(result={"__typename": "RestaurantClosed", "code": "RESTAURANT_CLOSED", "message": "Closed."})
EXPIRED = answer(result={"__typename": "QuoteExpired", "code": "QUOTE_EXPIRED", "message": "Too late."})
ORDER = {"id": "order_1", "status": "PLACED", "version": 1}
PLACED = answer(result={"__typename": "PlaceOrderSuccess", "order": ORDER})
USED = answer(result={"__typename": "QuoteAlreadyUsed", "code": "QUOTE_ALREADY_USED", "message": "", "order": ORDER})


@asynccontextmanager
async def hungry(server: Heard, ordered: Ordered, diary: Diary | None = None) -> AsyncGenerator[Hunger]:
    async with scene_at(server.url, diary) as scene:
        scene.open_kitchen = lambda restaurant_id: scene.screens.put(restaurant_id, "it looks")
        somebody = Somebody(scene, ordered.person)
        somebody.graph = scene.graph.signed_in_as(Wallet())
        yield Hunger(somebody, ordered)


def somebody_hungry() -> Ordered:
    return Ordered(number=1, person="customer-1", hungry_at=FIVE)


def sent(server: Heard, mutation: str) -> list[Mapping[str, object]]:
    """The inputs that the mutation was sent with."""
    asked = [body for body in server.bodies if f"mutation {mutation}" in str(body["query"])]
    return [cast("dict[str, dict[str, object]]", body["variables"])["input"] for body in asked]


async def test_a_refusal_leads_to_another_attempt_with_another_key():
    script = (FOUND, MENU, CLOSED, FOUND, MENU, QUOTED, PLACED)
    diary, ordered = Diary(run="r"), somebody_hungry()
    async with http_server(*script) as server, hungry(server, ordered, diary) as hunger:
        await hunger.still()
    first, second = sent(server, "QuoteOrder")
    assert first["idempotencyKey"] != second["idempotencyKey"]
    assert (ordered.order_id, ordered.quote_id, ordered.restaurant_id) == ("order_1", "quote_1", "restaurant_1")
    assert (ordered.status, ordered.gave_up) == ("PLACED", "")
    assert ordered.acknowledged_at is not None
    assert diary.refusals == {"quoteOrder RestaurantClosed": 1}
    assert diary.kitchens["restaurant_1"].prep_minutes == 12


async def test_a_basket_is_what_can_be_had_and_is_worth_the_way():
    ordered = somebody_hungry()
    async with http_server(FOUND, MENU, QUOTED, PLACED) as server, hungry(server, ordered) as hunger:
        await hunger.still()
    (quoted,) = sent(server, "QuoteOrder")
    assert quoted["lines"] == [{"itemId": "soup", "quantity": 4, "optionIds": ["large"]}]  # 4 x 3.00 for 10.00 at least
    assert quoted["fulfilment"] == "DELIVERY"


async def test_whoever_was_stopped_between_quote_and_order_places_the_same_quote_with_the_same_key():
    ordered = somebody_hungry()
    async with http_server(FOUND, MENU, QUOTED, PLACED) as before, hungry(before, ordered) as hunger:
        await hunger.still()
    ordered.order_id = ordered.status = ""
    async with http_server(USED) as after, hungry(after, ordered) as hunger:
        await hunger.still()
    assert sent(after, "PlaceOrder") == sent(before, "PlaceOrder")
    assert len(after.bodies) == 1
    assert ordered.order_id == "order_1"


async def test_a_quote_that_has_expired_is_asked_for_anew():
    ordered = somebody_hungry()
    script = (FOUND, MENU, QUOTED, EXPIRED, FOUND, MENU, QUOTED, PLACED)
    async with http_server(*script) as server, hungry(server, ordered) as hunger:
        await hunger.still()
    assert ordered.order_id == "order_1"


async def test_whoever_finds_nothing_gives_up():
    ordered = somebody_hungry()
    async with http_server(NOBODY) as server, hungry(server, ordered) as hunger:
        await hunger.still()
    assert (ordered.gave_up, ordered.order_id, ordered.is_over) == ("nothing found", "", True)
    assert len(server.bodies) == ATTEMPTS
