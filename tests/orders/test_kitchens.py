"""What kitchens do through the graph: from the accepted order to the counter, and nothing in other kitchens."""

from datetime import timedelta
from typing import Any

import pytest

from kernel.codes import COLLECTION, handover_code
from kernel.messages import ANONYMOUS
from tests.orders.bench import Bench
from tests.orders.ordering import AINO, AT, COOK, EERO, MINUTE, ORDER, RESTAURANT, RIVAL, SALMON, SANNA, SECRET
from tests.spelling import uuid_of

pytestmark = pytest.mark.anyio

CODE = "query($id: ID!) { order(id: $id) { collectionCode } }"
OF_KITCHEN = """
query($entities: [_Any!]!, $status: [OrderStatus!], $first: Int, $after: String, $last: Int, $before: String) {
  _entities(representations: $entities) { ... on Restaurant { id acceptingOrders
    orders(status: $status, first: $first, after: $after, last: $last, before: $before) {
      nodes { id status availableActions collectionCode failureDetail }
      pageInfo { hasNextPage hasPreviousPage startCursor endCursor } } } } }
"""
KITCHEN = [{"__typename": "Restaurant", "id": RESTAURANT}]


async def test_from_accepted_to_collected(shared_bench: Bench) -> None:
    order_id = await shared_bench.confirmed()
    shown = """order { status version acceptedAt prepMinutes readyBy preparingAt readyAt collectBy endedAt handover
                       availableActions collectionCode }"""
    accepted = await shared_bench.change(
        COOK, "acceptOrder", {"orderId": order_id, "prepMinutes": 20}, f"... on AcceptOrderSuccess {{ {shown} }}"
    )
    assert accepted["order"] == {
        "status": "ACCEPTED",
        "version": 3,
        "acceptedAt": "2026-11-20T17:00:00Z",
        "prepMinutes": 20,
        "readyBy": "2026-11-20T17:20:00Z",
        "preparingAt": None,
        "readyAt": None,
        "collectBy": None,
        "endedAt": None,
        "handover": None,
        "availableActions": ["START_PREPARING", "DELAY_ORDER", "MARK_ORDER_READY", "CANCEL_ORDER"],
        "collectionCode": None,
    }
    assert (await shared_bench.kitchen_does(order_id, "startPreparing"))["__typename"] == "StartPreparingSuccess"
    late = {"orderId": order_id, "readyBy": "2026-11-20T17:35:00Z"}
    delayed = await shared_bench.change(COOK, "delayOrder", late, "... on DelayOrderSuccess { order { readyBy } }")
    assert delayed["order"] == {"readyBy": "2026-11-20T17:35:00Z"}
    assert (await shared_bench.kitchen_does(order_id, "markOrderReady"))["__typename"] == "MarkOrderReadySuccess"
    await shared_bench.catch_up()
    code = (await shared_bench.ask(AINO, CODE, id=order_id))["order"]["collectionCode"]
    assert code == handover_code(SECRET, order_id, COLLECTION)
    for viewer in (COOK, SANNA):
        assert (await shared_bench.ask(viewer, CODE, id=order_id)) == {"order": {"collectionCode": None}}
    collected = await shared_bench.change(
        COOK, "confirmCollection", {"orderId": order_id, "code": code}, f"... on ConfirmCollectionSuccess {{ {shown} }}"
    )
    assert (collected["order"]["status"], collected["order"]["handover"]) == ("COMPLETED", "COLLECTED")
    assert collected["order"]["availableActions"] == []
    await shared_bench.catch_up()
    assert (await shared_bench.ask(AINO, CODE, id=order_id)) == {"order": {"collectionCode": None}}


async def test_a_rejection_tells_the_customer_which_lines_were_out(shared_bench: Bench) -> None:
    order_id = await shared_bench.confirmed()
    given = {"orderId": order_id, "reason": "ITEMS_UNAVAILABLE", "unavailableItemIds": [SALMON]}
    shown = "... on RejectOrderSuccess { order { status rejectionReason rejectedLines { name } } }"
    assert (await shared_bench.change(COOK, "rejectOrder", given, shown))["order"] == {
        "status": "REJECTED",
        "rejectionReason": "ITEMS_UNAVAILABLE",
        "rejectedLines": [{"name": "Salmon on a plank"}],
    }
    malformed = await shared_bench.change(COOK, "rejectOrder", {**given, "unavailableItemIds": ["soup"]})
    assert (malformed["__typename"], malformed["path"]) == ("MalformedId", ["unavailableItemIds", "0"])


