"""Travel times: rides along the streets of a map, by its one-way streets and what each vehicle may use."""

import asyncio
import heapq
import json
from collections import defaultdict
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kernel.places import Position, Vehicle, distance_m
from runtime.adapters.streets import REMEMBERED, Rides, StreetTravelTimes
from runtime.adapters.streets.graph import StreetGraph, StreetMap, coordinates, distances_m, read_streets
from runtime.adapters.streets.speeds import DETOUR, GUESSED_KMH, WALKING_KMH, fastest_kmh, speeds_kmh

pytestmark = pytest.mark.anyio

HELSINKI = Path("simulator/cities/helsinki.json")
STOCKHOLM = Position(latitude=59.3293, longitude=18.0686)
TOLERANCE_S = 0.05
CITY: StreetMap = read_streets(HELSINKI)
GRAPHS = {vehicle: StreetGraph(CITY, vehicle) for vehicle in Vehicle}
VEHICLES = st.sampled_from(Vehicle)
INSIDE = st.builds(Position, latitude=st.floats(60.1642, 60.1791), longitude=st.floats(24.9352, 24.9534))
ANYWHERE = st.builds(Position, latitude=st.floats(-89, 89), longitude=st.floats(-180, 180))
PLACES = INSIDE | ANYWHERE


@pytest.fixture(scope="module")
def helsinki() -> StreetTravelTimes:
    return StreetTravelTimes(HELSINKI)


def seconds_at(kmh: float, metres: float) -> float:
    return metres / kmh * 3.6


def a_city(folder: Path, *ways: tuple[str, bool, list[int]]) -> StreetTravelTimes:
    """A square of streets, each side some 1,112 m, at the equator: corner 0 south-west, 1 south-east, 2 north-east.

    4 and 5 are the ends of a street far in the north.
    """
    nodes = [[0, 0], [0, 0.01], [0.01, 0.01], [0.01, 0], [0.1, 0], [0.1, 0.001]]
    streets = [{"kind": kind, "oneway": oneway, "name": None, "nodes": corners} for kind, oneway, corners in ways]
    file = folder / "city.json"
    file.write_text(json.dumps({"nodes": nodes, "ways": streets}))
    return StreetTravelTimes(file)


SOUTH_WEST, SOUTH_EAST = Position(latitude=0, longitude=0), Position(latitude=0, longitude=0.01)
FAR_NORTH = Position(latitude=0.1, longitude=0)
SIDE_M = distance_m(SOUTH_WEST, SOUTH_EAST)


@given(origins=st.lists(PLACES, max_size=5), destination=PLACES, vehicle=VEHICLES)
async def test_rides_are_never_negative_nor_quicker_than_the_fastest_straight_way(
    helsinki: StreetTravelTimes, origins: list[Position], destination: Position, vehicle: Vehicle
) -> None:
    rides = await helsinki.seconds(origins, destination, vehicle)
    assert len(rides) == len(origins)
    for origin, ride in zip(origins, rides, strict=True):
        assert ride >= seconds_at(fastest_kmh(vehicle), distance_m(origin, destination)) - TOLERANCE_S


@given(origins=st.lists(PLACES, min_size=2, max_size=5), destination=INSIDE, vehicle=VEHICLES)
async def test_many_origins_are_answered_as_each_alone(
    helsinki: StreetTravelTimes, origins: list[Position], destination: Position, vehicle: Vehicle
) -> None:
    alone = [(await helsinki.seconds([origin], destination, vehicle))[0] for origin in origins]
    assert await helsinki.seconds(origins, destination, vehicle) == pytest.approx(alone)


@given(place=INSIDE, vehicle=VEHICLES)
async def test_a_ride_to_where_one_is_takes_no_time(
    helsinki: StreetTravelTimes, place: Position, vehicle: Vehicle
) -> None:
    assert await helsinki.seconds([place], place, vehicle) == pytest.approx([0], abs=TOLERANCE_S)


@given(origin=INSIDE, destination=INSIDE, vehicle=VEHICLES)
async def test_nobody_rides_around_the_block_for_what_is_nearer_on_foot(
    helsinki: StreetTravelTimes, origin: Position, destination: Position, vehicle: Vehicle
) -> None:
    ride = (await helsinki.seconds([origin], destination, vehicle))[0]
    assert ride <= seconds_at(WALKING_KMH, distance_m(origin, destination) * DETOUR) + TOLERANCE_S


