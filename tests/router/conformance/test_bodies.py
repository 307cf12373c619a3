"""Requests over HTTP: what a body, a content type, a method and an Accept header may be, and what is answered."""

import asyncio
import gzip
import json
from urllib.parse import urlsplit

import httpx
import pytest

from tests.router.conformance.deployment import Deployment

pytestmark = [pytest.mark.anyio, pytest.mark.journey]

GOOD = {"query": '{ restaurant(id: "x") { id } }'}
ANSWER = {"data": {"restaurant": None}}
SEARCH = b"query($text: String!) { restaurants(search: $text, first: 1) { nodes { id } } }"
MUTATION = 'mutation { cancelOrder(input: {idempotencyKey: "x", orderId: "x", reason: CHANGED_MIND}) { __typename } }'
JSON_TYPE = {"content-type": "application/json"}
GRAPHQL = "application/graphql-response+json"


def code_of(response: httpx.Response) -> str:
    (error,) = response.json()["errors"]
    assert error["extensions"]["requestId"] == response.headers["x-request-id"]
    return error["extensions"]["code"]


MALFORMED: list[bytes] = [
    b"",
    b" ",
    b"{",
    b"nonsense",
    b"null",
    b"true",
    b"1",
    b'"{ echo }"',
    b"[]",
    b"{}",
    b'{"query": null}',
    b'{"query": 1}',
    b'{"query": ["{ a }"]}',
    b'{"query": {"a": 1}}',
    b'{"query": "{ __typename }", "variables": []}',
    b'{"query": "{ __typename }", "variables": "x"}',
    b'{"query": "{ __typename }", "variables": 1}',
    b'{"query": "{ __typename }", "operationName": 1}',
    b'{"query": "{ __typename }", "operationName": []}',
    b'{"query": "{ __typename }", "extensions": "x"}',
    b'{"query": "{ __typename }"} trailing',
    b"\xff\xfe{\x00",
    b'{"query": "{ __typename }", "x": "\xff"}',
    b"[" * 100_000,
    b'{"a":' * 20_000,
    b"9" * 5_000,
    json.dumps([GOOD] * 10).encode(),
]


@pytest.mark.parametrize("body", MALFORMED, ids=lambda body: repr(body[:30]))
@pytest.mark.parametrize("accept", ["application/json", GRAPHQL, "text/event-stream"])
async def test_a_malformed_body_is_a_bad_request(client: httpx.AsyncClient, body: bytes, accept: str) -> None:
    response = await client.post("/graphql", content=body, headers={**JSON_TYPE, "accept": accept})
    assert response.status_code == 400
    assert code_of(response) == "BAD_REQUEST"


VARIABLES: list[tuple[bytes, str]] = [
    (b'{"text": 1}', "BAD_USER_INPUT"),
    (b'{"text": null}', "BAD_USER_INPUT"),
    (b"{}", "BAD_USER_INPUT"),
    (b'{"text": {"a": "b"}}', "BAD_USER_INPUT"),
    (b'{"text": "\\ud800"}', "BAD_USER_INPUT"),
    (b'{"\\udfff": "x", "text": "x"}', "BAD_USER_INPUT"),
    (b'{"text": "x", "more": ' + b"9" * 5_000 + b"}", "BAD_USER_INPUT"),
    (b'{"text": "x", "more": 1e999}', "BAD_USER_INPUT"),
    (b'{"text": "x", "more": -9007199254740993}', "BAD_USER_INPUT"),
    (b'{"text": "x", "more": ' + b"[" * 30_000 + b"]" * 30_000 + b"}", "LIMIT_EXCEEDED"),
    (b'{"text": "' + b"x" * 100_000 + b'", "more": 1e400}', "BAD_USER_INPUT"),
]


@pytest.mark.parametrize(("variables", "code"), VARIABLES, ids=lambda value: repr(value[:30]))
async def test_variables_that_cannot_be_read_are_refused(
    client: httpx.AsyncClient, variables: bytes, code: str
) -> None:
    body = (
        b'{"query": "query($text: String!) { restaurants(search: $text, first: 1) { nodes { id } } }", "variables": '
        + variables
        + b"}"
    )
    response = await client.post("/graphql", content=body, headers={**JSON_TYPE, "accept": GRAPHQL})
    assert response.status_code == 400
    assert code_of(response) == code
    assert len(response.text) < 1000


@pytest.mark.parametrize(
    "content_type",
    [
        "",
        "text/plain",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
        "application/graphql",
        "application/json; charset=utf-16",
    ],
)
async def test_other_content_types_are_unsupported(client: httpx.AsyncClient, content_type: str) -> None:
    response = await client.post("/graphql", content=json.dumps(GOOD), headers={"content-type": content_type})
    assert response.status_code == 415
    assert code_of(response) == "BAD_REQUEST"


@pytest.mark.parametrize("content_type", ["application/json", "application/json; charset=UTF-8", "APPLICATION/JSON"])
async def test_json_is_supported_however_it_is_written(client: httpx.AsyncClient, content_type: str) -> None:
    response = await client.post("/graphql", content=json.dumps(GOOD), headers={"content-type": content_type})
    assert response.json() == ANSWER


