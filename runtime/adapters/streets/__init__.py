"""Travel times along the streets of the city in CITY_FILE."""

import asyncio
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kernel.places import Position, Vehicle, distance_m
from runtime.adapters.streets.speeds import DETOUR, GUESSED_KMH, WALKING_KMH
from runtime.logs import logger

if TYPE_CHECKING:
    from runtime.adapters.streets.graph import StreetGraph

OFF_THE_MAP_M = 300.0
"""A place this far from every street is not on the map."""
REMEMBERED = 512
"""How many destinations' rides are kept, the last used; one takes 4 bytes for each corner of the city."""
KMH_PER_MS = 3.6
_logger = logger("streets")


@dataclass
class Rides:
    """The rides of one vehicle to the destinations that were asked for lately."""

    graph: "StreetGraph"
    known: "OrderedDict[int, Any]" = field(default_factory=OrderedDict[int, Any])

    def recall(self, corner: int) -> Any | None:
        if corner in self.known:
            self.known.move_to_end(corner)
        return self.known.get(corner)

    def remember(self, corner: int, seconds: Any) -> None:
        self.known[corner] = seconds
        while len(self.known) > REMEMBERED:
            self.known.popitem(last=False)


class StreetTravelTimes:
    """As kernel.places.TravelTimes, over the map that the first question loads.

    From a place to the nearest corner, and from there to the door, the courier walks; if the whole way is quicker on
    foot than around the block, it is walked.
    """

    def __init__(self, city_file: str | Path) -> None:
        self._city_file = Path(city_file)
        self._loading = asyncio.Lock()
        self._rides: Mapping[Vehicle, Rides] | None = None

    async def seconds(self, origins: Sequence[Position], destination: Position, vehicle: Vehicle) -> Sequence[float]:
        """As the port says."""
        rides = (self._rides or await self._loaded()).get(vehicle)
        if rides is None or not origins:
            return [guessed_s(origin, destination, vehicle) for origin in origins]
        return await _along_streets(rides, origins, destination, vehicle)

    async def _loaded(self) -> Mapping[Vehicle, Rides]:
        async with self._loading:
            if self._rides is None:
                self._rides = await asyncio.to_thread(_load, self._city_file)
        return self._rides


def guessed_s(origin: Position, destination: Position, vehicle: Vehicle) -> float:
    """A ride where no street is known."""
    return distance_m(origin, destination) * DETOUR / GUESSED_KMH[vehicle] * KMH_PER_MS


def _load(city_file: Path) -> Mapping[Vehicle, Rides]:
    from runtime.adapters.streets.graph import StreetGraph, StreetsUnknown, read_streets

    rides: dict[Vehicle, Rides] = {}
    try:
        streets = read_streets(city_file)
        for vehicle in Vehicle:
            rides[vehicle] = Rides(StreetGraph(streets, vehicle))
    except StreetsUnknown as error:
        _logger.exception("rides are guessed from the distance", reason=str(error))
    return rides


async def _along_streets(
    rides: Rides, origins: Sequence[Position], destination: Position, vehicle: Vehicle
) -> Sequence[float]:
    import numpy as np

    from runtime.adapters.streets.graph import coordinates, distances_m

    doors = coordinates([*origins, destination])
    corners, walks_m = rides.graph.snap(doors)
    corner = int(corners[-1])
    known = rides.recall(corner)
    if known is None:
        known = await asyncio.to_thread(rides.graph.seconds_to, corner)
        rides.remember(corner, known)
    apart_m = distances_m(doors[:-1], doors[-1:])
    ridden = known[corners[:-1]] + (walks_m[:-1] + walks_m[-1]) / WALKING_KMH * KMH_PER_MS
    walked = apart_m * DETOUR / WALKING_KMH * KMH_PER_MS
    guessed = apart_m * DETOUR / GUESSED_KMH[vehicle] * KMH_PER_MS
    mapped = np.maximum(walks_m[:-1], walks_m[-1]) <= OFF_THE_MAP_M
    return np.where(mapped, np.minimum(ridden, walked), guessed).tolist()
