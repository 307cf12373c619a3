"""Every "no" that a customer or a kitchen can meet is a typed member of the mutation's result."""

import asyncio
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest

from tests.journeys.conftest import SignIn
from tests.journeys.dining import (
    ORDER,
    Restaurant,
    confirmed,
    cook,
    kept_restaurant,
    line,
    now,
    open_restaurant,
    placed,
    quoted,
    reaches,
)
from tests.journeys.person import Json, Person
from tests.patience import eventually

pytestmark = [pytest.mark.anyio, pytest.mark.journey, pytest.mark.timeout(240)]


@pytest.fixture
async def restaurant(sign_in: SignIn, kept: dict[str, str]) -> Restaurant:
    return await kept_restaurant(sign_in, kept)


async def quoting(
    customer: Person, restaurant: Restaurant, lines: list[Json], refused: str = "", **more: object
) -> Json:
    given = {"restaurantId": restaurant.id, "fulfilment": "TAKEAWAY", "lines": lines, **more}
    return await customer.act("quoteOrder", given, "quote { id }", refused)


async def two_soups(restaurant: Restaurant) -> list[Json]:
    return [line((await restaurant.items())["soup"], 2)]


async def test_a_closed_restaurant_says_when_it_opens(aino: Person, sign_in: SignIn) -> None:
    shut = datetime.now(UTC) - timedelta(hours=6)
    restaurant = await open_restaurant(sign_in, hours=f"Mo-Su {shut.hour:02d}:00-{shut.hour:02d}:30")
    refused = await quoting(aino, restaurant, await two_soups(restaurant), "... on RestaurantClosed { opensAt }")
    assert refused["__typename"] == "RestaurantClosed"
    assert datetime.fromisoformat(refused["opensAt"]) > datetime.now(UTC)


async def test_a_paused_restaurant_says_until_when(aino: Person, sign_in: SignIn) -> None:
    restaurant = await open_restaurant(sign_in)
    lines, quote = await two_soups(restaurant), await quoted(aino, restaurant)
    until = (datetime.now(UTC) + timedelta(hours=1)).replace(microsecond=0)
    pause = {"restaurantId": restaurant.id, "until": until.isoformat()}
    await restaurant.staff.does("pauseRestaurant", pause)
    fragment = "... on RestaurantPaused { until }"

    async def is_paused() -> bool:
        refused = await quoting(aino, restaurant, lines, fragment)
        return refused["__typename"] == "RestaurantPaused" and datetime.fromisoformat(refused["until"]) == until

    await eventually(is_paused)
    placing = {"quoteId": quote["id"], "paymentToken": "tok_visa"}
    assert (await aino.act("placeOrder", placing))["code"] == "RESTAURANT_PAUSED"


async def test_what_is_gone_is_named_at_the_quote_and_at_the_order(aino: Person, sign_in: SignIn) -> None:
    restaurant = await open_restaurant(sign_in)
    quote, coffee = await quoted(aino, restaurant), (await restaurant.items())["coffee"]
    await restaurant.staff.does("setItemAvailability", {"menuItemId": coffee["id"], "available": False})
    fragment = "... on ItemsUnavailable { items { name item { id name } } }"

    async def is_gone() -> bool:
        return (await quoting(aino, restaurant, [line(coffee, 2)]))["__typename"] == "ItemsUnavailable"

    await eventually(is_gone)
    placing = {"quoteId": quote["id"], "paymentToken": "tok_visa"}
    refused = await aino.act("placeOrder", placing, refused=fragment)
    assert refused["items"] == [{"name": "Coffee", "item": {"id": coffee["id"], "name": "Coffee"}}]


async def test_options_follow_their_rules(aino: Person, restaurant: Restaurant) -> None:
    pizza = (await restaurant.items())["pizza"]
    fragment = "... on OptionRulesBroken { groupName minChoices maxChoices chosen }"
    refused = await quoting(aino, restaurant, [line(pizza, options=[])], fragment)
    assert refused["path"] == ["lines", "0", "optionIds"]
    assert {name: refused[name] for name in ("groupName", "minChoices", "maxChoices", "chosen")} == {
        "groupName": "Size", "minChoices": 1, "maxChoices": 1, "chosen": 0
    }  # fmt: skip


async def test_a_delivery_needs_a_door(aino: Person, restaurant: Restaurant) -> None:
    refused = await quoting(aino, restaurant, await two_soups(restaurant), fulfilment="DELIVERY")
    assert (refused["__typename"], refused["path"]) == ("InvalidInput", ["delivery"])