async def test_compressed_bodies_are_unsupported(client: httpx.AsyncClient) -> None:
    bomb = gzip.compress(json.dumps({"query": " " * 10_000_000}).encode())
    response = await client.post("/graphql", content=bomb, headers={**JSON_TYPE, "content-encoding": "gzip"})
    assert response.status_code == 415


@pytest.mark.parametrize("announced", [True, False])
async def test_a_body_that_is_too_large_is_refused(client: httpx.AsyncClient, announced: bool) -> None:
    body = json.dumps({"query": " " * 131_072}).encode()

    async def in_parts():
        for start in range(0, len(body), 4096):
            yield body[start : start + 4096]

    response = await client.post("/graphql", content=body if announced else in_parts(), headers=JSON_TYPE)
    assert response.status_code == 413
    assert code_of(response) == "LIMIT_EXCEEDED"


@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "DELETE", "PATCH"])
async def test_operations_are_answered_to_post_only(client: httpx.AsyncClient, method: str) -> None:
    response = await client.request(method, "/graphql", params={"query": MUTATION})
    assert response.status_code == 405
    assert "POST" in response.headers["allow"]


async def test_other_paths_are_not_found(client: httpx.AsyncClient) -> None:
    for path in ("/other", "/graphql/", "/graphql/x", "/.env", "/%2e%2e/etc/passwd"):
        response = await client.post(path, json=GOOD)
        assert response.status_code == 404
        assert code_of(response) == "NOT_FOUND"


@pytest.mark.parametrize(
    ("accept", "answered"),
    [
        (None, "application/json"),
        ("", "application/json"),
        ("*/*", "application/json"),
        ("application/*", "application/json"),
        ("application/json", "application/json"),
        (GRAPHQL, GRAPHQL),
        (f"application/json;q=0.5, {GRAPHQL}", GRAPHQL),
        (f"{GRAPHQL};q=0, application/json", "application/json"),
        ("text/html, */*;q=0.1", "application/json"),
        ("text/event-stream", "text/event-stream"),
    ],
)
async def test_the_answer_has_the_accepted_type(client: httpx.AsyncClient, accept: str | None, answered: str) -> None:
    client.headers.pop("accept")
    response = await client.post("/graphql", json=GOOD, headers={} if accept is None else {"accept": accept})
    assert response.status_code == 200
    assert response.headers["content-type"] == f"{answered}; charset=utf-8"


@pytest.mark.parametrize("accept", ["image/png", "text/html", "application/xml"])
async def test_no_other_type_is_answered(client: httpx.AsyncClient, accept: str) -> None:
    response = await client.post("/graphql", json=GOOD, headers={"accept": accept})
    assert response.status_code == 406


@pytest.mark.parametrize("query", ["{", "{ nothing }", "query($x: Int) { restaurant(id: $x) { id } }"])
@pytest.mark.parametrize(("accept", "status"), [(GRAPHQL, 400), ("application/json", 200)])
async def test_a_document_that_does_not_fit_has_the_status_of_its_media_type(
    client: httpx.AsyncClient, query: str, accept: str, status: int
) -> None:
    response = await client.post("/graphql", json={"query": query}, headers={"accept": accept})
    assert response.status_code == status
    assert "data" not in response.json()
    assert response.json()["errors"][0]["locations"]


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"query": "query A { __typename } query B { __typename }"}, 400),
        ({"query": "query A { __typename }", "operationName": "B"}, 400),
        ({"query": "fragment F on Query { __typename }"}, 400),
        ({"query": "query A { __typename } query B { __typename }", "operationName": "B"}, 200),
        ({"query": "query A { __typename }", "operationName": ""}, 200),
    ],
)
async def test_the_operation_must_be_certain(client: httpx.AsyncClient, body: object, status: int) -> None:
    response = await client.post("/graphql", json=body, headers={"accept": GRAPHQL})
    assert response.status_code == status


async def test_subscriptions_need_a_stream(client: httpx.AsyncClient) -> None:
    response = await client.post("/graphql", json={"query": "subscription { courierOffers { __typename } }"})
    assert response.status_code == 406


@pytest.mark.parametrize(
    "request_text",
    [
        b"nonsense\r\n\r\n",
        b"POST /graphql HTTP/1.1\r\nhost: x\r\ncontent-length: 5\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n",
        b"POST /graphql HTTP/1.1\r\nhost: x\r\ncontent-length: x\r\n\r\n",
        b"GET /graphql HTTP/1.1\r\nhost: x\r\nx: " + b"y" * 20_000 + b"\r\n\r\n",
    ],
    ids=["nonsense", "two lengths", "no number", "long header"],
)
async def test_broken_http_is_refused(deployment: Deployment, request_text: bytes) -> None:
    address = urlsplit(deployment.root_url)
    reader, writer = await asyncio.open_connection(address.hostname, address.port or 80)
    writer.write(request_text)
    answer = await reader.read()
    writer.close()
    assert answer.split(b" ", 2)[1] in {b"400", b"431"}
