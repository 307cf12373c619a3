"""Dispatch in the graph: what couriers do, what it answers, and who sees what on every path."""

from datetime import timedelta

import pytest

from kernel.codes import PICKUP
from kernel.ids import typed_id
from kernel.messages import ANONYMOUS, Viewer
from tests.dispatch.bench import DELIVERY, MYSELF, Bench, Json, code_of, pin_of
from tests.dispatch.courses import (
    AINO,
    COOK,
    DISPATCHER,
    DROPOFF,
    EERO,
    FINANCE,
    ILVES,
    ILVESES,
    NEAR_DROPOFF,
    OTSO,
    OTSOS,
    SANNA,
    viewer,
)
from tests.patience import eventually
from tests.spelling import uuid_of

pytestmark = pytest.mark.anyio

BY_REFERENCE = """query($these: [_Any!]!) { _entities(representations: $these) { __typename
    ... on Delivery { id status dropoff { street } } ... on Order { id delivery { id dropoff { street } } }
    ... on Offer { id became: status delivery { id } }
    ... on Courier { id displayName shift { startedAt } offers { id } } } }"""
DELIVERY_EVENTS = """query($id: ID!, $first: Int, $after: String) {
    deliveryEvents(orderId: $id, first: $first, after: $after) {
        nodes { sequence occurredAt type courier { id } offerId reason } pageInfo { hasNextPage endCursor } } }"""
COURIER_EVENTS = """query($id: ID!) { courierEvents(courierId: $id, first: 100) {
    nodes { sequence occurredAt type deliveryId offerId } } }"""
WAITING = "query($first: Int!) { waitingDeliveries(first: $first) { nodes { id status } pageInfo { hasNextPage } } }"
WRONG = "000000"


def order_of(delivery_id: str) -> str:
    return delivery_id.replace("delivery", "order", 1)


async def test_a_delivery_is_brought_from_its_request_to_the_door(bench: Bench) -> None:
    await bench.begin_shift()
    delivery_id, offer_id = await bench.offered()
    mine = (await bench.ask(OTSO, MYSELF))["courier"]
    (offer,) = mine["offers"]
    assert (offer["id"], offer["status"], offer["pickup"]) == (offer_id, "OPEN", {"name": "Roasberg"})
    assert 20 < offer["rideSeconds"] < 200
    assert offer["dropoffNear"] == {"latitude": NEAR_DROPOFF.latitude, "longitude": NEAR_DROPOFF.longitude}
    assert offer["delivery"] is None, "who is only asked is told no door"
    accepted = await bench.change(OTSO, "acceptOffer", "delivery { id status dropoff { street } }", offerId=offer_id)
    assert accepted["delivery"] == {"id": delivery_id, "status": "ASSIGNED", "dropoff": {"street": DROPOFF.street}}
    code = code_of(delivery_id, PICKUP)
    fetched = await bench.change(OTSO, "confirmPickup", "delivery { status }", deliveryId=delivery_id, code=code)
    assert fetched["delivery"] == {"status": "PICKED_UP"}
    pin = pin_of(delivery_id)
    brought = await bench.change(
        OTSO, "confirmDropoff", "delivery { status ended dropoff { street } }", deliveryId=delivery_id, pin=pin
    )
    assert brought["delivery"] == {"status": "DELIVERED", "ended": True, "dropoff": None}
    shown = await bench.shown(AINO, delivery_id, "DELIVERED")
    assert shown["courier"] == {"id": OTSOS, "displayName": "Otso", "vehicle": "BICYCLE"}
    assert shown["dropoff"]["instructions"] == DROPOFF.instructions
    assert all(shown[name] for name in ("readyBy", "assignedAt", "pickedUpAt", "completedAt", "pickupExpectedAt"))


async def test_a_courier_has_a_shift(bench: Bench) -> None:
    assert (await bench.ask(OTSO, MYSELF))["courier"] is None
    never = await bench.change(OTSO, "goOffline", "courier { id }")
    assert (never["__typename"], never["courier"]) == ("GoOfflineSuccess", None)
    began = await bench.change(
        OTSO, "goOnline", "courier { id online displayName vehicle }", vehicle="CAR", displayName="Otso O."
    )
    assert began["courier"] == {"id": OTSOS, "online": True, "displayName": "Otso O.", "vehicle": "CAR"}
    mine = (await bench.ask(OTSO, MYSELF))["courier"]
    assert (mine["shift"]["vehicle"], mine["shift"]["endedAt"], mine["delivery"], mine["offers"]) == (
        "CAR",
        None,
        None,
        [],
    )
    ended = await bench.change(OTSO, "goOffline", "courier { online shift { endedAt } }")
    assert ended["courier"]["online"] is False
    assert ended["courier"]["shift"]["endedAt"] is not None


