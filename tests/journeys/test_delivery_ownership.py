"""Who may see what of a delivery, on every path that leads there: positions, doors, codes, offers, couriers.

Everybody is asked the same in each stage, and the whole table of what they saw is compared.
"""

import asyncio
from collections.abc import Mapping
from typing import Any

import pytest

from tests.journeys.carrying import Courier, Neighbourhood, codes, has_status, is_delivery, settle
from tests.journeys.conftest import SignIn
from tests.journeys.dining import reaches
from tests.journeys.page import part_of
from tests.journeys.person import Json, Person, StreamFailed
from tests.journeys.references import referred
from tests.journeys.streams import LOCATIONS, OFFERS
from tests.patience import eventually
from tests.running_platform import RunningPlatform

pytestmark = [pytest.mark.anyio, pytest.mark.journey, pytest.mark.timeout(240)]

EVERYTHING = """query Everything($order: ID!, $delivery: ID!, $courier: ID!) {
  order(id: $order) { id deliveryAddress { street } pickupCode dropoffPin eta { deliveryAt } review { id }
    delivery { id status dropoff { street instructions } position { coarse } courier { displayName } } }
  delivery(id: $delivery) { id dropoff { street instructions } position { coarse } order { id }
    courier { displayName shift { startedAt } delivery { id } } }
  deliveryLocation(orderId: $order) { phase position { coarse } }
  deliveryEvents(orderId: $order, first: 50) { nodes { type reason courier { id } } }
  courierEvents(courierId: $courier, first: 50) { nodes { type deliveryId } }
  waitingDeliveries(first: 100) { nodes { id } } }"""
PATHS = {
    "address": "order.deliveryAddress.street",
    "pickup code": "order.pickupCode",
    "PIN": "order.dropoffPin",
    "estimate": "order.eta.deliveryAt",
    "delivery of the order": "order.delivery.id",
    "delivery": "delivery.id",
    "order of the delivery": "delivery.order.id",
    "door": "delivery.dropoff.street",
    "door of the order": "order.delivery.dropoff.instructions",
    "courier's name": "delivery.courier.displayName",
    "courier's shift": "delivery.courier.shift.startedAt",
    "courier's load": "delivery.courier.delivery.id",
    "location": "deliveryLocation.phase",
    "events": "deliveryEvents.nodes.0.type",
    "courier's events": "courierEvents.nodes.0.type",
    "waiting deliveries": "waitingDeliveries.nodes",
}
POSITIONS = ("order.delivery.position", "delivery.position", "deliveryLocation.position")
OVERSEERS = ("sanna", "dispatch", "admin")
PARTIES = ("customer", "courier", *OVERSEERS)
WITNESSES = ("customer", "staff", "courier", *OVERSEERS)
REFERENCES = {
    ("dispatch", "Delivery", "id status"): WITNESSES,
    ("dispatch", "Courier", "displayName"): PARTIES,
    ("tracking", "Delivery", "position { coarse }"): ("customer", "courier", "sanna", "dispatch"),
    ("tracking", "Order", "eta { deliveryAt }"): ("customer", "courier", "sanna", "dispatch"),
    ("orders", "Order", "dropoffPin"): ("customer",),
    ("orders", "Order", "deliveryAddress { street }"): ("customer", *OVERSEERS),
    ("orders", "Order", "pickupCode"): ("staff",),
}
Seen = Mapping[str, tuple[str, ...]]

