"""What customers do through the graph, over real stores, and every refusal on the way."""

from collections.abc import Mapping, Sequence
from datetime import timedelta

import pytest

from kernel.messages import ANONYMOUS
from tests.orders.bench import Bench
from tests.orders.ordering import (
    AINO,
    AT,
    BREAD,
    COOK,
    CREAM,
    DILL,
    EERO,
    EXTRAS,
    LARGE,
    MINUTE,
    ORDER,
    QUOTE,
    RESTAURANT,
    SALMON,
    SANNA,
    SIZE,
    SMALL,
    SOUP,
)
from tests.spelling import uuid_of

pytestmark = pytest.mark.anyio

SALMON_LINE = {"itemId": SALMON, "quantity": 1}
QUOTED = "... on QuoteOrderSuccess { quote { id } }"
PLACED = "... on PlaceOrderSuccess { consistencyToken order { id status version price { total { minor } } } }"
STATUS = "query($id: ID!) { order(id: $id) { status version availableActions } }"


async def test_a_quote_names_everything_it_costs(shared_bench: Bench) -> None:
    lines = [{"itemId": SOUP, "quantity": 2, "optionIds": [LARGE, DILL]}, {"itemId": BREAD}]
    result = await shared_bench.change(
        AINO,
        "quoteOrder",
        {"restaurantId": RESTAURANT, "lines": lines, "tipMinor": 200},
        """... on QuoteOrderSuccess { consistencyToken quote { id fulfilment expiresAt restaurant { id }
             lines { number name quantity item { id } options { optionId name price { minor } } unitPrice { formatted }
                     taxRate tax { minor } total { minor currency } }
             price { subtotal { minor } fees { kind amount { minor } taxRate tax { minor } } tip { minor } tax { minor }
                     taxes { taxRate gross { minor } tax { minor } } total { minor } } } }""",
    )
    quote = result["quote"]
    assert (quote["fulfilment"], quote["expiresAt"]) == ("TAKEAWAY", "2026-11-20T17:15:00Z")
    assert quote["restaurant"] == {"id": RESTAURANT}
    assert quote["lines"][0] == {
        "number": 1,
        "name": "Salmon soup",
        "quantity": 2,
        "item": {"id": SOUP},
        "options": [
            {"optionId": LARGE, "name": "Size 300", "price": {"minor": 300}},
            {"optionId": DILL, "name": "Extras 50", "price": {"minor": 50}},
        ],
        "unitPrice": {"formatted": "€12.90"},
        "taxRate": 1350,
        "tax": {"minor": 390},
        "total": {"minor": 3280, "currency": "EUR"},
    }
    assert quote["price"]["fees"] == [
        {"kind": "SERVICE", "amount": {"minor": 106}, "taxRate": 2550, "tax": {"minor": 22}}
    ]
    assert quote["price"]["total"] == {"minor": 3280 + 250 + 106 + 200}
    assert result["consistencyToken"]
    again = await shared_bench.ask(AINO, "query($id: ID!) { quote(id: $id) { id } }", id=quote["id"])
    assert again == {"quote": {"id": quote["id"]}}


async def test_a_decision_is_journaled_with_what_was_chosen_and_not_with_the_menu(shared_bench: Bench) -> None:
    lines = [{"itemId": SOUP, "quantity": 2, "optionIds": [LARGE, DILL]}]
    quoted = await shared_bench.change(AINO, "quoteOrder", {"restaurantId": RESTAURANT, "lines": lines}, QUOTED)
    quote_id = quoted["quote"]["id"]
    given = {"quoteId": quote_id, "paymentToken": "tok_visa"}
    order_id = (await shared_bench.change(AINO, "placeOrder", given, PLACED))["order"]["id"]
    for stream in (quote_id, order_id):
        everything = await shared_bench.raw_journal(stream)
        assert all(told in everything for told in (SIZE, LARGE, EXTRAS, DILL))
        assert SMALL not in everything
        assert CREAM not in everything


