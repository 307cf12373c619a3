"""An order's way to the door: a customer, a kitchen and couriers with tokens of their own, through the router."""

import asyncio
from collections.abc import Sequence

import pytest

from tests.journeys.books import settles
from tests.journeys.carrying import (
    Courier,
    Neighbourhood,
    codes,
    is_delivery,
    settle,
)
from tests.journeys.conftest import SignIn
from tests.journeys.dining import has_reached, now, quoted, reaches, story
from tests.journeys.person import Person
from tests.journeys.streams import UPDATES, Follower
from tests.patience import eventually
from tests.running_platform import RunningPlatform

pytestmark = [pytest.mark.anyio, pytest.mark.journey, pytest.mark.timeout(240)]

BEFORE = ["PLACED", "CONFIRMED", "ACCEPTED", "READY", "COURIER_ASSIGNED"]


@pytest.fixture
async def place(sign_in: SignIn) -> Neighbourhood:
    return await settle(sign_in)


async def test_a_customer_orders_a_kitchen_cooks_and_a_courier_brings_it_to_the_door(
    platform: RunningPlatform, sign_in: SignIn, aino: Person, place: Neighbourhood
) -> None:
    courier = await place.courier(sign_in)
    order_id = await place.cooked(aino)
    watcher = Follower(aino, UPDATES, order_id)
    watching = asyncio.create_task(watcher.follow())
    delivery_id = await place.fetched(courier, order_id)
    assert (await now(aino, order_id) or {})["payments"] == [{"status": "AUTHORISED", "captured": {"minor": 0}}]
    await courier.ride(place.door)
    await courier.stays(lambda: has_reached(aino, order_id, "ARRIVING"))
    pin = (await codes(aino, order_id))["dropoffPin"]
    delivery = await courier.does("confirmDropoff", delivery_id, pin=pin)
    assert (delivery["status"], delivery["courier"]["id"]) == ("DELIVERED", courier.id)
    await watching
    told = await story(aino, order_id)
    assert [event["type"] for event in told] == [*BEFORE, "PICKED_UP", "ARRIVING", "DELIVERED"]
    assert watcher.events == told[watcher.items[0]["sequence"] :]
    await settles(platform, aino, order_id, "CAPTURED")
    assert (await courier.myself())["delivery"] is None


async def test_a_door_too_far_away_is_refused_with_how_far(aino: Person, place: Neighbourhood) -> None:
    far = place.address(position=place.kitchen.moved(2500).json)
    lines = [{"itemId": (await place.restaurant.items())["soup"]["id"]}]
    given = {"restaurantId": place.restaurant.id, "fulfilment": "DELIVERY", "lines": lines, "delivery": far}
    refused = await aino.act("quoteOrder", given, refused="... on OutOfRange { distanceM radiusM }")
    assert (refused["__typename"], refused["path"], refused["radiusM"]) == (
        "OutOfRange", ["delivery", "position"], 2000
    )  # fmt: skip
    assert 2490 <= refused["distanceM"] <= 2510


async def test_a_quote_to_a_door_is_dearer_by_its_delivery_fee(aino: Person, place: Neighbourhood) -> None:
    collected, brought = (
        await quoted(aino, place.restaurant),
        await quoted(aino, place.restaurant, door=place.address()),
    )
    fees = "query Fees($id: ID!) { quote(id: $id) { price { fees { kind amount { minor } } } } }"
    (fee,) = [
        fee["amount"]["minor"]
        for fee in (await aino.ask(fees, id=brought["id"]))["quote"]["price"]["fees"]
        if fee["kind"] == "DELIVERY"
    ]
    assert fee > 0
    assert brought["price"]["total"]["minor"] == collected["price"]["total"]["minor"] + fee


async def tells(person: Person, order_id: str, types: Sequence[str]) -> None:
    """Returns when these are all of the order's events; what dispatch does, orders hears of a little later."""

    async def has_them() -> bool:
        return [event["type"] for event in await story(person, order_id)] == types

    await eventually(has_them)


async def test_who_declines_is_not_asked_again_and_somebody_else_is(
    sign_in: SignIn, aino: Person, place: Neighbourhood
) -> None:
    near = await place.courier(sign_in)
    order_id = await place.cooked(aino)
    offer_id = await near.offer()
    far = await place.courier(sign_in)
    declining = {"offerId": offer_id, "reason": "TOO_FAR"}
    assert (await near.person.does("declineOffer", declining, "offer { status }"))["offer"]["status"] == "DECLINED"
    delivery_id = await far.accept()
    third = await place.courier(sign_in)
    assert (await near.myself())["offers"] == []
    late = await near.person.act("acceptOffer", {"offerId": offer_id}, refused="... on OfferNotOpen { status }")
    assert (late["__typename"], late["status"]) == ("OfferNotOpen", "DECLINED")
    await far.person.does("reassignDelivery", {"deliveryId": delivery_id, "reason": "BREAKDOWN"})
    await third.accept()
    await tells(aino, order_id, [*BEFORE, "COURIER_UNASSIGNED", "COURIER_ASSIGNED"])
    assert [(await courier.myself())["delivery"] is not None for courier in (near, far, third)] == [False, False, True]


