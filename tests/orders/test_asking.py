"""What is asked of orders: one's own, as they are, and after one's own changes."""

import asyncio
import dataclasses
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, cast

import pytest

from kernel.messages import ANONYMOUS, Viewer
from kernel.ports import Views
from subgraphs.orders.commands import ExpireOrder, FailOrder
from subgraphs.orders.events import FailureReason, OrderStatus
from tests.orders.bench import Bench
from tests.orders.ordering import AINO, AT, COOK, EERO, ORDER, RIVAL, SANNA

pytestmark = pytest.mark.anyio

ORDER_BY_ID = """
query($id: ID!) { order(id: $id) { id orderNumber version status fulfilment restaurant { id }
  lines { name total { minor } } price { total { minor currency } } placedAt changedAt confirmedAt acceptBy
  failureReason failureDetail expiredWhile availableActions } }
"""
OWN = """
query($status: [OrderStatus!], $first: Int, $after: String, $last: Int, $before: String) {
  orders(status: $status, first: $first, after: $after, last: $last, before: $before) {
    nodes { id } edges { cursor } pageInfo { hasNextPage endCursor startCursor } } }
"""
EVENTS = """
query($id: ID!, $first: Int, $after: String) { orderEvents(orderId: $id, first: $first, after: $after) {
  nodes { sequence cursor occurredAt type changed order { version status } }
  edges { cursor } pageInfo { hasNextPage endCursor } } }
"""
ENTITIES = """
query($e: [_Any!]!) { _entities(representations: $e) {
  __typename ... on Order { id status } ... on Quote { id } ... on Restaurant { id } } }
"""


async def test_an_order_by_its_id(shared_bench: Bench) -> None:
    order_id = await shared_bench.confirmed()
    await shared_bench.catch_up()
    order = (await shared_bench.ask(AINO, ORDER_BY_ID, id=order_id))["order"]
    tail = order_id[-6:].upper()
    assert order == {
        "id": order_id,
        "orderNumber": f"{tail[:3]}-{tail[3:]}",
        "version": 2,
        "status": "CONFIRMED",
        "fulfilment": "TAKEAWAY",
        "restaurant": order["restaurant"],
        "lines": [{"name": "Salmon on a plank", "total": {"minor": 2450}}],
        "price": {"total": {"minor": 2524, "currency": "EUR"}},
        "placedAt": "2026-11-20T17:00:00Z",
        "changedAt": "2026-11-20T17:00:00Z",
        "confirmedAt": "2026-11-20T17:00:00Z",
        "acceptBy": "2026-11-20T17:08:00Z",
        "failureReason": None,
        "failureDetail": None,
        "expiredWhile": None,
        "availableActions": ["CANCEL_ORDER"],
    }


BY_ID = "query($id: ID!) { order(id: $id) { status version } }"


async def test_an_order_is_as_its_own_stream_tells_however_far_its_projection_is_behind(bench: Bench) -> None:
    order_id, ready_id = await bench.confirmed(), await bench.up_to_ready()
    assert await bench.ask(AINO, BY_ID, id=order_id) == {"order": {"status": "CONFIRMED", "version": 2}}
    await bench.catch_up()
    await bench.kitchen_does(order_id, "acceptOrder", prepMinutes=20)
    assert await bench.ask(AINO, BY_ID, id=order_id) == {"order": {"status": "ACCEPTED", "version": 3}}
    assert await bench.ask(EERO, BY_ID, id=order_id) == {"order": None}
    wanted = [{"__typename": "Order", "id": each} for each in (order_id, ready_id)]
    told = (await bench.ask(AINO, ENTITIES, e=wanted))["_entities"]
    assert [order["status"] for order in told] == ["ACCEPTED", "READY_FOR_PICKUP"]


async def test_a_token_waits_for_a_list_and_must_be_one(bench: Bench) -> None:
    order_id = await bench.confirmed()
    given = {"orderId": order_id, "prepMinutes": 20}
    accepted = await bench.change(COOK, "acceptOrder", given, "... on AcceptOrderSuccess { consistencyToken }")
    query = "query { orders(first: 1) { nodes { version } } }"
    asking = asyncio.create_task(bench.ask(AINO, query, token=accepted["consistencyToken"]))
    await bench.catch_up()
    assert await asking == {"orders": {"nodes": [{"version": 3}]}}
    _, errors = await bench.try_asking(AINO, query, token="not one")
    assert errors == ["The consistency token cannot be read."]