async def test_only_couriers_go_online(bench: Bench) -> None:
    for somebody in (AINO, DISPATCHER):
        assert (await bench.change(somebody, "goOffline"))["__typename"] == "NotAllowed"
        began = await bench.change(somebody, "goOnline", vehicle="CAR", displayName="X")
        assert began["__typename"] == "NotAllowed"
    nameless = await bench.change(OTSO, "goOnline", vehicle="CAR", displayName=" ")
    assert (nameless["__typename"], nameless["path"]) == ("InvalidInput", ["displayName"])


async def test_a_request_repeated_is_answered_as_the_first_time(bench: Bench) -> None:
    await bench.begin_shift()
    _, offer_id = await bench.offered()
    key = uuid_of(77)
    first = await bench.change(OTSO, "acceptOffer", "delivery { status version }", key, offerId=offer_id)
    again = await bench.change(OTSO, "acceptOffer", "delivery { status version }", key, offerId=offer_id)
    assert first == again
    another = typed_id("offer", uuid_of(5))
    reused = await bench.change(OTSO, "acceptOffer", key=key, offerId=another)
    assert reused["__typename"] in {"IdempotencyKeyReused", "NotFound"}


async def test_who_declines_leaves_it_to_the_next(bench: Bench) -> None:
    await bench.begin_shift()
    await bench.begin_shift(ILVES, metres_north=900.0)
    delivery_id, offer_id = await bench.offered(OTSO)
    said = await bench.change(
        OTSO, "declineOffer", "offer { id status declineReason }", offerId=offer_id, reason="TOO_FAR"
    )
    assert said["offer"] == {"id": offer_id, "status": "DECLINED", "declineReason": "TOO_FAR"}
    second = await bench.offer_to(ILVES)
    assert second != offer_id
    late = await bench.change(OTSO, "acceptOffer", offerId=offer_id)
    assert (late["__typename"], late["status"]) == ("OfferNotOpen", "DECLINED")
    assert (await bench.change(ILVES, "acceptOffer", offerId=second))["__typename"] == "AcceptOfferSuccess"
    events = await _events(bench, DISPATCHER, delivery_id)
    declined = next(event for event in events if event["type"] == "OFFER_DECLINED")
    assert (declined["reason"], declined["courier"]) == ("TOO_FAR", {"id": OTSOS})


async def test_an_offer_expires_and_a_lonely_courier_is_asked_again(bench: Bench) -> None:
    await bench.begin_shift()
    delivery_id, first = await bench.offered()
    bench.clock.advance(timedelta(seconds=46))

    async def lapsed() -> bool:
        return "OFFER_EXPIRED" in [event["type"] for event in await _events(bench, DISPATCHER, delivery_id)]

    late = await bench.change(OTSO, "acceptOffer", offerId=first)
    assert (late["__typename"], late["status"]) == ("OfferNotOpen", "EXPIRED")
    await eventually(lapsed)

    async def nobody_else() -> bool:
        return "NOBODY_FOUND" in [event["type"] for event in await _events(bench, DISPATCHER, delivery_id)]

    await eventually(nobody_else)
    bench.clock.advance(timedelta(seconds=21))
    await bench.appear()
    assert await bench.offer_to(OTSO) != first


async def test_who_goes_offline_is_asked_no_more_and_who_carries_stays(bench: Bench) -> None:
    await bench.begin_shift()
    delivery_id, offer_id = await bench.offered()
    assert (await bench.change(OTSO, "goOffline"))["__typename"] == "GoOfflineSuccess"

    async def withdrawn() -> bool:
        return (await bench.change(OTSO, "acceptOffer", offerId=offer_id)).get("status") == "WITHDRAWN"

    await eventually(withdrawn)
    await bench.begin_shift()
    bench.clock.advance(timedelta(seconds=21))
    second = await bench.offer_to(OTSO)
    await bench.change(OTSO, "acceptOffer", offerId=second)
    stays = await bench.change(OTSO, "goOffline")
    assert (stays["__typename"], stays["delivery"]) == ("DeliveryInProgress", {"id": delivery_id})


