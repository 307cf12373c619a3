"""The intake of positions: the newest of each courier is kept, arrivals are told, watchers are woken."""

from collections.abc import Iterable, Sequence
from datetime import datetime

from kernel.messages import Command
from kernel.places import Position, distance_m
from kernel.ports import Views
from kernel.subgraph import Intake
from subgraphs.tracking.commands import RecordReachingDoor, RecordReachingRestaurant, TripCommand
from subgraphs.tracking.eta import Phase
from subgraphs.tracking.events import trip_of
from subgraphs.tracking.positions import Point, PositionStream, PositionTable
from subgraphs.tracking.views.couriers import COURIER_POSITIONS
from subgraphs.tracking.views.trips import TripRow, trips_of_couriers

FENCE_M = 80.0


async def take(batch: Sequence[Point], table: PositionTable, views: Views, now: datetime) -> Sequence[Command]:
    """Keeps the newest point of each courier, wakes who watches them, and says who has arrived where.

    Taking a batch again changes nothing: an older point replaces no newer one, and a trip tells each arrival once. The
    platform's time does not matter: which points are too old to count was decided when they came in.
    """
    newest = {point.courier_id: point for point in sorted(batch, key=lambda each: each.recorded_at)}
    on_the_way = await trips_of_couriers(views, sorted(newest))
    await table.save(tuple(newest.values()), [trip_of(trip.order_id) for trip in on_the_way])
    return [command for trip in on_the_way for command in arrivals(trip, batch)]


def arrivals(trip: TripRow, batch: Iterable[Point]) -> Sequence[TripCommand]:
    """What the trip is to be told of its courier's points: any of them within the fence will do."""
    due = {
        Phase.TO_RESTAURANT: (RecordReachingRestaurant, trip.pickup),
        Phase.TO_CUSTOMER: (RecordReachingDoor, trip.dropoff),
    }
    kind, place = due.get(trip.phase, (None, None))
    since = trip.picked_up_at if trip.with_food else trip.assigned_at
    if kind is None or place is None or trip.courier_id is None or trip.delivery_id is None or since is None:
        return []
    mine = (point for point in batch if point.courier_id == trip.courier_id and point.recorded_at >= since)
    if not any(within_fence(point, place) for point in mine):
        return []
    return [
        kind(
            trip_id=trip_of(trip.order_id),
            order_id=trip.order_id,
            delivery_id=trip.delivery_id,
            courier_id=trip.courier_id,
            offer_id=trip.offer_id,
        )
    ]


def within_fence(point: Point, place: Position) -> bool:
    """Whether the courier is there. A point that may be off by more than the fence is wide proves nothing."""
    return point.accuracy_m <= FENCE_M and distance_m(point.position, place) <= FENCE_M


INTAKES = (Intake(name="tracking.positions", port=PositionStream, take=take, views=(COURIER_POSITIONS,)),)
