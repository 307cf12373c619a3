"""Ways through the city are along its streets, the shortest there are, and one is somewhere on them at any time."""

from functools import cache
from itertools import pairwise
from pathlib import Path

import pytest
from msgspec import convert

from simulator.city import City, read_city
from simulator.lots import Lots
from simulator.streets import Network, Route, Spot, Streets, between_m, shifted

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
    assert 613 < route.length_m < 2000
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


def test_only_cars_mind_one_way_streets():
    there, back = (streets().route(*ends, "BICYCLE").length_m for ends in ((STATION, CATHEDRAL), (CATHEDRAL, STATION)))
    assert there == pytest.approx(back)
    there, back = (streets().route(*ends, "CAR").length_m for ends in ((STATION, CATHEDRAL), (CATHEDRAL, STATION)))
    assert there != pytest.approx(back)


@pytest.mark.parametrize("vehicle", VEHICLES)
def test_every_door_can_be_reached_from_everywhere(vehicle: str):
    start = streets().somewhere(Lots("a courier"), "start")
    for address in helsinki().addresses[::50]:
        door = Spot(address.latitude, address.longitude)
        assert streets().route(start, door, vehicle).end == door


def square(*, ring: bool) -> Network:
    """Four corners round a block of 100 m; as a ring, only clockwise."""
    first = Spot(60.0, 25.0)
    corners = [first, shifted(first, 100, 0), shifted(first, 100, 100), shifted(first, 0, 100)]
    ways: list[dict[str, object]] = [{"kind": "residential", "oneway": ring, "name": None, "nodes": (0, 1, 2, 3, 0)}]
    return Network(corners, city_of(corners, ways).ways, keeps_to_oneways=True)


def city_of(corners: list[Spot], ways: list[dict[str, object]]) -> City:
    place = {"osm_id": 1, "lat": 60.0, "lon": 25.0, "name": "Kulma", "amenity": "cafe"}
    bounds = {"south": 59.0, "north": 61.0, "west": 24.0, "east": 26.0}
    return convert(
        {"source": "a test", "bounds": bounds, "timezone": "Europe/Helsinki", "restaurants": [place]}
        | {"addresses": [], "nodes": [list(corner) for corner in corners], "ways": ways},
        City,
    )


def test_the_shortest_way_is_taken():
    assert square(ring=False).path(0, 3) == [0, 3]
    assert square(ring=True).path(0, 3) == [0, 1, 2, 3]
    assert square(ring=True).path(2, 2) == [2]


def test_dead_ends_and_islands_are_no_corners():
    spots = [Spot(60.0, 25.0 + step / 1000) for step in range(7)]
    ways: list[dict[str, object]] = [
        {"kind": "residential", "oneway": False, "name": None, "nodes": (0, 1, 2)},
        {"kind": "residential", "oneway": True, "name": None, "nodes": (2, 3)},
        {"kind": "residential", "oneway": False, "name": None, "nodes": (4, 5)},
    ]
    network = Network(spots, city_of(spots, ways).ways, keeps_to_oneways=True)
    assert network.corners == [0, 1, 2]
    assert network.nearest(spots[6]) == 2


def test_one_moves_along_a_way():
    first = Spot(60.0, 25.0)
    corner = shifted(first, 100, 0)
    route = Route([first, corner, shifted(corner, 0, 50)])
    assert route.length_m == pytest.approx(150, abs=0.5)
    assert route.at(-1) == first
    assert between_m(first, route.at(40)) == pytest.approx(40, abs=0.5)
    assert between_m(corner, route.at(120)) == pytest.approx(20, abs=0.5)
    assert route.at(1000) == route.end
    assert Route([first]).at(10) == first


def test_starts_are_drawn_and_stay():
    assert streets().somewhere(Lots("one"), "start") == streets().somewhere(Lots("one"), "start")
    assert len({streets().somewhere(Lots(str(each)), "start") for each in range(20)}) > 15