async def test_little_is_too_little_and_nothing_is_no_order(aino: Person, restaurant: Restaurant) -> None:
    coffee, fragment = (await restaurant.items())["coffee"], "... on BelowMinimumBasket { required { minor } }"
    refused = await quoting(aino, restaurant, [line(coffee)], fragment)
    assert (refused["__typename"], refused["required"]) == ("BelowMinimumBasket", {"minor": 500})
    assert (await quoting(aino, restaurant, []))["__typename"] == "InvalidInput"


async def test_a_quote_is_its_customers_alone_and_spent_once(
    aino: Person, eero: Person, restaurant: Restaurant
) -> None:
    quote = await quoted(aino, restaurant)
    placing = {"quoteId": quote["id"], "paymentToken": "tok_visa"}
    assert (await eero.act("placeOrder", placing))["__typename"] == "QuoteNotFound"
    order = (await aino.does("placeOrder", placing, ORDER))["order"]
    refused = await aino.act("placeOrder", placing, refused="... on QuoteAlreadyUsed { order { id } }")
    assert (refused["__typename"], refused["order"]["id"]) == ("QuoteAlreadyUsed", order["id"])


@pytest.mark.parametrize("card", ["insufficient_funds", "card_expired", "card_declined", "card_lost", "token_revoked"])
async def test_a_declined_card_ends_the_order_with_a_reason(aino: Person, restaurant: Restaurant, card: str) -> None:
    order_id = (await placed(aino, restaurant, card=f"tok_{card}"))["order"]["id"]
    await reaches(aino, order_id, "FAILED")
    found = await aino.ask("query Why($id: ID!) { order(id: $id) { failureReason failureDetail } }", id=order_id)
    assert found["order"] == {"failureReason": "PAYMENT_DECLINED", "failureDetail": card}


async def test_the_wrong_actor_is_told_so_only_if_they_may_see_the_order(
    aino: Person, eero: Person, sanna: Person, sign_in: SignIn, restaurant: Restaurant
) -> None:
    order_id = await confirmed(aino, restaurant)
    accepting = {"orderId": order_id, "prepMinutes": 10}
    elsewhere = await sign_in("kitchen")
    assert (await aino.act("acceptOrder", accepting))["__typename"] == "NotAllowed"
    assert (await sanna.act("acceptOrder", accepting))["__typename"] == "NotAllowed"
    assert (await eero.act("acceptOrder", accepting))["__typename"] == "OrderNotFound"
    assert (await elsewhere.act("acceptOrder", accepting))["__typename"] == "OrderNotFound"
    cancelling = {"orderId": order_id, "reason": "CHANGED_MIND"}
    assert (await (await sign_in("fia")).act("cancelOrder", cancelling))["__typename"] == "NotAllowed"
    early = await restaurant.staff.act("cancelOrder", cancelling, refused="... on IllegalTransition { allowed }")
    assert set(early["allowed"]) == {"ACCEPT_ORDER", "REJECT_ORDER"}
    assert (await eero.act("cancelOrder", cancelling))["__typename"] == "OrderNotFound"


async def test_kitchens_do_not_order_and_nobody_orders_anonymously(
    nobody: Person, kitchen: Person, restaurant: Restaurant
) -> None:
    for person in (nobody, kitchen):
        refused = await quoting(person, restaurant, await two_soups(restaurant))
        assert refused["__typename"] == "NotAllowed"


async def test_an_order_moves_forwards_only(aino: Person, restaurant: Restaurant) -> None:
    order_id, staff = await confirmed(aino, restaurant), restaurant.staff
    fragment = "... on IllegalTransition { status allowed }"
    early = await staff.act("markOrderReady", {"orderId": order_id}, refused=fragment)
    assert (early["__typename"], early["status"]) == ("IllegalTransition", "CONFIRMED")
    assert set(early["allowed"]) == {"ACCEPT_ORDER", "REJECT_ORDER"}
    await cook(staff, order_id)
    late = await aino.act("cancelOrder", {"orderId": order_id, "reason": "CHANGED_MIND"}, refused=fragment)
    assert (late["__typename"], late["status"], late["allowed"]) == ("IllegalTransition", "READY_FOR_PICKUP", [])


async def test_who_looked_at_an_old_version_decides_again(aino: Person, restaurant: Restaurant) -> None:
    order_id, staff = await confirmed(aino, restaurant), restaurant.staff
    stale = {"orderId": order_id, "prepMinutes": 10, "expectedVersion": 1}
    fragment = "... on OrderVersionConflict { currentVersion order { version status } }"
    refused = await staff.act("acceptOrder", stale, refused=fragment)
    assert (refused["__typename"], refused["currentVersion"]) == ("OrderVersionConflict", 2)
    await staff.does("acceptOrder", {**stale, "expectedVersion": 2})