async def test_wrong_codes_are_counted_and_then_locked(bench: Bench) -> None:
    await bench.begin_shift()
    delivery_id = await bench.assigned()
    for left in (4, 3, 2, 1):
        wrong = await bench.change(OTSO, "confirmPickup", deliveryId=delivery_id, code=WRONG)
        assert (wrong["__typename"], wrong["attemptsLeft"], wrong["lockedUntil"]) == ("WrongCode", left, None)
    fifth = await bench.change(OTSO, "confirmPickup", deliveryId=delivery_id, code=WRONG)
    assert (fifth["attemptsLeft"], fifth["path"]) == (0, ["code"])
    assert fifth["lockedUntil"] is not None
    right: Json = {"deliveryId": delivery_id, "code": code_of(delivery_id, PICKUP)}
    locked = await bench.change(OTSO, "confirmPickup", **right)
    assert (locked["__typename"], locked["until"]) == ("CodeLocked", fifth["lockedUntil"])
    bench.clock.advance(timedelta(minutes=10, seconds=1))
    assert (await bench.change(OTSO, "confirmPickup", **right))["__typename"] == "ConfirmPickupSuccess"
    wrong = await bench.change(OTSO, "confirmDropoff", deliveryId=delivery_id, pin=WRONG)
    assert (wrong["__typename"], wrong["attemptsLeft"], wrong["path"]) == ("WrongCode", 4, ["pin"])


async def test_what_makes_no_sense_is_said_at_once(bench: Bench) -> None:
    await bench.begin_shift()
    delivery_id = await bench.picked_up()
    senseless: list[Json] = [{"pin": "12"}, {"pin": "abcdef"}, {}, {"pin": "123456", "leftAtDoor": True}]
    for given in senseless:
        result = await bench.change(OTSO, "confirmDropoff", deliveryId=delivery_id, **given)
        assert (result["__typename"], result["path"]) == ("InvalidInput", ["pin"])
    short = await bench.change(OTSO, "confirmPickup", deliveryId=delivery_id, code="12")
    assert (short["__typename"], short["path"]) == ("InvalidInput", ["code"])
    malformed: list[tuple[str, Json]] = [
        ("confirmPickup", {"deliveryId": "delivery_1", "code": "123456"}),
        ("confirmReturn", {"deliveryId": order_of(delivery_id)}),
        ("acceptOffer", {"offerId": delivery_id}),
        ("declineOffer", {"offerId": "x"}),
    ]
    for mutation, given in malformed:
        assert (await bench.change(OTSO, mutation, **given))["__typename"] == "MalformedId"


async def test_food_is_left_at_the_door_only_for_who_asked_for_it(bench: Bench) -> None:
    await bench.begin_shift()
    delivery_id = await bench.picked_up()
    result = await bench.change(OTSO, "confirmDropoff", deliveryId=delivery_id, leftAtDoor=True)
    assert result["__typename"] == "PinRequired"


async def test_what_nobody_takes_goes_back(bench: Bench) -> None:
    await bench.begin_shift()
    delivery_id = await bench.picked_up()
    given: Json = {"deliveryId": delivery_id, "reason": "CUSTOMER_UNREACHABLE"}
    early = await bench.change(OTSO, "reportUndeliverable", **given)
    assert early["__typename"] == "TooSoon"
    bench.clock.advance(timedelta(minutes=30, seconds=1))
    back = await bench.change(OTSO, "reportUndeliverable", "delivery { status undeliverableReason }", **given)
    assert back["delivery"] == {"status": "RETURNING", "undeliverableReason": "CUSTOMER_UNREACHABLE"}
    late = await bench.change(OTSO, "confirmDropoff", deliveryId=delivery_id, pin=pin_of(delivery_id))
    assert (late["__typename"], late["status"], late["allowed"]) == (
        "DeliveryStatusMismatch",
        "RETURNING",
        ["REPORT_UNDELIVERABLE", "CONFIRM_RETURN"],
    )
    done = await bench.change(OTSO, "confirmReturn", "delivery { status }", deliveryId=delivery_id)
    assert done["delivery"] == {"status": "RETURNED"}


async def test_who_hands_it_back_sees_it_no_more(bench: Bench) -> None:
    await bench.begin_shift()
    delivery_id = await bench.assigned()
    await bench.shown(OTSO, delivery_id, "ASSIGNED")
    given: Json = {"deliveryId": delivery_id, "reason": "BREAKDOWN"}
    handed = await bench.change(OTSO, "reassignDelivery", "delivery { id }", **given)
    assert (handed["__typename"], handed["delivery"]) == ("ReassignDeliverySuccess", None)
    seen = await bench.ask(OTSO, DELIVERY, handed["consistencyToken"], id=delivery_id)
    assert seen == {"delivery": None}
    await bench.shown(AINO, delivery_id, "SEARCHING")
    assert (await bench.ask(OTSO, DELIVERY, id=delivery_id)) == {"delivery": None}
    assert (await bench.change(OTSO, "reassignDelivery", **given))["__typename"] == "NotFound"


