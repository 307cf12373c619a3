"""A subgraph that dies, comes back or does not answer: an error for its fields, nothing for the others, no crash."""

import json
import signal
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.router.asking import ask, conversation, events, metric_lines, until
from tests.router.processes import PATIENCE_S, Gateway, Subgraphs, running_gateway, running_subgraphs

pytestmark = pytest.mark.anyio


@pytest.fixture
def mortal() -> Iterator[Subgraphs]:
    """Subgraphs that a test may kill."""
    with running_subgraphs() as running:
        yield running


@pytest.fixture
def before(graph: Path, mortal: Subgraphs, router: str) -> Iterator[Gateway]:
    with running_gateway(graph, mortal.url, router, UPSTREAM_SECONDS="2") as gateway:
        yield gateway


async def test_a_killed_subgraph_is_an_error_and_works_again_when_it_is_back(
    before: Gateway, mortal: Subgraphs
) -> None:
    async with httpx.AsyncClient(base_url=before.url, timeout=PATIENCE_S) as client:
        assert (await client.get("/health/ready")).status_code == 200
        mortal.kill()
        for query in ('{ echo(text: "x") }', 'mutation { rename(id: 1, name: "x") { id } }'):
            answer = await ask(client, query)
            assert answer["data"] is None
            assert answer["errors"][0]["extensions"]["code"] == "UNAVAILABLE"
        assert (await ask(client, "{ __typename }"))["data"] == {"__typename": "Query"}
        assert (await client.get("/health/live")).status_code == 200
        mortal.start()
        await until(lambda: is_ready(client))
        assert (await ask(client, '{ echo(text: "x") }'))["data"] == {"echo": "x"}
        assert (await ask(client, 'mutation { rename(id: 1, name: "x") { id } }'))["data"]


async def test_a_subgraph_placed_elsewhere_dies_alone(
    graph: Path, subgraphs: Subgraphs, mortal: Subgraphs, router: str
) -> None:
    placed = {"SUBGRAPH_URLS": f"praise={mortal.url}, ", "UPSTREAM_SECONDS": "1"}
    with running_gateway(graph, subgraphs.url, router, **placed) as gateway:
        async with httpx.AsyncClient(base_url=gateway.url, timeout=PATIENCE_S) as client:
            query = "{ dishes(first: 1) { id praise } }"
            assert (await ask(client, query))["data"]["dishes"][0]["praise"] == "people like 0"
            mortal.kill()
            answer = await ask(client, query)
            assert answer["data"]["dishes"] == [{"id": "0", "praise": None}]
            assert {error["extensions"]["code"] for error in answer["errors"]} == {"UNAVAILABLE"}
            ready = await client.get("/health/ready")
            assert (ready.status_code, ready.json()["status"]) == (200, "degraded")
            assert ready.json()["subgraphs"] == {"dishes": "ready", "praise": "does not answer"}
            mortal.start()
            await until(lambda: is_whole(client))
            assert "errors" not in await ask(client, query)


async def is_whole(client: httpx.AsyncClient) -> bool:
    return (await client.get("/health/ready")).json()["status"] == "ready"


async def is_ready(client: httpx.AsyncClient) -> bool:
    return (await client.get("/health/ready")).status_code == 200


async def test_a_stream_of_a_killed_subgraph_ends_with_an_error_and_can_be_opened_again(
    before: Gateway, mortal: Subgraphs
) -> None:
    waiting = "subscription { waiting { id } }"
    async with conversation(before) as talk:
        await talk.initialise()
        await talk.subscribe(waiting)
        assert (await talk.receive())["payload"]["data"]
        mortal.kill()
        received = await talk.until_end()
        assert [message["type"] for message in received] == ["next", "complete"]
        assert received[0]["payload"]["errors"][0]["extensions"]["code"] == "UNAVAILABLE"
        mortal.start()
        await talk.subscribe(waiting)  # waits for the process to come up
        assert (await talk.receive())["payload"]["data"]