@pytest.mark.parametrize(
    ("given", "typename", "path"),
    [
        ({"restaurantId": "item_1"}, "MalformedId", ["restaurantId"]),
        ({"lines": [SALMON_LINE, {"itemId": "soup"}]}, "MalformedId", ["lines", "1", "itemId"]),
        ({"lines": [{"itemId": SOUP, "optionIds": [LARGE, SOUP]}]}, "MalformedId", ["lines", "0", "optionIds", "1"]),
        ({"lines": []}, "InvalidInput", ["lines"]),
        ({"restaurantId": RESTAURANT[:-1] + "8"}, "NotFound", ["restaurantId"]),
        ({"fulfilment": "DELIVERY"}, "InvalidInput", ["delivery"]),
        ({"lines": [{"itemId": BREAD, "quantity": 2}]}, "BelowMinimumBasket", ["lines"]),
        ({"lines": [{"itemId": SOUP}]}, "OptionRulesBroken", ["lines", "0", "optionIds"]),
    ],
)
async def test_a_quote_is_refused(
    shared_bench: Bench, given: dict[str, object], typename: str, path: list[str]
) -> None:
    result = await shared_bench.change(
        AINO, "quoteOrder", {"restaurantId": RESTAURANT, "lines": [SALMON_LINE], **given}
    )
    assert (result["__typename"], result["path"]) == (typename, path)
    assert result["message"]


async def test_refusals_say_what_to_do_next(bench: Bench) -> None:
    fields = """... on OptionRulesBroken { item { id } itemName groupId groupName minChoices maxChoices chosen }
                ... on ItemsUnavailable { items { itemId item { id } optionId name availableFrom } }
                ... on RestaurantPaused { until } ... on RestaurantClosed { opensAt }
                ... on BelowMinimumBasket { required { minor } subtotal { minor } }"""

    async def ask(lines: Sequence[Mapping[str, object]]) -> dict[str, object]:
        result = await bench.change(AINO, "quoteOrder", {"restaurantId": RESTAURANT, "lines": lines}, fields)
        return {name: value for name, value in result.items() if name not in {"code", "message", "path"}}

    assert await ask([{"itemId": SOUP, "optionIds": [SMALL, LARGE]}]) == {
        "__typename": "OptionRulesBroken",
        "item": {"id": SOUP},
        "itemName": "Salmon soup",
        "groupId": SIZE,
        "groupName": "Size",
        "minChoices": 1,
        "maxChoices": 1,
        "chosen": 2,
    }
    assert await ask([{"itemId": BREAD}]) == {
        "__typename": "BelowMinimumBasket",
        "required": {"minor": 750},
        "subtotal": {"minor": 250},
    }
    await bench.take_off(SALMON, unavailable=True, unavailable_until=AT + MINUTE)
    gone = {"itemId": SALMON, "item": {"id": SALMON}, "optionId": None, "name": "Salmon on a plank"}
    assert await ask([SALMON_LINE]) == {
        "__typename": "ItemsUnavailable",
        "items": [{**gone, "availableFrom": "2026-11-20T17:01:00Z"}],
    }
    assert (await ask([{"itemId": SOUP, "optionIds": [SIZE.replace("group", "option")]}]))["items"] == [
        {
            "itemId": SOUP,
            "item": {"id": SOUP},
            "optionId": SIZE.replace("group", "option"),
            "name": None,
            "availableFrom": None,
        }
    ]
    await bench.close_kitchen(opening_hours="Mo-Su 20:00-22:00")
    assert await ask([SALMON_LINE]) == {"__typename": "RestaurantClosed", "opensAt": "2026-11-20T18:00:00Z"}
    await bench.close_kitchen(paused_until=AT + MINUTE)
    assert await ask([SALMON_LINE]) == {"__typename": "RestaurantPaused", "until": "2026-11-20T17:01:00Z"}


async def test_only_customers_order(shared_bench: Bench) -> None:
    for viewer in (COOK, SANNA, ANONYMOUS):
        given = {"restaurantId": RESTAURANT, "lines": [SALMON_LINE]}
        assert (await shared_bench.change(viewer, "quoteOrder", given))["__typename"] == "NotAllowed"


async def test_an_order_has_the_uuid_and_the_price_of_its_quote(bench: Bench) -> None:
    quote_id = await bench.quote()
    await bench.take_off(SALMON, price_minor=9900)
    result = await bench.change(AINO, "placeOrder", {"quoteId": quote_id, "paymentToken": "tok_visa"}, PLACED)
    assert result["order"] == {
        "id": quote_id.replace("quote", "order"),
        "status": "PLACED",
        "version": 1,
        "price": {"total": {"minor": 2450 + 74}},
    }


