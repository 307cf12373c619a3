"""Where a courier is and when food comes, asked of the graph on every path there is."""

from datetime import datetime

import pytest

from kernel.messages import ANONYMOUS, Viewer
from subgraphs.tracking.positions import coarsened
from tests.spelling import AT
from tests.tracking.bench import Bench
from tests.tracking.riding import (
    AINO,
    DELIVERY,
    DISPATCHER,
    DOOR,
    EERO,
    HOME,
    KITCHEN,
    ORDER,
    OTSO,
    RESTAURANT,
    SANNA,
    UKKO,
    accepted,
    after,
    assigned,
    completed,
    north_of,
    picked_up,
    placed,
    requested,
)

pytestmark = pytest.mark.anyio

ETA = "eta { pickupAt deliveryAt earliest latest calculatedAt }"
SHOWN = f"""order {{ id }} phase position {{ latitude longitude accuracyM recordedAt coarse }} signalLost {ETA}"""
LOCATION = f"query($id: ID!) {{ deliveryLocation(orderId: $id) {{ {SHOWN} }} }}"
BY_REFERENCE = f"""query($these: [_Any!]!) {{ _entities(representations: $these) {{
    ... on Order {{ id {ETA} }} ... on Delivery {{ id position {{ latitude coarse }} }} }} }}"""
THESE = [{"__typename": "Order", "id": ORDER}, {"__typename": "Delivery", "id": DELIVERY}]
STRANGERS = (
    EERO,
    UKKO,
    ANONYMOUS,
    *(Viewer(subject=role, roles=frozenset({role})) for role in ("restaurant", "finance", "admin", "partner")),
)


def moment(text: str) -> datetime:
    return datetime.fromisoformat(text)


async def test_a_delivery_is_followed_from_placing_to_the_door(bench: Bench) -> None:
    await bench.tell(placed)
    before = (await bench.ask(AINO, LOCATION, id=ORDER))["deliveryLocation"]
    assert (before["order"], before["phase"], before["position"], before["signalLost"]) == (
        {"id": ORDER},
        "LOOKING_FOR_COURIER",
        None,
        False,
    )
    assert moment(before["eta"]["earliest"]) < moment(before["eta"]["deliveryAt"]) < moment(before["eta"]["latest"])
    assert moment(before["eta"]["calculatedAt"]) == AT

    await bench.tell(accepted, requested, assigned(14))
    await bench.ride(OTSO, HOME, 15)
    coming = (await bench.ask(AINO, LOCATION, id=ORDER))["deliveryLocation"]
    assert (coming["phase"], coming["signalLost"]) == ("TO_RESTAURANT", False)
    assert coming["position"] == {
        "latitude": coarsened(HOME).latitude,
        "longitude": coarsened(HOME).longitude,
        "accuracyM": 360,
        "recordedAt": "2026-11-20T17:15:00Z",
        "coarse": True,
    }

    await bench.tell(picked_up)
    await bench.ride(OTSO, KITCHEN, 22)
    carrying = (await bench.ask(AINO, LOCATION, id=ORDER))["deliveryLocation"]
    assert (carrying["phase"], carrying["position"]["latitude"], carrying["position"]["coarse"]) == (
        "TO_CUSTOMER",
        KITCHEN.latitude,
        False,
    )
    assert moment(carrying["eta"]["pickupAt"]) == picked_up.at
    await bench.ride(OTSO, north_of(DOOR, 100), 26)
    near = (await bench.ask(AINO, LOCATION, id=ORDER))["deliveryLocation"]
    assert moment(near["eta"]["deliveryAt"]) == after(28)

    await bench.tell(completed)
    over = (await bench.ask(AINO, LOCATION, id=ORDER))["deliveryLocation"]
    assert (over["phase"], over["position"], over["eta"], over["signalLost"]) == ("ENDED", None, None, False)


async def test_a_silent_courier_is_a_state(bench: Bench) -> None:
    await bench.tell(placed, accepted, requested, assigned(14), picked_up)
    await bench.ride(OTSO, KITCHEN, 22)
    bench.clock.at = after(23.1)
    lost = (await bench.ask(AINO, LOCATION, id=ORDER))["deliveryLocation"]
    assert (lost["signalLost"], lost["position"]["recordedAt"]) == (True, "2026-11-20T17:22:00Z")
    assert lost["eta"] is not None


async def test_whoever_may_follow_it_does_on_every_path(bench: Bench) -> None:
    await bench.tell(placed, accepted, requested, assigned(14))
    await bench.ride(OTSO, HOME, 15)
    for viewer, coarse in ((AINO, True), (OTSO, False), (SANNA, False), (DISPATCHER, False)):
        order, delivery = (await bench.ask(viewer, BY_REFERENCE, these=THESE))["_entities"]
        location = (await bench.ask(viewer, LOCATION, id=ORDER))["deliveryLocation"]
        assert order["eta"] == location["eta"] is not None
        assert delivery["position"]["coarse"] is location["position"]["coarse"] is coarse
        assert delivery["position"]["latitude"] == location["position"]["latitude"]


@pytest.mark.parametrize("viewer", STRANGERS, ids=lambda viewer: "-".join((viewer.subject, *viewer.roles)))
async def test_nobody_else_follows_it_on_any(bench: Bench, viewer: Viewer) -> None:
    await bench.tell(placed, accepted, requested, assigned(14), picked_up)
    await bench.ride(OTSO, KITCHEN, 22)
    assert await bench.ask(viewer, LOCATION, id=ORDER) == {"deliveryLocation": None}
    order, delivery = (await bench.ask(viewer, BY_REFERENCE, these=THESE))["_entities"]
    assert (order["eta"], delivery["position"]) == (None, None)


async def test_what_is_unknown_malformed_or_taken_away_is_null(bench: Bench) -> None:
    for strange in (ORDER, RESTAURANT, DELIVERY, "order_1", ""):
        assert await bench.ask(SANNA, LOCATION, id=strange) == {"deliveryLocation": None}
    these = [{"__typename": kind, "id": strange} for kind in ("Order", "Delivery") for strange in ("", RESTAURANT)]
    assert (await bench.ask(SANNA, BY_REFERENCE, these=these))["_entities"] == [None] * 4
    order, delivery = (await bench.ask(SANNA, BY_REFERENCE, these=THESE))["_entities"]
    assert (order["eta"], delivery["position"]) == (None, None)