async def test_wrong_codes_are_counted_and_stop_for_a_while(bench: Bench) -> None:
    order_id = await bench.up_to_ready()
    right = handover_code(SECRET, order_id, COLLECTION)
    wrong = f"{(int(right) + 1) % 10**6:06d}"
    fields = "... on WrongCollectionCode { attemptsLeft retryAt } ... on CollectionCodeLocked { retryAt }"

    async def say(code: str, key: int) -> tuple[str, int | None, str | None]:
        result = await bench.change(
            COOK, "confirmCollection", {"orderId": order_id, "code": code}, fields, uuid_of(key)
        )
        return result["__typename"], result.get("attemptsLeft"), result.get("retryAt")

    assert (await bench.change(COOK, "confirmCollection", {"orderId": order_id, "code": ""}))["path"] == ["code"]
    assert await say(wrong, 801) == ("WrongCollectionCode", 4, None)
    assert await say(wrong, 801) == ("WrongCollectionCode", 4, None)  # the same request again is no other attempt
    for attempt, left in ((802, 3), (803, 2), (804, 1)):
        assert await say(wrong, attempt) == ("WrongCollectionCode", left, None)
    assert await say(wrong, 805) == ("WrongCollectionCode", 0, "2026-11-20T17:10:00Z")
    assert await say(right, 806) == ("CollectionCodeLocked", None, "2026-11-20T17:10:00Z")
    assert await say(wrong, 801) == ("WrongCollectionCode", 4, None)
    bench.set_clock(AT + 10 * MINUTE)
    assert await say(right, 806) == ("CollectionCodeLocked", None, "2026-11-20T17:10:00Z")
    assert (await say(right, 807))[0] == "ConfirmCollectionSuccess"


async def test_the_journal_keeps_no_code(shared_bench: Bench) -> None:
    order_id = await shared_bench.up_to_ready()
    code = handover_code(SECRET, order_id, COLLECTION)
    await shared_bench.kitchen_does(order_id, "confirmCollection", code="111 111")
    await shared_bench.kitchen_does(order_id, "confirmCollection", code=code)
    journal = shared_bench.equipment.journal
    events = await journal.read(order_id)
    assert [sealed.type for sealed in events][-2:] == ["CollectionCodeMistaken", "OrderCompleted"]
    everything = await shared_bench.raw_journal(order_id)
    assert '"code_is_right":true' in everything
    assert code not in everything
    assert "111 111" not in everything


@pytest.mark.parametrize(
    ("mutation", "given"),
    [
        ("acceptOrder", {"prepMinutes": 20}),
        ("rejectOrder", {"reason": "TOO_BUSY"}),
        ("startPreparing", {}),
        ("delayOrder", {"readyBy": "2026-11-20T18:00:00Z"}),
        ("markOrderReady", {}),
        ("confirmCollection", {"code": "123456"}),
    ],
)
async def test_other_kitchens_know_nothing_and_others_may_not(
    shared_bench: Bench, mutation: str, given: dict[str, object]
) -> None:
    order_id = await shared_bench.confirmed()
    for viewer, typename in (
        (RIVAL, "OrderNotFound"),
        (EERO, "OrderNotFound"),
        (ANONYMOUS, "OrderNotFound"),
        (AINO, "NotAllowed"),
        (SANNA, "NotAllowed"),
    ):
        result = await shared_bench.change(viewer, mutation, {"orderId": order_id, **given})
        assert result["__typename"] == typename, viewer
    malformed = await shared_bench.change(COOK, mutation, {"orderId": ORDER[:-1], **given})
    assert (malformed["__typename"], malformed["path"]) == ("MalformedId", ["orderId"])
    stale = await shared_bench.change(COOK, mutation, {"orderId": order_id, "expectedVersion": 1, **given})
    assert stale["__typename"] == "OrderVersionConflict"


