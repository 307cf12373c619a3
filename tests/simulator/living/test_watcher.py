"""A watcher writes down what it is told, comes back after cuts, and goes on after a stop where its diary ends."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import cast

import pytest
from websockets.asyncio.server import ServerConnection

from simulator.living import Clock, Diary, Heard, Tempers
from simulator.living.questions import OrderTold
from simulator.living.somebody import Somebody
from simulator.living.watcher import ORDER, Watcher
from tests.simulator.living.town import scene_at
from tests.simulator.test_asking import Wallet
from tests.simulator.wires import Conversation, greet, say, socket_server

pytestmark = pytest.mark.anyio
STEADY = Tempers(watcher_is_cut_off=0)


@asynccontextmanager
async def customer(url: str, diary: Diary, tempers: Tempers = STEADY) -> AsyncGenerator[Somebody]:
    async with scene_at(url, diary, tempers) as scene:
        somebody = Somebody(scene, "customer-1")
        somebody.graph = somebody.scene.graph.signed_in_as(Wallet())
        yield somebody


def event(sequence: int, kind: str, status: str) -> dict[str, object]:
    order = {"id": "order_1", "status": status, "version": sequence}
    now = datetime.now(UTC).isoformat()
    told = {"typename": "OrderEvent", "cursor": f"c{sequence}", "sequence": sequence, "type": kind, "occurredAt": now}
    return {**told, "order": order}


SNAPSHOT: dict[str, object] = {
    "typename": "OrderSnapshot",
    "cursor": "c1",
    "sequence": 1,
    "order": {"id": "order_1", "status": "PLACED", "version": 1},
}


def telling(*items: dict[str, object], asked: list[object], code: int = 1011) -> Conversation:
    async def conversation(socket: ServerConnection) -> None:
        payload = await greet(socket)
        asked.append(cast("dict[str, object]", payload["variables"]).get("after"))
        for item in items:
            await say(socket, id="1", type="next", payload={"data": {"item": item}})
        await socket.close(code)

    return conversation


async def test_a_list_has_no_gap_after_a_cut():
    asked, taken, diary = list[object](), list[OrderTold](), Diary()
    first = telling(SNAPSHOT, event(2, "CONFIRMED", "CONFIRMED"), asked=asked)
    second = telling(event(3, "ACCEPTED", "ACCEPTED"), event(4, "DELIVERED", "DELIVERED"), asked=asked)
    async with socket_server(first, second) as url, customer(url, diary) as somebody:
        await Watcher(somebody, ORDER, "order_1", taken.append).run()
    noted = diary.watched["orderUpdates customer-1 order_1"]
    assert [(heard.sequence, heard.type) for heard in noted.heard] == [
        (1, "SNAPSHOT"),
        (2, "CONFIRMED"),
        (3, "ACCEPTED"),
        (4, "DELIVERED"),
    ]
    assert asked == noted.connections == [None, "c2"]
    assert (noted.cursor, noted.items, noted.ended, noted.cuts) == ("c4", 4, True, 0)
    assert len(taken) == 4


async def test_after_a_stop_the_list_goes_on_where_the_diary_ends():
    asked, diary = list[object](), Diary()
    async with socket_server(telling(event(3, "DELIVERED", "DELIVERED"), asked=asked)) as url:
        async with customer(url, diary) as somebody:
            before = Watcher(somebody, ORDER, "order_1", lambda _: None).noted
            before.heard.append(Heard(2, "CONFIRMED", "order_1"))
            before.cursor = "c2"
        async with customer(url, diary) as somebody:
            await Watcher(somebody, ORDER, "order_1", lambda _: None).run()
    noted = diary.watched["orderUpdates customer-1 order_1"]
    assert [heard.sequence for heard in noted.heard] == [2, 3]
    assert asked == ["c2"]


async def test_what_happened_before_one_was_connected_says_nothing_about_the_platforms_haste():
    diary, asked = Diary(), list[object]()
    late = event(2, "CONFIRMED", "CONFIRMED") | {"occurredAt": datetime(2026, 1, 1, tzinfo=UTC).isoformat()}
    items = telling(SNAPSHOT, late, event(3, "DELIVERED", "DELIVERED"), asked=asked)
    async with socket_server(items) as url, customer(url, diary) as somebody:
        await Watcher(somebody, ORDER, "order_1", lambda _: None).run()
    assert len(diary.events) <= 1
    assert all(latency < 5000 for latency in diary.events)


async def test_whoever_is_drawn_is_cut_off_and_misses_nothing():
    asked, diary = list[object](), Diary()
    tempers = Tempers(watcher_is_cut_off=100, cuts=1, seconds_between_cuts=1)

    async def until_cut(socket: ServerConnection) -> None:
        payload = await greet(socket)
        asked.append(cast("dict[str, object]", payload["variables"]).get("after"))
        await say(socket, id="1", type="next", payload={"data": {"item": SNAPSHOT}})
        await socket.wait_closed()

    rest = telling(event(2, "CANCELLED", "CANCELLED"), asked=asked)
    async with socket_server(until_cut, rest) as url, customer(url, diary, tempers) as somebody:
        clock = Clock(rate=2, started=datetime.now(UTC), origin=datetime.now(UTC))
        somebody.scene.clock = clock
        await Watcher(somebody, ORDER, "order_1", lambda _: None).run()
    noted = diary.watched["orderUpdates customer-1 order_1"]
    assert (noted.cuts, [heard.sequence for heard in noted.heard], asked) == (1, [1, 2], [None, "c1"])


async def test_a_resync_is_counted():
    diary, asked = Diary(), list[object]()
    resync: dict[str, object] = {"typename": "ResyncRequired"}
    items = telling(resync, SNAPSHOT, event(2, "REJECTED", "REJECTED"), asked=asked)
    async with socket_server(items) as url, customer(url, diary) as somebody:
        await Watcher(somebody, ORDER, "order_1", lambda _: None).run()
    assert diary.watched["orderUpdates customer-1 order_1"].resyncs == 1
