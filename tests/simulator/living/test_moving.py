"""Couriers move along streets at their speed, and their phones see them roughly where they are."""

import asyncio
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path

import pytest

from simulator.city import read_city
from simulator.living import Clock
from simulator.living.moving import INACCURATE_M, Move, Moving, Phone
from simulator.lots import Lots
from simulator.streets import Route, Spot, Streets, between_m, shifted
from tests.patience import AT_MOST_S

pytestmark = pytest.mark.anyio
FIVE = datetime(2026, 11, 27, 15, tzinfo=UTC)
START = Spot(60.17187, 24.94142)
GOAL = Spot(60.17040, 24.95210)


@cache
def streets() -> Streets:
    return Streets(read_city(Path(__file__).parents[3] / "simulator/cities/helsinki.json"))


def fast_clock() -> Clock:
    return Clock(rate=2000, started=datetime.now(UTC), origin=FIVE)


async def test_a_ride_takes_as_long_as_the_way_is_and_ends_at_the_door():
    clock = fast_clock()
    moving = Moving(streets(), clock, "BICYCLE", START)
    before = clock.now()
    async with asyncio.timeout(AT_MOST_S):
        await moving.ride_to(GOAL)
    assert clock.now() - before >= timedelta(seconds=moving.move.route.seconds)
    assert between_m(moving.spot(), GOAL) < 1


async def test_whoever_is_called_back_stops_where_they_are():
    moving = Moving(streets(), Clock(rate=1, started=FIVE, origin=FIVE), "CAR", START)
    ride = asyncio.create_task(moving.ride_to(GOAL))
    await asyncio.sleep(0)
    assert moving.move.route.end == GOAL
    ride.cancel()
    with pytest.raises(asyncio.CancelledError):
        await ride
    assert len(moving.move.route.spots) == 1
    assert between_m(moving.spot(), START) < 50


async def test_a_few_steps_need_no_streets():
    moving = Moving(streets(), fast_clock(), "CAR", START)
    await moving.ride_to(shifted(START, 10, 10))
    assert len(moving.move.route.spots) == 2


def straight() -> Move:
    return Move(Route([START, shifted(START, 2000, 0)], [450]), FIVE)


def moments(count: int) -> list[datetime]:
    return [FIVE + timedelta(seconds=15 * number) for number in range(count)]


def test_a_phone_is_a_few_metres_off_and_says_so():
    move, phone = straight(), Phone(Lots("courier-1"), 0)
    points = phone.taken(move, moments(20))
    for point in points:
        off_m = between_m(Spot(point.latitude, point.longitude), move.at(point.recorded_at))
        assert off_m < point.accuracy_m + 2 < 30
    numbers = [point.sequence for point in points]
    assert numbers == sorted(set(numbers))
    assert phone.odd == 0


def test_numbers_go_on_growing_when_everything_was_forgotten():
    before = Phone(Lots("courier-1"), 0).taken(straight(), moments(3))
    after = Phone(Lots("courier-1"), 0).taken(straight(), [FIVE + timedelta(minutes=1)])
    assert after[0].sequence > before[-1].sequence
    assert after[0].sequence < 2**31  # It is an Int of the graph.


def test_odd_points_are_of_every_kind_and_counted():
    move, phone = straight(), Phone(Lots("courier-1"), 40)
    points = phone.taken(move, moments(100))
    inaccurate = [point for point in points if point.accuracy_m == INACCURATE_M]
    repeated = [point for point in points if points.count(point) > 1]
    far = [
        point for point in points if between_m(Spot(point.latitude, point.longitude), move.at(point.recorded_at)) > 3000
    ]
    assert inaccurate
    assert repeated
    assert far
    assert 25 < phone.odd < 55
