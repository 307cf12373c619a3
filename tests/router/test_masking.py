"""What a client learns of a failure inside: a code and a request id, no text of an exception, no address, no stack."""

import json
from pathlib import Path

import httpx
import pytest

from tests.router.asking import ask, conversation, events
from tests.router.processes import PATIENCE_S, Gateway, Subgraphs, running_gateway

pytestmark = pytest.mark.anyio

SECRETS = (
    "hunter2",
    "10.0.0.7",
    "postgresql://",
    "Traceback",
    "RuntimeError",
    "node_modules",
    "ECONNREFUSED",
    "127.0.0.1",
)


def assert_tells_nothing(text: str) -> None:
    assert not [secret for secret in SECRETS if secret in text], text


@pytest.mark.parametrize("accept", ["application/json", "application/graphql-response+json"])
async def test_an_exception_is_masked_and_named_by_the_request_id(
    client: httpx.AsyncClient, gateway: Gateway, accept: str
) -> None:
    response = await client.post("/graphql", json={"query": "query Boom { explode }"}, headers={"accept": accept})
    assert response.status_code == 200
    assert_tells_nothing(response.text)
    answer = response.json()
    assert answer["data"] is None
    (error,) = answer["errors"]
    assert error["path"] == ["explode"]
    assert error["extensions"] == {"code": "INTERNAL", "requestId": response.headers["x-request-id"]}
    record = gateway.wait_for(lambda record: record.get("request_id") == error["extensions"]["requestId"])
    assert record["operation"] == "Boom"
    assert record["trace_id"]


async def test_a_sentence_for_clients_passes_but_other_extensions_do_not(client: httpx.AsyncClient) -> None:
    answer = await ask(client, '{ refuse(code: "FORBIDDEN") }')
    (error,) = answer["errors"]
    assert error["message"] == "a sentence for clients"
    assert set(error["extensions"]) == {"code", "requestId"}
    assert error["extensions"]["code"] == "FORBIDDEN"


async def test_an_unknown_code_is_masked(client: httpx.AsyncClient) -> None:
    answer = await ask(client, '{ refuse(code: "SQLSTATE_42P01") }')
    assert_tells_nothing(json.dumps(answer))
    assert answer["errors"][0]["extensions"]["code"] == "INTERNAL"
    assert "a sentence" not in json.dumps(answer)


async def test_a_failing_join_leaves_the_rest_and_later_items_whole(client: httpx.AsyncClient) -> None:
    answer = await ask(client, "{ dishes(first: 3) { id praise } }")
    assert [dish["praise"] for dish in answer["data"]["dishes"]] == ["people like 0", None, "people like 2"]
    assert answer["errors"][0]["path"] == ["dishes", 1, "praise"]
    received = [
        json.loads(data)
        async for name, data in events(client, "subscription { served(count: 3) { id praise } }")
        if name == "next"
    ]
    assert ["errors" in item for item in received] == [False, True, False]
    assert_tells_nothing(json.dumps(received))


async def test_a_stream_that_breaks_ends_with_a_masked_error(gateway: Gateway, client: httpx.AsyncClient) -> None:
    async with conversation(gateway) as talk:
        await talk.initialise()
        await talk.subscribe("subscription { breaking { id } }")
        received = await talk.until_end()
    assert [message["type"] for message in received] == ["next", "next", "complete"]
    assert_tells_nothing(json.dumps(received))
    assert received[1]["payload"]["errors"][0]["extensions"]["code"] == "INTERNAL"
    streamed = [event async for event in events(client, "subscription { breaking { id } }")]
    assert [name for name, _ in streamed] == ["next", "next", "complete"]
    assert_tells_nothing(str(streamed))


async def test_a_denied_stream_is_one_error_and_the_end(gateway: Gateway) -> None:
    async with conversation(gateway) as talk:
        await talk.initialise()
        await talk.subscribe("subscription { forbidden { id } }")
        received = await talk.until_end()
    assert [message["type"] for message in received] == ["next", "complete"]
    assert received[0]["payload"]["errors"][0]["extensions"]["code"] == "FORBIDDEN"
    assert received[0]["payload"]["errors"][0]["message"] == "not yours"


async def test_a_wrong_credential_is_our_affair_not_the_clients(graph: Path, subgraphs: Subgraphs, router: str) -> None:
    with running_gateway(graph, subgraphs.url, router, ROUTER_SECRET="another-credential") as gateway:
        async with httpx.AsyncClient(base_url=gateway.url, timeout=PATIENCE_S) as client:
            answer = await ask(client, '{ echo(text: "x") }')
            assert answer["errors"][0]["extensions"]["code"] == "UNAVAILABLE"
            assert_tells_nothing(json.dumps(answer))
            assert (await client.get("/health/ready")).status_code == 503


async def test_without_introspection_the_schema_cannot_be_guessed(graph: Path, subgraphs: Subgraphs) -> None:
    with running_gateway(graph, subgraphs.url, INTROSPECTION="off") as gateway:
        async with httpx.AsyncClient(base_url=gateway.url, timeout=PATIENCE_S) as client:
            for query in (
                "{ __schema { types { name } } }",
                "{ dishs { id } }",
                "{ dish(id: 1) { nme } }",
                "{ dish { id } }",
            ):
                answer = await ask(client, query)
                assert [error["message"] for error in answer["errors"]] == ["The document does not fit the schema."]
            assert (await ask(client, '{ echo(text: "x") }'))["data"] == {"echo": "x"}
