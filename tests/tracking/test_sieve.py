"""The sieve keeps what is news and says why the rest is not."""

from collections.abc import Sequence
from datetime import timedelta
from itertools import pairwise
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from kernel.places import Position, distance_m
from subgraphs.tracking.positions import DropReason, Point
from subgraphs.tracking.sieve import FASTEST_M_PER_S, MEMORY, sift
from tests.tracking.riding import DOOR, KITCHEN, a_point, after, north_of

NOW = after(0)
LAST = a_point(KITCHEN, -1, sequence=7)


@pytest.mark.parametrize(
    ("point", "reason"),
    [
        (a_point(KITCHEN, 0, sequence=8), None),
        (a_point(KITCHEN, 1, sequence=8), None),
        (a_point(KITCHEN, 1.01, sequence=8), DropReason.FUTURE),
        (a_point(KITCHEN, -10.01, sequence=8), DropReason.STALE),
        (a_point(KITCHEN, 0, sequence=8, accuracy_m=200), None),
        (a_point(KITCHEN, 0, sequence=8, accuracy_m=200.1), DropReason.INACCURATE),
        (a_point(KITCHEN, 0, sequence=7), DropReason.REPEATED),
        (a_point(KITCHEN, 0, sequence=6), DropReason.LATE),
        (a_point(KITCHEN, -1, sequence=8), DropReason.LATE),
        (a_point(KITCHEN, -2, sequence=8), DropReason.LATE),
        (a_point(north_of(KITCHEN, 2_490), 0, sequence=8), None),
        (a_point(north_of(KITCHEN, 2_510), 0, sequence=8), DropReason.IMPOSSIBLE),
    ],
)
def test_each_reason_has_its_bound(point: Point, reason: DropReason | None) -> None:
    sifted = sift([point], LAST, NOW)
    assert sifted.kept == (() if reason else (point,))
    assert sifted.dropped == ({reason: 1} if reason else {})


def test_the_first_point_of_all_is_compared_with_none() -> None:
    assert sift([LAST], None, NOW).kept == (LAST,)


def test_points_are_compared_with_the_one_kept_before_them() -> None:
    away = a_point(north_of(KITCHEN, 9_000), -0.5, sequence=2)
    batch = [a_point(KITCHEN, -1), away, a_point(KITCHEN, 0, sequence=3)]
    sifted = sift(batch, None, NOW)
    assert [point.sequence for point in sifted.kept] == [1, 3]
    assert sifted.dropped == {DropReason.IMPOSSIBLE: 1}


def test_a_device_that_counts_from_the_beginning_is_heard_again_after_a_while() -> None:
    fresh = a_point(KITCHEN, 0, sequence=1)
    assert sift([fresh], replace(LAST, recorded_at=NOW - MEMORY), NOW).dropped == {DropReason.LATE: 1}
    long_ago = replace(LAST, recorded_at=NOW - MEMORY - timedelta(seconds=1))
    assert sift([fresh], long_ago, NOW).kept == (fresh,)


places = st.sampled_from([KITCHEN, DOOR, north_of(DOOR, 400), Position(latitude=-33.9, longitude=151.2)])
points = st.builds(
    a_point,
    places,
    st.floats(-12, 2),
    sequence=st.integers(0, 12),
    accuracy_m=st.sampled_from([5.0, 199.0, 201.0]),
)
batches = st.lists(points, max_size=12)


@given(batches, st.none() | points)
def test_every_point_is_kept_or_counted(batch: Sequence[Point], last: Point | None) -> None:
    sifted = sift(batch, last, NOW)
    assert len(sifted.kept) + sum(sifted.dropped.values()) == len(batch)
    assert set(sifted.kept) <= set(batch)


@given(batches, st.none() | points)
def test_what_is_kept_goes_on_in_sequence_time_and_at_a_possible_pace(
    batch: Sequence[Point], last: Point | None
) -> None:
    known = [last] if last is not None and NOW - last.recorded_at <= MEMORY else []
    way = [*known, *sift(batch, last, NOW).kept]
    for before, point in pairwise(way):
        assert point.sequence > before.sequence
        seconds = (point.recorded_at - before.recorded_at).total_seconds()
        assert seconds > 0
        assert distance_m(before.position, point.position) <= FASTEST_M_PER_S * seconds


@given(batches, st.none() | points, st.randoms(use_true_random=False))
def test_the_order_within_a_batch_does_not_matter(batch: list[Point], last: Point | None, chance: Random) -> None:
    unique = list({point.sequence: point for point in batch}.values())
    shuffled = list(unique)
    chance.shuffle(shuffled)
    assert sift(shuffled, last, NOW) == sift(unique, last, NOW)


@given(batches, st.none() | points)
def test_a_batch_sent_again_changes_nothing(batch: Sequence[Point], last: Point | None) -> None:
    kept = sift(batch, last, NOW).kept
    known = kept[-1] if kept else last
    assert sift(batch, known, NOW).kept == ()


@given(batches, batches)
def test_batches_one_after_the_other_keep_nothing_twice(first: Sequence[Point], second: Sequence[Point]) -> None:
    kept = sift(first, None, NOW).kept
    more = sift([*first, *second], kept[-1] if kept else None, NOW).kept
    assert not {point.sequence for point in kept} & {point.sequence for point in more}
