"""Mutations through a router: each answers with its success or with a typed refusal, and both may be joined further."""

from typing import cast
from uuid import uuid4

import pytest
from graphql import (
    GraphQLEnumType,
    GraphQLInputObjectType,
    GraphQLObjectType,
    GraphQLType,
    get_named_type,
    is_required_input_field,
)

from tests.journeys.dining import confirmed, line, now, placed, quoted
from tests.journeys.person import Json, Person, mutation_document
from tests.patience import eventually
from tests.router.conformance.joins import owners_of, supergraph
from tests.router.conformance.meals import Meal

pytestmark = [pytest.mark.anyio, pytest.mark.journey, pytest.mark.timeout(120)]

SCHEMA = supergraph()
MUTATIONS = cast("GraphQLObjectType", SCHEMA.mutation_type)
FAMILIES = {subgraph for field in MUTATIONS.fields.values() for subgraph in owners_of(MUTATIONS, field)}
NONSENSE: dict[str, object] = {
    "ID": "nonsense",
    "String": "x",
    "Int": 1,
    "Float": 1.0,
    "Boolean": True,
    "DateTime": "2026-11-22T19:00:00Z",
    "MinorUnits": 1,
    "Currency": "EUR",
    "TimeZone": "Europe/Helsinki",
    "LocalTime": "12:00",
    "Duration": "PT5M",
}
TESTED: dict[str, set[str]] = {
    "CATALOG": {"setItemAvailability"},
    "ORDERS": {"quoteOrder", "placeOrder", "acceptOrder", "cancelOrder"},
    "DISPATCH": {"goOnline", "goOffline"},
    "TRACKING": {"reportPositions"},
    "REVIEWS": {"reportReview"},
}
"""Which mutations of each family succeed below."""


CALLED_OFF = {"reason": "CHANGED_MIND"}


def nonsense(kind: GraphQLType) -> object:
    """The least that the type asks for, and nothing that exists."""
    if str(kind).startswith("["):
        return []
    named = get_named_type(kind)
    if isinstance(named, GraphQLInputObjectType):
        needed = {name: field for name, field in named.fields.items() if is_required_input_field(field)}
        return {name: nonsense(field.type) for name, field in needed.items()}
    if isinstance(named, GraphQLEnumType):
        return next(iter(named.values))
    return str(uuid4()) if named.name == "UUID" else NONSENSE[named.name]


def test_every_family_has_a_mutation_that_succeeds() -> None:
    assert set(TESTED) == FAMILIES
    for subgraph, names in TESTED.items():
        assert all(owners_of(MUTATIONS, MUTATIONS.fields[name]) == {subgraph} for name in names)


@pytest.mark.parametrize("mutation", sorted(MUTATIONS.fields))
async def test_every_mutation_refuses_with_a_type(nobody: Person, mutation: str) -> None:
    kind = MUTATIONS.fields[mutation].args["input"].type
    answer = await nobody.ask(mutation_document(mutation, "", ""), input=nonsense(kind))
    refused = answer["result"]
    assert not refused["__typename"].endswith("Success")
    assert refused["code"] == screaming(refused["__typename"])
    assert refused["message"]


def screaming(name: str) -> str:
    return "".join(f"_{letter}" if letter.isupper() else letter.upper() for letter in name).lstrip("_")


async def test_a_kitchen_changes_its_menu_or_is_told_that_it_may_not(aino: Person, meal: Meal) -> None:
    coffee = (await meal.restaurant.items())["coffee"]["id"]
    given = {"menuItemId": coffee, "available": True}
    selected = "menuItem { id name restaurant { name acceptingOrders rating { count } } } consistencyToken"
    done = await meal.staff.does("setItemAvailability", given, selected)
    restaurant = done["menuItem"]["restaurant"]
    assert (restaurant["name"], restaurant["acceptingOrders"]) == ("Conformance kitchen", True)
    assert restaurant["rating"] is not None
    refused = await aino.act("setItemAvailability", given)
    assert (refused["__typename"], refused["code"]) == ("NotAllowed", "NOT_ALLOWED")


async def test_an_order_is_placed_accepted_and_cancelled_and_each_answer_reaches_further(
    aino: Person, meal: Meal
) -> None:
    order = (await placed(aino, meal.restaurant))["order"]["id"]
    await eventually(lambda: is_confirmed(aino, order))
    selected = "order { status restaurant { name } delivery { status } lines { item { name } } }"
    accepted = await meal.staff.does("acceptOrder", {"orderId": order, "prepMinutes": 10}, selected)
    assert accepted["order"] == {
        "status": "ACCEPTED",
        "restaurant": {"name": "Conformance kitchen"},
        "delivery": None,
        "lines": [{"item": {"name": "Coffee"}}],
    }
    stale = {"orderId": order, "expectedVersion": 1}
    joined = "... on OrderVersionConflict { currentVersion order { id restaurant { name rating { count } } } }"
    conflict = await meal.staff.act("startPreparing", stale, refused=joined)
    assert conflict == {
        "__typename": "OrderVersionConflict",
        "code": "ORDER_VERSION_CONFLICT",
        "message": conflict["message"],
        "path": None,
        "currentVersion": 3,
        "order": {"id": order, "restaurant": conflict["order"]["restaurant"]},
    }
    assert conflict["order"]["restaurant"]["rating"] is not None
    done = await aino.does("cancelOrder", CALLED_OFF | {"orderId": order}, "order { id payments { status } }")
    assert (done["order"]["id"], len(done["order"]["payments"])) == (order, 1)


