"""Estimates add up, are honest about what they do not know, and never go back for no reason."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from msgspec.structs import replace

from subgraphs.tracking.eta import Estimate, Phase, Standing, estimated
from tests.tracking.riding import after

RIDE_S = 300.0
"""From the restaurant to the door."""


def standing(phase: Phase = Phase.LOOKING_FOR_COURIER, **known: Any) -> Standing:
    return Standing(phase=phase, placed_at=after(0), last_mile_seconds=RIDE_S, **known)


@pytest.mark.parametrize(
    ("known", "now", "pickup", "delivery"),
    [
        # Nobody has answered: 3 min for the answer, 20 to cook, 1.5 to hand over; then 5 of riding and 1.5 at the door.
        (standing(), 0, 25, 31),
        (standing(), 5, 27, 33),
        # This kitchen usually takes ten minutes; somebody has to be found and to ride there in the meantime.
        (standing(usual_prep_minutes=10), 0, 15, 21),
        (standing(usual_prep_minutes=30), 0, 35, 41),
        (standing(usual_prep_minutes=30, ready_by=after(21)), 1, 23, 29),
        # The kitchen has said when, and nobody needs to be found before that.
        (standing(ready_by=after(21)), 1, 23, 29),
        (standing(ready_by=after(21)), 21, 31, 37),
        # On the way, and there before the food: the courier waits.
        (standing(Phase.TO_RESTAURANT, ready_by=after(21), ride_seconds=120), 15, 23, 29),
        # On the way, and there after the food: the food waits.
        (standing(Phase.TO_RESTAURANT, ready_at=after(15), ride_seconds=240), 15, 21, 27),
        (standing(Phase.TO_RESTAURANT, ready_at=after(15), pickup_expected_at=after(18)), 16, 20, 26),
        (standing(Phase.TO_RESTAURANT, ready_at=after(15), pickup_expected_at=after(18)), 20, 22, 28),
        (standing(Phase.AT_RESTAURANT, ready_by=after(21)), 18, 23, 29),
        (standing(Phase.AT_RESTAURANT, ready_at=after(17)), 18, 20, 26),
        # Fetched: what has happened is told as it was.
        (standing(Phase.TO_CUSTOMER, picked_up_at=after(20), ride_seconds=180), 22, 20, 27),
        (standing(Phase.TO_CUSTOMER, picked_up_at=after(20)), 22, 20, 27),
        (standing(Phase.TO_CUSTOMER, picked_up_at=after(20)), 30, 20, 32),
        (standing(Phase.AT_DOOR, picked_up_at=after(20)), 26, 20, 28),
    ],
)
def test_an_estimate_is_the_sum_of_what_lies_ahead(known: Standing, now: float, pickup: float, delivery: float) -> None:
    estimate = estimated(known, after(now))
    assert (estimate.pickup_at, estimate.delivery_at) == (after(pickup), after(delivery))


def band(estimate: Estimate) -> timedelta:
    return estimate.latest - estimate.earliest


def test_the_band_narrows_as_things_happen() -> None:
    stages = (
        (standing(), 0),
        (standing(ready_by=after(21)), 1),
        (standing(Phase.TO_RESTAURANT, ready_by=after(21), ride_seconds=240), 15),
        (standing(Phase.AT_RESTAURANT, ready_at=after(20)), 20),
        (standing(Phase.TO_CUSTOMER, picked_up_at=after(21), ride_seconds=150), 23),
    )
    bands = [band(estimated(known, after(now))) for known, now in stages]
    assert bands == sorted(bands, reverse=True)
    assert bands[0] > timedelta(minutes=15)
    assert bands[-1] <= timedelta(minutes=4)


def test_a_way_that_takes_too_long_is_not_told_to_have_ended_before_now() -> None:
    far = replace(standing(Phase.TO_CUSTOMER, picked_up_at=after(0)), last_mile_seconds=1800)
    assert estimated(far, after(60)).earliest == after(60)


minutes = st.floats(0, 120).map(after)
seconds = st.floats(0, 3600)
standings = st.builds(
    Standing,
    phase=st.sampled_from([phase for phase in Phase if phase is not Phase.ENDED]),
    placed_at=st.just(after(0)),
    ready_by=st.none() | minutes,
    ready_at=st.none() | minutes,
    pickup_expected_at=st.none() | minutes,
    picked_up_at=st.none() | minutes,
    ride_seconds=st.none() | seconds,
    last_mile_seconds=seconds,
)


def happened(known: Standing, now: datetime) -> Standing:
    """What is told to have happened has happened by now."""
    assume(known.ready_at is None or known.ready_at <= now)
    assume(known.picked_up_at is None or known.picked_up_at <= now)
    return known


@given(standings, minutes)
def test_times_are_in_order_and_nothing_ahead_is_over(known: Standing, now: datetime) -> None:
    estimate = estimated(happened(known, now), now)
    assert now <= estimate.earliest <= estimate.delivery_at <= estimate.latest
    assert estimate.pickup_at <= estimate.delivery_at
    assert known.phase in (Phase.TO_CUSTOMER, Phase.AT_DOOR) or estimate.pickup_at >= now
    assert {each.second for each in (estimate.earliest, estimate.delivery_at, estimate.latest)} == {0}


@given(standings, minutes, seconds)
def test_time_alone_never_makes_it_earlier(known: Standing, now: datetime, later_s: float) -> None:
    happened(known, now)
    before, later = estimated(known, now), estimated(known, now + timedelta(seconds=later_s))
    assert later.delivery_at >= before.delivery_at
    assert known.picked_up_at is not None or later.pickup_at >= before.pickup_at


@given(standings, minutes, seconds)
def test_a_later_kitchen_and_a_longer_ride_never_make_it_earlier(known: Standing, now: datetime, more_s: float) -> None:
    happened(known, now)
    before, more = estimated(known, now), timedelta(seconds=more_s)
    if known.ready_by is not None:
        assert estimated(replace(known, ready_by=known.ready_by + more), now).delivery_at >= before.delivery_at
    if known.ride_seconds is not None:
        longer = replace(known, ride_seconds=known.ride_seconds + more_s)
        assert estimated(longer, now).delivery_at >= before.delivery_at
    farther = replace(known, last_mile_seconds=known.last_mile_seconds + more_s)
    assert estimated(farther, now).delivery_at >= before.delivery_at