async def test_a_stream_of_events_of_a_killed_subgraph_ends_with_an_error(before: Gateway, mortal: Subgraphs) -> None:
    received: list[tuple[str, str]] = []
    async with httpx.AsyncClient(base_url=before.url, timeout=20) as client:
        async for event in events(client, "subscription { waiting { id } }"):
            received.append(event)
            if len(received) == 1:
                mortal.kill()
    assert [name for name, _ in received] == ["next", "next", "complete"]
    assert json.loads(received[1][1])["errors"][0]["extensions"]["code"] == "UNAVAILABLE"


async def test_streams_of_a_subgraph_that_stands_still_end_with_an_error(graph: Path, mortal: Subgraphs) -> None:
    """As behind a network that carries nothing any more: nobody closes the socket."""
    with running_gateway(graph, mortal.url, SOCKET_PING_SECONDS="2") as gateway:
        async with conversation(gateway) as talk:
            await talk.initialise()
            await talk.subscribe("subscription { waiting { id } }")
            assert (await talk.receive())["payload"]["data"]
            mortal.process.send_signal(signal.SIGSTOP)
            received = await talk.until_end()
            assert [message["type"] for message in received] == ["next", "complete"]
            assert received[0]["payload"]["errors"][0]["extensions"]["code"] == "UNAVAILABLE"
            mortal.process.send_signal(signal.SIGCONT)
            await talk.subscribe("subscription { waiting { id } }")
            assert (await talk.receive())["payload"]["data"]


async def test_a_subgraph_that_does_not_answer_in_time_is_an_error(before: Gateway) -> None:
    async with httpx.AsyncClient(base_url=before.url, timeout=PATIENCE_S) as client:
        answer = await ask(client, "{ never }")
        assert answer["errors"][0]["extensions"]["code"] == "UNAVAILABLE"
        assert (await ask(client, '{ echo(text: "x") }'))["data"] == {"echo": "x"}


async def test_many_clients_that_leave_early_leave_nothing_behind(
    graph: Path, subgraphs: Subgraphs, router: str
) -> None:
    with running_gateway(graph, subgraphs.url, router) as gateway:
        for _ in range(20):
            async with conversation(gateway) as talk:
                await talk.initialise()
                for number in range(5):
                    await talk.subscribe("subscription { waiting { id } }", id=str(number))
                    await talk.receive()
        async with httpx.AsyncClient(base_url=gateway.url, timeout=PATIENCE_S) as client:
            for _ in range(5):
                async for _event in events(client, "subscription { waiting { id } }"):
                    break
            await until(lambda: is_empty(client))


async def test_who_leaves_at_once_leaves_nothing_behind(graph: Path, subgraphs: Subgraphs, router: str) -> None:
    with running_gateway(graph, subgraphs.url, router) as gateway:
        async with conversation(gateway) as talk, httpx.AsyncClient(base_url=gateway.url, timeout=PATIENCE_S) as client:
            await talk.initialise()
            for number in range(5):
                await talk.subscribe("subscription { silent { id } }", id=str(number))
                await talk.send({"type": "complete", "id": str(number)})
            await talk.send({"type": "ping"})
            assert (await talk.receive())["type"] == "pong"
            await until(lambda: has_no_subscription(client))


async def has_no_subscription(client: httpx.AsyncClient) -> bool:
    return "gateway_subscriptions 0" in await metric_lines(client)


async def is_empty(client: httpx.AsyncClient) -> bool:
    return {"gateway_sockets 0", "gateway_subscriptions 0"} <= await metric_lines(client)


async def test_more_entities_than_a_portion_come_from_several_requests(client: httpx.AsyncClient) -> None:
    query = "{ dishes(first: 100) { id praise similar(first: 1) { id praise } } }"
    answer = await ask(client, query)
    assert [error["path"] for error in answer["errors"]] == [["dishes", 1, "praise"]]
    for place, dish in enumerate(answer["data"]["dishes"]):
        assert dish["praise"] == (None if place == 1 else f"people like {place}")
        assert dish["similar"][0]["praise"] == f"people like {place}-0"
