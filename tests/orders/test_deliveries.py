"""Deliveries through the graph, over real stores: who may do what until when, and how watchers hear of the end."""

import asyncio
from contextlib import aclosing

import pytest

from kernel.messages import Command
from subgraphs.orders.commands import FailOrder, GiveUpOnKitchen
from subgraphs.orders.events import FailureReason, OrderStatus
from tests.orders.bench import Bench
from tests.orders.deliveries import (
    announce,
    bring_back,
    deliver,
    drop_courier,
    grant,
    name_courier,
    pick_up,
    refuse,
    turn_back,
)
from tests.orders.errands import accepted, shown, tell
from tests.orders.ordering import (
    AINO,
    AT,
    COOK,
    MINUTE,
    RESTAURANT,
    SANNA,
)
from tests.patience import AT_MOST_S

pytestmark = pytest.mark.anyio

WATCH = """
subscription($id: ID!, $after: String) { orderUpdates(orderId: $id, after: $after) { __typename
  ... on OrderSnapshot { cursor } ... on OrderEvent { type changed order { status } } } }
"""
OPEN = """
subscription($id: ID!) { restaurantOrderUpdates(restaurantId: $id) { ... on OpenOrders { orders { id status } } } }
"""


async def test_a_watcher_is_told_the_whole_way_and_the_stream_ends_at_the_door(shared_bench: Bench) -> None:
    order_id = await accepted(shared_bench)
    async with aclosing(shared_bench.watch(AINO, WATCH, id=order_id)) as watch, asyncio.timeout(AT_MOST_S):
        assert (await anext(watch))["__typename"] == "OrderSnapshot"
        await shared_bench.kitchen_does(order_id, "markOrderReady")
        await tell(shared_bench, order_id, name_courier, drop_courier, name_courier, pick_up, announce, deliver)
        told = [item async for item in watch]
    assert [(item["type"], item["order"]["status"]) for item in told] == [
        ("READY", "READY_FOR_PICKUP"),
        ("COURIER_ASSIGNED", "READY_FOR_PICKUP"),
        ("COURIER_UNASSIGNED", "READY_FOR_PICKUP"),
        ("COURIER_ASSIGNED", "READY_FOR_PICKUP"),
        ("PICKED_UP", "PICKED_UP"),
        ("ARRIVING", "ARRIVING"),
        ("DELIVERED", "DELIVERED"),
    ]
    assert told[4]["changed"] == ["version", "status", "pickedUpAt"]
    assert told[6]["changed"] == ["version", "status", "deliveredAt", "endedAt"]
    seen = await shown(shared_bench, AINO, order_id)
    assert seen is not None
    assert (seen["collectBy"], seen["deliveredAt"], seen["endedAt"]) == (None, *["2026-11-20T17:00:00Z"] * 2)


@pytest.mark.parametrize(
    ("news", "last"),
    [
        ((pick_up, turn_back, bring_back), ("RETURNED", "RETURNED")),
        ((pick_up, FailOrder(order_id="", reason=FailureReason.DELIVERY_FAILED, detail="LOST")), ("FAILED", "FAILED")),
    ],
)
async def test_the_stream_ends_where_the_food_ends(
    shared_bench: Bench, news: tuple[Command, ...], last: tuple[str, str]
) -> None:
    order_id = await accepted(shared_bench)
    async with aclosing(shared_bench.watch(COOK, WATCH, id=order_id)) as watch, asyncio.timeout(AT_MOST_S):
        await anext(watch)
        await tell(shared_bench, order_id, *news)
        told = [item async for item in watch]
    assert (told[-1]["type"], told[-1]["order"]["status"]) == last


async def test_dispatch_is_asked_before_a_delivery_is_called_off(shared_bench: Bench) -> None:
    order_id = await accepted(shared_bench)
    fields = """... on CancelOrderSuccess { order { status cancellationRequestedAt cancelledBy availableActions } }
                ... on IllegalTransition { status allowed }"""
    asked = await shared_bench.change(AINO, "cancelOrder", {"orderId": order_id}, fields)
    assert asked["order"] == {
        "status": "CANCEL_PENDING",
        "cancellationRequestedAt": "2026-11-20T17:00:00Z",
        "cancelledBy": None,
        "availableActions": [],
    }
    ready = await shared_bench.kitchen_does(order_id, "markOrderReady")
    assert ready["__typename"] == "IllegalTransition"
    await tell(shared_bench, order_id, refuse)
    assert await shared_bench.status(order_id) is OrderStatus.ACCEPTED
    given = {"orderId": order_id, "reason": "ITEMS_UNAVAILABLE"}
    assert (await shared_bench.change(COOK, "cancelOrder", given, fields))["order"]["status"] == "CANCEL_PENDING"
    await tell(shared_bench, order_id, grant)
    again = await shared_bench.change(AINO, "cancelOrder", {"orderId": order_id}, fields)
    assert (again["order"]["status"], again["order"]["cancelledBy"]) == ("CANCELLED", "RESTAURANT")


async def test_nobody_calls_back_food_that_is_on_its_way(shared_bench: Bench) -> None:
    order_id = await accepted(shared_bench)
    await tell(shared_bench, order_id, pick_up)
    for viewer in (AINO, COOK, SANNA):
        given = {"orderId": order_id, "reason": "OTHER"}
        refused = await shared_bench.change(viewer, "cancelOrder", given, "... on IllegalTransition { status allowed }")
        assert (refused["status"], refused["allowed"]) == ("PICKED_UP", [])


async def test_a_kitchen_gives_a_kitchens_reasons(shared_bench: Bench) -> None:
    order_id = await accepted(shared_bench)
    refused = await shared_bench.change(COOK, "cancelOrder", {"orderId": order_id, "reason": "CHANGED_MIND"})
    assert (refused["__typename"], refused["path"]) == ("InvalidInput", ["reason"])


async def test_a_kitchens_list_ends_where_its_work_ends(bench: Bench) -> None:
    pending, gone = await accepted(bench), await accepted(bench)
    await bench.change(AINO, "cancelOrder", {"orderId": pending})
    await tell(bench, gone, pick_up)
    await bench.catch_up()
    async with aclosing(bench.watch(COOK, OPEN, id=RESTAURANT)) as watch, asyncio.timeout(AT_MOST_S):
        first = await anext(watch)
    assert first["orders"] == [{"id": pending, "status": "CANCEL_PENDING"}]


async def test_a_forgotten_order_is_called_off_by_its_timer(bench: Bench) -> None:
    delivery, takeaway = await accepted(bench), await bench.confirmed()
    await bench.kitchen_does(takeaway, "acceptOrder", prepMinutes=20)
    bench.set_clock(AT + 80 * MINUTE)
    async with bench.ticking():
        await bench.until_status(takeaway, OrderStatus.CANCELLED)
        await bench.until_status(delivery, OrderStatus.CANCEL_PENDING)
    kept = await bench.raw_journal(delivery)
    assert GiveUpOnKitchen.__name__ in kept
    assert "KITCHEN_SILENT" in kept