async def test_a_repeated_request_has_its_first_outcome_again(aino: Person, restaurant: Restaurant) -> None:
    quote = await quoted(aino, restaurant)
    placing = {"idempotencyKey": str(uuid4()), "quoteId": quote["id"], "paymentToken": "tok_visa"}
    first = await aino.does("placeOrder", placing, ORDER)
    order_id = first["order"]["id"]
    await reaches(aino, order_id, "CONFIRMED")
    again = await aino.does("placeOrder", placing, f"{ORDER} order {{ placedAt }}")
    assert (again["order"]["id"], again["order"]["version"]) == (order_id, 1)
    assert again["order"]["placedAt"]
    accepting = {"idempotencyKey": str(uuid4()), "orderId": order_id, "prepMinutes": 500}
    refusals = [await restaurant.staff.act("acceptOrder", accepting) for _ in range(2)]
    assert [refusal["__typename"] for refusal in refusals] == ["InvalidInput"] * 2


async def test_a_button_pressed_ten_times_at_once_orders_once(aino: Person, restaurant: Restaurant) -> None:
    quote = await quoted(aino, restaurant)
    placing = {"idempotencyKey": str(uuid4()), "quoteId": quote["id"], "paymentToken": "tok_visa"}
    outcomes = await asyncio.gather(*(aino.act("placeOrder", placing, ORDER) for _ in range(10)))
    known = [outcome for outcome in outcomes if outcome["__typename"] != "RequestInProgress"]
    assert {outcome["__typename"] for outcome in known} == {"PlaceOrderSuccess"}
    assert len({(outcome["order"]["id"], outcome["order"]["version"]) for outcome in known}) == 1


async def test_a_stored_refusal_stays_when_the_reason_is_gone(aino: Person, restaurant: Restaurant) -> None:
    order_id = await confirmed(aino, restaurant)
    early = {"idempotencyKey": str(uuid4()), "orderId": order_id}
    assert (await restaurant.staff.act("startPreparing", early))["__typename"] == "IllegalTransition"
    await restaurant.staff.does("acceptOrder", {"orderId": order_id, "prepMinutes": 5})
    assert (await restaurant.staff.act("startPreparing", early))["__typename"] == "IllegalTransition"
    await restaurant.staff.does("startPreparing", {"orderId": order_id})


async def test_a_key_stands_for_one_input(aino: Person, restaurant: Restaurant) -> None:
    key = str(uuid4())
    first, other = await quoted(aino, restaurant), await quoted(aino, restaurant)
    placing = {"idempotencyKey": key, "paymentToken": "tok_visa"}
    await aino.does("placeOrder", {**placing, "quoteId": first["id"]})
    refused = await aino.act("placeOrder", {**placing, "quoteId": other["id"]})
    assert refused["__typename"] == "IdempotencyKeyReused"


@pytest.mark.parametrize("wrong", ["", "42", "order_", "quote_01h455vb4pex5vsknk084sn02q", "ORDER_01", "order_€"])
async def test_a_malformed_id_is_named_in_a_mutation_and_null_in_a_query(aino: Person, wrong: str) -> None:
    refused = await aino.act("cancelOrder", {"orderId": wrong, "reason": "CHANGED_MIND"})
    assert (refused["__typename"], refused["path"]) == ("MalformedId", ["orderId"])
    assert await now(aino, wrong) is None


async def test_five_wrong_codes_lock_the_handover(aino: Person, restaurant: Restaurant) -> None:
    order_id, staff = await confirmed(aino, restaurant), restaurant.staff
    await cook(staff, order_id)
    order = await now(aino, order_id)
    assert order is not None
    wrong = {"orderId": order_id, "code": "000000" if order["collectionCode"] != "000000" else "111111"}
    fragment = "... on WrongCollectionCode { attemptsLeft retryAt }"
    left = [(await staff.act("confirmCollection", wrong, refused=fragment))["attemptsLeft"] for _ in range(5)]
    assert left == [4, 3, 2, 1, 0]
    right = {"orderId": order_id, "code": order["collectionCode"]}
    refused = await staff.act("confirmCollection", right, refused="... on CollectionCodeLocked { retryAt }")
    assert (refused["__typename"], bool(refused["retryAt"])) == ("CollectionCodeLocked", True)


async def test_a_variable_that_does_not_fit_is_named_without_its_value(aino: Person) -> None:
    document = "mutation($input: PlaceOrderInput!) { placeOrder(input: $input) { __typename } }"
    answer = await aino.result(document, {"input": {"paymentToken": "tok_canary", "idempotencyKey": str(uuid4())}})
    (error,) = answer["errors"]
    assert error["extensions"]["code"] == "BAD_USER_INPUT"
    assert error["message"].startswith('Variable "$input" is wrong: Field "quoteId"')
    assert "tok_canary" not in str(answer)
