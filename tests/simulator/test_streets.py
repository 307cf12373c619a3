"""Ways through the city are along its streets, the quickest there are, and one is somewhere on them at any time."""

from functools import cache
from itertools import pairwise
from pathlib import Path

import pytest
from msgspec import convert

from simulator.city import City, read_city
from simulator.lots import Lots
from simulator.streets import Network, Pace, Route, Spot, Streets, between_m, shifted

STATION = Spot(60.17187, 24.94142)
CATHEDRAL = Spot(60.17040, 24.95210)
VEHICLES = ("BICYCLE", "SCOOTER", "CAR")


@cache
def helsinki() -> City:
    return read_city(Path(__file__).parents[2] / "simulator/cities/helsinki.json")


@cache
def streets() -> Streets:
    return Streets(helsinki())


@pytest.mark.parametrize("vehicle", VEHICLES)
def test_a_way_is_longer_than_the_crow_flies_and_no_odyssey(vehicle: str):
    route = streets().route(STATION, CATHEDRAL, vehicle)
    assert between_m(STATION, CATHEDRAL) == pytest.approx(613, abs=5)
    length_m = sum(between_m(*step) for step in pairwise(route.spots))
    assert 613 < length_m < 2000
    assert 1.4 < length_m / route.seconds < 6.5
    assert (route.spots[0], route.end) == (STATION, CATHEDRAL)


def test_a_way_keeps_to_the_streets():
    route = streets().route(STATION, CATHEDRAL, "BICYCLE")
    joined = {
        frozenset((streets().spots[here], streets().spots[there]))
        for way in helsinki().ways
        for here, there in pairwise(way.nodes)
    }
    along = route.spots[1:-1]
    assert len(along) > 10
    assert all(frozenset(step) in joined for step in pairwise(along))


@pytest.mark.parametrize("vehicle", VEHICLES)
def test_every_door_can_be_reached_from_everywhere(vehicle: str):
    start = streets().somewhere(Lots("a courier"), "start")
    for address in helsinki().addresses[::50]:
        door = Spot(address.latitude, address.longitude)
        assert streets().route(start, door, vehicle).end == door


ON_WHEELS = Pace({"residential": 5.0, "footway": 1.0}, 1.0)
ONE_WAY = Pace({"residential": 5.0}, None)


def block(pace: Pace, *, ring: bool = False, short_cut: str | None = None) -> Network:
    """Four corners round a block of 100 m; as a ring, one way clockwise."""
    first = Spot(60.0, 25.0)
    corners = [first, shifted(first, 100, 0), shifted(first, 100, 100), shifted(first, 0, 100)]
    ways: list[dict[str, object]] = [{"kind": "residential", "oneway": ring, "name": None, "nodes": (0, 1, 2, 3, 0)}]
    if short_cut:
        ways.append({"kind": short_cut, "oneway": False, "name": None, "nodes": (0, 2)})
    return Network(corners, city_of(corners, ways).ways, pace)


def city_of(corners: list[Spot], ways: list[dict[str, object]]) -> City:
    place = {"osm_id": 1, "lat": 60.0, "lon": 25.0, "name": "Kulma", "amenity": "cafe"}
    bounds = {"south": 59.0, "north": 61.0, "west": 24.0, "east": 26.0}
    return convert(
        {"source": "a test", "bounds": bounds, "timezone": "Europe/Helsinki", "restaurants": [place]}
        | {"addresses": [], "nodes": [list(corner) for corner in corners], "ways": ways},
        City,
    )


def test_the_quickest_way_is_taken():
    assert block(ON_WHEELS).route(0, 3).seconds == pytest.approx(20, abs=0.1)
    assert block(ON_WHEELS).route(2, 2).seconds == 0
    assert len(block(ON_WHEELS, short_cut="footway").route(0, 2).spots) == 3
    assert len(block(ON_WHEELS, short_cut="residential").route(0, 2).spots) == 2


def test_against_a_one_way_street_one_pushes_or_goes_round():
    assert block(ON_WHEELS, ring=True).route(0, 3).seconds == pytest.approx(60, abs=0.1)
    assert block(Pace({"residential": 2.0}, 1.0), ring=True).route(0, 3).seconds == pytest.approx(100, abs=0.1)
    assert block(ONE_WAY, ring=True).route(0, 3).seconds == pytest.approx(60, abs=0.1)
    assert block(ONE_WAY, ring=True).route(3, 0).seconds == pytest.approx(20, abs=0.1)


def test_dead_ends_and_islands_are_no_corners():
    spots = [Spot(60.0, 25.0 + step / 1000) for step in range(7)]
    ways: list[dict[str, object]] = [
        {"kind": "residential", "oneway": False, "name": None, "nodes": (0, 1, 2)},
        {"kind": "residential", "oneway": True, "name": None, "nodes": (2, 3)},
        {"kind": "residential", "oneway": False, "name": None, "nodes": (4, 5)},
    ]
    network = Network(spots, city_of(spots, ways).ways, ONE_WAY)
    assert network.corners == [0, 1, 2]
    assert network.nearest(spots[6]) == 2


def test_one_moves_along_a_way():
    first = Spot(60.0, 25.0)
    corner = shifted(first, 100, 0)
    route = Route([first, corner, shifted(corner, 0, 50)], [10, 50])
    assert route.seconds == 60
    assert route.at(-1) == first
    assert between_m(first, route.at(4)) == pytest.approx(40, abs=0.5)
    assert between_m(corner, route.at(30)) == pytest.approx(20, abs=0.5)
    assert route.at(1000) == route.end
    assert Route.standing(first).at(10) == first
    assert Route.walked(first, corner).seconds == pytest.approx(71.4, abs=0.5)


def test_starts_are_drawn_and_stay():
    assert streets().somewhere(Lots("one"), "start") == streets().somewhere(Lots("one"), "start")
    assert len({streets().somewhere(Lots(str(each)), "start") for each in range(20)}) > 15
