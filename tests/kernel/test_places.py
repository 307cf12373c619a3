"""Distances on the earth, and ids of people."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kernel.ids import parse_id, person_id
from kernel.places import Position, distance_m

POSITIONS = st.builds(
    Position,
    latitude=st.floats(-90, 90, allow_nan=False),
    longitude=st.floats(-180, 180, allow_nan=False),
)


def test_a_degree_along_a_meridian_is_111_kilometres() -> None:
    assert distance_m(Position(latitude=60, longitude=25), Position(latitude=61, longitude=25)) == pytest.approx(
        111_195, abs=1
    )


@given(a=POSITIONS, b=POSITIONS)
def test_distance_is_the_same_both_ways_and_never_beyond_the_antipode(a: Position, b: Position) -> None:
    assert distance_m(a, b) == pytest.approx(distance_m(b, a))
    assert 0 <= distance_m(a, b) <= 20_015_116


@given(a=POSITIONS)
def test_nothing_is_away_from_itself(a: Position) -> None:
    assert distance_m(a, a) == 0


def test_a_person_has_one_id_per_kind_and_it_does_not_tell_who() -> None:
    courier = person_id("courier", "otso")
    assert courier == person_id("courier", "otso")
    assert parse_id("courier", courier) is not None
    assert courier != person_id("courier", "aino")
    assert courier.removeprefix("courier_") != person_id("customer", "otso").removeprefix("customer_")
    assert "otso" not in courier
