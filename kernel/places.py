"""Places: positions on the earth, how far apart they are, and how long a ride between them takes."""

from collections.abc import Sequence
from enum import Enum
from math import asin, cos, radians, sin, sqrt
from typing import Protocol

from kernel.messages import Value

EARTH_RADIUS_M = 6_371_008.8
"""The mean radius of the earth (IUGG)."""


class Position(Value):
    """A place on the earth, in degrees of WGS 84."""

    latitude: float
    longitude: float


class Vehicle(Enum):
    BICYCLE = "BICYCLE"
    SCOOTER = "SCOOTER"
    CAR = "CAR"


def distance_m(a: Position, b: Position) -> float:
    """Great-circle distance in metres (haversine)."""
    south, north = radians(a.latitude), radians(b.latitude)
    half_chord = (
        sin((north - south) / 2) ** 2 + cos(south) * cos(north) * sin(radians(b.longitude - a.longitude) / 2) ** 2
    )
    return 2 * EARTH_RADIUS_M * asin(min(1.0, sqrt(half_chord)))


class TravelTimes(Protocol):
    """How long rides along the streets take."""

    async def seconds(self, origins: Sequence[Position], destination: Position, vehicle: Vehicle) -> Sequence[float]:
        """The ride from each of `origins` to `destination`, in their order.

        Never raises: where no street leads, or off the map, the ride is guessed from the distance as the crow flies.
        """
        ...
