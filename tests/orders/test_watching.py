"""Watching orders: everything once and in order, resumed by cursor, and over when the order is over."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Any

import pytest

from kernel.codes import COLLECTION, handover_code
from kernel.messages import ANONYMOUS, Viewer
from tests.orders.bench import Bench, Json
from tests.orders.ordering import AINO, COOK, EERO, ORDER, RESTAURANT, RIVAL, SANNA, SECRET
from tests.patience import AT_MOST_S

pytestmark = pytest.mark.anyio

ONE = """
subscription($id: ID!, $after: String) { orderUpdates(orderId: $id, after: $after) { __typename
  ... on OrderSnapshot { sequence cursor order { status version collectionCode availableActions } }
  ... on OrderEvent { sequence cursor occurredAt type changed order { status version } }
  ... on ResyncRequired { reason } } }
"""
KITCHEN = """
subscription($id: ID!, $after: String) { restaurantOrderUpdates(restaurantId: $id, after: $after) { __typename
  ... on OpenOrders { cursor orders { id version status } }
  ... on OrderEvent { sequence cursor type order { id version status } }
  ... on ResyncRequired { reason } } }
"""
EVENTS = """
query($id: ID!, $after: String) { orderEvents(orderId: $id, first: 100, after: $after) {
  nodes { sequence cursor occurredAt type changed order { status version } } } }
