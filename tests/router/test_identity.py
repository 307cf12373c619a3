"""Who asks reaches every subgraph, by HTTP, events and WebSocket alike, and never another caller's request."""

import json
import re

import httpx
import pytest

from tests.router.asking import Json, ask, conversation, events
from tests.router.processes import ORIGIN, Gateway
from tests.router.subgraphs import CREDENTIAL
from tests.router.tokens import token

pytestmark = pytest.mark.anyio

CALLER = "{ authorization credential requestId traceparent consistencyToken }"
TRACE = "0af7651916cd43dd8448eb211c80319c"
ISSUER = "http://127.0.0.1:9"
SERVED = f"subscription {{ served(count: 1) {{ id caller {CALLER} praisedTo {CALLER} }} }}"


async def test_headers_of_identity_reach_the_first_subgraph_and_every_join(client: httpx.AsyncClient) -> None:
    sent = {
        "authorization": "Bearer aino",
        "x-request-id": "request-7",
        "traceparent": f"00-{TRACE}-b7ad6b7169203331-01",
        "x-consistency-token": "orders.17",
        "x-router-credential": "forged",
        "cookie": "session=1",
    }
    answer = await ask(client, f"{{ caller {CALLER} loudest {{ praisedTo {CALLER} }} }}", sent)
    direct, joined = answer["data"]["caller"], answer["data"]["loudest"]["praisedTo"]
    assert direct == joined
    assert direct["authorization"] == "Bearer aino"
    assert direct["requestId"] == "request-7"
    assert direct["consistencyToken"] == "orders.17"
    assert direct["credential"] == CREDENTIAL
    assert re.fullmatch(rf"00-{TRACE}-[0-9a-f]{{16}}-01", direct["traceparent"])
    assert "b7ad6b7169203331" not in direct["traceparent"]


@pytest.mark.parametrize("invalid", ["", "not a trace", f"00-{'0' * 32}-b7ad6b7169203331-01", "ff-" + TRACE])
async def test_absent_or_invalid_ids_are_minted(client: httpx.AsyncClient, invalid: str) -> None:
    sent = {"traceparent": invalid, "x-request-id": "{}; drop"} if invalid else {}
    response = await client.post("/graphql", json={"query": f"{{ caller {CALLER} }}"}, headers=sent)
    caller = response.json()["data"]["caller"]
    assert re.fullmatch(r"00-(?!0{32})[0-9a-f]{32}-[0-9a-f]{16}-01", caller["traceparent"])
    assert re.fullmatch(r"[0-9a-f-]{36}", caller["requestId"])
    assert response.headers["x-request-id"] == caller["requestId"]
    assert caller["authorization"] is None


async def test_a_stream_of_events_carries_the_identity_into_its_joins(client: httpx.AsyncClient) -> None:
    sent = {"authorization": token(ISSUER), "x-request-id": "request-8"}
    received = [event async for event in events(client, SERVED, sent)]
    assert [name for name, _ in received] == ["next", "complete"]
    served: Json = json.loads(received[0][1])["data"]["served"]
    assert served["caller"]["authorization"] == sent["authorization"]
    assert served["praisedTo"]["authorization"] == sent["authorization"]
    assert served["praisedTo"]["requestId"] == "request-8"
    assert served["praisedTo"]["credential"] == CREDENTIAL


@pytest.mark.parametrize("name", ["Authorization", "authorization", "AUTHORIZATION"])
async def test_the_token_of_connection_init_reaches_subscription_and_joins(gateway: Gateway, name: str) -> None:
    bearer = token(ISSUER)
    async with conversation(gateway, origin=ORIGIN) as talk:
        await talk.initialise({name: bearer, "X-Consistency-Token": "orders.18"})
        await talk.subscribe(SERVED)
        received = await talk.until_end()
    served: Json = received[0]["payload"]["data"]["served"]
    for caller in (served["caller"], served["praisedTo"]):
        assert caller["authorization"] == bearer
        assert caller["credential"] == CREDENTIAL
        assert caller["consistencyToken"] == "orders.18"


async def test_callers_never_share_a_socket_to_a_subgraph(gateway: Gateway) -> None:
    bearers = [token(ISSUER, "aino"), token(ISSUER, "eero"), None]
    seen: list[str | None] = []
    for bearer in bearers:
        async with conversation(gateway) as talk:
            await talk.initialise({"authorization": bearer} if bearer else None)
            await talk.subscribe(SERVED)
            received = await talk.until_end()
            seen.append(received[0]["payload"]["data"]["served"]["caller"]["authorization"])
    assert seen == bearers


async def test_a_header_with_forbidden_characters_is_refused_not_forwarded(gateway: Gateway) -> None:
    async with conversation(gateway) as talk:
        await talk.send({"type": "connection_init", "payload": {"authorization": "Bearer x\r\nx-role: admin"}})
        code, reason = await talk.closed()
    assert code == 4400
    assert "header" in reason


async def test_queries_and_mutations_work_over_websocket_with_the_identity(gateway: Gateway) -> None:
    bearer = token(ISSUER)
    async with conversation(gateway) as talk:
        await talk.initialise({"authorization": bearer})
        await talk.subscribe(f"{{ caller {CALLER} }}", id="q")
        query = await talk.until_end()
        await talk.subscribe('mutation { rename(id: 3, name: "korvapuusti") { name praise } }', id="m")
        mutation = await talk.until_end()
    assert query[0]["payload"]["data"]["caller"]["authorization"] == bearer
    assert mutation[0]["payload"]["data"]["rename"] == {"name": "korvapuusti", "praise": "people like 3"}