AS_OF = "query { orders(first: 5) { asOf nodes { version } } }"


async def test_a_list_says_up_to_when_it_shows_everything(bench: Bench) -> None:
    order_id = await bench.confirmed()
    await bench.catch_up()
    bench.set_clock(AT + timedelta(hours=1))
    current = (await bench.ask(AINO, AS_OF))["orders"]
    assert datetime.fromisoformat(current["asOf"]) == AT + timedelta(hours=1)
    bench.clock.rate = 1000.0
    await bench.kitchen_does(order_id, "acceptOrder", prepMinutes=20)
    behind = (await bench.ask(AINO, AS_OF))["orders"]
    again = (await bench.ask(AINO, AS_OF))["orders"]
    now = AT + timedelta(hours=1)
    assert behind["nodes"] == [{"version": 2}]
    assert datetime.fromisoformat(again["asOf"]) < datetime.fromisoformat(behind["asOf"]) < now
    await bench.catch_up()
    assert (await bench.ask(AINO, AS_OF))["orders"] == {
        "asOf": current["asOf"],
        "nodes": [{"version": 3}],
    }


async def test_only_who_asks_how_old_a_list_is_pays_for_it(bench: Bench) -> None:
    views = Asked(bench.equipment.views)
    bench.equipment = dataclasses.replace(bench.equipment, views=cast("Views", views))
    fragment = "query { orders(first: 5) { ...Page } } fragment Page on OrderConnection { ... { until: asOf } }"
    for document in (OWN.replace("$last: Int, ", "").replace("last: $last, ", ""), AS_OF, fragment):
        await bench.try_asking(AINO, document, first=1)
    assert views.behind == 2


class Asked:
    """Views that count how often they are asked how far they are behind."""

    def __init__(self, views: Views) -> None:
        self._views, self.behind = views, 0

    async def behind_s(self, consumer: str, topics: Sequence[str]) -> float:
        self.behind += 1
        return await self._views.behind_s(consumer, topics)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._views, name)


@pytest.mark.parametrize(
    ("viewer", "sees"), [(AINO, True), (COOK, True), (SANNA, True), (EERO, False), (RIVAL, False), (ANONYMOUS, False)]
)
async def test_ownership_is_the_same_on_every_path(shared_bench: Bench, viewer: Viewer, sees: bool) -> None:
    order_id = await shared_bench.confirmed()
    await shared_bench.catch_up()
    by_id = await shared_bench.ask(viewer, ORDER_BY_ID, id=order_id)
    assert (by_id["order"] is not None) is sees
    events = await shared_bench.ask(viewer, EVENTS, id=order_id, first=10)
    assert (events["orderEvents"] is not None) is sees
    references = await shared_bench.ask(viewer, ENTITIES, e=[{"__typename": "Order", "id": order_id}])
    assert (references["_entities"][0] is not None) is sees


async def test_references_to_nothing_are_null(shared_bench: Bench) -> None:
    order_id = await shared_bench.place()
    await shared_bench.catch_up()
    quote_id = order_id.replace("order", "quote")
    things = [("Order", order_id), ("Order", ORDER), ("Order", quote_id), ("Quote", quote_id), ("Quote", "x")]
    asked = [{"__typename": name, "id": id} for name, id in things]
    found = (await shared_bench.ask(AINO, ENTITIES, e=asked))["_entities"]
    assert [one and one["id"] for one in found] == [order_id, None, None, quote_id, None]
    assert await shared_bench.ask(AINO, ORDER_BY_ID, id="order_\x00") == {"order": None}
    assert await shared_bench.ask(AINO, EVENTS, id="nonsense", first=1) == {"orderEvents": None}