async def test_a_quote_can_be_placed_at_once_without_any_projection(shared_bench: Bench) -> None:
    order_id = await shared_bench.place()
    assert await shared_bench.ask(AINO, STATUS, id=order_id) == {
        "order": {"status": "PLACED", "version": 1, "availableActions": ["CANCEL_ORDER"]}
    }


@pytest.mark.parametrize(
    ("given", "typename"),
    [
        ({"quoteId": "quote_1"}, "MalformedId"),
        ({"quoteId": ORDER}, "MalformedId"),
        ({"quoteId": QUOTE}, "QuoteNotFound"),
        ({"paymentToken": ""}, "InvalidInput"),
        ({"paymentToken": "4111 1111 1111 1111"}, "InvalidInput"),
    ],
)
async def test_placing_is_refused(shared_bench: Bench, given: dict[str, object], typename: str) -> None:
    given = {"quoteId": await shared_bench.quote(), "paymentToken": "tok_visa", **given}
    assert (await shared_bench.change(AINO, "placeOrder", given))["__typename"] == typename


async def test_somebody_elses_quote_is_nowhere(shared_bench: Bench) -> None:
    quote_id = await shared_bench.quote(AINO)
    result = await shared_bench.change(EERO, "placeOrder", {"quoteId": quote_id, "paymentToken": "tok_visa"})
    assert result["__typename"] == "QuoteNotFound"
    assert await shared_bench.ask(EERO, "query($id: ID!) { quote(id: $id) { id } }", id=quote_id) == {"quote": None}
    for malformed in ("", "quote_1", "order_1", "\x00"):
        assert await shared_bench.ask(AINO, "query($id: ID!) { quote(id: $id) { id } }", id=malformed) == {
            "quote": None
        }


async def test_an_expired_quote_comes_with_a_fresh_one(bench: Bench) -> None:
    quote_id = await bench.quote()
    bench.set_clock(AT + timedelta(minutes=15))
    await bench.take_off(SALMON, price_minor=2600)
    fields = "... on QuoteExpired { fresh { id expiresAt lines { name } price { subtotal { minor } } } } " + PLACED
    given = {"quoteId": quote_id, "paymentToken": "tok_visa"}
    refused = await bench.change(AINO, "placeOrder", given, fields, uuid_of(900))
    assert refused["__typename"] == "QuoteExpired"
    fresh = refused["fresh"]
    assert fresh["id"] != quote_id
    assert fresh["price"] == {"subtotal": {"minor": 2600}}
    assert fresh["expiresAt"] == "2026-11-20T17:30:00Z"
    assert await bench.change(AINO, "placeOrder", given, fields, uuid_of(900)) == refused
    placed = await bench.change(AINO, "placeOrder", {**given, "quoteId": fresh["id"]}, PLACED)
    assert placed["__typename"] == "PlaceOrderSuccess"


async def test_an_expired_quote_of_what_is_gone_has_no_fresh_one(bench: Bench) -> None:
    quote_id = await bench.quote()
    bench.set_clock(AT + timedelta(hours=1))
    await bench.take_off(SALMON, unavailable=True)
    given = {"quoteId": quote_id, "paymentToken": "tok_visa"}
    refused = await bench.change(AINO, "placeOrder", given, "... on QuoteExpired { fresh { id } }")
    assert (refused["__typename"], refused["fresh"]) == ("QuoteExpired", None)


async def test_a_quote_is_used_once_whatever_the_key(shared_bench: Bench) -> None:
    quote_id = await shared_bench.quote()
    given = {"quoteId": quote_id, "paymentToken": "tok_visa"}
    fields = PLACED + " ... on QuoteAlreadyUsed { order { id status } }"
    first = await shared_bench.change(AINO, "placeOrder", given, fields, uuid_of(901))
    assert await shared_bench.change(AINO, "placeOrder", given, fields, uuid_of(901)) == first
    other = await shared_bench.change(AINO, "placeOrder", {**given, "paymentToken": "tok_amex"}, fields, uuid_of(901))
    assert other["__typename"] == "IdempotencyKeyReused"
    again = await shared_bench.change(AINO, "placeOrder", given, fields, uuid_of(902))
    assert again["__typename"] == "QuoteAlreadyUsed"
    assert again["order"] == {"id": first["order"]["id"], "status": "PLACED"}
    stranger = await shared_bench.change(EERO, "placeOrder", given, fields, uuid_of(901))
    assert stranger["__typename"] == "QuoteNotFound"


