"""Those who hand the food over: dispatch's copy of a restaurant's staff, and what they see of its deliveries."""

from collections.abc import Mapping
from itertools import permutations
from typing import Any, cast

import pytest
from msgspec.structs import replace

from kernel.log import START, Position, Recorded
from kernel.messages import Event
from kernel.ports import Advance
from projections.staff import OF_DISPATCH as STAFF
from subgraphs.catalog.events import MenuChanged, StaffChanged, StaffRow
from subgraphs.dispatch.views import PickupStaffRow
from tests.dispatch.bench import Bench, Json
from tests.dispatch.courses import COOK, DISPATCHER, RESTAURANT
from tests.spelling import AT, recorded

pytestmark = pytest.mark.anyio

SEEN = """query($id: ID!, $order: ID!) {
    delivery(id: $id) { status orderNumber dropoff { street } availableActions
        courier { displayName vehicle shift { startedAt } delivery { id } offers { id } } }
    deliveryEvents(orderId: $order, first: 1) { nodes { type } }
    _entities(representations: [{__typename: "Order", id: $order}]) {
        ... on Order { delivery { status arrivedAt } } } }"""

CARRYING: Mapping[str, Json] = {
    "reassignDelivery": {"reason": "TOO_LATE"},
    "confirmPickup": {"code": "123456"},
    "confirmDropoff": {"pin": "123456"},
    "reportUndeliverable": {"reason": "FOOD_DAMAGED"},
    "confirmReturn": {},
}

hired = StaffRow(restaurant_id=RESTAURANT, subject=COOK.subject, role="staff", revision=1)
left = replace(hired, retired=True, revision=2)
CHANGES = (
    StaffChanged(at=AT, after=hired, revision=1),
    StaffChanged(at=AT, before=hired, after=left, revision=2),
    StaffChanged(at=AT, before=left, after=replace(hired, role="owner", revision=3), revision=3),
)


def folded(*changes: Event) -> dict[Any, PickupStaffRow | None]:
    rows: dict[Any, PickupStaffRow | None] = {}
    for record in (recorded(change, RESTAURANT) for change in changes):
        for key in STAFF.keys(record):
            rows[key] = STAFF.fold(rows.get(key), record, key)
    return rows


@pytest.mark.parametrize("taken", [1, 2, 3])
def test_staff_are_who_the_highest_revision_says(taken: int) -> None:
    member = PickupStaffRow(restaurant_id=RESTAURANT, subject=COOK.subject, retired=taken == 2, revision=taken)
    for arrived in permutations(CHANGES[:taken]):
        assert folded(*arrived, arrived[0]) == {(RESTAURANT, COOK.subject): member}


def test_staff_deleted_by_hand_are_gone_and_nothing_else_matters() -> None:
    (row,) = folded(StaffChanged(at=AT, before=hired, revision=2)).values()
    assert row is not None
    assert row.retired
    strange = recorded(MenuChanged(at=AT, revision=1), RESTAURANT)
    assert folded(StaffChanged(at=AT, revision=3)) == {}
    assert STAFF.keys(strange) == []
    assert STAFF.fold(None, strange, (RESTAURANT, COOK.subject)) is None


async def tell(bench: Bench, change: Recorded, number: int) -> None:
    after = Position(txid=1, position=number)
    advance = Advance(consumer=f"test_{number}", topic="tests", partition=0, before=START, after=after)
    assert await bench.equipment.view_store.apply(cast("Any", STAFF), [change], advance)


async def test_a_kitchen_that_sees_a_delivery_may_do_nothing_to_it(bench: Bench) -> None:
    await bench.begin_shift()
    delivery_id = await bench.assigned()
    await bench.shown(DISPATCHER, delivery_id, "ASSIGNED")

    async def answers() -> list[str]:
        asked = [await bench.change(COOK, each, deliveryId=delivery_id, **given) for each, given in CARRYING.items()]
        return [answer["__typename"] for answer in asked]

    assert await answers() == ["NotFound"] * len(CARRYING)
    await tell(bench, recorded(CHANGES[0], RESTAURANT), 1)
    assert await answers() == ["NotAllowed"] * len(CARRYING)
    await tell(bench, recorded(CHANGES[1], RESTAURANT), 2)
    assert await answers() == ["NotFound"] * len(CARRYING)


async def test_a_kitchen_sees_who_comes_but_neither_the_door_nor_more_of_the_courier(bench: Bench) -> None:
    await tell(bench, recorded(CHANGES[0], RESTAURANT), 1)
    await bench.begin_shift()
    delivery_id = await bench.assigned()
    order_id = delivery_id.replace("delivery", "order", 1)
    await bench.shown(DISPATCHER, delivery_id, "ASSIGNED")
    seen = await bench.ask(COOK, SEEN, id=delivery_id, order=order_id)
    courier: Json = {"displayName": "Otso", "vehicle": "BICYCLE", "shift": None, "delivery": None, "offers": []}
    assert seen["delivery"] == {
        "status": "ASSIGNED",
        "orderNumber": f"{order_id[-6:-3]}-{order_id[-3:]}".upper(),
        "courier": courier,
        "dropoff": None,
        "availableActions": [],
    }
    assert seen["_entities"] == [{"delivery": {"status": "ASSIGNED", "arrivedAt": None}}]
    assert seen["deliveryEvents"]["nodes"] == [{"type": "REQUESTED"}]
    await tell(bench, recorded(CHANGES[1], RESTAURANT), 2)
    gone = await bench.ask(COOK, SEEN, id=delivery_id, order=order_id)
    assert (gone["delivery"], gone["deliveryEvents"]) == (None, None)
