"""Watching the graph: every item once, through cuts, reloads and tokens that end."""

from typing import cast

import pytest
from msgspec import Struct
from websockets.asyncio.server import ServerConnection

from simulator.graph import Graph, GraphRefused, Line, Operation, Outage, Patience, Thread
from tests.simulator.test_asking import Wallet
from tests.simulator.wires import Conversation, greet, hear, say, socket_server

pytestmark = pytest.mark.anyio
QUICK = Patience(tries=4, first_s=0.001, longest_s=0.002)


class Step(Struct, frozen=True):
    cursor: str
    ended: bool = False


class Steps(Struct, frozen=True):
    steps: Step


WATCH = Operation("subscription Steps($after: String) { steps(after: $after) { cursor ended } }", Steps)
THREAD = Thread[Steps](cursor=lambda item: item.steps.cursor, ended=lambda item: item.steps.ended)


async def send(socket: ServerConnection, cursor: str, *, ended: bool = False) -> None:
    await say(socket, id="1", type="next", payload={"data": {"steps": {"cursor": cursor, "ended": ended}}})


async def complete(socket: ServerConnection) -> None:
    await say(socket, id="1", type="complete")


def speaking(*cursors: str, ended: bool = False, asked: list[object], code: int = 1000) -> Conversation:
    """Sends the items, notes the `after` it was asked for, and completes if the stream ended; else it hangs up."""

    async def conversation(socket: ServerConnection) -> None:
        payload = await greet(socket)
        asked.append(cast("dict[str, object]", payload["variables"]).get("after"))
        for cursor in cursors:
            await send(socket, cursor, ended=ended and cursor == cursors[-1])
        if ended:
            await complete(socket)
        await socket.close(code)

    return conversation


async def followed(url: str, thread: Thread[Steps] = THREAD, credentials: Wallet | None = None) -> list[str]:
    async with Graph(url, patience=QUICK, credentials=credentials) as graph:
        return [item.steps.cursor async for item in graph.watch(WATCH, {}, thread)]


async def test_a_stream_is_followed_to_its_end():
    asked: list[object] = []
    async with socket_server(speaking("a", "b", ended=True, asked=asked)) as url:
        assert await followed(url) == ["a", "b"]
    assert asked == [None]


@pytest.mark.parametrize("code", [1001, 1011, 4408, 4429, 4499])
async def test_a_cut_stream_is_resumed_after_the_last_item(code: int):
    asked: list[object] = []
    async with socket_server(
        speaking("a", "b", asked=asked, code=code),
        speaking(asked=asked, code=code),
        speaking("c", ended=True, asked=asked),
    ) as url:
        assert await followed(url) == ["a", "b", "c"]
    assert asked == [None, "b", "b"]


async def test_a_stream_that_completes_before_it_ended_was_cut():
    asked: list[object] = []

    async def reload(socket: ServerConnection) -> None:
        await greet(socket)
        await send(socket, "a")
        await complete(socket)

    async with socket_server(reload, speaking("b", ended=True, asked=asked)) as url:
        assert await followed(url) == ["a", "b"]
    assert asked == ["a"]


async def test_a_stream_that_does_not_say_when_it_ends_ends_when_it_completes():
    async def conversation(socket: ServerConnection) -> None:
        await greet(socket)
        await send(socket, "a")
        await complete(socket)

    async with socket_server(conversation) as url:
        assert await followed(url, Thread[Steps]()) == ["a"]


async def test_following_can_begin_in_the_middle():
    asked: list[object] = []
    async with socket_server(speaking("f", ended=True, asked=asked)) as url:
        await followed(url, Thread[Steps](cursor=THREAD.cursor, ended=THREAD.ended, after="e"))
    assert asked == ["e"]


async def test_pings_are_answered_with_their_payload():
    async def conversation(socket: ServerConnection) -> None:
        await greet(socket)
        await say(socket, type="ping", payload={"n": 7})
        assert await hear(socket) == {"type": "pong", "payload": {"n": 7}}
        await send(socket, "a", ended=True)
        await complete(socket)

    async with socket_server(conversation) as url:
        assert await followed(url) == ["a"]


