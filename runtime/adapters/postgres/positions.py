"""The couriers' latest points in Postgres: tracking's read model, written whole batches at a time."""

from collections.abc import Sequence
from datetime import datetime
from math import cos, degrees, radians

import msgspec

from kernel.places import EARTH_RADIUS_M, Position, distance_m
from kernel.ports import Signals
from runtime.adapters.postgres.pool import Database
from runtime.adapters.postgres.shapes import TableSql
from runtime.adapters.postgres.views import PostgresViews
from subgraphs.tracking.positions import Point
from subgraphs.tracking.views.couriers import COURIER_POSITIONS, CourierPositionRow, courier_positions

DOMAIN = "tracking"
_TABLE = TableSql(DOMAIN, COURIER_POSITIONS.name, COURIER_POSITIONS.row, COURIER_POSITIONS.key)
_SAVE = f"{_TABLE.upsert} where excluded.recorded_at > {COURIER_POSITIONS.name}.recorded_at"
_NEAR = """
    select * from courier_position
    where received_at >= $1 and abs(latitude - $2::float8) <= $4::float8
      and least(abs(longitude - $3::float8), 360 - abs(longitude - $3::float8)) <= $5::float8
"""


class PostgresCourierPositions:
    """As `subgraphs.tracking.positions.PositionTable`, and what is asked of the table while the index is away."""

    def __init__(self, database: Database, signals: Signals) -> None:
        """`database` as tracking's own role."""
        self._database, self._signals = database, signals
        self._views = PostgresViews(DOMAIN, database)

    async def save(self, points: Sequence[Point], wake: Sequence[str]) -> None:
        """As the port says."""
        # In one order everywhere: batches that share couriers wait for one another instead of locking each other out.
        ordered = sorted(points, key=lambda point: point.courier_id)
        await self._database.fetch(_SAVE, msgspec.json.encode(ordered).decode())
        if wake:
            await self._signals.publish(wake)

    async def last(self, courier_id: str) -> Point | None:
        """The courier's row. Raises Outage."""
        row = (await courier_positions(self._views, [courier_id])).get(courier_id)
        return None if row is None else _point(row)

    async def near(self, around: Position, radius_m: float, since: datetime, limit: int) -> Sequence[Point]:
        """As `runtime.adapters.couriers.Vicinity` says."""
        height, width = _box(around, radius_m)
        rows = await self._views.fetch(
            CourierPositionRow, _NEAR, since, around.latitude, around.longitude, height, width
        )
        apart = sorted(
            ((distance_m(around, row.position), row.courier_id, row) for row in rows), key=lambda each: each[:2]
        )
        return [_point(row) for metres, _, row in apart if metres <= radius_m][:limit]


def _point(row: CourierPositionRow) -> Point:
    return Point(**msgspec.structs.asdict(row))


def _box(around: Position, radius_m: float) -> tuple[float, float]:
    """Half the height and width, in degrees, of a box that holds the circle."""
    height = degrees(radius_m / EARTH_RADIUS_M)
    nearest_to_a_pole = min(abs(around.latitude) + height, 90.0)
    narrowing = cos(radians(nearest_to_a_pole))
    return height, 180.0 if narrowing * 180 <= height else height / narrowing
