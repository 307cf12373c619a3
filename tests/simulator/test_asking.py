"""Asking the graph: patient through outages, with one and the same request, and never patient with a refusal."""

import pytest
from msgspec import Struct

from simulator.graph import Graph, GraphRefused, Operation, Outage, Outcome, Patience, Result
from tests.simulator.wires import HANGS_UP, Reply, http_server

pytestmark = pytest.mark.anyio
QUICK = Patience(tries=4, first_s=0.001, longest_s=0.002)


class Dish(Struct, frozen=True):
    name: str


class Menu(Struct, frozen=True):
    dish: Dish


class Cooked(Outcome, frozen=True):
    dish: Dish | None = None


READ = Operation("query Menu { dish { name } }", Menu)
COOK = Operation("mutation Cook($input: CookInput!) { result: cook(input: $input) { __typename } }", Result[Cooked])
PULLA = Reply(body={"data": {"dish": {"name": "pulla"}}})


class Wallet:
    """Credentials that count how often they were asked for a new token."""

    def __init__(self) -> None:
        self.forgotten = 0

    async def token(self) -> str:
        return f"token-{self.forgotten}"

    def forget(self) -> None:
        self.forgotten += 1


def error(code: str, message: str = "No.") -> Reply:
    return Reply(body={"errors": [{"message": message, "extensions": {"code": code}}]})


async def test_an_answer_is_read_as_its_type():
    async with http_server(PULLA) as server, Graph(server.url) as graph:
        assert await graph.ask(READ, {}) == Menu(Dish("pulla"))
    assert server.bodies == [{"query": READ.document, "variables": {}}]


@pytest.mark.parametrize("trouble", [HANGS_UP, Reply(503), Reply(502), Reply(429), error("UNAVAILABLE")], ids=str)
async def test_an_outage_is_outlasted_with_the_same_request(trouble: Reply):
    async with http_server(trouble, trouble, PULLA) as server, Graph(server.url, patience=QUICK) as graph:
        assert await graph.ask(READ, {"a": "b"}) == Menu(Dish("pulla"))
    assert len(server.bodies) == 3
    assert server.bodies[0] == server.bodies[1] == server.bodies[2]


async def test_patience_has_an_end():
    async with http_server(Reply(503)) as server, Graph(server.url, patience=QUICK) as graph:
        with pytest.raises(Outage, match="503"):
            await graph.ask(READ, {})
    assert len(server.bodies) == QUICK.tries


async def test_what_must_not_be_repeated_is_tried_once():
    once = Operation(READ.document, Menu, repeatable=False)
    async with http_server(Reply(503)) as server, Graph(server.url, patience=QUICK) as graph:
        with pytest.raises(Outage):
            await graph.ask(once, {})
    assert len(server.bodies) == 1


@pytest.mark.parametrize("code", ["BAD_USER_INPUT", "GRAPHQL_VALIDATION_FAILED", "FORBIDDEN", "LIMIT_EXCEEDED"])
async def test_a_refused_request_is_not_repeated(code: str):
    async with http_server(error(code, "That cannot be read.")) as server, Graph(server.url, patience=QUICK) as graph:
        with pytest.raises(GraphRefused, match=rf"That cannot be read\. \({code}\)"):
            await graph.ask(READ, {})
    assert len(server.bodies) == 1


async def test_an_answer_of_another_shape_is_explained_by_its_errors():
    half = Reply(body={"data": {"dish": None}, "errors": [{"message": "Out.", "extensions": {"code": "UNAVAILABLE"}}]})
    async with http_server(half, PULLA) as server, Graph(server.url, patience=QUICK) as graph:
        assert await graph.ask(READ, {}) == Menu(Dish("pulla"))


async def test_an_answer_of_another_shape_without_errors_is_refused():
    async with http_server(Reply(body={"data": {"dish": 3}})) as server, Graph(server.url, patience=QUICK) as graph:
        with pytest.raises(GraphRefused, match="not of the shape"):
            await graph.ask(READ, {})


async def test_a_refused_token_is_renewed_once():
    wallet = Wallet()
    async with (
        http_server(error("UNAUTHENTICATED"), PULLA) as server,
        Graph(server.url, credentials=wallet, patience=QUICK) as graph,
    ):
        await graph.ask(READ, {})
    assert server.authorizations == ["bearer token-0", "bearer token-1"]


async def test_a_fresh_token_that_is_refused_too_ends_it():
    wallet = Wallet()
    async with (
        http_server(error("UNAUTHENTICATED")) as server,
        Graph(server.url, credentials=wallet, patience=QUICK) as graph,
    ):
        with pytest.raises(GraphRefused):
            await graph.ask(READ, {})
    assert len(server.bodies) == 2


async def test_people_share_connections_and_not_tokens():
    async with http_server(PULLA) as server, Graph(server.url) as graph:
        await graph.signed_in_as(Wallet()).ask(READ, {})
        await graph.ask(READ, {})
    assert server.authorizations == ["bearer token-0", ""]


async def test_a_refusal_is_an_outcome():
    refused = {"__typename": "DishUnknown", "code": "DISH_UNKNOWN", "message": "Nobody cooks this.", "path": ["dish"]}
    async with http_server(Reply(body={"data": {"result": refused}})) as server, Graph(server.url) as graph:
        outcome = await graph.act(COOK, {"idempotencyKey": "k"})
    assert outcome.refusal == "Nobody cooks this. (DISH_UNKNOWN)"
    assert outcome.path == ("dish",)


async def test_a_request_that_still_runs_is_asked_for_again():
    running = Reply(body={"data": {"result": {"__typename": "RequestInProgress", "code": "REQUEST_IN_PROGRESS"}}})
    done = Reply(body={"data": {"result": {"__typename": "CookSuccess", "dish": {"name": "pulla"}}}})
    async with http_server(running, running, done) as server, Graph(server.url, patience=QUICK) as graph:
        outcome = await graph.act(COOK, {"idempotencyKey": "k"})
    assert outcome.refusal is None
    assert outcome.dish == Dish("pulla")
    assert server.bodies[0] == server.bodies[2]


def test_waits_are_drawn_from_a_growing_range():
    patience = Patience(tries=6, first_s=1.0, longest_s=4.0)
    draws = [list(patience.waits()) for _ in range(200)]
    assert all(len(waits) == 5 for waits in draws)
    for turn, longest in enumerate((1, 2, 4, 4, 4)):
        assert all(0 <= waits[turn] <= longest for waits in draws)
        assert max(waits[turn] for waits in draws) > longest / 2
