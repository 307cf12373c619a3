"""Ways through the city: the quickest along its streets, and where on it somebody is."""

from bisect import bisect_left
from collections.abc import Iterable, Mapping, Sequence
from heapq import heappop, heappush
from itertools import accumulate, pairwise
from math import cos, dist, hypot, radians
from typing import NamedTuple

from msgspec import Struct

from simulator.city import City, Way
from simulator.lots import Lots

METRES_PER_DEGREE = 111_195.0
STREETS = ("primary", "primary_link", "secondary", "tertiary", "tertiary_link", "residential", "unclassified")
QUIET = ("service", "cycleway", "path", "trail")
ON_FOOT = ("footway", "pedestrian", "crossing")
WALKING_M_S = 1.4


class Pace(Struct, frozen=True):
    """How fast somebody gets on, in m/s by the kind of way, stops included; other kinds are not used at all."""

    on: Mapping[str, float]
    against: float | None
    """Along a one-way street in the wrong direction: pushing, or not at all."""


PACES: Mapping[str, Pace] = {
    "BICYCLE": Pace({**dict.fromkeys((*STREETS, *QUIET), 4.4), **dict.fromkeys(ON_FOOT, 1.8)}, WALKING_M_S),
    "SCOOTER": Pace(
        {**dict.fromkeys(STREETS, 6.5), "service": 4.0, **dict.fromkeys(ON_FOOT, WALKING_M_S)}, WALKING_M_S
    ),
    "CAR": Pace({**dict.fromkeys(STREETS, 6.0), "service": 3.5}, None),
}
ENOUGH = 0.5
Links = dict[int, list[tuple[int, float]]]


class Spot(NamedTuple):
    latitude: float
    longitude: float


class Plane:
    """The city laid flat, in metres: within its bounds that errs by less than a thousandth."""

    def __init__(self, middle: Spot) -> None:
        self._east_m = METRES_PER_DEGREE * cos(radians(middle.latitude))

    def point(self, spot: Spot) -> tuple[float, float]:
        return spot.latitude * METRES_PER_DEGREE, spot.longitude * self._east_m


class Route:
    """A line through the city that somebody moves along."""

    def __init__(self, spots: Sequence[Spot], seconds: Sequence[float]) -> None:
        """At least one spot; `seconds` are those from each spot to the next."""
        self.spots = spots
        self.lasting = seconds
        self._marks = list(accumulate(seconds, initial=0.0))

    @classmethod
    def standing(cls, spot: Spot) -> "Route":
        return cls([spot], [])

    @classmethod
    def walked(cls, start: Spot, end: Spot) -> "Route":
        return cls([start, end], [between_m(start, end) / WALKING_M_S])

    @property
    def seconds(self) -> float:
        return self._marks[-1]

    @property
    def end(self) -> Spot:
        return self.spots[-1]

    def at(self, seconds: float) -> Spot:
        """Where one is after so many seconds: the first spot before the beginning, the last one ever after."""
        if seconds <= 0:
            return self.spots[0]
        if seconds >= self.seconds:
            return self.end
        after = bisect_left(self._marks, seconds)
        here, there = self.spots[after - 1], self.spots[after]
        share = (seconds - self._marks[after - 1]) / (self._marks[after] - self._marks[after - 1])
        return Spot(
            here.latitude + (there.latitude - here.latitude) * share,
            here.longitude + (there.longitude - here.longitude) * share,
        )


class Network:
    """The ways that one kind of traveller uses, as far as every corner can be reached from every other."""

    def __init__(self, spots: Sequence[Spot], ways: Iterable[Way], pace: Pace) -> None:
        self._spots = spots
        self._plane = Plane(spots[0])
        self._points = [self._plane.point(spot) for spot in spots]
        self._links: Links = {}
        back: Links = {}
        self._fastest = max(pace.on.values())
        for way in ways:
            along = pace.on.get(way.kind)
            against = pace.against if way.oneway else along
            for here, there in pairwise(way.nodes):
                _link(self._links, back, (here, there), self._seconds(here, there, along))
                _link(self._links, back, (there, here), self._seconds(here, there, against))
        self.corners = sorted(_core(self._links, back))

    def nearest(self, spot: Spot) -> int:
        here = self._plane.point(spot)
        return min(self.corners, key=lambda corner: dist(self._points[corner], here))

    def route(self, start: int, end: int) -> Route:
        """The quickest, by A*; both must be of `corners`."""
        goal, came_from, best = self._points[end], {start: start}, {start: 0.0}
        waiting = [(0.0, start)]
        done = set[int]()
        while waiting:
            here = heappop(waiting)[1]
            if here == end:
                path = _back_from(end, came_from)
                return Route(
                    [self._spots[corner] for corner in path],
                    [best[there] - best[here] for here, there in pairwise(path)],
                )
            if here in done:
                continue
            done.add(here)
            for there, lasting in self._links[here]:
                seconds = best[here] + lasting
                if seconds < best.get(there, float("inf")):
                    best[there], came_from[there] = seconds, here
                    heappush(waiting, (seconds + dist(self._points[there], goal) / self._fastest, there))
        raise ValueError(f"no way from corner {start} to corner {end}")

    def _seconds(self, here: int, there: int, speed_m_s: float | None) -> float | None:
        return dist(self._points[here], self._points[there]) / speed_m_s if speed_m_s else None


class Streets:
    """The streets of a city, for bicycles, scooters and cars."""

    def __init__(self, city: City) -> None:
        self.spots = [Spot(node.latitude, node.longitude) for node in city.nodes]
        self._networks = {vehicle: Network(self.spots, city.ways, pace) for vehicle, pace in PACES.items()}

    def route(self, start: Spot, end: Spot, vehicle: str) -> Route:
        """From door to door: on foot to the nearest corner, along the streets, and on foot from the last corner."""
        network = self._networks[vehicle]
        ride = network.route(network.nearest(start), network.nearest(end))
        walks = (between_m(start, ride.spots[0]) / WALKING_M_S, between_m(ride.end, end) / WALKING_M_S)
        return Route([start, *ride.spots, end], [walks[0], *ride.lasting, walks[1]])

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


def _link(links: Links, back: Links, ends: tuple[int, int], seconds: float | None) -> None:
    """None is no link."""
    if seconds is None:
        return
    here, there = ends
    links.setdefault(here, []).append((there, seconds))
    links.setdefault(there, [])
    back.setdefault(there, []).append((here, seconds))
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
