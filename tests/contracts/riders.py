"""Couriers who stand where a test puts them."""

from datetime import timedelta

from kernel.places import Position
from runtime.adapters.postgres.schemas import DomainSchema
from subgraphs.tracking.positions import Point
from subgraphs.tracking.views.couriers import COURIER_POSITIONS
from tests.contracts.shop import NOON

TRACKING = DomainSchema(name="tracking", views=(COURIER_POSITIONS,))
STATION = Position(latitude=60.1711, longitude=24.9414)
METRES_PER_DEGREE = 111_195


def north_of(place: Position, metres: float) -> Position:
    return Position(latitude=place.latitude + metres / METRES_PER_DEGREE, longitude=place.longitude)


def seen(courier: str, at: Position = STATION, second: float = 0, sequence: int = 1, late_s: float = 0) -> Point:
    """A point recorded so many seconds after noon, and received `late_s` after that."""
    recorded_at = NOON + timedelta(seconds=second)
    return Point(
        courier_id=f"courier_{courier}",
        latitude=at.latitude,
        longitude=at.longitude,
        accuracy_m=8.0,
        sequence=sequence,
        recorded_at=recorded_at,
        received_at=recorded_at + timedelta(seconds=late_s),
    )
