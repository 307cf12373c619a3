"""Agreeing: what engines for analytics answer is what plain reckoning comes to, for periods of any kind."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from random import Random

import pytest
from msgspec.structs import replace

from subgraphs.insights.analytics import (
    LATENESS_ROUGHNESS_S,
    QUARTER,
    ROUGHNESS,
    Analytics,
    OfCourier,
    OfPlatform,
    OfRestaurant,
)
from tests.insights.evenings import BEGAN, COURIERS, NOW, RESTAURANTS
from tests.insights.oracle import Oracle

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
BEFORE = BEGAN - 2 * HOUR


def of_restaurant(restaurant: str, begin: datetime, *steps: timedelta, currency: str = "EUR") -> OfRestaurant:
    edges = [begin]
    for step in steps:
        edges.append(edges[-1] + step)
    return OfRestaurant(restaurant_id=restaurant, currency=currency, edges=tuple(edges))


PERIODS = [
    of_restaurant(RESTAURANTS[0], BEFORE, *[DAY] * 5),
    of_restaurant(RESTAURANTS[1], BEFORE, *[HOUR] * 30),
    of_restaurant(RESTAURANTS[0], BEGAN + 3 * HOUR, timedelta(minutes=15), timedelta(minutes=30), currency="SEK"),
    of_restaurant(RESTAURANTS[1], BEGAN + timedelta(hours=13, minutes=45), DAY, HOUR),
    of_restaurant(RESTAURANTS[1], BEGAN + timedelta(hours=14), DAY),
    of_restaurant(RESTAURANTS[0], BEGAN + 3 * HOUR, DAY, DAY),
    of_restaurant("restaurant_of_nobody", BEFORE, DAY),
]
SPANS = [
    OfPlatform(begin=BEFORE, end=NOW + 3 * DAY, now=NOW + 2 * DAY),
    OfPlatform(begin=BEFORE, end=NOW + DAY, now=NOW + timedelta(seconds=17)),
    OfPlatform(begin=BEGAN + DAY, end=BEGAN + DAY + HOUR, now=NOW),
    OfPlatform(begin=NOW - HOUR, end=NOW + HOUR, now=NOW),
    OfPlatform(begin=NOW + HOUR, end=NOW + DAY, now=NOW),
]


async def agree(one: Analytics, oracle: Oracle) -> None:
    """Every answer is the oracle's, percentiles within their bounds."""
    await agree_on_periods(one, oracle)
    for span in SPANS:
        assert await one.unassigned(span.now) == await oracle.unassigned(span.now)


async def agree_on_periods(one: Analytics, oracle: Oracle, later: timedelta = timedelta()) -> None:
    """Business was so much later than it is made up."""
    for period in PERIODS:
        asked = replace(period, edges=tuple(edge + later for edge in period.edges))
        assert await one.sales(asked) == await oracle.sales(asked)
        assert await one.losses(asked) == await oracle.losses(asked)
        assert await one.items(asked, 4) == await oracle.items(asked, 4)
        await agree_on_baskets(one, oracle, asked)
        await agree_on_punctuality(one, oracle, asked)
    for each in SPANS:
        span = OfPlatform(begin=each.begin + later, end=each.end + later, now=each.now + later)
        await agree_on_operations(one, oracle, span)
    for courier in (*COURIERS, "courier_nobody"):
        pay = OfCourier(courier_id=courier, edges=tuple(edge + later for edge in PERIODS[0].edges))
        assert await one.earnings(pay) == await oracle.earnings(pay)


def any_periods(chance: Random) -> Iterator[OfRestaurant]:
    """Periods that begin and end on any quarter of an hour, in parts of any lengths."""
    for _ in range(8):
        begin = BEFORE + chance.randrange(4 * 24 * 3) * QUARTER
        steps = [chance.randrange(1, 4 * 30) * QUARTER for _ in range(chance.randrange(1, 6))]
        yield of_restaurant(chance.choice(RESTAURANTS), begin, *steps, currency=chance.choice(("EUR", "SEK")))


async def agree_on_baskets(one: Analytics, oracle: Oracle, asked: OfRestaurant) -> None:
    given, true = await one.baskets(asked), await oracle.baskets(asked)
    assert (given.orders, given.food_minor) == (true.orders, true.food_minor)
    assert given.median_minor == near(true.median_minor, 0.5)
    assert given.p90_minor == near(true.p90_minor, 0.5)


async def agree_on_punctuality(one: Analytics, oracle: Oracle, asked: OfRestaurant) -> None:
    for minutes in (1, 30):
        given = await one.punctuality(asked, timedelta(minutes=minutes))
        true = await oracle.punctuality(asked, timedelta(minutes=minutes))
        assert (given.orders, given.punctual) == (true.orders, true.punctual)
        assert given.late_s == pytest.approx(true.late_s, abs=0.001)
        assert given.p90_s == (None if true.p90_s is None else pytest.approx(true.p90_s, abs=LATENESS_ROUGHNESS_S))


async def agree_on_operations(one: Analytics, oracle: Oracle, span: OfPlatform) -> None:
    given, true = await one.operations(span), await oracle.operations(span)
    assert (given.accepted, given.declined, given.lapsed) == (true.accepted, true.declined, true.lapsed)
    assert given.engaged_s == pytest.approx(true.engaged_s, abs=0.001)
    assert given.online_s == pytest.approx(true.online_s, abs=0.001)
    for mine, theirs in (
        (given.click_to_door, true.click_to_door),
        (given.ready_to_pickup, true.ready_to_pickup),
    ):
        assert mine.times == theirs.times
        assert mine.median_s == near(theirs.median_s, 1.0)
        assert mine.p90_s == near(theirs.p90_s, 1.0)


def near(value: float | None, least: float) -> object:
    return None if value is None else pytest.approx(value, rel=ROUGHNESS, abs=least)
