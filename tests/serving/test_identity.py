"""Only the router comes in, and only with tokens that verify."""

import httpx
import pytest

from tests.serving.parlour import ROUTER

pytestmark = pytest.mark.anyio

URL = "/parlour/graphql"
WHO = {"query": "{ viewer }"}


async def test_without_a_token_the_viewer_is_anonymous(http: httpx.AsyncClient) -> None:
    assert (await http.post(URL, json=WHO)).json() == {"data": {"viewer": "anonymous"}}


@pytest.mark.parametrize("scheme", ["Bearer", "bearer", "BEARER"])
async def test_with_a_token_the_viewer_is_its_subject(http: httpx.AsyncClient, scheme: str) -> None:
    answer = await http.post(URL, json=WHO, headers={"authorization": f"{scheme} aino"})
    assert answer.json() == {"data": {"viewer": "aino"}}


@pytest.mark.parametrize("credential", [None, "", "wrong", "the-router-is-who-it-say", "the-router-is-who-it-says-"])
async def test_whoever_is_not_the_router_is_refused(http: httpx.AsyncClient, credential: str | None) -> None:
    del http.headers["x-router-credential"]
    headers = {} if credential is None else {"x-router-credential": credential}
    answer = await http.post(URL, json=WHO, headers=headers)
    assert answer.status_code == 401
    assert answer.json()["errors"][0]["extensions"]["code"] == "UNAUTHENTICATED"


@pytest.mark.parametrize(
    ("authorization", "status", "code"),
    [
        ("Bearer forged", 401, "UNAUTHENTICATED"),
        ("Bearer expired", 401, "UNAUTHENTICATED"),
        ("Bearer keyless", 503, "UNAVAILABLE"),
        ("Bearer", 401, "UNAUTHENTICATED"),
        ("Basic YWlubzphaW5v", 401, "UNAUTHENTICATED"),
        ("aino", 401, "UNAUTHENTICATED"),
    ],
)
async def test_a_token_that_proves_nothing_is_refused(
    http: httpx.AsyncClient, authorization: str, status: int, code: str
) -> None:
    answer = await http.post(URL, json=WHO, headers={"authorization": authorization})
    assert answer.status_code == status
    assert answer.json()["errors"][0]["extensions"]["code"] == code


async def test_errors_carry_the_request_id_of_the_router_or_a_new_one(http: httpx.AsyncClient) -> None:
    async def told(**headers: str) -> str:
        answer = await http.post(URL, json={"query": "{ nothing }"}, headers=headers)
        return str(answer.json()["errors"][0]["extensions"]["requestId"])

    assert await told(**{"x-request-id": "abc-1.2:3"}) == "abc-1.2:3"
    assert len(await told(**{"x-request-id": 'x" y'})) == 32
    assert await told() != await told()


async def test_health_and_metrics_need_no_credential(http: httpx.AsyncClient) -> None:
    await http.post(URL, json={"query": "query WhoAmI { viewer }"})
    http.headers.clear()
    assert (await http.get("/health/live")).status_code == 200
    assert (await http.get("/health/ready")).status_code == 200
    metrics = (await http.get("/metrics")).text
    assert 'graph_operation_seconds_count{kind="query",operation="WhoAmI",subgraph="parlour"}' in metrics


async def test_the_credential_is_checked_before_anything_else(http: httpx.AsyncClient) -> None:
    http.headers.pop(next(iter(ROUTER)))
    assert (await http.get(URL)).status_code == 401
    assert (await http.post(URL, content=b"[")).status_code == 401