async def test_five_wrong_codes_lock_the_hatch_and_five_wrong_pins_the_door(
    sign_in: SignIn, aino: Person, place: Neighbourhood
) -> None:
    careless, hungry = await place.courier(sign_in), await place.cooked(aino)
    delivery_id = await careless.accept()
    right = (await codes(place.restaurant.staff, hungry))["pickupCode"]
    await assert_locks(careless, "confirmPickup", delivery_id, "code", right)
    other = await settle(sign_in)
    courier, order_id = await other.courier(sign_in), await other.cooked(aino)
    fetched = await other.fetched(courier, order_id)
    await assert_locks(courier, "confirmDropoff", fetched, "pin", (await codes(aino, order_id))["dropoffPin"])
    await is_delivery(aino, order_id, "PICKED_UP")


async def assert_locks(courier: Courier, mutation: str, delivery_id: str, name: str, right: str) -> None:
    wrong = {"deliveryId": delivery_id, name: "000000" if right != "000000" else "111111"}
    left = [await courier.person.act(mutation, wrong, refused="... on WrongCode { attemptsLeft }") for _ in range(5)]
    assert [refused["attemptsLeft"] for refused in left] == [4, 3, 2, 1, 0]
    given = {"deliveryId": delivery_id, name: right}
    refused = await courier.person.act(mutation, given, refused="... on CodeLocked { until }")
    assert (refused["__typename"], bool(refused["until"])) == ("CodeLocked", True)


async def test_food_is_left_at_the_door_only_where_the_customer_wants_it(
    sign_in: SignIn, aino: Person, place: Neighbourhood
) -> None:
    courier = await place.courier(sign_in)
    awaited = await place.cooked(aino)
    delivery_id = await place.fetched(courier, awaited)
    await courier.ride(place.door)
    leaving = {"deliveryId": delivery_id, "leftAtDoor": True}
    assert (await courier.person.act("confirmDropoff", leaving))["__typename"] == "PinRequired"
    await courier.does("confirmDropoff", delivery_id, pin=(await codes(aino, awaited))["dropoffPin"])
    left = await place.cooked(aino, leaveAtDoor=True)
    delivery_id = await place.fetched(courier, left)
    await courier.does("confirmDropoff", delivery_id, leftAtDoor=True)
    await reaches(aino, left, "DELIVERED")
    assert (await codes(aino, left))["dropoffPin"] is None


async def test_spoilt_food_ends_the_order_and_costs_nothing(
    platform: RunningPlatform, sign_in: SignIn, aino: Person, place: Neighbourhood
) -> None:
    courier, order_id = await place.courier(sign_in), await place.cooked(aino)
    delivery_id = await place.fetched(courier, order_id)
    early = {"deliveryId": delivery_id, "reason": "CUSTOMER_UNREACHABLE"}
    refused = await courier.person.act("reportUndeliverable", early, refused="... on TooSoon { until }")
    assert (refused["__typename"], bool(refused["until"])) == ("TooSoon", True)
    assert (await courier.does("reportUndeliverable", delivery_id, reason="FOOD_DAMAGED"))["status"] == "FAILED"
    await reaches(aino, order_id, "FAILED")
    await settles(platform, aino, order_id, "VOIDED")


async def test_nobody_ends_a_shift_with_food_in_the_bag(sign_in: SignIn, aino: Person, place: Neighbourhood) -> None:
    courier, order_id = await place.courier(sign_in), await place.cooked(aino)
    delivery_id = await place.fetched(courier, order_id)
    fragment = "... on DeliveryInProgress { delivery { id } }"
    refused = await courier.person.act("goOffline", {}, refused=fragment)
    assert (refused["__typename"], refused["delivery"]["id"]) == ("DeliveryInProgress", delivery_id)
    await courier.does("confirmDropoff", delivery_id, pin=(await codes(aino, order_id))["dropoffPin"])
    await eventually(lambda: goes_home(courier))


async def goes_home(courier: Courier) -> bool:
    """Whether they may by now: who has just handed food over is released in a moment."""
    outcome = await courier.person.act("goOffline", {}, "courier { online }")
    return outcome["__typename"] == "GoOfflineSuccess" and outcome["courier"] == {"online": False}
