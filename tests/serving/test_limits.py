"""What an attacker could inflate is refused before any resolver, at a cost that does not grow with the attack."""

import httpx
import pytest
from graphql import OperationDefinitionNode, parse

from kernel.graph.documents import Documents, RequestInvalid
from kernel.graph.errors import LimitExceeded
from kernel.graph.limits import Limits, Measure, measure
from kernel.graph.shapes import shapes_of
from tests.serving.parlour import SCHEMA

pytestmark = pytest.mark.anyio

URL = "/parlour/graphql"
SHAPES = shapes_of(SCHEMA.core)
BOUNDLESS = Limits(
    depth=10_000, aliases=10_000, directives=10_000, fragments=1_000, root_fields=2**200, selections=10_000, cost=2**200
)


def measured(text: str, limits: Limits = BOUNDLESS, **variables: object) -> Measure:
    document = parse(text)
    operation = document.definitions[0]
    assert isinstance(operation, OperationDefinitionNode)
    return measure(SHAPES, document, operation, variables, limits)


def cost(text: str, **variables: object) -> int:
    operation = parse(text).definitions[0]
    assert isinstance(operation, OperationDefinitionNode)
    return measured(text, BOUNDLESS, **variables).operation(operation).cost


def doubling(levels: int, inner: str = "hello") -> str:
    fragments = [f"fragment F{n} on Query {{ ...F{n + 1} ...F{n + 1} }}" for n in range(levels)]
    return "query { ...F0 } " + " ".join(fragments) + f" fragment F{levels} on Query {{ {inner} }}"


DEEP = "{ guest(id: 1) " + "{ friends(first: 1) { nodes " * 6 + "{ name }" + " }}" * 6 + "}"

ATTACKS = {
    "aliases": "{ " + " ".join(f"a{n}: hello" for n in range(31)) + " }",
    "depth": DEEP,
    "tokens": "{ " + "hello " * 1_001 + "}",
    "commas and comments": "{ hello #" + "\n#" * 5_000 + "\n }",
    "characters": "{ hello " + " " * 15_000 + "}",
    "inline fragments": "{ " + "... { hello } " * 600 + "}",
    "directives": "{ hello " + "@include(if: true) " * 51 + "}",
    "unknown directives": "{ hello " + "@aa " * 60 + "}",
    "root fields": "{ " + "hello " * 21 + "}",
    "root mutations": "mutation { "
    + " ".join(f'm{n}: say(input: {{idempotencyKey: "x", text: ""}}) {{ __typename }}' for n in range(5))
    + " }",
    "the same field again and again": '{ guest(id: "1") { ' + "name " * 500 + "} }",
    "overlapping objects": "{ " + 'guest(id: "1") { name } ' * 100 + "}",
    "doubling fragments": doubling(10),
    "many doubling fragments": doubling(80),
    "doubling fragments with objects": doubling(19, 'guest(id: "1") { name }'),
    "a page of ten thousand": "{ guests(first: 10000) { nodes { name } } }",
    "nested pages": "{ guests(first: 100) { nodes { friends(first: 100) { nodes { name } } } } }",
    "nested lists": '{ guest(id: "1") ' + "{ siblings " * 8 + "{ name }" + " }" * 8 + " }",
    "nested pages in fragments": "{ guests(first: 100) { nodes { ...A } } } "
    "fragment A on Guest { ...B } fragment B on Guest { friends(first: 100) { edges { node { name } } } }",
    "a number too long": "{ required(number: " + "9" * 4_000 + ") }",
}


@pytest.mark.parametrize("query", ATTACKS.values(), ids=ATTACKS.keys())
async def test_an_attack_gets_one_error_and_no_resolver_runs(http: httpx.AsyncClient, query: str) -> None:
    answer = await http.post(URL, json={"query": query})
    (error,) = answer.json()["errors"]
    assert answer.status_code == 400
    assert error["extensions"]["code"] in {"LIMIT_EXCEEDED", "BAD_USER_INPUT"}