async def test_a_dispatcher_gives_it_to_somebody_else(bench: Bench) -> None:
    await bench.begin_shift()
    await bench.begin_shift(ILVES, metres_north=900.0)
    delivery_id = await bench.assigned(OTSO)
    given: Json = {"deliveryId": delivery_id, "reason": "TOO_LATE"}
    taken = await bench.change(DISPATCHER, "reassignDelivery", "delivery { status courier { id } }", **given)
    assert taken["delivery"] == {"status": "SEARCHING", "courier": None}
    offer_id = await bench.offer_to(ILVES)
    assert (await bench.change(ILVES, "acceptOffer", offerId=offer_id))["__typename"] == "AcceptOfferSuccess"
    shown = await bench.shown(DISPATCHER, delivery_id, "ASSIGNED")
    assert shown["courier"]["id"] == ILVESES
    assert shown["availableActions"] == ["REASSIGN_DELIVERY"]
    for who, reason in ((DISPATCHER, "TOO_LATE"), (AINO, None)):
        told = [event for event in await _events(bench, who, delivery_id) if event["type"] == "UNASSIGNED"]
        assert [event["reason"] for event in told] == [reason], "why another had to come is not the customer's business"


SEES_THE_DOOR = [AINO, OTSO, SANNA, DISPATCHER, viewer("root", "admin")]
SEES_NOTHING = [ANONYMOUS, EERO, ILVES, COOK, FINANCE, viewer("shop", "partner")]


async def test_the_door_is_for_its_customer_its_courier_and_those_who_help(bench: Bench) -> None:
    await bench.begin_shift()
    delivery_id = await bench.assigned()
    await bench.shown(AINO, delivery_id, "ASSIGNED")
    these = [{"__typename": "Delivery", "id": delivery_id}, {"__typename": "Order", "id": order_of(delivery_id)}]
    for somebody in SEES_THE_DOOR:
        assert (await bench.ask(somebody, DELIVERY, id=delivery_id))["delivery"]["dropoff"]["street"] == DROPOFF.street
        delivery, order = (await bench.ask(somebody, BY_REFERENCE, these=these))["_entities"]
        assert delivery["dropoff"] == order["delivery"]["dropoff"] == {"street": DROPOFF.street}
    for stranger in SEES_NOTHING:
        assert await bench.ask(stranger, DELIVERY, id=delivery_id) == {"delivery": None}
        delivery, order = (await bench.ask(stranger, BY_REFERENCE, these=these))["_entities"]
        assert delivery is None
        assert order["delivery"] is None
        page = await bench.ask(stranger, DELIVERY_EVENTS, id=order_of(delivery_id), first=5)
        assert page == {"deliveryEvents": None}


async def test_a_courier_who_has_brought_it_knows_the_door_no_more(bench: Bench) -> None:
    await bench.begin_shift()
    delivery_id = await bench.picked_up()
    await bench.change(OTSO, "confirmDropoff", deliveryId=delivery_id, pin=pin_of(delivery_id))
    shown = await bench.shown(OTSO, delivery_id, "DELIVERED")
    assert shown["dropoff"] is None
    assert (await bench.shown(AINO, delivery_id, "DELIVERED"))["dropoff"] is not None


async def test_a_courier_is_known_to_whom_they_carry_for_and_no_shift_to_them(bench: Bench) -> None:
    await bench.begin_shift()
    delivery_id = await bench.assigned()
    await bench.shown(AINO, delivery_id, "ASSIGNED")
    these = [{"__typename": "Courier", "id": OTSOS}]
    (own,) = (await bench.ask(OTSO, BY_REFERENCE, these=these))["_entities"]
    assert own["shift"] is not None
    (known,) = (await bench.ask(AINO, BY_REFERENCE, these=these))["_entities"]
    assert (known["displayName"], known["shift"], known["offers"]) == ("Otso", None, [])
    for stranger in (EERO, ILVES, COOK, ANONYMOUS):
        assert (await bench.ask(stranger, BY_REFERENCE, these=these))["_entities"] == [None]


