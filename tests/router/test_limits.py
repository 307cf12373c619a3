"""How large a document may be: refused in milliseconds, with one error, and before any subgraph is asked."""

import json
import subprocess
from pathlib import Path

import httpx
import pytest

from tests.router.asking import conversation
from tests.router.processes import GATEWAY, PATIENCE_S, Gateway

pytestmark = pytest.mark.anyio

FAST_MS = 10.0  # of processor time


def doubling(fragments: int, inner: str = "name") -> str:
    """Each fragment spreads the next one twice."""
    links = [f"fragment F{n} on Dish {{ ...F{n + 1} ...F{n + 1} }}" for n in range(fragments)]
    return f"{{ dishes(first: 1) {{ ...F0 }} }} {' '.join(links)} fragment F{fragments} on Dish {{ {inner} }}"


def nested(depth: int) -> str:
    return "{ dish(id: 1) " + "{ similar " * (depth - 2) + "{ id }" + " }" * (depth - 2) + " }"


TOO_LARGE = {
    "characters": "{ __typename } #" + "x" * 15_000,
    "tokens": "{ " + "__typename " * 1000 + "}",
    "inline fragments": "{ " + "... { __typename } " * 600 + "}",
    "depth": nested(13),
    "aliases": "{ " + " ".join(f"a{n}: __typename" for n in range(16)) + " }",
    "a hundred aliases": "{ " + " ".join(f"a{n}: __typename" for n in range(100)) + " }",
    "aliases in a fragment": "{ dishes(first: 1) { " + "...F " * 8 + "} } fragment F on Dish { a: id b: id }",
    "root fields": "{ " + "__typename " * 21 + "}",
    "root mutations": "mutation { " + "".join(f'a{n}: rename(id: 1, name: "x") {{ id }} ' for n in range(5)) + "}",
    "directives": "{ __typename " + "@include(if: true) " * 51 + "}",
    "unknown directives": "{ __typename " + "@aa " * 51 + "}",
    "fragments": "{ ...F0 } " + " ".join(f"fragment F{n} on Query {{ __typename }}" for n in range(21)),
    "doubling fragments, 18": doubling(18),
    "doubling fragments, 80": doubling(80),
    "introspections": "{ " + " ".join(f"{alias}: __schema {{ types {{ name }} }}" for alias in "abc") + " }",
    "cost": "{ dishes(first: 10000) { id } }",
    "nested cost": "{ dishes(first: 100) { similar(first: 100) { similar(first: 100) { id } } } }",
    "cost through a fragment": "{ dishes(first: 100) { ...F } } fragment F on Dish { similar(first: 100) { id } }",
}


@pytest.mark.parametrize("document", TOO_LARGE.values(), ids=TOO_LARGE.keys())
async def test_a_document_that_is_too_large_is_refused(client: httpx.AsyncClient, document: str) -> None:
    response = await client.post("/graphql", json={"query": document})
    assert response.status_code == 400
    (error,) = response.json()["errors"]
    assert error["extensions"]["code"] == "LIMIT_EXCEEDED"


REFUSING = """
import { readFileSync } from "node:fs";
import { createDocuments } from %(documents)s;
import { loadSupergraph } from %(supergraph)s;
const { schema } = await loadSupergraph(
  { supergraph: %(path)s, subgraphs: "http://127.0.0.1:1", placed: new Map() },
  () => ({ data: null }),
);
const find = createDocuments(schema, { introspection: true });
const took = JSON.parse(readFileSync(0, "utf8")).map((text) => {
  const attempts = [1, 2, 3].map((attempt) => {
    const began = process.cpuUsage();
    try { find(`${text} #${attempt}`).cost({}); } catch {}
    const { user, system } = process.cpuUsage(began);
    return (user + system) / 1000;
  });
  return Math.min(...attempts);
});
process.stdout.write(JSON.stringify(took));
"""


def test_refusing_takes_milliseconds(graph: Path) -> None:
    folder = GATEWAY.parent / "graph"
    places = {"documents": (folder / "documents.js").as_uri(), "supergraph": (folder / "supergraph.js").as_uri()}
    script = REFUSING % {name: json.dumps(value) for name, value in {**places, "path": str(graph)}.items()}
    command = ["node", "--input-type=module", "-e", script]
    told = json.dumps([*TOO_LARGE.values()])
    run = subprocess.run(command, input=told, capture_output=True, text=True, timeout=PATIENCE_S, check=True)
    took = dict(zip(TOO_LARGE, json.loads(run.stdout), strict=True))
    assert {name: spent for name, spent in took.items() if spent >= FAST_MS} == {}


@pytest.mark.parametrize("document", TOO_LARGE.values(), ids=TOO_LARGE.keys())
async def test_the_same_limits_hold_over_websocket(gateway: Gateway, document: str) -> None:
    async with conversation(gateway) as talk:
        await talk.initialise()
        await talk.subscribe(document)
        (error,) = await talk.until_end()
    assert error["type"] == "error"
    assert error["payload"][0]["extensions"]["code"] == "LIMIT_EXCEEDED"


