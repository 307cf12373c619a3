"""What a customer's map promises: nothing before somebody comes, coarse before the food is fetched, and no haste."""

import time
from datetime import datetime

import pytest

from tests.journeys.carrying import Neighbourhood, Spot, codes, settle
from tests.journeys.conftest import SignIn
from tests.journeys.evening import whereabouts
from tests.journeys.person import Json, Person, StreamEnded, StreamFailed, Watch
from tests.journeys.streams import LOCATION_NOW, LOCATIONS, OFFERS

pytestmark = [pytest.mark.anyio, pytest.mark.journey, pytest.mark.timeout(240)]

LATE_AT_MOST_S = 0.5
"""How much longer the first item may have been on its way here than the last."""
CELL_M, COARSE_M = 500, 200


@pytest.fixture
async def place(sign_in: SignIn) -> Neighbourhood:
    return await settle(sign_in)


class Map:
    """A customer's map, and when each item arrived on it."""

    def __init__(self, watch: Watch) -> None:
        self.watch = watch
        self.items: list[Json] = []
        self.arrived_s: list[float] = []

    async def until(self, phase: str, spot: Spot | None = None) -> Json:
        """The next item of that phase, with an exact position there if one is given."""
        while True:
            item = await self.watch.item()
            self.items.append(item)
            self.arrived_s.append(time.monotonic())
            if item["phase"] == phase and (spot is None or shows(item, spot)):
                return item


def shows(item: Json, spot: Spot) -> bool:
    position = item["position"]
    return position is not None and Spot(position["latitude"], position["longitude"]).metres_to(spot) < 1


async def test_a_customer_sees_the_courier_come_closer_and_nothing_they_need_not_know(
    sign_in: SignIn, aino: Person, place: Neighbourhood
) -> None:
    courier, order_id = await place.courier(sign_in), await place.ordered(aino)
    async with aino.watch(LOCATIONS, id=order_id) as watch:
        seen = Map(watch)
        first = await seen.until("LOOKING_FOR_COURIER")
        assert whereabouts(first) == whereabouts(await location(aino, order_id))
        await place.cook(order_id)
        delivery_id = await courier.accept()
        await courier.report(courier.spot.moved(30))
        coarse = await seen.until("TO_RESTAURANT")
        while coarse["position"] is None:
            coarse = await seen.until("TO_RESTAURANT")
        await place.fetch(courier, delivery_id, order_id)
        for share in (0.2, 0.4, 0.6):
            spot = place.kitchen.towards(place.door, share)
            await courier.ride(spot, steps=3)
            await seen.until("TO_CUSTOMER", spot)
        await courier.ride(place.door)
        await seen.until("AT_DOOR", place.door)
        pin = (await codes(aino, order_id))["dropoffPin"]
        await courier.does("confirmDropoff", delivery_id, pin=pin)
        assert await seen.until("ENDED") == {"phase": "ENDED", "signalLost": False, "position": None, "eta": None}
        with pytest.raises(StreamEnded):
            await watch.item()
    assert_told_in_time(seen)
    assert_told_no_more_than_due(seen, place)


def assert_told_in_time(seen: Map) -> None:
    lasted_s = seen.arrived_s[-1] - seen.arrived_s[0]
    assert len(seen.items) <= lasted_s + LATE_AT_MOST_S + 1, "at most one a second"
    for moments in (
        [item["position"]["recordedAt"] for item in seen.items if item["position"]],
        [item["eta"]["calculatedAt"] for item in seen.items if item["eta"]],
    ):
        assert moments == sorted(moments)
    for item in seen.items[:-1]:
        eta = {name: datetime.fromisoformat(moment) for name, moment in item["eta"].items()}
        assert eta["earliest"] <= eta["deliveryAt"] <= eta["latest"]


def assert_told_no_more_than_due(seen: Map, place: Neighbourhood) -> None:
    """Around the restaurant, at most 500 m away, by cells; then exactly."""
    for item in seen.items:
        position = item["position"]
        match item["phase"]:
            case "LOOKING_FOR_COURIER" | "ENDED":
                assert position is None
            case "TO_RESTAURANT" | "AT_RESTAURANT":
                assert position is None or position["coarse"]
            case _:
                assert position is not None
        if position and position["coarse"]:
            assert Spot(position["latitude"], position["longitude"]).metres_to(place.kitchen) < 500 + CELL_M
            assert position["accuracyM"] > COARSE_M
    assert [item["position"]["coarse"] for item in seen.items if item["position"]].count(False) >= 3


async def test_who_comes_when_all_is_over_is_told_just_that(
    sign_in: SignIn, aino: Person, place: Neighbourhood
) -> None:
    courier = await place.courier(sign_in)
    order_id = await place.delivered(aino, courier)
    async with courier.person.watch(OFFERS) as watch:
        first = await watch.item()
        assert (first["__typename"], first["delivery"]) == ("OpenOffers", None)
    async with aino.watch(LOCATIONS, id=order_id) as watch:
        seen = Map(watch)
        await seen.until("ENDED")
        with pytest.raises(StreamEnded):
            await watch.item()
    assert seen.items[-1] == await location(aino, order_id)


@pytest.mark.parametrize("id", ["nonsense", "order_01h455vb4pex5vsknk084sn02q"])
async def test_there_is_no_map_of_what_is_not_there(aino: Person, id: str) -> None:
    async with aino.watch(LOCATIONS, id=id) as watch:
        with pytest.raises(StreamFailed) as refused:
            await watch.item()
    assert refused.value.codes == ["NOT_FOUND"]


async def location(person: Person, order_id: str) -> Json:
    """What the query answers."""
    return (await person.ask(LOCATION_NOW, id=order_id))["deliveryLocation"]