"""


async def taken(stream: AsyncGenerator[Json], number: int) -> list[Json]:
    """The next items, which are awaited at most a while."""
    async with asyncio.timeout(AT_MOST_S):
        return [await anext(stream) for _ in range(number)]


async def ended(stream: AsyncGenerator[Json]) -> list[Json]:
    """All items up to the end, which is awaited at most a while."""
    async with asyncio.timeout(AT_MOST_S):
        return [item async for item in stream]


async def refused(stream: AsyncGenerator[Json]) -> str:
    """Why the stream ended at once."""
    with pytest.raises(PermissionError) as why:
        await taken(stream, 1)
    return str(why.value)


async def test_a_watcher_is_told_how_it_is_then_everything_that_happens(shared_bench: Bench) -> None:
    order_id = await shared_bench.confirmed()
    async with aclosing(shared_bench.watch(AINO, ONE, id=order_id)) as watch:
        (snapshot,) = await taken(watch, 1)
        assert (snapshot["__typename"], snapshot["sequence"]) == ("OrderSnapshot", 2)
        assert snapshot["order"] == {
            "status": "CONFIRMED",
            "version": 2,
            "collectionCode": handover_code(SECRET, order_id, COLLECTION),
            "availableActions": ["CANCEL_ORDER"],
        }
        await shared_bench.kitchen_does(order_id, "acceptOrder", prepMinutes=20)
        await shared_bench.kitchen_does(order_id, "startPreparing")
        await shared_bench.kitchen_does(order_id, "markOrderReady")
        await shared_bench.kitchen_does(order_id, "confirmCollection", code=handover_code(SECRET, order_id, COLLECTION))
        told = await ended(watch)
    assert [(item["sequence"], item["type"], item["order"]["status"]) for item in told] == [
        (3, "ACCEPTED", "ACCEPTED"),
        (4, "PREPARATION_STARTED", "PREPARING"),
        (5, "READY", "READY_FOR_PICKUP"),
        (6, "COMPLETED", "COMPLETED"),
    ]
    assert [item["order"]["version"] for item in told] == [3, 4, 5, 6]
    assert told[1]["changed"] == ["version", "status", "preparingAt"]
    queried = (await shared_bench.ask(AINO, EVENTS, id=order_id, after=snapshot["cursor"]))["orderEvents"]["nodes"]
    assert queried == [{name: value for name, value in item.items() if name != "__typename"} for item in told]


async def test_a_watcher_resumes_after_any_cursor(shared_bench: Bench) -> None:
    order_id = await shared_bench.up_to_ready()
    await shared_bench.kitchen_does(order_id, "confirmCollection", code=handover_code(SECRET, order_id, COLLECTION))
    nodes = (await shared_bench.ask(AINO, EVENTS, id=order_id))["orderEvents"]["nodes"]
    for number, node in enumerate(nodes, start=1):
        told = await ended(shared_bench.watch(AINO, ONE, id=order_id, after=node["cursor"]))
        assert [item["sequence"] for item in told] == list(range(number + 1, len(nodes) + 1))


async def test_an_ended_order_is_shown_once_and_that_is_all(shared_bench: Bench) -> None:
    order_id = await shared_bench.confirmed()
    await shared_bench.change(AINO, "cancelOrder", {"orderId": order_id})
    (only,) = await ended(shared_bench.watch(AINO, ONE, id=order_id))
    assert (only["__typename"], only["order"]["status"]) == ("OrderSnapshot", "CANCELLED")


async def test_a_strange_cursor_starts_over(shared_bench: Bench) -> None:
    order_id, other_id = await shared_bench.confirmed(), await shared_bench.confirmed()
    await shared_bench.change(AINO, "cancelOrder", {"orderId": order_id})
    foreign = (await shared_bench.ask(AINO, EVENTS, id=other_id))["orderEvents"]["nodes"][0]["cursor"]
    for after, reason in (("nonsense", "UNKNOWN"), (foreign, "FOREIGN")):
        resync, first = await ended(shared_bench.watch(AINO, ONE, id=order_id, after=after))
        assert (resync["__typename"], resync["reason"]) == ("ResyncRequired", reason)
        assert (first["__typename"], first["sequence"]) == ("OrderSnapshot", 3)


@pytest.mark.parametrize("viewer", [EERO, RIVAL, ANONYMOUS], ids=lambda viewer: viewer.subject)
async def test_strangers_watch_nothing(shared_bench: Bench, viewer: Viewer) -> None:
    order_id = await shared_bench.confirmed()
    await shared_bench.catch_up()
    for strange in (order_id, ORDER, "order_x", "\x00"):
        assert await refused(shared_bench.watch(viewer, ONE, id=strange)) == "There is no such stream for you."
    for kitchen in (RESTAURANT, RESTAURANT[:-1] + "8", "restaurant_x"):
        assert await refused(shared_bench.watch(viewer, KITCHEN, id=kitchen)) == "There is no such stream for you."


async def test_the_kitchen_watches_an_order_once_it_is_paid_for(shared_bench: Bench) -> None:
    order_id = await shared_bench.place()
    assert await refused(shared_bench.watch(COOK, ONE, id=order_id)) == "There is no such stream for you."
    confirmed_id = await shared_bench.confirmed()
    for viewer in (COOK, SANNA):
        async with aclosing(shared_bench.watch(viewer, ONE, id=confirmed_id)) as watch:
            (snapshot,) = await taken(watch, 1)
        assert snapshot["order"]["collectionCode"] is None


async def test_a_customer_watches_from_before_the_payment(shared_bench: Bench) -> None:
    order_id = await shared_bench.place()
    async with aclosing(shared_bench.watch(AINO, ONE, id=order_id)) as watch:
        (snapshot,) = await taken(watch, 1)
        await shared_bench.pay(order_id)
        (confirmed,) = await taken(watch, 1)
        await shared_bench.change(AINO, "cancelOrder", {"orderId": order_id})
        (cancelled,) = await ended(watch)
    assert [snapshot["sequence"], confirmed["type"], cancelled["type"]] == [1, "CONFIRMED", "CANCELLED"]


async def test_a_stream_ends_with_its_token(shared_bench: Bench) -> None:
    order_id = await shared_bench.confirmed()
    over = shared_bench.watch(AINO, ONE, remaining_s=0.0, id=order_id)
    await taken(over, 1)
    assert "expired" in await refused(over)


async def test_a_dismissed_cook_watches_no_longer(bench: Bench) -> None:
    order_id = await bench.confirmed()
    await bench.catch_up()
    one, kitchen = bench.watch(COOK, ONE, id=order_id), bench.watch(COOK, KITCHEN, id=RESTAURANT)
    await taken(one, 1)
    await taken(kitchen, 1)
    await bench.dismiss(COOK.subject)
    await bench.change(AINO, "cancelOrder", {"orderId": order_id})
    await bench.catch_up()
    assert await refused(one) == await refused(kitchen) == "You may no longer watch this."


async def test_a_kitchen_is_told_of_every_order_in_its_own_sequence(bench: Bench) -> None:
    first, second, unpaid = await bench.confirmed(), await bench.confirmed(EERO), await bench.place()
    await bench.kitchen_does(first, "acceptOrder", prepMinutes=20)
    await bench.catch_up()
    async with aclosing(bench.watch(COOK, KITCHEN, id=RESTAURANT)) as watch:
        (opening,) = await taken(watch, 1)
        assert {order["id"]: order["status"] for order in opening["orders"]} == {
            first: "ACCEPTED",
            second: "CONFIRMED",
        }
        await bench.kitchen_does(second, "rejectOrder", reason="TOO_BUSY")
        await bench.kitchen_does(first, "startPreparing")
        await bench.pay(unpaid)
        await bench.catch_up()
        told = await taken(watch, 3)
    assert sorted((item["order"]["id"], item["type"], item["sequence"]) for item in told) == sorted(
        [(second, "REJECTED", 3), (first, "PREPARATION_STARTED", 4), (unpaid, "CONFIRMED", 2)]
    )
    for number, item in enumerate(told):
        async with aclosing(bench.watch(COOK, KITCHEN, id=RESTAURANT, after=item["cursor"])) as resumed:
            assert await taken(resumed, 2 - number) == told[number + 1 :]


async def test_an_opening_never_hides_what_the_orders_do_not_show_yet(bench: Bench) -> None:
    first = await bench.confirmed()
    await bench.catch_up()
    second = await bench.confirmed()
    await bench.kitchen_does(first, "acceptOrder", prepMinutes=20)
    await bench.catch_up(orders=False)  # the feed is ahead of the orders
    async with aclosing(bench.watch(COOK, KITCHEN, id=RESTAURANT)) as watch:
        opening, *told = await taken(watch, 3)
    assert [(order["id"], order["version"]) for order in opening["orders"]] == [(first, 2)]
    assert {(item["order"]["id"], item["order"]["version"]) for item in told} == {(second, 2), (first, 3)}


async def test_an_opening_may_show_more_than_the_feed_has_told(bench: Bench) -> None:
    order_id = await bench.confirmed()
    await bench.catch_up(feed=False)
    async with aclosing(bench.watch(COOK, KITCHEN, id=RESTAURANT)) as watch:
        (opening,) = await taken(watch, 1)
        assert [(order["id"], order["version"]) for order in opening["orders"]] == [(order_id, 2)]
        await bench.catch_up()
        (told,) = await taken(watch, 1)
    assert (told["order"]["id"], told["sequence"]) == (order_id, 2)


async def test_a_kitchens_cursor_from_elsewhere_starts_over(bench: Bench) -> None:
    order_id = await bench.confirmed()
    await bench.catch_up()
    foreign = (await bench.ask(AINO, EVENTS, id=order_id))["orderEvents"]["nodes"][0]["cursor"]
    ahead = bench.kitchen_cursor(RESTAURANT, 99)
    for after, reason in (("x", "UNKNOWN"), (foreign, "FOREIGN"), (ahead, "AHEAD")):
        async with aclosing(bench.watch(COOK, KITCHEN, id=RESTAURANT, after=after)) as watch:
            resync, opening = await taken(watch, 2)
        assert (resync["reason"], opening["__typename"]) == (reason, "OpenOrders")


async def test_many_watchers_that_come_and_go_miss_nothing(shared_bench: Bench) -> None:
    order_id = await shared_bench.confirmed()
    seen: dict[int, list[Json]] = {number: [] for number in range(20)}

    async def watch(number: int) -> None:
        cursor: Any = None
        while True:
            async with aclosing(shared_bench.watch(AINO, ONE, id=order_id, after=cursor)) as stream:
                count = 0
                async for item in stream:
                    seen[number].append(item)
                    cursor = item["cursor"]
                    count += 1
                    if count > number % 3:
                        break  # the connection is lost after one to three items
                else:
                    return

    async with asyncio.timeout(60), asyncio.TaskGroup() as group:
        for number in seen:
            group.create_task(watch(number))
        await shared_bench.kitchen_does(order_id, "acceptOrder", prepMinutes=20)
        await shared_bench.kitchen_does(order_id, "startPreparing")
        for minute in range(21, 29):
            await shared_bench.kitchen_does(order_id, "delayOrder", readyBy=f"2026-11-20T17:{minute}:00Z")
        await shared_bench.kitchen_does(order_id, "markOrderReady")
        await shared_bench.kitchen_does(order_id, "confirmCollection", code=handover_code(SECRET, order_id, COLLECTION))
    nodes = (await shared_bench.ask(AINO, EVENTS, id=order_id))["orderEvents"]["nodes"]
    for told in seen.values():
        snapshot, *events = told
        expected = nodes[snapshot["sequence"] :]
        assert [{k: v for k, v in item.items() if k != "__typename"} for item in events] == expected
