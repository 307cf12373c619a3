"""The couriers' latest points: one row each, written by the intake and rebuilt by whatever comes next."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Annotated

from kernel.messages import Personal, Row
from kernel.places import Position
from kernel.ports import Views
from kernel.projecting import View


class CourierPositionRow(Row):
    """A courier's latest point; the fields are those of `positions.Point`."""

    courier_id: str
    latitude: Annotated[float, Personal(subject="courier_id")]
    longitude: Annotated[float, Personal(subject="courier_id")]
    accuracy_m: float
    sequence: int
    recorded_at: datetime
    received_at: datetime

    @property
    def position(self) -> Position:
        return Position(latitude=self.latitude, longitude=self.longitude)


COURIER_POSITIONS = View(
    name="courier_position", row=CourierPositionRow, key=("courier_id",), indexes=("(received_at)",)
)


async def courier_positions(views: Views, courier_ids: Sequence[str]) -> Mapping[str, CourierPositionRow]:
    """The latest points of these couriers, as far as there are any."""
    rows = await views.fetch(
        CourierPositionRow, "select * from courier_position where courier_id = any($1::text[])", [*courier_ids]
    )
    return {row.courier_id: row for row in rows}
