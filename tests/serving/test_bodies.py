"""Whatever is posted, the answer is JSON with a code, never a crash and never a 500."""

import json
from collections.abc import AsyncGenerator

import httpx
import pytest

from tests.serving.parlour import ROUTER

pytestmark = pytest.mark.anyio

URL = "/parlour/graphql"
HELLO = {"query": "{ hello }"}
LONG_NUMBER = "9" * 5_000

HOSTILE = [
    b"",
    b" ",
    b"null",
    b"true",
    b"1",
    b'"{ hello }"',
    b"[]",
    b"{}",
    b"[" + json.dumps(HELLO).encode() + b"]",
    b"[" * 10_000,
    b"[" * 10_000 + b"]" * 10_000,
    b'{"a":' * 5_000 + b"1" + b"}" * 5_000,
    b'{"query":null}',
    b'{"query":""}',
    b'{"query":"   "}',
    b'{"query":1}',
    b'{"query":["{ hello }"]}',
    b'{"query":{}}',
    b'{"query":"{ hello }"',
    b'{"query":"{ hello }"}}',
    b"{'query':'{ hello }'}",
    b'{"query":"{ hello }",}',
    b'{"query":"{ hello }","variables":[]}',
    b'{"query":"{ hello }","variables":1}',
    b'{"query":"{ hello }","variables":"{}"}',
    b'{"query":"{ hello }","operationName":1}',
    b'{"query":"{ hello }","operationName":{}}',
    b'{"query":"{ hello }","operationName":"absent"}',
    b'{"query":"{ hello }","extensions":[]}',
    b'{"query":"{ hello }","extensions":"x"}',
    b'{"query":"\\ud800"}',
    b'{"query":"{ hello(name: \\"\\\\ud800\\") }"}',
    b'{"query":"{ hello(name: \\"\\\\u0000\\") }"}',
    b'{"query":"{ hello }\\u0000"}',
    b'{"query":"\x00{ hello }"}',
    b'{"query":"\xff\xfe"}',
    b"\xef\xbb\xbf" + json.dumps(HELLO).encode(),
    json.dumps(HELLO).encode("utf-16"),
    b'{"query":"query($n: String!) { hello(name: $n) }","variables":{"n":"a\\u0000b"}}',
    b'{"query":"query($n: String!) { hello(name: $n) }","variables":{"n":"\\udc00"}}',
    b'{"query":"query($n: String!) { hello(name: $n) }","variables":{"n":1}}',
    b'{"query":"query($n: String!) { hello(name: $n) }","variables":{"n":null}}',
    b'{"query":"query($n: String!) { hello(name: $n) }","variables":{"n":{"a":{}}}}',
    b'{"query":"query($n: String!) { hello(name: $n) }","variables":{}}',
    b'{"query":"query($n: String!) { hello(name: $n) }","variables":{"n":"' + b"x" * 2_001 + b'"}}',
    b'{"query":"query($n: Int!) { required(number: $n) }","variables":{"n":' + LONG_NUMBER.encode() + b"}}",
    b'{"query":"query($n: Int!) { required(number: $n) }","variables":{"n":-' + LONG_NUMBER.encode() + b"}}",
    b'{"query":"query($n: Int!) { required(number: $n) }","variables":{"n":1e999}}',
    b'{"query":"query($n: Int!) { required(number: $n) }","variables":{"n":NaN}}',
    b'{"query":"query($n: Int!) { required(number: $n) }","variables":{"n":2147483648}}',
    b'{"query":"query($n: Int!) { required(number: $n) }","variables":{"n":true}}',
    b'{"query":"{ required(number: ' + LONG_NUMBER.encode() + b') }"}',
    b'{"query":"{ required(number: 1.5) }"}',
    b'{"query":"{ required(number: null) }"}',
    b'{"query":"{ hello(name: \\"' + b"x" * 2_001 + b'\\") }"}',
    b'{"query":"{ hello(name: \\"\\"\\"' + b"x" * 2_001 + b'\\"\\"\\") }"}',
    b'{"query":"{"}',
    b'{"query":"}"}',
    b'{"query":"{ }"}',
    b'{"query":"{ nothing }"}',
    b'{"query":"{ hello { x } }"}',
    b'{"query":"query A { hello } query B { hello }"}',
    b'{"query":"fragment A on Query { hello }"}',
    b'{"query":"type Query { hello: String }"}',
    b'{"query":"{ ...A } fragment A on Query { ...B } fragment B on Query { ...A }"}',
    b'{"query":"{ hello @include }"}',
    b'{"query":"{ __schema { types { name } } }"}',
    b'{"query":"{ __type(name: \\"Query\\") { name } }"}',
    b'{"query":"' + b"{a" * 3_000 + b'"}',
    b'{"query":"{ hello(name: ' + b"[" * 400 + b"]" * 400 + b') }"}',
    b'{"query":"mutation { say(input: {}) { __typename } }"}',
    b'{"query":"subscription { flood(count: 1) }"}',
    b'{"query":"query($v: [[[[Int]]]]) { hello }","variables":{"v":' + b"[" * 200 + b"]" * 200 + b"}}",
]


