"""Coarse positions tell the cell and nothing more."""

from math import cos, radians

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kernel.places import Position, distance_m
from subgraphs.tracking.positions import COARSE_ACCURACY_M, coarsened
from tests.tracking.riding import HOME, north_of

places = st.builds(Position, latitude=st.floats(-85, 85), longitude=st.floats(-180, 180))


@given(places)
def test_the_place_is_within_what_is_told(place: Position) -> None:
    told = coarsened(place)
    across = abs(told.longitude - place.longitude)
    if across < 180:  # not around the date line
        assert distance_m(told, place) <= COARSE_ACCURACY_M


@given(places)
def test_coarsening_again_tells_the_same(place: Position) -> None:
    told = coarsened(place)
    assert coarsened(told) == told


@given(places)
def test_it_stays_on_earth(place: Position) -> None:
    told = coarsened(place)
    assert -90 <= told.latitude <= 90
    assert -180 <= told.longitude <= 180


@pytest.mark.parametrize("pole", [Position(latitude=90, longitude=180), Position(latitude=-90, longitude=-180)])
def test_there_are_cells_at_the_poles_too(pole: Position) -> None:
    told = coarsened(pole)
    assert abs(told.latitude) <= 90
    assert coarsened(told) == told


def test_a_home_is_one_of_many() -> None:
    around = [north_of(HOME, metres) for metres in range(-400, 400, 10)]
    told = {(each.latitude, each.longitude) for each in map(coarsened, around)}
    assert len(told) == 2 or len(told) == 3  # 800 m of street in two or three cells


def test_a_cell_is_as_wide_as_it_is_high() -> None:
    middle = coarsened(HOME)
    at_helsinki = 111_195 * cos(radians(middle.latitude))

    def east(metres: float) -> Position:
        return Position(latitude=middle.latitude, longitude=middle.longitude + metres / at_helsinki)

    assert {coarsened(east(metres)) for metres in (-240, 0, 240)} == {middle}
    assert len({coarsened(east(metres)) for metres in (-260, 0, 260)}) == 3


def test_walking_within_a_cell_is_not_seen() -> None:
    middle = coarsened(HOME)
    assert {coarsened(north_of(middle, metres)).latitude for metres in range(-240, 241, 20)} == {middle.latitude}