@given(place=INSIDE, vehicle=VEHICLES)
def test_snapping_is_the_same_both_ways_and_finds_the_nearest_corner(place: Position, vehicle: Vehicle) -> None:
    graph, point = GRAPHS[vehicle], coordinates([place])
    corners, metres = graph.snap(point)
    assert metres[0] == pytest.approx(float(distances_m(graph.corners, point).min()), rel=1e-3, abs=0.01)
    again, none = graph.snap(graph.corners[corners])
    assert (again[0], none[0]) == (corners[0], pytest.approx(0, abs=0.01))
    assert distances_m(point, graph.corners[corners]) == pytest.approx(distances_m(graph.corners[corners], point))


@settings(max_examples=50)
@given(numbers=st.tuples(*[st.integers(0, 10**6)] * 3), vehicle=VEHICLES)
def test_no_detour_over_a_third_corner_is_quicker(numbers: tuple[int, int, int], vehicle: Vehicle) -> None:
    graph = GRAPHS[vehicle]
    here, over, there = (number % len(graph.corners) for number in numbers)
    to_there, to_over = graph.seconds_to(there), graph.seconds_to(over)
    assert to_there[here] <= to_over[here] + to_there[over] + TOLERANCE_S


@settings(max_examples=15)
@given(numbers=st.tuples(st.integers(0, 10**6), st.integers(0, 10**6)), vehicle=VEHICLES)
def test_rides_are_those_of_a_search_written_down_plainly(numbers: tuple[int, int], vehicle: Vehicle) -> None:
    graph = GRAPHS[vehicle]
    here, there = (number % len(graph.corners) for number in numbers)
    origin, destination = ((float(each[0]), float(each[1])) for each in graph.corners[[here, there]])
    expected = plainly(origin, destination, vehicle)
    assert float(graph.seconds_to(there)[here]) == pytest.approx(expected, rel=1e-4, abs=TOLERANCE_S)


Corner = tuple[float, float]


def plainly(origin: Corner, destination: Corner, vehicle: Vehicle) -> float:
    rides = rides_between(vehicle)
    reached: set[Corner] = set()
    waiting = [(0.0, origin)]
    while waiting:
        seconds, corner = heapq.heappop(waiting)
        if corner == destination:
            return seconds
        if corner not in reached:
            reached.add(corner)
            for following, more in rides[corner]:
                heapq.heappush(waiting, (seconds + more, following))
    raise AssertionError("the way is not known")


def rides_between(vehicle: Vehicle) -> dict[Corner, list[tuple[Corner, float]]]:
    rides: dict[Corner, list[tuple[Corner, float]]] = defaultdict(list)
    for street in CITY.ways:
        speeds = speeds_kmh(street.kind, street.oneway, vehicle)
        for one, other in zip(street.nodes, street.nodes[1:], strict=False):
            a, b = CITY.nodes[one], CITY.nodes[other]
            metres = distance_m(Position(latitude=a[0], longitude=a[1]), Position(latitude=b[0], longitude=b[1]))
            for start, end, kmh in ((a, b, speeds[0]), (b, a, speeds[1])):
                if kmh is not None:
                    rides[start].append((end, seconds_at(kmh, metres)))
    return rides


@pytest.mark.parametrize(("vehicle", "kmh"), [(Vehicle.BICYCLE, 15), (Vehicle.SCOOTER, 24), (Vehicle.CAR, 24)])
async def test_each_vehicle_has_its_speed(tmp_path: Path, vehicle: Vehicle, kmh: float) -> None:
    city = a_city(tmp_path, ("residential", False, [0, 1]))
    there = await city.seconds([SOUTH_WEST], SOUTH_EAST, vehicle)
    back = await city.seconds([SOUTH_EAST], SOUTH_WEST, vehicle)
    assert there == back == pytest.approx([seconds_at(kmh, SIDE_M)], rel=1e-4)


async def test_a_car_goes_around_the_block_against_a_one_way_street_and_a_bicycle_is_pushed(tmp_path: Path) -> None:
    city = a_city(tmp_path, ("residential", True, [0, 1]), ("tertiary", False, [1, 2, 3, 0]))
    along = await city.seconds([SOUTH_WEST], SOUTH_EAST, Vehicle.CAR)
    around = await city.seconds([SOUTH_EAST], SOUTH_WEST, Vehicle.CAR)
    assert along == pytest.approx([seconds_at(24, SIDE_M)], rel=1e-3)
    assert around == pytest.approx([seconds_at(32, 3 * SIDE_M)], rel=1e-3)
    only = a_city(tmp_path, ("residential", True, [0, 1]))
    assert await only.seconds([SOUTH_EAST], SOUTH_WEST, Vehicle.BICYCLE) == pytest.approx([seconds_at(4, SIDE_M)])