@pytest.mark.parametrize("body", HOSTILE, ids=lambda body: body[:60].decode("latin-1"))
async def test_a_hostile_body_gets_a_refusal_and_nothing_worse(http: httpx.AsyncClient, body: bytes) -> None:
    answer = await http.post(URL, content=body, headers={"content-type": "application/json"})
    assert 400 <= answer.status_code < 500
    (error, *_) = answer.json()["errors"]
    assert error["extensions"]["code"] in {
        "BAD_USER_INPUT",
        "LIMIT_EXCEEDED",
        "GRAPHQL_PARSE_FAILED",
        "GRAPHQL_VALIDATION_FAILED",
    }
    assert "data" not in answer.json()


WELL_FORMED: list[dict[str, object]] = [
    {"query": "{ hello }"},
    {"query": "{ hello }", "variables": None, "operationName": None, "extensions": None},
    {"query": "{ hello }", "variables": {}, "operationName": "", "extensions": {}, "unknown": [1]},
    {"query": "query A { hello } query B { viewer }", "operationName": "A"},
    {"query": "query($n: String!) { hello(name: $n) }", "variables": {"n": "world", "unused": [[]]}},
    {"query": '{ hello(name: "world", locale: "fi-FI") }'},
]


@pytest.mark.parametrize("body", WELL_FORMED)
async def test_a_well_formed_body_is_answered(http: httpx.AsyncClient, body: object) -> None:
    answer = await http.post(URL, json=body)
    assert answer.json() == {"data": {"hello": "hello world"}}
    assert answer.status_code == 200


async def test_a_body_that_is_too_large_is_not_read_to_its_end(http: httpx.AsyncClient) -> None:
    body = json.dumps({"query": "{ hello }", "extensions": {"x": "y" * 600_000}}).encode()
    assert (await http.post(URL, content=body, headers={"content-type": "application/json"})).status_code == 413

    async def trickle() -> AsyncGenerator[bytes]:
        for _ in range(1_000):
            yield b" " * 1_000

    answer = await http.post(URL, content=trickle(), headers={"content-type": "application/json"})
    assert answer.status_code == 413


@pytest.mark.parametrize(
    "content_type",
    [
        "",
        "text/plain",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
        "application/graphql",
        "application/json; charset=utf-16",
        "application/json; charset=latin-1",
        "application/json, text/plain",
    ],
)
async def test_only_json_in_utf_8_is_read(http: httpx.AsyncClient, content_type: str) -> None:
    answer = await http.post(URL, content=b'{"query":"{ hello }"}', headers={"content-type": content_type})
    assert answer.status_code == 415


@pytest.mark.parametrize("content_type", ["application/json", "Application/JSON", 'application/json; charset="UTF-8"'])
async def test_json_may_say_its_charset(http: httpx.AsyncClient, content_type: str) -> None:
    answer = await http.post(URL, content=b'{"query":"{ hello }"}', headers={"content-type": content_type})
    assert answer.status_code == 200


@pytest.mark.parametrize("encoding", ["gzip", "br", "deflate", "zstd", "gzip, identity"])
async def test_compressed_bodies_are_refused(http: httpx.AsyncClient, encoding: str) -> None:
    headers = {"content-type": "application/json", "content-encoding": encoding}
    assert (await http.post(URL, content=b"\x1f\x8b\x08", headers=headers)).status_code == 415


@pytest.mark.parametrize("name", ["content-type", "authorization", "x-router-credential", "accept"])
async def test_a_header_given_twice_is_refused(http: httpx.AsyncClient, name: str) -> None:
    twice = [("content-type", "application/json"), ("accept", "application/json"), ("authorization", "Bearer aino")]
    headers = [*twice, *ROUTER.items(), (name, dict([*twice, *ROUTER.items()])[name])]
    request = httpx.Request("POST", "http://parlour" + URL, content=b'{"query":"{ hello }"}', headers=headers)
    answer = await http.send(request)
    assert answer.status_code == 400
    assert answer.json()["errors"][0]["extensions"]["code"] == "BAD_USER_INPUT"


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "PATCH", "OPTIONS"])
async def test_only_posts_are_taken(http: httpx.AsyncClient, method: str) -> None:
    answer = await http.request(method, URL, params={"query": "{ hello }"})
    assert (answer.status_code, answer.headers["allow"]) == (405, "POST")


@pytest.mark.parametrize(
    ("accept", "status", "media_type"),
    [
        ("application/json", 200, "application/json"),
        ("*/*", 200, "application/json"),
        ("application/graphql-response+json, application/json;q=0.9", 200, "application/graphql-response+json"),
        ("application/json, multipart/mixed", 200, "application/json"),
        ("application/json, text/event-stream", 200, "application/json"),
        ("text/event-stream", 200, "text/event-stream; charset=utf-8"),
        ("text/html", 406, "application/json"),
        ("application/json;q=0", 406, "application/json"),
    ],
)
async def test_the_answer_is_of_a_kind_the_client_takes(
    http: httpx.AsyncClient, accept: str, status: int, media_type: str
) -> None:
    answer = await http.post(URL, json=HELLO, headers={"accept": accept})
    assert (answer.status_code, answer.headers["content-type"]) == (status, media_type)


async def test_a_variable_read_by_a_required_argument_may_not_be_null(http: httpx.AsyncClient) -> None:
    body = {"query": "query($n: Int) { required(number: $n) }", "variables": {"n": None}}
    (error,) = (await http.post(URL, json=body)).json()["errors"]
    assert error["extensions"]["code"] == "BAD_USER_INPUT"
