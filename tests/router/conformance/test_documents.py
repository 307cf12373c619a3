"""Documents: how large one may be, which names and numbers it may hold, and what is told when it does not fit."""

import httpx
import pytest
from graphql import build_client_schema, get_introspection_query

from tests.journeys.person import Json, Person
from tests.router.conformance.conftest import Talk
from tests.router.conformance.meals import Meal
from tests.router.conformance.sizes import JUST_ALLOWED, TOO_LARGE

pytestmark = [pytest.mark.anyio, pytest.mark.journey]

GRAPHQL = {"accept": "application/graphql-response+json"}


@pytest.mark.parametrize("document", TOO_LARGE.values(), ids=TOO_LARGE.keys())
async def test_a_document_that_is_too_large_is_refused(client: httpx.AsyncClient, document: str) -> None:
    response = await client.post("/graphql", json={"query": document})
    assert response.status_code == 400
    (error,) = response.json()["errors"]
    assert error["extensions"]["code"] == "LIMIT_EXCEEDED"


@pytest.mark.parametrize("document", TOO_LARGE.values(), ids=TOO_LARGE.keys())
async def test_the_same_limits_hold_over_websocket(talk: Talk, document: str) -> None:
    async with talk() as told:
        await told.initialise()
        await told.subscribe(document)
        (error,) = await told.until_end()
    assert error["type"] == "error"
    assert error["payload"][0]["extensions"]["code"] == "LIMIT_EXCEEDED"


@pytest.mark.parametrize("document", JUST_ALLOWED.values(), ids=JUST_ALLOWED.keys())
async def test_what_is_just_allowed_is_answered(aino: Person, document: str) -> None:
    assert await aino.ask(document)


@pytest.mark.parametrize(
    ("first", "status"),
    [(10**6, 400), (100, 200), (0, 200), (-5, 200), (2**31, 400), (1.5, 400), ("9", 400)],
)
async def test_cost_sees_through_variables(client: httpx.AsyncClient, first: object, status: int) -> None:
    body = {"query": "query($n: Int) { restaurants(first: $n) { nodes { id } } }", "variables": {"n": first}}
    response = await client.post("/graphql", json=body, headers=GRAPHQL)
    assert response.status_code == status


@pytest.mark.parametrize(
    "document",
    [
        '{ order(id: "x") { ...A } } fragment A on Order { ...B } fragment B on Order { ...A }',
        "{ ...A } fragment A on Query { ...A }",
        '{ restaurant(id: "x") { ...A } } fragment A on Restaurant { menu { restaurant { ...A } } }',
    ],
)
async def test_circular_fragments_are_refused_by_validation(client: httpx.AsyncClient, document: str) -> None:
    response = await client.post("/graphql", json={"query": document}, headers=GRAPHQL)
    assert response.status_code == 400
    assert response.json()["errors"][0]["extensions"]["code"] == "GRAPHQL_VALIDATION_FAILED"


@pytest.mark.parametrize(
    "document",
    [
        '{ __proto__: restaurant(id: "x") { polluted: name } }',
        '{ restaurant(id: "x") { __proto__: menu { id } } }',
        '{ restaurant(id: "x") { __defineGetter__: name } }',
        "query($__proto__: ID!) { restaurant(id: $__proto__) { id } }",
        '{ constructor: restaurant(id: "x") { id } }',
        '{ restaurant(id: "x") { toString: name hasOwnProperty: name } }',
    ],
)
async def test_reserved_names_are_refused(client: httpx.AsyncClient, document: str) -> None:
    response = await client.post("/graphql", json={"query": document, "variables": {"__proto__": "x"}})
    assert response.status_code == 400
    assert response.json()["errors"][0]["extensions"]["code"] == "BAD_USER_INPUT"


@pytest.mark.parametrize("alias", ["prototype", "then", "length", "toJSON", "data", "errors", "context"])
async def test_other_names_are_ordinary_aliases(nobody: Person, meal: Meal, alias: str) -> None:
    document = f"query($id: ID!) {{ {alias}: restaurant(id: $id) {{ {alias}: name acceptingOrders }} }}"
    answer = await nobody.ask(document, id=meal.restaurant.id)
    assert answer == {alias: {alias: "Conformance kitchen", "acceptingOrders": True}}


@pytest.mark.parametrize("number", ["9" * 5000, "9007199254740993", "-9007199254740993", "1e999"])
async def test_numbers_that_would_lose_digits_are_refused(client: httpx.AsyncClient, number: str) -> None:
    query = f"{{ restaurants(first: {number}) {{ nodes {{ id }} }} }}"
    response = await client.post("/graphql", json={"query": query})
    assert response.status_code == 400
    assert response.json()["errors"][0]["extensions"]["code"] == "BAD_USER_INPUT"