async def test_of_two_streets_between_two_corners_the_quicker_is_taken(tmp_path: Path) -> None:
    city = a_city(tmp_path, ("service", False, [0, 1]), ("primary", False, [0, 1]), ("footway", False, [0, 1]))
    ride = await city.seconds([SOUTH_WEST], SOUTH_EAST, Vehicle.CAR)
    assert ride == pytest.approx([seconds_at(32, SIDE_M)], rel=1e-4)


async def test_the_last_metres_are_walked(tmp_path: Path) -> None:
    city = a_city(tmp_path, ("residential", False, [0, 1]))
    beside = Position(latitude=-0.001, longitude=0)
    ride = await city.seconds([beside], SOUTH_EAST, Vehicle.CAR)
    expected = seconds_at(WALKING_KMH, distance_m(beside, SOUTH_WEST)) + seconds_at(24, SIDE_M)
    assert ride == pytest.approx([expected], rel=1e-4)


@pytest.mark.parametrize("vehicle", Vehicle)
async def test_off_the_map_a_ride_is_guessed_from_the_distance(helsinki: StreetTravelTimes, vehicle: Vehicle) -> None:
    station = Position(latitude=60.1711, longitude=24.9414)
    guess = pytest.approx([seconds_at(GUESSED_KMH[vehicle], distance_m(station, STOCKHOLM) * DETOUR)], rel=1e-6)
    assert await helsinki.seconds([station], STOCKHOLM, vehicle) == guess
    assert await helsinki.seconds([STOCKHOLM], station, vehicle) == guess


async def test_streets_that_do_not_hang_together_are_off_the_map(tmp_path: Path) -> None:
    city = a_city(tmp_path, ("residential", False, [0, 1, 2]), ("residential", False, [4, 5]))
    ride = await city.seconds([FAR_NORTH], SOUTH_WEST, Vehicle.CAR)
    assert ride == pytest.approx([seconds_at(24, distance_m(FAR_NORTH, SOUTH_WEST) * DETOUR)], rel=1e-6)


async def test_a_vehicle_without_any_street_is_guessed_as_is_a_city_without_a_map(tmp_path: Path) -> None:
    paths_only = a_city(tmp_path, ("footway", False, [0, 1]))
    guess = pytest.approx([seconds_at(24, SIDE_M * DETOUR)], rel=1e-6)
    assert await paths_only.seconds([SOUTH_WEST], SOUTH_EAST, Vehicle.CAR) == guess
    assert await paths_only.seconds([SOUTH_WEST], SOUTH_EAST, Vehicle.BICYCLE) != guess
    nowhere = StreetTravelTimes(tmp_path / "absent.json")
    assert await nowhere.seconds([SOUTH_WEST], SOUTH_EAST, Vehicle.CAR) == guess
    (tmp_path / "broken.json").write_text('{"nodes": [[0, 0]], "ways": [{"kind": "x", "oneway": false, "nodes": [7]}]}')
    assert await StreetTravelTimes(tmp_path / "broken.json").seconds([SOUTH_WEST], SOUTH_EAST, Vehicle.CAR) == guess


async def test_no_origins_are_no_rides(helsinki: StreetTravelTimes) -> None:
    assert await helsinki.seconds([], SOUTH_WEST, Vehicle.CAR) == []


async def test_others_go_on_while_the_map_is_loaded_once_for_all_who_ask() -> None:
    times = StreetTravelTimes(HELSINKI)
    station = Position(latitude=60.1711, longitude=24.9414)
    asked = [asyncio.create_task(times.seconds([station], station, vehicle)) for vehicle in Vehicle]
    await asyncio.sleep(0)
    turns = 0
    while not all(task.done() for task in asked):
        turns += 1
        await asyncio.sleep(0)
    assert turns > 20
    assert [await task for task in asked] == [[0.0]] * len(Vehicle)


def test_no_more_destinations_are_remembered_than_a_fixed_number() -> None:
    rides = Rides(GRAPHS[Vehicle.CAR])
    for corner in range(REMEMBERED + 10):
        rides.remember(corner, corner)
        rides.recall(0)
    assert len(rides.known) == REMEMBERED
    assert rides.recall(0) == 0
    assert rides.recall(1) is None
