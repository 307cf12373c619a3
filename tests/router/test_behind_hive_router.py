"""Hive Router behind the front: it may die, come back and take up another graph, and nothing of a stream is lost."""

import asyncio
import json
import signal
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.router.asking import ask, conversation, events, until
from tests.router.hive_router import HiveRouter, hive_router_bin
from tests.router.processes import PATIENCE_S, Gateway, Subgraphs, running_gateway
from tests.router.subgraphs import REFUSED
from tests.router.tokens import running_issuer

pytestmark = pytest.mark.anyio

WAITING = "subscription { waiting { id } }"


@pytest.fixture
def supergraph(graph: Path, tmp_path: Path) -> Path:
    """A copy that a test may change."""
    copy = tmp_path / "supergraph.graphql"
    copy.write_text(graph.read_text())
    return copy


@pytest.fixture
def front(supergraph: Path, subgraphs: Subgraphs) -> Iterator[Gateway]:
    hive_router_bin()
    with running_gateway(supergraph, subgraphs.url, "hive") as gateway:
        yield gateway


def behind(front: Gateway) -> HiveRouter:
    assert front.behind
    return front.behind


async def test_while_it_is_dead_answers_are_unavailable_and_then_as_before(front: Gateway) -> None:
    async with httpx.AsyncClient(base_url=front.url, timeout=20) as client:
        assert (await ask(client, '{ echo(text: "x") }'))["data"] == {"echo": "x"}
        behind(front).kill()
        for query in ('{ echo(text: "x") }', 'mutation { rename(id: 1, name: "x") { id } }'):
            answer = await ask(client, query)
            assert answer["data"] is None
            assert answer["errors"][0]["extensions"]["code"] == "UNAVAILABLE"
        waiting = await client.get("/health/ready")
        assert (waiting.status_code, waiting.json()["status"]) == (503, "waiting for the router")
        assert "__schema" in (await ask(client, "{ __schema { queryType { name } } }"))["data"]
        behind(front).start()
        assert (await ask(client, '{ echo(text: "x") }'))["data"] == {"echo": "x"}
        assert (await client.get("/health/ready")).status_code == 200


async def test_its_death_ends_streams_with_an_error_and_they_can_be_opened_again(front: Gateway) -> None:
    async with conversation(front) as talk:
        await talk.initialise()
        for number in range(8):  # more than there are sockets to it
            await talk.subscribe(WAITING, id=str(number))
            assert (await talk.receive())["type"] == "next"
        behind(front).kill()
        ended = [await talk.receive() for _ in range(16)]
        errors = [message["payload"]["errors"][0] for message in ended if message["type"] == "next"]
        assert {error["extensions"]["code"] for error in errors} == {"UNAVAILABLE"}
        assert {message["id"] for message in ended if message["type"] == "complete"} == set("01234567")
        behind(front).start()
        for number in range(8):
            await talk.subscribe(WAITING, id=str(number))
            assert (await talk.receive())["payload"]["data"]


async def test_streams_end_with_an_error_while_it_stands_still(supergraph: Path, subgraphs: Subgraphs) -> None:
    with running_gateway(supergraph, subgraphs.url, "hive", SOCKET_PING_SECONDS="2") as front:
        async with conversation(front) as talk:
            await talk.initialise()
            await talk.subscribe(WAITING)
            assert (await talk.receive())["type"] == "next"
            behind(front).process.send_signal(signal.SIGSTOP)
            ended = await talk.until_end()
            assert ended[0]["payload"]["errors"][0]["extensions"]["code"] == "UNAVAILABLE"
            behind(front).process.send_signal(signal.SIGCONT)
            await talk.subscribe(WAITING)
            assert (await talk.receive())["payload"]["data"]


