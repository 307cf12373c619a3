"""Where couriers are: points, the ports that carry and keep them, and how exactly they may be told."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from enum import Enum
from math import cos, floor, radians
from typing import Annotated, Protocol

from kernel.messages import Personal, Value
from kernel.places import Position


class Point(Value):
    """Where a courier was at a moment, as the courier's own device says."""

    courier_id: str
    latitude: Annotated[float, Personal(subject="courier_id")]
    longitude: Annotated[float, Personal(subject="courier_id")]
    accuracy_m: float
    """The radius around the position within which the courier is, most of the time."""
    sequence: int
    """Counted up by the device with each point."""
    recorded_at: datetime
    """Platform time by the device."""
    received_at: datetime
    """Platform time by us."""

    @property
    def position(self) -> Position:
        return Position(latitude=self.latitude, longitude=self.longitude)


class PositionTable(Protocol):
    """The read model of the couriers' latest points: one row each, `courier_position`."""

    async def save(self, points: Sequence[Point], wake: Sequence[str]) -> None:
        """Puts each point into its courier's row unless the row's is as new or newer (`recorded_at`), in one statement
        for all, and gives the signals `wake` afterwards. At most one point per courier.

        Raises `kernel.ports.Outage` when the database is away; nothing is written then.
        """
        ...


class PositionStream(PositionTable, Protocol):
    """The lossy stream of points, capped: who is too slow misses the oldest. Its table is kept by whoever takes them.

    `append` and `next` raise `kernel.ports.Outage` while the stream's engine is away.
    """

    async def last(self, courier_id: str) -> Point | None:
        """The courier's latest point: of the stream's own index, else of the read model. None when there is none."""
        ...

    async def append(self, courier_id: str, points: Sequence[Point]) -> None:
        """Adds points of one courier, the oldest first, and moves the courier in the index by which couriers are
        sought. At most a second; with an Outage some of them may have been added."""
        ...

    async def next(self) -> Sequence[Point]:
        """Waits, a few seconds at most, for points nobody has taken yet; each courier's come in the order appended.

        What was taken by a process that died may be lost, or come once more.
        """
        ...


class DropReason(Enum):
    """Why a point is of no use."""

    FUTURE = "FUTURE"
    STALE = "STALE"
    INACCURATE = "INACCURATE"
    REPEATED = "REPEATED"
    LATE = "LATE"
    IMPOSSIBLE = "IMPOSSIBLE"


class PositionTally(Protocol):
    """Counts what became of reported points, for metrics. Never blocks, never raises."""

    def count(self, accepted: int, dropped: Mapping[str, int]) -> None:
        """So many were accepted, so many dropped, by the name of the reason."""
        ...


GRID_M = 500.0
"""The edge of the cells to which positions are coarsened."""
COARSE_ACCURACY_M = 360.0
"""From the middle of a cell to its corners, and a little for rounding."""
_DEGREE_M = 111_195.0
"""One degree of latitude; of longitude at the equator."""


def coarsened(position: Position) -> Position:
    """The middle of the cell it lies in, so that neither a home nor the way to it can be told.

    The grid is fixed on the earth: asking again, and averaging over many answers, tells no more than the cell.
    """
    south_north = GRID_M / _DEGREE_M
    latitude = _middle(position.latitude, south_north, 90.0)
    west_east = south_north / max(cos(radians(latitude)), 0.01)
    longitude = _middle(position.longitude, west_east, 180.0)
    return Position(latitude=round(latitude, 5), longitude=round(longitude, 5))


def _middle(degrees: float, cell: float, most: float) -> float:
    """The middle of the cell, but not beyond the end of the earth."""
    return max(-most, min((floor(degrees / cell) + 0.5) * cell, most))