def failing(code: str) -> Conversation:
    async def conversation(socket: ServerConnection) -> None:
        await greet(socket)
        await say(socket, id="1", type="error", payload=[{"message": "No.", "extensions": {"code": code}}])
        await socket.wait_closed()

    return conversation


async def test_an_error_that_may_pass_is_outlasted():
    async with socket_server(failing("UNAVAILABLE"), speaking("a", ended=True, asked=[])) as url:
        assert await followed(url) == ["a"]


@pytest.mark.parametrize("code", ["FORBIDDEN", "NOT_FOUND", "BAD_USER_INPUT"])
async def test_a_refused_stream_is_not_asked_for_again(code: str):
    async with socket_server(failing(code)) as url:
        with pytest.raises(GraphRefused, match=code):
            await followed(url)


async def test_errors_in_an_item_count_as_errors():
    async def conversation(socket: ServerConnection) -> None:
        await greet(socket)
        refused = {"message": "No.", "extensions": {"code": "FORBIDDEN"}}
        await say(socket, id="1", type="next", payload={"data": None, "errors": [refused]})
        await complete(socket)

    async with socket_server(conversation) as url:
        with pytest.raises(GraphRefused, match="FORBIDDEN"):
            await followed(url)


async def test_an_expired_token_is_renewed_however_often():
    wallet, tokens = Wallet(), list[object]()

    async def conversation(socket: ServerConnection) -> None:
        tokens.append((await hear(socket))["payload"])
        await say(socket, type="connection_ack")
        await hear(socket)
        if len(tokens) > 2:
            await send(socket, "a", ended=True)
            await complete(socket)
        expired = {"message": "It ended.", "extensions": {"code": "TOKEN_EXPIRED"}}
        await say(socket, id="1", type="error", payload=[expired])
        await socket.wait_closed()

    async with socket_server(conversation) as url:
        assert await followed(url, credentials=wallet) == ["a"]
    assert tokens == [{"authorization": f"Bearer token-{n}"} for n in range(3)]


def closing(code: int) -> Conversation:
    async def conversation(socket: ServerConnection) -> None:
        await socket.close(code, "because")

    return conversation


async def test_a_refused_connection_is_tried_once_more_with_a_fresh_token():
    wallet = Wallet()
    async with socket_server(closing(4401), speaking("a", ended=True, asked=[])) as url:
        assert await followed(url, credentials=wallet) == ["a"]
    assert wallet.forgotten == 1
    async with socket_server(closing(4401)) as url:
        with pytest.raises(GraphRefused, match="The token is refused: because"):
            await followed(url, credentials=wallet)


async def test_a_forbidden_connection_is_not_tried_again():
    async with socket_server(closing(4403)) as url:
        with pytest.raises(GraphRefused, match="4403: because"):
            await followed(url)


async def test_patience_ends_when_nothing_comes():
    async with socket_server(closing(1011)) as url:
        with pytest.raises(Outage, match="1011"):
            await followed(url)
    with pytest.raises(Outage, match="does not answer"):
        await followed("http://127.0.0.1:1/graphql")


async def test_whoever_stops_watching_closes_the_connection():
    async def conversation(socket: ServerConnection) -> None:
        await greet(socket)
        await send(socket, "a")
        await socket.wait_closed()

    async with socket_server(conversation) as url, Graph(url, patience=QUICK) as graph:
        stream = graph.watch(WATCH, {}, THREAD)
        assert (await anext(stream)).steps.cursor == "a"
        await stream.aclose()


async def test_a_line_that_is_cut_is_resumed_and_says_after_what():
    line, told = Line(), list[str]()

    async def conversation(socket: ServerConnection) -> None:
        await greet(socket)
        await send(socket, "a")
        await socket.wait_closed()

    async with (
        socket_server(conversation, speaking("b", ended=True, asked=[])) as url,
        Graph(url, patience=QUICK) as graph,
    ):
        assert not line.cut()
        thread = Thread[Steps](cursor=THREAD.cursor, ended=THREAD.ended, line=line)
        async for item in graph.watch(WATCH, {}, thread):
            told.append(item.steps.cursor)
            assert line.opened_at is not None
            assert line.cut()
    assert told == ["a", "b"]
    assert line.resumed == [None, "a"]
    assert line.opened_at is None
