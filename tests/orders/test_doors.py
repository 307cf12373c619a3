"""Where deliveries go, over real stores: what a quote says of the way, and who sees the door and its codes."""

from datetime import timedelta

import pytest

from kernel.codes import DROPOFF, PICKUP, handover_code
from kernel.messages import Row, Viewer
from tests.orders.bench import Bench
from tests.orders.deliveries import (
    DOOR,
    announce,
    deliver,
    name_courier,
    pick_up,
)
from tests.orders.errands import ADDRESS, accepted, placed, quoted, shown, tell
from tests.orders.ordering import (
    AINO,
    AT,
    COOK,
    EERO,
    RIVAL,
    SANNA,
    SECRET,
)
from tests.spelling import uuid_of

pytestmark = pytest.mark.anyio
ELLI = Viewer(subject="elli", roles=frozenset({"dispatcher"}))
ADMIN = Viewer(subject="admin", roles=frozenset({"admin"}))
FIA = Viewer(subject="fia", roles=frozenset({"finance"}))


class Stored(Row):
    text: str


async def test_a_quote_shows_what_the_way_costs(shared_bench: Bench) -> None:
    quote = (await quoted(shared_bench))["quote"]
    assert quote["fulfilment"] == "DELIVERY"
    assert quote["price"]["fees"] == [
        {"kind": "SERVICE", "amount": {"minor": 74}},
        {"kind": "DELIVERY", "amount": {"minor": 205}},
    ]


async def test_a_door_too_far_away_is_told_how_far(shared_bench: Bench) -> None:
    far = {**ADDRESS, "position": {"latitude": 60.27, "longitude": 24.94}}
    refused = await quoted(shared_bench, delivery=far)
    assert (refused["__typename"], refused["code"]) == ("OutOfRange", "OUT_OF_RANGE")
    assert (refused["distanceM"], refused["radiusM"]) == (11120, 3000)
    assert refused["path"] == ["delivery", "position"]
    assert refused["message"] == "The address is 11120 m away; this restaurant delivers up to 3000 m."


@pytest.mark.parametrize(
    ("changes", "path"),
    [
        ({"delivery": None}, ["delivery"]),
        ({"fulfilment": "TAKEAWAY"}, ["delivery"]),
        ({"delivery": {**ADDRESS, "street": ""}}, ["delivery", "street"]),
        ({"delivery": {**ADDRESS, "position": {"latitude": 91, "longitude": 0}}}, ["delivery", "position"]),
    ],
)
async def test_an_address_that_makes_no_sense_is_refused(
    shared_bench: Bench, changes: dict[str, object], path: list[str]
) -> None:
    refused = await quoted(shared_bench, AINO, **changes)
    assert (refused["__typename"], refused["path"]) == ("InvalidInput", path)


async def test_the_range_is_looked_at_again_when_the_order_is_placed(bench: Bench) -> None:
    quote_id = (await quoted(bench))["quote"]["id"]
    await bench.close_kitchen(delivery_radius_m=1000)
    refused = await bench.change(AINO, "placeOrder", {"quoteId": quote_id, "paymentToken": "tok_visa"})
    assert (refused["__typename"], refused["path"]) == ("OutOfRange", ["quoteId"])


async def test_a_fresh_quote_goes_to_the_same_door_and_the_refusal_forgets_it(bench: Bench) -> None:
    quote_id = (await quoted(bench))["quote"]["id"]
    bench.set_clock(AT + timedelta(hours=1))
    given = {"quoteId": quote_id, "paymentToken": "tok_visa"}
    expired = await bench.change(AINO, "placeOrder", given, "... on QuoteExpired { fresh { id } }", uuid_of(900))
    fresh = expired["fresh"]["id"]
    order = await bench.change(
        AINO, "placeOrder", {**given, "quoteId": fresh}, "... on PlaceOrderSuccess { order { id } }"
    )
    seen = await shown(bench, AINO, order["order"]["id"])
    assert seen is not None
    assert seen["deliveryAddress"] == ADDRESS
    kept = await bench.equipment.views.fetch(Stored, "select string_agg(r::text, ' ') as text from requests r")
    assert DOOR.street not in kept[0].text


async def test_who_sees_door_and_codes(shared_bench: Bench) -> None:
    order_id = await accepted(shared_bench)
    await tell(shared_bench, order_id, name_courier)
    pin, code = (handover_code(SECRET, order_id, purpose) for purpose in (DROPOFF, PICKUP))
    expected = {
        AINO: (ADDRESS, None, pin),
        SANNA: (ADDRESS, None, None),
        ELLI: (ADDRESS, None, None),
        ADMIN: (ADDRESS, None, None),
        COOK: (None, code, None),
        FIA: (None, None, None),
    }
    for viewer, (address, pickup_code, dropoff_pin) in expected.items():
        seen = await shown(shared_bench, viewer, order_id)
        assert seen is not None
        assert seen["deliveryAddress"] == address, viewer
        assert (seen["pickupCode"], seen["dropoffPin"]) == (pickup_code, dropoff_pin), viewer
        assert seen["collectionCode"] is None
    for stranger in (EERO, RIVAL):
        assert await shown(shared_bench, stranger, order_id) is None


async def test_codes_are_shown_only_while_they_are_needed(shared_bench: Bench) -> None:
    async def codes() -> tuple[bool, bool]:
        customers, kitchens = await shown(shared_bench, AINO, order_id), await shown(shared_bench, COOK, order_id)
        assert customers is not None
        return customers["dropoffPin"] is not None, kitchens is not None and kitchens["pickupCode"] is not None

    order_id = await placed(shared_bench)
    assert await codes() == (False, False)
    await shared_bench.pay(order_id)
    assert await codes() == (False, False)
    await shared_bench.kitchen_does(order_id, "acceptOrder", prepMinutes=20)
    assert await codes() == (True, True)
    await tell(shared_bench, order_id, pick_up)
    assert await codes() == (True, False)
    await tell(shared_bench, order_id, announce)
    assert await codes() == (True, False)
    await tell(shared_bench, order_id, deliver)
    assert await codes() == (False, False)


async def test_a_takeaway_goes_nowhere(shared_bench: Bench) -> None:
    order_id = await shared_bench.up_to_ready()
    for viewer in (AINO, COOK):
        seen = await shown(shared_bench, viewer, order_id)
        assert seen is not None
        assert (seen["deliveryAddress"], seen["pickupCode"], seen["dropoffPin"]) == (None, None, None)


async def test_codes_are_kept_nowhere(shared_bench: Bench) -> None:
    order_id = await accepted(shared_bench)
    await tell(shared_bench, order_id, name_courier, pick_up, announce, deliver)
    kept = await shared_bench.raw_journal(order_id)
    for purpose in (DROPOFF, PICKUP):
        assert handover_code(SECRET, order_id, purpose) not in kept