ON_THE_MAP = ("customer", "courier", "sanna", "dispatch")
FOLLOWERS = ("customer", "sanna", "dispatch")
LOOKERS = ("customer", *OVERSEERS)
ONLOOKERS = ("customer", "staff", *OVERSEERS)
DISPATCHERS = ("dispatch", "admin")
WHILE_ASKED: Seen = {
    "address": LOOKERS,
    "pickup code": ("staff",),
    "PIN": ("customer",),
    "estimate": FOLLOWERS,
    "delivery of the order": ONLOOKERS,
    "delivery": ONLOOKERS,
    "order of the delivery": ONLOOKERS,
    "door": LOOKERS,
    "door of the order": LOOKERS,
    "courier's name": (),
    "courier's shift": (),
    "courier's load": (),
    "location": FOLLOWERS,
    "events": ONLOOKERS,
    "courier's events": DISPATCHERS,
    "waiting deliveries": DISPATCHERS,
}
WHILE_FETCHING: Seen = {
    **WHILE_ASKED,
    **dict.fromkeys(("delivery", "order of the delivery", "courier's name", "events"), WITNESSES),
    "door": PARTIES,
    **dict.fromkeys(("courier's shift", "courier's load"), ("courier", *DISPATCHERS)),
    "location": ON_THE_MAP,
}
WITH_FOOD: Seen = {**WHILE_FETCHING, "pickup code": ()}
WHEN_DELIVERED: Seen = {
    **WITH_FOOD,
    **dict.fromkeys(("PIN", "estimate", "courier's load"), ()),
    "door": LOOKERS,
}


class Company:
    """Everybody there is, by the part they have in one delivery."""

    def __init__(self, people: Mapping[str, Person], courier: Courier, order_id: str, delivery_id: str) -> None:
        self.people = people
        self.courier = courier
        self.order_id = order_id
        self.delivery_id = delivery_id

    async def ask(self) -> dict[str, Json]:
        """What each of them is told, of everything."""
        ids = {"order": self.order_id, "delivery": self.delivery_id, "courier": self.courier.id}
        told = await asyncio.gather(*(person.ask(EVERYTHING, **ids) for person in self.people.values()))
        return dict(zip(self.people, told, strict=True))

    async def seen(self, told: Mapping[str, Json]) -> Seen:
        """Who sees anything at all, by path."""
        return {
            name: tuple(who for who, answer in told.items() if part_of(answer, path) is not None)
            for name, path in PATHS.items()
        }

    async def watching(self, document: str, **variables: object) -> tuple[str, ...]:
        """Who is let in to that stream."""
        told = {who: await first_of(person, document, **variables) for who, person in self.people.items()}
        return tuple(who for who, item in told.items() if item is not None)


@pytest.fixture
async def place(sign_in: SignIn) -> Neighbourhood:
    return await settle(sign_in)


async def company(sign_in: SignIn, place: Neighbourhood) -> Company:
    """An order whose courier is asked just now, another one being near."""
    customer, courier = await sign_in("aino"), await place.courier(sign_in)
    order_id = await place.cooked(customer)
    await courier.offer()
    rival = await place.courier(sign_in)
    strangers = {name: await sign_in(name) for name in ("eero", "kitchen", *OVERSEERS, "fia", "partner-demo")}
    people = {
        "customer": customer,
        "staff": place.restaurant.staff,
        "courier": courier.person,
        "rival": rival.person,
        **strangers,
        "nobody": await sign_in(None),
    }
    found = await customer.ask("query Own($id: ID!) { order(id: $id) { delivery { id } } }", id=order_id)
    return Company(people, courier, order_id, found["order"]["delivery"]["id"])


async def first_of(person: Person, document: str, **variables: object) -> Any:
    async with person.watch(document, **variables) as watch:
        try:
            return await watch.item()
        except StreamFailed as refused:
            if refused.codes != ["NOT_FOUND"]:
                raise  # It must be said as of something that is not there.
            return None