async def is_confirmed(person: Person, order_id: str) -> bool:
    found = await now(person, order_id)
    return found is not None and found["status"] == "CONFIRMED"


async def test_what_cannot_be_is_refused_with_what_can(aino: Person, meal: Meal) -> None:
    order = await confirmed(aino, meal.restaurant)
    told = "... on IllegalTransition { status allowed }"
    early = await meal.staff.act("markOrderReady", {"orderId": order}, refused=told)
    assert (early["__typename"], early["status"]) == ("IllegalTransition", "CONFIRMED")
    assert {*early["allowed"]} == {"ACCEPT_ORDER", "REJECT_ORDER"}
    pizza = (await meal.restaurant.items())["pizza"]
    given = {"restaurantId": meal.restaurant.id, "fulfilment": "TAKEAWAY", "lines": [line(pizza, options=[])]}
    broken = await aino.act("quoteOrder", given, "quote { id }", "... on OptionRulesBroken { groupName chosen }")
    assert (broken["path"], broken["groupName"], broken["chosen"]) == (["lines", "0", "optionIds"], "Size", 0)


async def test_a_shift_begins_and_ends(meal: Meal, aino: Person) -> None:
    otso = meal.courier.person
    given = {"vehicle": "BICYCLE", "displayName": "Again"}
    begun = await otso.does("goOnline", given, "courier { id rating { count } }")
    assert begun["courier"]["rating"] is not None
    joined = "... on DeliveryInProgress { delivery { id position { latitude } } }"
    busy = await otso.act("goOffline", {}, refused=joined)
    assert (busy["__typename"], busy["delivery"]["id"]) == ("DeliveryInProgress", meal.delivery)
    assert busy["delivery"]["position"] is not None
    assert (await aino.act("goOffline", {}))["__typename"] == "NotAllowed"


async def test_positions_are_taken_from_couriers(meal: Meal, aino: Person) -> None:
    assert (await meal.courier.report())["accepted"] == 1
    refused = await aino.act("reportPositions", {"positions": []})
    assert refused["__typename"] in {"NotAllowed", "InvalidInput"}


REVIEWED = """... on AlreadyReviewed { review { id order { status } restaurant { name }
  courier { courier { displayName } } } }"""


async def test_a_meal_is_reviewed_once_and_told_as_it_was(meal: Meal, eero: Person) -> None:
    opinion = {"orderId": meal.brought, "restaurant": {"stars": 1}}
    again = await meal.customer.act("reviewOrder", opinion, refused=REVIEWED)
    assert (again["code"], again["review"]["id"]) == ("ALREADY_REVIEWED", meal.review)
    assert again["review"]["order"] == {"status": "DELIVERED"}
    assert again["review"]["restaurant"] == {"name": "Conformance kitchen"}
    assert again["review"]["courier"]["courier"]["displayName"]
    report = {"reviewId": meal.review, "reason": "UNTRUE"}
    done = await eero.does("reportReview", report, "review { id restaurant { name } }")
    assert done["review"] == {"id": meal.review, "restaurant": {"name": "Conformance kitchen"}}


async def test_a_repeated_request_is_answered_as_the_first_was(aino: Person, eero: Person, meal: Meal) -> None:
    quote = await quoted(aino, meal.restaurant)
    given: Json = {"idempotencyKey": str(uuid4()), "quoteId": quote["id"], "paymentToken": "tok_visa"}
    first, again = [await aino.does("placeOrder", given, "order { id version }") for _ in range(2)]
    assert first == again
    other = {**given, "quoteId": (await quoted(aino, meal.restaurant))["id"]}
    assert (await aino.act("placeOrder", other))["code"] == "IDEMPOTENCY_KEY_REUSED"
    assert (await eero.act("placeOrder", {**given, "idempotencyKey": str(uuid4())}))["code"] == "QUOTE_NOT_FOUND"


async def test_four_mutations_in_one_document_run_in_order(aino: Person) -> None:
    cancels = " ".join(
        f'c{n}: cancelOrder(input: {{idempotencyKey: "{uuid4()}", orderId: "nonsense", reason: CHANGED_MIND}}) '
        "{ ... on MalformedId { path } }"
        for n in range(4)
    )
    answer = await aino.ask(f"mutation {{ {cancels} }}")
    assert [*answer] == ["c0", "c1", "c2", "c3"]
    assert all(each == {"path": ["orderId"]} for each in answer.values())