JUST_ALLOWED = {
    "depth": nested(12).replace("similar", "similar(first: 1)"),
    "aliases": "{ " + " ".join(f"a{n}: __typename" for n in range(15)) + " }",
    "root fields": "{ " + "__typename " * 20 + "}",
    "root mutations": "mutation { " + "".join(f'a{n}: rename(id: 1, name: "x") {{ id }} ' for n in range(4)) + "}",
    "one field many times": "{ dish(id: 1) { " + "name " * 500 + "} }",
    "cost": "{ dishes(first: 100) { id name } }",
}


@pytest.mark.parametrize("document", JUST_ALLOWED.values(), ids=JUST_ALLOWED.keys())
async def test_what_is_just_allowed_is_answered(client: httpx.AsyncClient, document: str) -> None:
    response = await client.post("/graphql", json={"query": document})
    assert response.status_code == 200
    assert "errors" not in response.json()


@pytest.mark.parametrize(
    ("first", "status"),
    [(10**6, 400), (100, 200), (0, 200), (-5, 200), (None, 400), (2**31, 400), (1.5, 400), ("9", 400)],
)
async def test_cost_sees_through_variables(client: httpx.AsyncClient, first: object, status: int) -> None:
    query = "query($first: Int!) { dishes(first: $first) { id } }"
    headers = {"accept": "application/graphql-response+json"}
    response = await client.post("/graphql", json={"query": query, "variables": {"first": first}}, headers=headers)
    assert response.status_code == status


@pytest.mark.parametrize(
    "document",
    [
        "{ dish(id: 1) { ...A } } fragment A on Dish { ...B } fragment B on Dish { ...A }",
        "{ ...A } fragment A on Query { ...A }",
        "{ dish(id: 1) { ...A } } fragment A on Dish { similar { ...A } }",
    ],
)
async def test_circular_fragments_are_refused_by_validation(client: httpx.AsyncClient, document: str) -> None:
    """Validation is never skipped: the planner would crash the process on these."""
    response = await client.post(
        "/graphql", json={"query": document}, headers={"accept": "application/graphql-response+json"}
    )
    assert response.status_code == 400
    assert response.json()["errors"][0]["extensions"]["code"] == "GRAPHQL_VALIDATION_FAILED"


@pytest.mark.parametrize(
    "document",
    [
        "{ __proto__: dish(id: 1) { polluted: name } }",
        "{ dish(id: 1) { __proto__: caller { polluted: credential } } }",
        "{ dish(id: 1) { __defineGetter__: name } }",
        "query($__proto__: ID!) { dish(id: $__proto__) { id } }",
        "{ constructor: dish(id: 1) { id } }",
        "{ dish(id: 1) { toString: name hasOwnProperty: name } }",
    ],
)
async def test_reserved_names_cannot_reach_prototypes(client: httpx.AsyncClient, document: str) -> None:
    response = await client.post("/graphql", json={"query": document, "variables": {"__proto__": "x"}})
    assert response.status_code == 400
    assert response.json()["errors"][0]["extensions"]["code"] == "BAD_USER_INPUT"


@pytest.mark.parametrize("alias", ["prototype", "then", "length", "toJSON", "data", "errors", "context"])
async def test_other_names_are_ordinary_aliases(client: httpx.AsyncClient, alias: str) -> None:
    query = f"{{ {alias}: dish(id: 2) {{ {alias}: name praise }} }}"
    response = await client.post("/graphql", json={"query": query})
    assert response.json() == {"data": {alias: {alias: "dish 2", "praise": "people like 2"}}}


@pytest.mark.parametrize("number", ["9" * 5000, "9007199254740993", "-9007199254740993", "1e999"])
async def test_numbers_that_would_lose_digits_are_refused_in_documents(client: httpx.AsyncClient, number: str) -> None:
    response = await client.post("/graphql", json={"query": f"{{ dishes(first: {number}) {{ id }} }}"})
    assert response.status_code == 400
    assert response.json()["errors"][0]["extensions"]["code"] == "BAD_USER_INPUT"


async def test_a_schema_can_be_asked_for_alone(client: httpx.AsyncClient) -> None:
    from graphql import build_client_schema, get_introspection_query

    whole = await client.post("/graphql", json={"query": get_introspection_query()})
    assert build_client_schema(whole.json()["data"]).query_type
    hidden = await client.post(
        "/graphql", json={"query": "{ ...F } fragment F on Query { __schema { types { name } } }"}
    )
    assert not {"join__Graph", "_Any", "_Entity"} & {
        known["name"] for known in hidden.json()["data"]["__schema"]["types"]
    }
    mixed = await client.post("/graphql", json={"query": "{ __schema { types { name } } dish(id: 1) { id } }"})
    assert mixed.status_code == 400
