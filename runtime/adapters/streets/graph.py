"""The streets of a city as a graph per vehicle; loaded only where rides are asked for, since it brings numpy along."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
from msgspec import Struct
from numpy.typing import NDArray
from scipy.sparse import csr_array
from scipy.sparse.csgraph import connected_components, dijkstra
from scipy.spatial import cKDTree

from kernel.places import EARTH_RADIUS_M, Position, Vehicle
from runtime.adapters.streets.speeds import speeds_kmh

Floats = NDArray[np.float64]
KMH_PER_MS = 3.6
SHORTEST_S = 0.001
"""Corners that the map puts on top of one another are this far apart: a ride of no length is no edge to scipy."""


class StreetsUnknown(Exception):
    """There is no map to ride by; the text says why."""


class Street(Struct, frozen=True):
    """A run of corners by their index; `kind` is OpenStreetMap's highway class."""

    kind: str
    oneway: bool
    nodes: tuple[int, ...]


class StreetMap(Struct, frozen=True):
    """What we read of a city file."""

    nodes: tuple[tuple[float, float], ...]
    ways: tuple[Street, ...]


def read_streets(file: Path) -> StreetMap:
    """Raises StreetsUnknown."""
    try:
        streets = msgspec.json.decode(file.read_bytes(), type=StreetMap)
    except (OSError, msgspec.DecodeError) as error:
        raise StreetsUnknown(f"{file} cannot be read: {error}") from error
    if any(not 0 <= node < len(streets.nodes) for street in streets.ways for node in street.nodes):
        raise StreetsUnknown(f"{file} has a street through a corner that it does not have")
    return streets


def coordinates(positions: Sequence[Position]) -> Floats:
    """One row of latitude and longitude for each."""
    return np.array([(each.latitude, each.longitude) for each in positions], dtype=np.float64).reshape(-1, 2)


def distances_m(a: Floats, b: Floats) -> Floats:
    """As kernel.places.distance_m, row by row."""
    south, north = np.radians(a[:, 0]), np.radians(b[:, 0])
    across = np.radians(b[:, 1] - a[:, 1])
    half_chord = np.sin((north - south) / 2) ** 2 + np.cos(south) * np.cos(north) * np.sin(across / 2) ** 2
    return 2 * EARTH_RADIUS_M * np.arcsin(np.minimum(1.0, np.sqrt(half_chord)))


class StreetGraph:
    """Where one vehicle can go and come back from: of all its streets, the greatest part that hangs together."""

    def __init__(self, streets: StreetMap, vehicle: Vehicle) -> None:
        corners = np.array(streets.nodes, dtype=np.float64).reshape(-1, 2)
        starts, ends, speeds = _rides(streets, vehicle)
        lasting = np.maximum(distances_m(corners[starts], corners[ends]) / speeds * KMH_PER_MS, SHORTEST_S)
        whole = _quickest(starts, ends, lasting, len(corners))
        kept = _greatest_part(whole)
        if len(kept) == 0:
            raise StreetsUnknown(f"there is no street for a {vehicle.value}")
        self.corners: Floats = corners[kept]
        self._backwards: Any = csr_array(whole[kept][:, kept].T)
        # Metres to the east and north are a plane near enough to tell which corner is the nearest.
        self._middle = self.corners.mean(axis=0)
        self._tree: Any = cKDTree(self._plane(self.corners))

    def snap(self, places: Floats) -> tuple[NDArray[np.intp], Floats]:
        """For each place the nearest corner, and how many metres it is away."""
        _, nearest = self._tree.query(self._plane(places))
        return nearest, distances_m(places, self.corners[nearest])

    def seconds_to(self, corner: int) -> NDArray[np.float32]:
        """The quickest ride from each corner to this one."""
        return dijkstra(self._backwards, indices=[corner])[0].astype(np.float32)

    def _plane(self, places: Floats) -> Floats:
        metre = np.pi / 180 * EARTH_RADIUS_M
        return (places - self._middle) * np.array([metre, metre * np.cos(np.radians(self._middle[0]))])


def _rides(streets: StreetMap, vehicle: Vehicle) -> tuple[NDArray[np.intp], NDArray[np.intp], Floats]:
    """From corner, to corner and km/h of every stretch that the vehicle can take."""
    found: list[tuple[int, int, float]] = []
    for street in streets.ways:
        along, against = speeds_kmh(street.kind, street.oneway, vehicle)
        for here, there in zip(street.nodes, street.nodes[1:], strict=False):
            if along is not None:
                found.append((here, there, along))
            if against is not None:
                found.append((there, here, against))
    table = np.array(found, dtype=np.float64).reshape(-1, 3)
    return table[:, 0].astype(np.intp), table[:, 1].astype(np.intp), table[:, 2]


def _quickest(starts: NDArray[np.intp], ends: NDArray[np.intp], seconds: Floats, corners: int) -> Any:
    """The graph as a matrix; of several rides between two corners only the quickest, since a matrix would add them."""
    order = np.lexsort((seconds, ends, starts))
    starts, ends, seconds = starts[order], ends[order], seconds[order]
    first = np.ones(len(order), dtype=bool)
    first[1:] = (starts[1:] != starts[:-1]) | (ends[1:] != ends[:-1])
    return csr_array((seconds[first], (starts[first], ends[first])), shape=(corners, corners))


def _greatest_part(graph: Any) -> NDArray[np.intp]:
    """The corners of the greatest part in which each can be reached from each."""
    if graph.shape[0] == 0 or graph.nnz == 0:
        return np.array([], dtype=np.intp)
    _, parts = connected_components(graph, directed=True, connection="strong")
    return np.flatnonzero(parts == np.bincount(parts).argmax())