async def test_a_schema_can_be_asked_for_alone(client: httpx.AsyncClient) -> None:
    whole = await client.post("/graphql", json={"query": get_introspection_query()})
    schema = build_client_schema(whole.json()["data"])
    assert schema.query_type
    assert not {"join__Graph", "_Any", "_Entity", "_Service"} & {*schema.type_map}
    mixed = await client.post("/graphql", json={"query": '{ __schema { types { name } } restaurant(id: "x") { id } }'})
    assert mixed.status_code == 400


@pytest.mark.parametrize("field", ["_entities(representations: [])", "_service"])
async def test_what_subgraphs_tell_their_router_is_not_in_the_graph(nobody: Person, field: str) -> None:
    answer = await nobody.result(f"{{ {field} {{ __typename }} }}")
    assert codes(answer) == ["GRAPHQL_VALIDATION_FAILED"]
    assert "data" not in answer


NAMED = """query First { restaurant(id: "x") { id } }
  query Second($id: ID!, $deep: Boolean = false) {
    one: restaurant(id: $id) { ...Named } two: restaurant(id: $id) { ... on Restaurant { ...Named } }
    skipped: restaurant(id: $id) @skip(if: true) { id }
  }
  fragment Named on Restaurant { name rating { count } menu @include(if: $deep) { id } }"""


async def test_one_of_several_operations_is_run_with_its_fragments_and_aliases(
    client: httpx.AsyncClient, meal: Meal
) -> None:
    for deep in (True, False):
        variables = {"id": meal.restaurant.id, **({"deep": True} if deep else {})}
        body = {"query": NAMED, "operationName": "Second", "variables": variables}
        data: Json = (await client.post("/graphql", json=body)).json()["data"]
        assert [*data] == ["one", "two"]
        assert data["one"] == data["two"]
        assert ("menu" in data["one"]) is deep
        assert data["one"]["rating"] is not None


async def test_a_page_that_cannot_be_is_an_error_of_its_field_only(nobody: Person, meal: Meal) -> None:
    document = "query($id: ID!) { restaurants(first: 0) { nodes { id } } restaurant(id: $id) { name } }"
    answer = await nobody.result(document, {"id": meal.restaurant.id})
    assert answer["data"] == {"restaurants": None, "restaurant": {"name": "Conformance kitchen"}}
    (error,) = answer["errors"]
    assert error["message"] == "A page has between 1 and 100 items."
    assert (error["path"], error["extensions"]["code"]) == (["restaurants"], "BAD_USER_INPUT")
    assert {*error["extensions"]} == {"code", "requestId"}


async def test_an_error_deep_inside_has_its_whole_path(aino: Person, meal: Meal) -> None:
    document = "query($id: ID!) { order(id: $id) { id restaurant { name reviews(first: 0) { nodes { id } } } } }"
    answer = await aino.result(document, {"id": meal.brought})
    assert answer["data"]["order"]["restaurant"] == {"name": "Conformance kitchen", "reviews": None}
    (error,) = answer["errors"]
    assert (error["path"], error["extensions"]["code"]) == (["order", "restaurant", "reviews"], "BAD_USER_INPUT")


async def test_a_variable_that_does_not_fit_is_named_without_its_value(aino: Person) -> None:
    document = "mutation($input: PlaceOrderInput!) { placeOrder(input: $input) { __typename } }"
    answer = await aino.result(document, {"input": {"paymentToken": "tok_canary"}})
    assert {*codes(answer)} == {"BAD_USER_INPUT"}
    assert "tok_canary" not in str(answer)
    assert "data" not in answer


def codes(answer: Json) -> list[str]:
    return [error["extensions"]["code"] for error in answer["errors"]]


@pytest.mark.parametrize(
    "selected",
    [
        "status",
        "id status delivery { id }",
        "...Whole",
        "id ...Whole",
        "... { status }",
        "... on Order { status delivery { id } }",
        "... on Order { ...Whole }",
        "...Whole @include(if: true)",
        "id ... @skip(if: false) { status }",
    ],
)
async def test_what_must_not_be_null_takes_what_holds_it_along_however_it_is_asked_for(
    meal: Meal, selected: str
) -> None:
    """Who brought a meal knows of its review; the order itself is theirs to see no more."""
    fragment = "fragment Whole on Order { status }" if "Whole" in selected else ""
    document = f"query($id: ID!) {{ review(id: $id) {{ id order {{ {selected} }} }} }} {fragment}"
    assert await meal.carrier.ask(document, id=meal.review) == {"review": {"id": meal.review, "order": None}}