async def test_an_offer_is_for_the_courier_who_is_asked(bench: Bench) -> None:
    await bench.begin_shift()
    _, offer_id = await bench.offered()
    these = [{"__typename": "Offer", "id": offer_id}]

    async def shown() -> bool:
        return (await bench.ask(OTSO, BY_REFERENCE, these=these))["_entities"] != [None]

    await eventually(shown)
    for stranger in (AINO, ILVES, COOK):
        assert (await bench.ask(stranger, BY_REFERENCE, these=these))["_entities"] == [None]
        for mutation in ("acceptOffer", "declineOffer"):
            assert (await bench.change(stranger, mutation, offerId=offer_id))["__typename"] == "NotFound"


@pytest.mark.parametrize("kind", ["Delivery", "Courier", "Offer", "Order"])
async def test_ids_that_are_none_find_nothing(bench: Bench, kind: str) -> None:
    these = [{"__typename": kind, "id": "nonsense"}, {"__typename": kind, "id": typed_id(kind.lower(), uuid_of(99))}]
    nonsense, unknown = (await bench.ask(DISPATCHER, BY_REFERENCE, these=these))["_entities"]
    assert nonsense is None
    assert unknown is None or unknown["delivery"] is None


async def test_a_customer_hears_no_names_of_others(bench: Bench) -> None:
    await bench.begin_shift()
    await bench.begin_shift(ILVES, metres_north=900.0)
    delivery_id, first = await bench.offered(OTSO)
    await bench.change(OTSO, "declineOffer", offerId=first, reason="BREAK")
    await bench.change(ILVES, "acceptOffer", offerId=await bench.offer_to(ILVES))
    await bench.shown(AINO, delivery_id, "ASSIGNED")
    theirs = await _events(bench, AINO, delivery_id)
    assert {event["courier"]["id"] for event in theirs if event["courier"]} == {ILVESES}
    declined = next(event for event in theirs if event["type"] == "OFFER_DECLINED")
    assert (declined["courier"], declined["offerId"], declined["reason"]) == (None, None, None)
    everything = await _events(bench, DISPATCHER, delivery_id)
    assert [event["sequence"] for event in everything] == list(range(1, len(everything) + 1))
    assert {event["courier"]["id"] for event in everything if event["courier"]} == {OTSOS, ILVESES}


async def test_events_come_in_pages(bench: Bench) -> None:
    await bench.begin_shift()
    delivery_id = await bench.assigned()
    whole = await _events(bench, DISPATCHER, delivery_id)
    paged: list[Json] = []
    after, more = None, True
    while more:
        page = (await bench.ask(DISPATCHER, DELIVERY_EVENTS, id=order_of(delivery_id), first=2, after=after))[
            "deliveryEvents"
        ]
        paged += page["nodes"]
        after, more = page["pageInfo"]["endCursor"], page["pageInfo"]["hasNextPage"]
    assert paged == whole


async def test_the_engagements_of_a_courier_are_told_to_dispatchers(bench: Bench) -> None:
    await bench.begin_shift()
    delivery_id = await bench.picked_up()
    await bench.change(OTSO, "confirmDropoff", deliveryId=delivery_id, pin=pin_of(delivery_id))

    async def told() -> list[str]:
        nodes = (await bench.ask(DISPATCHER, COURIER_EVENTS, id=OTSOS))["courierEvents"]["nodes"]
        assert all(node["deliveryId"] == delivery_id for node in nodes[1:])
        return [node["type"] for node in nodes]

    async def released() -> bool:
        return await told() == ["WENT_ONLINE", "RESERVED", "RELEASED"]

    await eventually(released)
    for stranger in (OTSO, AINO, SANNA):
        assert await bench.ask(stranger, COURIER_EVENTS, id=OTSOS) == {"courierEvents": None}
    assert await bench.ask(DISPATCHER, COURIER_EVENTS, id=delivery_id) == {"courierEvents": None}


async def test_what_waits_for_a_courier_is_told_to_dispatchers(bench: Bench) -> None:
    ids = [await bench.order(), await bench.order()]

    async def waiting() -> bool:
        page = (await bench.ask(DISPATCHER, WAITING, first=5))["waitingDeliveries"]
        return [node["id"] for node in page["nodes"]] == ids

    await eventually(waiting)
    first = (await bench.ask(DISPATCHER, WAITING, first=1))["waitingDeliveries"]
    assert (len(first["nodes"]), first["pageInfo"]["hasNextPage"]) == (1, True)
    for stranger in (OTSO, AINO, COOK, SANNA):
        assert await bench.ask(stranger, WAITING, first=1) == {"waitingDeliveries": None}


async def _events(bench: Bench, who: Viewer, delivery_id: str) -> list[Json]:
    return (await bench.ask(who, DELIVERY_EVENTS, id=order_of(delivery_id), first=100))["deliveryEvents"]["nodes"]