async def test_ones_own_orders_page_both_ways(bench: Bench) -> None:
    placed: list[str] = []
    for minute in range(4):
        bench.set_clock(AT + timedelta(minutes=minute))
        placed.append(await bench.place())
    await bench.place(EERO)
    await bench.change(AINO, "cancelOrder", {"orderId": placed[1]})
    await bench.catch_up()

    async def page(viewer: Viewer = AINO, **arguments: Any) -> tuple[list[str], dict[str, object]]:
        orders = (await bench.ask(viewer, OWN, **arguments))["orders"]
        return [node["id"] for node in orders["nodes"]], orders["pageInfo"]

    latest, info = await page(first=3)
    assert (latest, info["hasNextPage"]) == ([placed[3], placed[2], placed[1]], True)
    oldest, end = await page(first=3, after=info["endCursor"])
    assert (oldest, end["hasNextPage"]) == ([placed[0]], False)
    assert (await page(last=2, before=end["startCursor"]))[0] == [placed[2], placed[1]]
    assert (await page(first=9, status=["CANCELLED"]))[0] == [placed[1]]
    assert len((await page(EERO, first=9))[0]) == 1
    assert (await page(ANONYMOUS, first=9))[0] == []
    wrong: list[dict[str, Any]] = [
        {},
        {"first": 0},
        {"first": 101},
        {"first": 1, "last": 1},
        {"first": 1, "after": "x"},
    ]
    for arguments in wrong:
        _, errors = await bench.try_asking(AINO, OWN, **arguments)
        assert len(errors) == 1
    _, errors = await bench.try_asking(EERO, OWN, first=1, after=info["endCursor"])
    assert errors == ["The cursor is not one of this list."]


async def test_a_declined_card_is_the_customers_own_business(shared_bench: Bench) -> None:
    order_id = await shared_bench.place()
    await shared_bench.do(
        FailOrder(order_id=order_id, reason=FailureReason.PAYMENT_DECLINED, detail="insufficient_funds")
    )
    await shared_bench.catch_up()
    for viewer in (AINO, SANNA):
        order = (await shared_bench.ask(viewer, ORDER_BY_ID, id=order_id))["order"]
        assert (order["status"], order["failureReason"]) == ("FAILED", "PAYMENT_DECLINED")
        assert order["failureDetail"] == "insufficient_funds"
    assert await shared_bench.ask(COOK, ORDER_BY_ID, id=order_id) == {"order": None}


async def test_the_events_of_an_order_page_forward(shared_bench: Bench) -> None:
    order_id = await shared_bench.up_to_ready()
    answer = (await shared_bench.ask(AINO, EVENTS, id=order_id, first=2))["orderEvents"]
    assert [(node["sequence"], node["type"], node["order"]["status"]) for node in answer["nodes"]] == [
        (1, "PLACED", "PLACED"),
        (2, "CONFIRMED", "CONFIRMED"),
    ]
    assert answer["nodes"][1]["changed"] == ["version", "status", "confirmedAt", "acceptBy"]
    assert [edge["cursor"] for edge in answer["edges"]] == [node["cursor"] for node in answer["nodes"]]
    assert answer["pageInfo"]["hasNextPage"] is True
    rest = (await shared_bench.ask(AINO, EVENTS, id=order_id, first=9, after=answer["pageInfo"]["endCursor"]))[
        "orderEvents"
    ]
    assert [(node["sequence"], node["type"], node["order"]["version"]) for node in rest["nodes"]] == [
        (3, "ACCEPTED", 3),
        (4, "PREPARATION_STARTED", 4),
        (5, "READY", 5),
    ]
    assert rest["pageInfo"]["hasNextPage"] is False


async def test_an_order_that_nobody_pays_for_or_accepts_expires_by_itself(bench: Bench) -> None:
    unpaid, ignored = await bench.place(), await bench.confirmed()
    async with bench.ticking():
        bench.set_clock(AT + timedelta(minutes=9))
        await bench.until_status(ignored, OrderStatus.EXPIRED)
        assert (await bench.status(unpaid)) is OrderStatus.PLACED
        bench.set_clock(AT + timedelta(minutes=10))
        await bench.until_status(unpaid, OrderStatus.EXPIRED)
    await bench.catch_up()
    shown = [(await bench.ask(AINO, ORDER_BY_ID, id=id))["order"]["expiredWhile"] for id in (unpaid, ignored)]
    assert shown == ["PLACED", "CONFIRMED"]
    stale = ExpireOrder(order_id=ignored, while_status=OrderStatus.CONFIRMED, since_version=2)
    await bench.do(stale)
    assert await bench.status(ignored) is OrderStatus.EXPIRED


async def test_an_order_nobody_comes_for_is_completed_by_itself(bench: Bench) -> None:
    order_id = await bench.up_to_ready()
    async with bench.ticking():
        bench.set_clock(AT + timedelta(hours=3))
        await bench.until_status(order_id, OrderStatus.COMPLETED)
