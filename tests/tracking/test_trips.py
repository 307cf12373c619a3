"""Trips tell each arrival once."""

from typing import Any

import pytest

from subgraphs.tracking.commands import RecordReachingDoor, RecordReachingRestaurant
from subgraphs.tracking.domain import TRIPS
from subgraphs.tracking.effects import arrivals, within_fence
from subgraphs.tracking.eta import Phase
from subgraphs.tracking.events import CourierArrivedAtRestaurant, CourierNearedDoor, trip_of
from subgraphs.tracking.positions import Point
from subgraphs.tracking.views.trips import TripRow
from tests.scenario import Scenario
from tests.spelling import AT
from tests.tracking.riding import (
    COURIER,
    DELIVERY,
    DOOR,
    KITCHEN,
    OFFER,
    ORDER,
    OTHER_COURIER,
    OTHER_OFFER,
    TRIP,
    a_point,
    after,
    north_of,
)

NOBODY = Scenario(TRIPS)
WHO: dict[str, Any] = {
    "trip_id": TRIP,
    "order_id": ORDER,
    "delivery_id": DELIVERY,
    "courier_id": COURIER,
    "offer_id": OFFER,
}
OTHER: dict[str, Any] = {**WHO, "courier_id": OTHER_COURIER, "offer_id": OTHER_OFFER}

record_arrival = RecordReachingRestaurant(at=AT, **WHO)
record_nearing = RecordReachingDoor(at=AT, **WHO)
arrived = CourierArrivedAtRestaurant(at=AT, **WHO)
neared = CourierNearedDoor(at=AT, **WHO)


def test_a_courier_arrives_at_the_restaurant_once() -> None:
    NOBODY.when(record_arrival).then(arrived).when(record_arrival).then_nothing()


def test_each_assignment_has_its_own_arrival() -> None:
    told_again = NOBODY.given(arrived).when(RecordReachingRestaurant(at=AT, **OTHER))
    told_again.then(CourierArrivedAtRestaurant(at=AT, **OTHER)).when(record_arrival).then_nothing()


def test_the_door_is_neared_once() -> None:
    NOBODY.given(arrived).when(record_nearing).then(neared).when(record_nearing).then_nothing()
    NOBODY.given(neared).when(RecordReachingDoor(at=AT, **OTHER)).then_nothing()


def test_a_trip_shares_the_uuid_of_its_order() -> None:
    assert trip_of(ORDER) == TRIP
    with pytest.raises(ValueError, match="not the id of an order"):
        trip_of(TRIP)


def on_a_trip(stage: Phase, **changes: Any) -> TripRow:
    known: dict[str, Any] = {
        "order_id": ORDER,
        "customer_id": "aino",
        "pickup": KITCHEN,
        "dropoff": DOOR,
        "placed_at": AT,
        "delivery_id": DELIVERY,
        "stage": stage,
        "courier_id": COURIER,
        "offer_id": OFFER,
        "assigned_at": after(14),
        "picked_up_at": after(21) if stage in (Phase.TO_CUSTOMER, Phase.AT_DOOR) else None,
    }
    return TripRow(**{**known, **changes})


@pytest.mark.parametrize(
    ("point", "there"),
    [
        (a_point(KITCHEN), True),
        (a_point(north_of(KITCHEN, 79)), True),
        (a_point(north_of(KITCHEN, 81)), False),
        (a_point(KITCHEN, accuracy_m=80), True),
        (a_point(KITCHEN, accuracy_m=81), False),
    ],
)
def test_the_fence_is_80_metres_wide(point: Point, there: bool) -> None:
    assert within_fence(point, KITCHEN) is there


@pytest.mark.parametrize(
    ("trip", "point", "told"),
    [
        (on_a_trip(Phase.TO_RESTAURANT), a_point(KITCHEN, 18), RecordReachingRestaurant),
        (on_a_trip(Phase.TO_RESTAURANT), a_point(DOOR, 18), None),
        (on_a_trip(Phase.TO_RESTAURANT), a_point(KITCHEN, 13), None),
        (on_a_trip(Phase.TO_RESTAURANT), a_point(KITCHEN, 18, courier=OTHER_COURIER), None),
        (on_a_trip(Phase.AT_RESTAURANT), a_point(KITCHEN, 18), None),
        (on_a_trip(Phase.AT_RESTAURANT), a_point(DOOR, 18), None),
        (on_a_trip(Phase.TO_CUSTOMER), a_point(DOOR, 28), RecordReachingDoor),
        (on_a_trip(Phase.TO_CUSTOMER), a_point(KITCHEN, 22), None),
        (on_a_trip(Phase.TO_CUSTOMER), a_point(DOOR, 20), None),
        (on_a_trip(Phase.AT_DOOR), a_point(DOOR, 29), None),
        (on_a_trip(Phase.ENDED), a_point(DOOR, 29), None),
        (on_a_trip(Phase.LOOKING_FOR_COURIER, courier_id=None), a_point(KITCHEN, 18), None),
        (on_a_trip(Phase.TO_RESTAURANT, pickup=None), a_point(KITCHEN, 18), None),
        (on_a_trip(Phase.TO_CUSTOMER, order_ended_at=after(25)), a_point(DOOR, 28), None),
    ],
)
def test_a_trip_hears_of_what_its_courier_does_there_and_then(trip: TripRow, point: Point, told: type | None) -> None:
    commands = arrivals(trip, [a_point(north_of(DOOR, 5_000), 30, courier=trip.courier_id or ""), point])
    assert [type(command) for command in commands] == ([] if told is None else [told])


def test_what_a_trip_hears_names_the_assignment() -> None:
    assert arrivals(on_a_trip(Phase.TO_RESTAURANT), [a_point(KITCHEN, 18)]) == [RecordReachingRestaurant(**WHO)]
