"""Ways through the city: the shortest along its streets, and where on it somebody is."""

from bisect import bisect_left
from collections.abc import Iterable, Mapping, Sequence
from heapq import heappop, heappush
from itertools import pairwise
from math import cos, hypot, radians
from typing import NamedTuple

from simulator.city import City, Way
from simulator.lots import Lots

METRES_PER_DEGREE = 111_195.0
CAR_ROADS = frozenset(
    {
        "primary",
        "primary_link",
        "residential",
        "secondary",
        "service",
        "tertiary",
        "tertiary_link",
        "unclassified",
    }
)
INDOORS = frozenset({"corridor"})
SPEEDS_M_S: Mapping[str, float] = {"BICYCLE": 4.5, "SCOOTER": 6.5, "CAR": 7.0}
"""Stops at lights included."""

ENOUGH = 0.5
Links = Mapping[int, Sequence[tuple[int, float]]]


class Spot(NamedTuple):
    latitude: float
    longitude: float


class Route:
    """A line through the city that somebody moves along."""

    def __init__(self, spots: Sequence[Spot]) -> None:
        """At least one spot; a route of one leads nowhere."""
        self.spots = spots
        self._marks = [0.0]
        for here, there in pairwise(spots):
            self._marks.append(self._marks[-1] + between_m(here, there))

    @property
    def length_m(self) -> float:
        return self._marks[-1]

    @property
    def end(self) -> Spot:
        return self.spots[-1]

    def at(self, metres: float) -> Spot:
        """Where one is after so many metres; the end, if that is farther than it."""
        if metres <= 0:
            return self.spots[0]
        if metres >= self.length_m:
            return self.end
        after = bisect_left(self._marks, metres)
        here, there = self.spots[after - 1], self.spots[after]
        share = (metres - self._marks[after - 1]) / (self._marks[after] - self._marks[after - 1])
        return Spot(
            here.latitude + (there.latitude - here.latitude) * share,
            here.longitude + (there.longitude - here.longitude) * share,
        )


class Network:
    """The streets that one kind of traveller may use, as far as every corner can be reached from every other."""

    def __init__(self, spots: Sequence[Spot], ways: Iterable[Way], *, keeps_to_oneways: bool) -> None:
        links = dict[int, list[tuple[int, float]]]()
        back = dict[int, list[tuple[int, float]]]()
        for way in ways:
            for here, there in pairwise(way.nodes):
                length_m = between_m(spots[here], spots[there])
                _link(links, back, (here, there), length_m)
                if not (way.oneway and keeps_to_oneways):
                    _link(links, back, (there, here), length_m)
        self._spots = spots
        self._links = links
        self.corners = sorted(_core(links, back))

    def nearest(self, spot: Spot) -> int:
        return min(self.corners, key=lambda corner: between_m(self._spots[corner], spot))

    def path(self, start: int, end: int) -> list[int]:
        """The shortest, by A*: every corner on the way, both ends included. Both must be of `corners`."""
        goal, came_from, best = self._spots[end], {start: start}, {start: 0.0}
        waiting = [(between_m(self._spots[start], goal), start)]
        done = set[int]()
        while waiting:
            here = heappop(waiting)[1]
            if here == end:
                return _back_from(end, came_from)
            if here in done:
                continue
            done.add(here)
            for there, length_m in self._links[here]:
                metres = best[here] + length_m
                if metres < best.get(there, float("inf")):
                    best[there], came_from[there] = metres, here
                    heappush(waiting, (metres + between_m(self._spots[there], goal), there))
        raise ValueError(f"no way from corner {start} to corner {end}")


class Streets:
    """The streets of a city, for bicycles, scooters and cars."""

    def __init__(self, city: City) -> None:
        self.spots = [Spot(node.latitude, node.longitude) for node in city.nodes]
        ways = [way for way in city.ways if way.kind not in INDOORS]
        by_car = [way for way in ways if way.kind in CAR_ROADS]
        on_two_wheels = Network(self.spots, ways, keeps_to_oneways=False)
        cars = Network(self.spots, by_car, keeps_to_oneways=True)
        self._networks = {"BICYCLE": on_two_wheels, "SCOOTER": on_two_wheels, "CAR": cars}

    def route(self, start: Spot, end: Spot, vehicle: str) -> Route:
        """From door to door: straight to the nearest corner, along the streets, and straight from the last corner."""
        network = self._networks[vehicle]
        corners = network.path(network.nearest(start), network.nearest(end))
        return Route([start, *(self.spots[corner] for corner in corners), end])

    def somewhere(self, lots: Lots, purpose: str) -> Spot:
        """A corner that everybody can reach, drawn."""
        return self.spots[lots.one(purpose, self._networks["CAR"].corners)]


def between_m(here: Spot, there: Spot) -> float:
    """Metres as the crow flies, on a plane: within a city it errs by less than a thousandth."""
    north = there.latitude - here.latitude
    east = (there.longitude - here.longitude) * cos(radians((here.latitude + there.latitude) / 2))
    return hypot(north, east) * METRES_PER_DEGREE


def shifted(spot: Spot, north_m: float, east_m: float) -> Spot:
    return Spot(
        spot.latitude + north_m / METRES_PER_DEGREE,
        spot.longitude + east_m / (METRES_PER_DEGREE * cos(radians(spot.latitude))),
    )


def _link(
    links: dict[int, list[tuple[int, float]]],
    back: dict[int, list[tuple[int, float]]],
    ends: tuple[int, int],
    length_m: float,
) -> None:
    here, there = ends
    links.setdefault(here, []).append((there, length_m))
    links.setdefault(there, [])
    back.setdefault(there, []).append((here, length_m))
    back.setdefault(here, [])


def _core(links: Links, back: Links) -> set[int]:
    """The corners of the largest part in which all can reach all; the first part that holds half of them will do."""
    core, seen = set[int](), set[int]()
    for corner in links:
        if corner in seen:
            continue
        part = _reached(links, corner) & _reached(back, corner)
        seen |= part
        core = max(core, part, key=len)
        if len(core) >= ENOUGH * len(links):
            break
    return core


def _reached(links: Links, start: int) -> set[int]:
    seen, waiting = {start}, [start]
    while waiting:
        for there, _ in links[waiting.pop()]:
            if there not in seen:
                seen.add(there)
                waiting.append(there)
    return seen


def _back_from(end: int, came_from: Mapping[int, int]) -> list[int]:
    path = [end]
    while came_from[path[-1]] != path[-1]:
        path.append(came_from[path[-1]])
    return path[::-1]