async def test_a_repeated_key_quotes_the_same(shared_bench: Bench) -> None:
    given = {"restaurantId": RESTAURANT, "lines": [SALMON_LINE]}
    first = await shared_bench.change(AINO, "quoteOrder", given, QUOTED, uuid_of(903))
    assert await shared_bench.change(AINO, "quoteOrder", given, QUOTED, uuid_of(903)) == first
    reused = await shared_bench.change(AINO, "quoteOrder", {**given, "tipMinor": 1}, QUOTED, uuid_of(903))
    assert reused["__typename"] == "IdempotencyKeyReused"


async def test_a_refusal_is_replayed_though_its_cause_is_gone(bench: Bench) -> None:
    quote_id = await bench.quote()
    await bench.close_kitchen(paused_until=AT + MINUTE)
    given = {"quoteId": quote_id, "paymentToken": "tok_visa"}
    refused = await bench.change(AINO, "placeOrder", given, "... on RestaurantPaused { until }", uuid_of(904))
    assert refused["__typename"] == "RestaurantPaused"
    bench.set_clock(AT + MINUTE)
    assert await bench.change(AINO, "placeOrder", given, "... on RestaurantPaused { until }", uuid_of(904)) == refused
    assert (await bench.change(AINO, "placeOrder", given))["__typename"] == "PlaceOrderSuccess"


async def test_a_customer_cancels_until_the_kitchen_accepts(shared_bench: Bench) -> None:
    cancelled = "... on CancelOrderSuccess { order { status version cancelledBy cancellationReason endedAt } }"
    order_id = await shared_bench.confirmed()
    result = await shared_bench.change(AINO, "cancelOrder", {"orderId": order_id}, cancelled)
    assert result["order"] == {
        "status": "CANCELLED",
        "version": 3,
        "cancelledBy": "CUSTOMER",
        "cancellationReason": "CHANGED_MIND",
        "endedAt": "2026-11-20T17:00:00Z",
    }
    again = await shared_bench.change(AINO, "cancelOrder", {"orderId": order_id}, cancelled)
    assert again == result
    accepted = await shared_bench.up_to_ready()
    refused = await shared_bench.change(
        AINO, "cancelOrder", {"orderId": accepted}, "... on IllegalTransition { status allowed }"
    )
    assert (refused["__typename"], refused["status"], refused["allowed"]) == (
        "IllegalTransition",
        "READY_FOR_PICKUP",
        [],
    )


async def test_support_cancels_and_strangers_know_nothing(shared_bench: Bench) -> None:
    order_id = await shared_bench.confirmed()
    assert (await shared_bench.change(EERO, "cancelOrder", {"orderId": order_id}))["__typename"] == "OrderNotFound"
    assert (await shared_bench.change(COOK, "cancelOrder", {"orderId": order_id}))["__typename"] == "IllegalTransition"
    given = {"orderId": order_id, "reason": "SUSPECTED_FRAUD"}
    fields = "... on CancelOrderSuccess { order { cancelledBy } }"
    assert (await shared_bench.change(SANNA, "cancelOrder", given, fields))["order"] == {"cancelledBy": "SUPPORT"}
    assert (await shared_bench.change(AINO, "cancelOrder", {"orderId": "order_x"}))["__typename"] == "MalformedId"
    assert (await shared_bench.change(AINO, "cancelOrder", {"orderId": ORDER}))["__typename"] == "OrderNotFound"


async def test_a_stale_version_shows_the_order_as_it_is(shared_bench: Bench) -> None:
    order_id = await shared_bench.confirmed()
    fields = "... on OrderVersionConflict { currentVersion order { version status } }"
    refused = await shared_bench.change(AINO, "cancelOrder", {"orderId": order_id, "expectedVersion": 1}, fields)
    assert refused["__typename"] == "OrderVersionConflict"
    assert refused["currentVersion"] == 2
    assert refused["order"] == {"version": 2, "status": "CONFIRMED"}
