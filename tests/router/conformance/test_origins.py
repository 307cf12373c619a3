"""Whose pages may use the graph, and what is answered beside it: preflights, handshakes, health, GraphiQL."""

import httpx
import pytest
from websockets.exceptions import InvalidStatus

from tests.router.conformance.conftest import Talk
from tests.router.conformance.deployment import FOREIGN_ORIGIN, Deployment

pytestmark = [pytest.mark.anyio, pytest.mark.journey]

GOOD = {"query": '{ restaurant(id: "x") { id } }'}
ASKING = {"access-control-request-method": "POST", "access-control-request-headers": "authorization,content-type"}
FOREIGN = (FOREIGN_ORIGIN, "null", "file://", "https://shop.example.evil.example")
HANDSHAKE = {
    "connection": "Upgrade",
    "upgrade": "websocket",
    "sec-websocket-version": "13",
    "sec-websocket-key": "dGhlIHNhbXBsZSBub25jZQ==",
}


async def test_a_page_of_a_known_origin_may_ask(client: httpx.AsyncClient, deployment: Deployment) -> None:
    preflight = await client.options("/graphql", headers={"origin": deployment.origin, **ASKING})
    assert preflight.status_code == 204
    assert preflight.headers["access-control-allow-origin"] == deployment.origin
    allowed = {name.strip() for name in preflight.headers["access-control-allow-headers"].lower().split(",")}
    assert allowed >= {"authorization", "content-type", "traceparent", "x-consistency-token", "x-request-id"}
    answer = await client.post("/graphql", json=GOOD, headers={"origin": deployment.origin})
    assert answer.headers["access-control-allow-origin"] == deployment.origin
    assert "access-control-allow-credentials" not in answer.headers


@pytest.mark.parametrize("origin", FOREIGN)
async def test_a_page_of_another_origin_may_not(client: httpx.AsyncClient, origin: str) -> None:
    preflight = await client.options("/graphql", headers={"origin": origin, **ASKING})
    assert preflight.status_code == 204
    answer = await client.post("/graphql", json=GOOD, headers={"origin": origin})
    for response in (preflight, answer):
        assert not [name for name in response.headers if name.startswith("access-control-allow")]


@pytest.mark.parametrize("origin", FOREIGN)
async def test_a_foreign_origin_gets_no_handshake(talk: Talk, origin: str) -> None:
    with pytest.raises(InvalidStatus) as refused:
        async with talk(origin=origin):
            pass
    assert refused.value.response.status_code == 403


async def test_the_own_origin_and_no_browser_at_all_are_welcome(talk: Talk, deployment: Deployment) -> None:
    for origin in (deployment.origin, None):
        async with talk(origin=origin) as told:
            await told.initialise()


async def test_a_socket_is_opened_at_the_graph_only(client: httpx.AsyncClient) -> None:
    assert (await client.get("/other", headers=HANDSHAKE)).status_code == 404


async def test_health_tells_life_from_readiness(client: httpx.AsyncClient) -> None:
    assert (await client.get("/health/live")).status_code == 200
    ready = await client.get("/health/ready")
    assert (ready.status_code, ready.json()["status"]) == (200, "ready")
    assert (await client.head("/health/ready")).status_code == 200
    assert (await client.post("/health/live")).status_code == 405


async def test_a_browser_gets_a_page_and_everybody_else_is_told_to_post(client: httpx.AsyncClient) -> None:
    page = await client.get("/graphql", headers={"accept": "text/html,*/*;q=0.8"})
    assert page.headers["content-type"].startswith("text/html")
    assert "default-src 'self'" in page.headers["content-security-policy"]
    assert (await client.get("/")).headers["location"] == "/graphql"
    for method in ("GET", "HEAD"):
        assert (await client.request(method, "/graphql")).status_code == 405


async def test_every_answer_names_its_request(client: httpx.AsyncClient) -> None:
    named = await client.post("/graphql", json={"query": "{ nothing }"}, headers={"x-request-id": "request-7"})
    assert named.headers["x-request-id"] == "request-7"
    assert named.json()["errors"][0]["extensions"]["requestId"] == "request-7"
    minted = await client.post("/graphql", json={"query": "{ nothing }"}, headers={"x-request-id": "{}; drop"})
    assert minted.json()["errors"][0]["extensions"]["requestId"] == minted.headers["x-request-id"]
    assert "drop" not in minted.headers["x-request-id"]