async def test_a_supergraph_that_changes_is_taken_up_and_subscribers_come_back(
    supergraph: Path, subgraphs: Subgraphs, router: str
) -> None:
    with running_gateway(supergraph, subgraphs.url, router) as gateway:
        async with conversation(gateway) as talk, httpx.AsyncClient(base_url=gateway.url, timeout=PATIENCE_S) as client:
            await talk.initialise()
            await talk.subscribe(WAITING)
            assert (await talk.receive())["type"] == "next"
            assert (await ask(client, '{ echo(text: "x") }'))["data"]
            take_echo_out(supergraph)
            await until(lambda: is_refused(client, '{ echo(text: "x") }'))
            assert (await ask(client, "{ loudest { praise } }"))["data"]
            if router == "hive":  # the gateway lets what runs go on
                ended = await talk.until_end()
                assert [message["type"] for message in ended] == ["next", "complete"]
                assert ended[0]["payload"]["errors"][0]["extensions"]["code"] == "UNAVAILABLE"
            await talk.subscribe(WAITING, id="again")
            assert (await talk.receive())["payload"]["data"]


async def test_a_broken_supergraph_leaves_all_as_it_was(supergraph: Path, subgraphs: Subgraphs, router: str) -> None:
    with running_gateway(supergraph, subgraphs.url, router) as gateway:
        async with httpx.AsyncClient(base_url=gateway.url, timeout=PATIENCE_S) as client:
            await asyncio.to_thread(supergraph.write_text, "type Query {")
            await asyncio.to_thread(gateway.wait_for, lambda record: record["event"] == "supergraph not reloaded")
            assert (await ask(client, '{ echo(text: "x") }'))["data"] == {"echo": "x"}


def take_echo_out(supergraph: Path) -> None:
    before = supergraph.read_text()
    after = before.replace("  echo(text: String!): String! @join__field(graph: DISHES)\n", "")
    assert after != before
    supergraph.write_text(after)


async def is_refused(client: httpx.AsyncClient, query: str) -> bool:
    errors = (await ask(client, query)).get("errors", [])
    return [error["extensions"]["code"] for error in errors] == ["GRAPHQL_VALIDATION_FAILED"]


@pytest.mark.parametrize(("count", "selection"), [(5000, "id"), (100, "id praise")])
async def test_of_many_items_at_once_none_is_skipped(gateway: Gateway, count: int, selection: str) -> None:
    """A replay comes as fast as the subgraph can send, and faster than joins are made."""
    async with conversation(gateway) as talk:
        await talk.initialise()
        await talk.subscribe(f"subscription {{ served(count: {count}) {{ {selection} }} }}")
        async with asyncio.timeout(4 * PATIENCE_S):
            received = await talk.until_end()
    assert [int(message["payload"]["data"]["served"]["id"]) for message in received[:-1]] == list(range(count))


@pytest.mark.parametrize("text", ['"errors":[', '{"data":null,"errors":[{"message":"x"}]}', "ä \u2028 \U0001f600"])
async def test_an_answer_that_quotes_an_error_is_none(client: httpx.AsyncClient, text: str) -> None:
    answer = await ask(client, "query Echo($text: String!) { echo(text: $text) }", text=text)
    assert answer == {"data": {"echo": text}}


async def test_a_field_that_is_called_errors_is_data(client: httpx.AsyncClient) -> None:
    answer = await ask(client, "{ errors: dishes(first: 1) { id } }")
    assert answer == {"data": {"errors": [{"id": "0"}]}}


async def test_who_sends_a_name_twice_gets_what_was_checked(client: httpx.AsyncClient) -> None:
    """JSON with one name twice could mean one thing to the front and another to the router behind it."""
    body = '{"query": "{ dishes(first: 100000) { id } }", "query": "{ echo(text: \\"x\\") }"}'
    response = await client.post("/graphql", content=body, headers={"content-type": "application/json"})
    assert response.json() == {"data": {"echo": "x"}}


async def test_a_token_that_is_surely_invalid_is_the_clients_affair(
    graph: Path, subgraphs: Subgraphs, router: str
) -> None:
    with running_issuer() as issuer, running_gateway(graph, subgraphs.url, router, ISSUER_URL=issuer) as gateway:
        async with httpx.AsyncClient(base_url=gateway.url, timeout=PATIENCE_S) as client:
            sent = {"authorization": REFUSED}
            received = [json.loads(data) async for name, data in events(client, WAITING, sent) if name == "next"]
    assert [error["extensions"]["code"] for error in received[-1]["errors"]] == ["UNAUTHENTICATED"]