async def test_a_kitchen_does_not_know_of_an_unpaid_order(bench: Bench) -> None:
    order_id = await bench.place()
    assert (await bench.kitchen_does(order_id, "acceptOrder", prepMinutes=20))["__typename"] == "OrderNotFound"
    await bench.catch_up()
    assert (await bench.ask(COOK, CODE, id=order_id)) == {"order": None}
    restaurant = (await bench.ask(COOK, OF_KITCHEN, entities=KITCHEN, first=10))["_entities"][0]
    assert restaurant["orders"]["nodes"] == []


async def test_impossible_promises_are_invalid(shared_bench: Bench) -> None:
    order_id = await shared_bench.confirmed()
    result = await shared_bench.kitchen_does(order_id, "acceptOrder", prepMinutes=0)
    assert (result["__typename"], result["path"]) == ("InvalidInput", ["prepMinutes"])
    await shared_bench.kitchen_does(order_id, "acceptOrder", prepMinutes=20)
    result = await shared_bench.kitchen_does(order_id, "delayOrder", readyBy="2026-11-20T17:10:00Z")
    assert (result["__typename"], result["path"]) == ("InvalidInput", ["readyBy"])


async def test_a_kitchens_orders_page_and_filter_for_its_staff(bench: Bench) -> None:
    placed: list[str] = []
    for minute in range(5):
        bench.set_clock(AT + timedelta(minutes=minute))
        placed.append(await bench.confirmed())
    await bench.kitchen_does(placed[0], "acceptOrder", prepMinutes=20)
    await bench.catch_up()

    async def page(**arguments: Any) -> tuple[list[str], dict[str, object]]:
        orders = (await bench.ask(COOK, OF_KITCHEN, entities=KITCHEN, **arguments))["_entities"][0]["orders"]
        return [node["id"] for node in orders["nodes"]], orders["pageInfo"]

    latest, info = await page(first=2)
    assert (latest, info["hasNextPage"], info["hasPreviousPage"]) == ([placed[4], placed[3]], True, False)
    older, info = await page(first=3, after=info["endCursor"])
    assert (older, info["hasNextPage"], info["hasPreviousPage"]) == ([placed[2], placed[1], placed[0]], False, True)
    back, _ = await page(last=2, before=info["startCursor"])
    assert back == [placed[4], placed[3]]
    assert (await page(last=2))[0] == [placed[1], placed[0]]
    assert (await page(first=10, status=["ACCEPTED"]))[0] == [placed[0]]
    assert (await page(first=10, status=["ACCEPTED", "CONFIRMED"]))[0] == placed[::-1]
    assert (await page(first=10, status=[]))[0] == []
    for viewer, sees in ((RIVAL, False), (AINO, False), (ANONYMOUS, False), (SANNA, True)):
        answer = (await bench.ask(viewer, OF_KITCHEN, entities=KITCHEN, first=1))["_entities"][0]
        assert (answer["orders"] is not None) is sees
        assert answer["acceptingOrders"] is True


async def test_staff_who_leave_see_nothing_any_more(bench: Bench) -> None:
    order_id = await bench.confirmed()
    await bench.catch_up()
    assert (await bench.ask(COOK, CODE, id=order_id))["order"] is not None
    await bench.dismiss(COOK.subject)
    assert (await bench.ask(COOK, CODE, id=order_id)) == {"order": None}
    assert (await bench.kitchen_does(order_id, "acceptOrder", prepMinutes=20))["__typename"] == "OrderNotFound"


async def test_a_restaurant_takes_orders_while_it_is_open_and_not_paused(bench: Bench) -> None:
    async def accepting(*ids: str) -> list[object]:
        entities = [{"__typename": "Restaurant", "id": id} for id in ids]
        found = (
            await bench.ask(
                ANONYMOUS,
                "query($e: [_Any!]!) { _entities(representations: $e) { ... on Restaurant { acceptingOrders } } }",
                e=entities,
            )
        )["_entities"]
        return [None if one is None else one["acceptingOrders"] for one in found]

    unknown = RESTAURANT[:-1] + "8"
    assert await accepting(RESTAURANT, unknown, "restaurant_x", ORDER) == [True, None, None, None]
    await bench.close_kitchen(paused_until=AT + MINUTE)
    assert await accepting(RESTAURANT) == [False]
    bench.set_clock(AT + MINUTE)
    assert await accepting(RESTAURANT) == [True]