@pytest.mark.parametrize("first", [10**6, 2**31 - 1, 5_001, 10**30])
async def test_a_page_size_cannot_hide_in_a_variable(http: httpx.AsyncClient, first: int) -> None:
    query = "query($n: Int!) { guests(first: $n) { nodes { name } } }"
    answer = await http.post(URL, json={"query": query, "variables": {"n": first}})
    assert answer.status_code == 400
    query = f"query($n: Int! = {first}) {{ guests(first: $n) {{ nodes {{ name }} }} }}"
    assert (await http.post(URL, json={"query": query})).status_code == 400


@pytest.mark.parametrize("first", [-1, 0, 101, None])
async def test_a_page_size_out_of_bounds_is_bad_input(http: httpx.AsyncClient, first: int | None) -> None:
    query = "query($n: Int) { guests(first: $n) { nodes { name } } }"
    (error,) = (await http.post(URL, json={"query": query, "variables": {"n": first}})).json()["errors"]
    assert error["extensions"]["code"] == "BAD_USER_INPUT"


async def test_the_variables_of_each_request_count_though_the_document_is_known(http: httpx.AsyncClient) -> None:
    query = "query Known($n: Int!) { guests(first: $n) { nodes { friends(first: 50) { nodes { name } } } } }"
    for first, status in ((1, 200), (100, 400), (2, 200), (101, 400)):
        assert (await http.post(URL, json={"query": query, "variables": {"n": first}})).status_code == status


def test_measuring_looks_at_each_selection_once() -> None:
    for levels in (10, 40, 80):
        found = measured(doubling(levels))
        assert found.visited == 2 * levels + 2


def test_circles_of_fragments_are_measured_and_end() -> None:
    found = measured("{ ...A } fragment A on Query { ...B } fragment B on Query { ...A ...B hello }")
    assert found.visited == 5


def test_cost_counts_objects_times_the_lists_they_stand_in() -> None:
    assert cost("{ hello viewer }") == 0
    assert cost('{ guest(id: "1") { name } }') == 1
    assert cost('{ guest(id: "1") { debt { minor } } }') == 1
    assert cost("{ guests(first: 10) { nodes { name } } }") == 10 * 2
    assert cost("{ guests(first: 10) { edges { node { name } } pageInfo { hasNextPage } } }") == 10 * 3
    assert cost('{ guest(id: "1") { siblings { name } } }') == 1 + 5
    assert cost("query($n: Int = 7) { guests(first: $n) { nodes { name } } }") == 14
    assert cost("query($n: Int = 7) { guests(first: $n) { nodes { name } } }", n=3) == 6
    assert cost("{ ...A ...A } fragment A on Query { guests(first: 10) { nodes { name } } }") == 40


def test_what_the_limits_allow_is_allowed() -> None:
    documents = Documents(SCHEMA.core)
    for text in (
        "{ " + " ".join(f"a{n}: hello" for n in range(20)) + " }",
        "{ guests(first: 100) { nodes { name debt { minor formatted } friends(first: 5) { nodes { name } } } } }",
    ):
        documents.operation(text, None, {})


def test_each_limit_is_named_in_its_error() -> None:
    with pytest.raises(LimitExceeded, match="more than 2 \\(levels\\)"):
        measured('{ guest(id: "1") { debt { minor } } }', Limits(depth=2))


def test_documents_are_kept_within_a_budget_of_text() -> None:
    documents = Documents(SCHEMA.core)
    filler = " " * 14_000
    for number in range(60):
        documents.operation(f'{{ hello(name: "{number}") }}{filler}', None, {})
    assert sum(documents.sizes()) <= 400_000
    with pytest.raises(RequestInvalid):
        documents.operation("{ nothing }", None, {})
    with pytest.raises(RequestInvalid):
        documents.operation("{ nothing }", None, {})
