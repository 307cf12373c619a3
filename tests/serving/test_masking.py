"""What goes wrong inside stays inside; clients get a code and the request's id."""

import httpx
import pytest
from structlog.testing import capture_logs

from runtime.serving.executing import Execution, Refusing
from runtime.serving.requests import GraphRequest
from tests.serving.parlour import caller, parlour

pytestmark = pytest.mark.anyio

URL = "/parlour/graphql"


@pytest.mark.parametrize("query", ["{ trouble }", "{ grump { trouble } }", "{ hello grump { name trouble } }"])
async def test_an_exception_becomes_an_internal_error_with_an_id(http: httpx.AsyncClient, query: str) -> None:
    answer = await http.post(URL, json={"query": query}, headers={"x-request-id": "id-1"})
    (error,) = answer.json()["errors"]
    assert (answer.status_code, error["message"]) == (200, "Internal error")
    assert error["extensions"] == {"code": "INTERNAL", "requestId": "id-1"}
    assert "hunter2" not in answer.text
    assert "db.internal" not in answer.text


@pytest.mark.parametrize("query", ["{ outage }", "{ cut }", "{ hello late }"])
async def test_an_outage_says_try_again(http: httpx.AsyncClient, query: str) -> None:
    answer = await http.post(URL, json={"query": query})
    (error,) = answer.json()["errors"]
    assert error["extensions"]["code"] == "UNAVAILABLE"
    assert "db.internal" not in answer.text


async def test_an_outage_is_one_line_in_the_log_and_a_mistake_a_whole_story(http: httpx.AsyncClient) -> None:
    with capture_logs() as lines:
        await http.post(URL, json={"query": "{ outage }"})
        await http.post(URL, json={"query": "{ trouble }"})
    outage, trouble = (line for line in lines if line["event"].startswith("an operation"))
    assert (outage["log_level"], outage["error"], "exc_info" in outage) == (
        "warning",
        "Outage: no db.internal today",
        False,
    )
    assert (trouble["log_level"], type(trouble["exc_info"])) == ("error", RuntimeError)


async def test_what_takes_too_long_is_given_up() -> None:
    execution = Execution(parlour(), deadline_s=0.01)
    request = GraphRequest(query="{ endless }", variables={}, operation_name=None)
    answer = await execution.execute(execution.prepare(request, caller()))
    (error,) = answer.errors
    assert error["extensions"] == {"code": "UNAVAILABLE", "requestId": caller().request_id}


async def test_business_refusals_are_members_of_the_result(http: httpx.AsyncClient) -> None:
    query = "mutation($i: SayInput!) { say(input: $i) { __typename ... on UserError { code message path } } }"
    key = "018f3f5e-8f0a-7c3e-9d59-3a1f2f7c1b2d"

    async def said(**members: object) -> object:
        variables = {"i": {"idempotencyKey": key, "text": "hi", **members}}
        return (await http.post(URL, json={"query": query, "variables": variables})).json()["data"]["say"]

    assert await said() == {"__typename": "SaySuccess"}
    assert await said(times=2) == {
        "__typename": "SpokeOutOfTurn",
        "code": "SPOKE_OUT_OF_TURN",
        "message": "You spoke 2 times.",
        "path": None,
    }
    assert await said(position={"latitude": 91, "longitude": 0}) == {
        "__typename": "InvalidInput",
        "code": "INVALID_INPUT",
        "message": "The position is not on Earth.",
        "path": ["input", "position"],
    }


async def test_suggestions_do_not_give_the_schema_away() -> None:
    execution = Execution(parlour())
    for query in ("{ gueests }", "{ guest(idd: 1) { name } }", "{ ... on Quest { name } }"):
        with pytest.raises(Refusing) as refused:
            execution.prepare(GraphRequest(query=query, variables={}, operation_name=None), caller())
        assert "Did you mean" not in str(refused.value.answer.payload)


REPRESENTATIONS: list[tuple[list[object], list[object]]] = [
    ([{"__typename": "Guest", "id": "7"}], [{"name": "guest 7"}]),
    ([{"__typename": "Guest", "id": "7", "name": "forged", "info": 1}], [{"name": "guest 7"}]),
    ([{"__typename": "Guest", "id": "nobody"}], [None]),
    ([{"__typename": "Guest", "id": 7}], [None]),
    ([{"__typename": "Guest"}], [None]),
    ([{"__typename": "Money", "id": "7"}], [None]),
    ([{"__typename": "Query", "id": "7"}], [None]),
    ([{"__typename": "__Type", "id": "7"}], [None]),
    ([{"__typename": "Absent", "id": "7"}], [None]),
    ([{"__typename": ["Guest"], "id": "7"}], [None]),
    ([{}], [None]),
    ([], []),
]


@pytest.mark.parametrize(("representations", "expected"), REPRESENTATIONS)
async def test_a_strange_representation_is_null(
    http: httpx.AsyncClient, representations: list[object], expected: list[object]
) -> None:
    query = "query($r: [_Any!]!) { _entities(representations: $r) { ... on Guest { name } } }"
    answer = await http.post(URL, json={"query": query, "variables": {"r": representations}})
    assert answer.json() == {"data": {"_entities": expected}}


@pytest.mark.parametrize("representations", [[1], ["x"], [[]], [None], None, 1])
async def test_what_is_no_representation_is_bad_input(http: httpx.AsyncClient, representations: object) -> None:
    query = "query($r: [_Any!]!) { _entities(representations: $r) { ... on Guest { name } } }"
    answer = await http.post(URL, json={"query": query, "variables": {"r": representations}})
    (error, *_) = answer.json()["errors"]
    assert error["extensions"]["code"] == "BAD_USER_INPUT"


async def test_keys_of_a_page_of_pages_are_joined_at_once(http: httpx.AsyncClient) -> None:
    query = "query($r: [_Any!]!) { _entities(representations: $r) { ... on Guest { name } } }"
    keys = [{"__typename": "Guest", "id": str(number)} for number in range(2000)]
    answer = (await http.post(URL, json={"query": query, "variables": {"r": keys}})).json()
    assert answer == {"data": {"_entities": [{"name": f"guest {number}"} for number in range(2000)]}}


async def test_two_thousand_representations_are_the_most(http: httpx.AsyncClient) -> None:
    query = "query($r: [_Any!]!) { _entities(representations: $r) { ... on Guest { name } } }"
    for key, count in (({"__typename": "Guest", "id": "7"}, 2001), ({"id": "7"}, 251)):
        variables = {"r": [key] * count}
        (error, *_) = (await http.post(URL, json={"query": query, "variables": variables})).json()["errors"]
        assert error["extensions"]["code"] == "BAD_USER_INPUT"