async def test_in_each_stage_each_is_shown_what_is_theirs_and_nothing_else(
    platform: RunningPlatform, sign_in: SignIn, place: Neighbourhood
) -> None:
    everybody = await company(sign_in, place)
    courier, order_id, delivery_id = everybody.courier, everybody.order_id, everybody.delivery_id
    told = await everybody.ask()
    assert await everybody.seen(told) == WHILE_ASKED
    assert positions(told) == {}
    assert courier.id not in str(told["customer"]), "who is only asked is nobody's business"

    await courier.accept()
    await courier.report()
    await is_delivery(everybody.people["customer"], order_id, "ASSIGNED")
    await eventually(lambda: is_seen(everybody))
    told = await everybody.ask()
    assert await everybody.seen(told) == WHILE_FETCHING
    assert positions(told) == {"customer": {True}, "courier": {False}, "sanna": {False}, "dispatch": {False}}
    assert await everybody.watching(LOCATIONS, id=order_id) == ON_THE_MAP
    assert await everybody.watching(OFFERS) == ("courier", "rival")
    await assert_no_way_around(platform, everybody)

    await place.fetch(courier, delivery_id, order_id)
    await courier.ride(place.door)
    await courier.stays(lambda: has_status(everybody.people["customer"], order_id, "AT_DOOR"))
    told = await everybody.ask()
    assert await everybody.seen(told) == WITH_FOOD
    assert positions(told) == {who: {False} for who in ON_THE_MAP}

    pin = (await codes(everybody.people["customer"], order_id))["dropoffPin"]
    await courier.does("confirmDropoff", delivery_id, pin=pin)
    await reaches(everybody.people["customer"], order_id, "DELIVERED")
    await eventually(lambda: is_over(everybody))
    told = await everybody.ask()
    assert await everybody.seen(told) == WHEN_DELIVERED
    assert positions(told) == {}


async def test_an_offer_shows_no_door_and_is_its_couriers_alone(
    platform: RunningPlatform, sign_in: SignIn, place: Neighbourhood
) -> None:
    everybody = await company(sign_in, place)
    document = "query Mine { courier { offers { id dropoffNear { latitude longitude } delivery { id } } } }"
    told = {who: await person.ask(document) for who, person in everybody.people.items()}
    (offer,) = told["courier"]["courier"]["offers"]
    assert [who for who, answer in told.items() if part_of(answer, "courier.offers.0")] == ["courier"]
    assert offer["delivery"] is None
    assert offer["dropoffNear"] != place.door.json

    async def found_by(person: Person) -> Json | None:
        return await referred(platform, person, "dispatch", "Offer", offer["id"], "id status")

    async def is_found() -> bool:
        return await found_by(everybody.people["courier"]) is not None

    await eventually(is_found)
    for who, person in everybody.people.items():
        found = await found_by(person)
        assert (found is not None) == (who in {"courier", *OVERSEERS}), who
        outcome = await person.act("declineOffer", {"offerId": offer["id"]}) if who != "courier" else None
        assert outcome is None or outcome["__typename"] in {"NotFound", "NotAllowed"}, who


async def assert_no_way_around(platform: RunningPlatform, everybody: Company) -> None:
    """The subgraphs themselves judge what a router asks them for, whatever it has planned."""
    ids = {"Delivery": everybody.delivery_id, "Order": everybody.order_id, "Courier": everybody.courier.id}
    for (subgraph, kind, selected), allowed in REFERENCES.items():
        found = {
            who: await referred(platform, person, subgraph, kind, ids[kind], selected)
            for who, person in everybody.people.items()
        }
        seen = [who for who, entity in found.items() if entity and all(value is not None for value in entity.values())]
        assert seen == [who for who in everybody.people if who in allowed], (subgraph, kind, selected)


def positions(told: Mapping[str, Json]) -> dict[str, set[bool]]:
    """Who sees the courier, on any path, and whether coarsely."""
    seen = {
        who: {position["coarse"] for path in POSITIONS if (position := part_of(answer, path)) is not None}
        for who, answer in told.items()
    }
    return {who: coarse for who, coarse in seen.items() if coarse}


async def is_seen(everybody: Company) -> bool:
    return "customer" in positions(await everybody.ask())


async def is_over(everybody: Company) -> bool:
    return not positions(await everybody.ask())
