"""Who comes when depends on the seed and nothing else."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise

from simulator.living.arrivals import arrivals

FIVE = datetime(2026, 11, 27, 15, tzinfo=UTC)


def test_the_same_seed_brings_the_same_evening():
    assert arrivals("1", 100, FIVE, 25) == arrivals("1", 100, FIVE, 25)
    assert arrivals("1", 100, FIVE, 25) != arrivals("2", 100, FIVE, 25)


def test_everybody_comes_within_the_evening_and_in_order():
    moments = arrivals("1", 200, FIVE, 25)
    assert len(moments) == 200
    assert list(moments) == sorted(moments)
    assert moments[0] >= FIVE
    assert moments[-1] < FIVE + timedelta(minutes=25)


def test_the_first_quarter_is_half_as_busy_as_the_rest():
    moments = arrivals("1", 7000, FIVE, 100)
    early = sum(moment < FIVE + timedelta(minutes=25) for moment in moments)
    assert 900 < early < 1100


def test_people_come_alone_and_in_bunches():
    moments = arrivals("1", 3000, FIVE, 100)
    gaps = [(after - before).total_seconds() for before, after in pairwise(moments[1000:])]
    mean = sum(gaps) / len(gaps)
    deviation = (sum((gap - mean) ** 2 for gap in gaps) / len(gaps)) ** 0.5
    assert 0.9 < deviation / mean < 1.1  # as the gaps of a Poisson process
