"""From what is known of a trip, and the streets, to an estimate."""

from datetime import datetime

from kernel.places import Position, TravelTimes, Vehicle
from subgraphs.tracking.eta import Estimate, Phase, Standing, estimated
from subgraphs.tracking.views.couriers import CourierPositionRow
from subgraphs.tracking.views.sight import of_this_assignment, signal_lost
from subgraphs.tracking.views.trips import TripRow


async def estimate(
    times: TravelTimes, trip: TripRow, point: CourierPositionRow | None, now: datetime
) -> Estimate | None:
    """When the trip's food will come; None once it has ended, or while orders has not told of it.

    `point` is the courier's latest. It counts while the signal is not lost.
    """
    if trip.phase is Phase.ENDED or trip.pickup is None or trip.dropoff is None or trip.placed_at is None:
        return None
    standing = Standing(
        phase=trip.phase,
        placed_at=trip.placed_at,
        usual_prep_minutes=trip.usual_prep_minutes,
        ready_by=trip.ready_by,
        ready_at=trip.ready_at,
        pickup_expected_at=trip.pickup_expected_at,
        picked_up_at=trip.picked_up_at,
        ride_seconds=await _to_next_stop_s(times, trip, point, now),
        last_mile_seconds=await _ride_s(times, trip, trip.pickup, trip.dropoff),
    )
    return estimated(standing, now)


async def _to_next_stop_s(
    times: TravelTimes, trip: TripRow, point: CourierPositionRow | None, now: datetime
) -> float | None:
    stop = {Phase.TO_RESTAURANT: trip.pickup, Phase.TO_CUSTOMER: trip.dropoff}.get(trip.phase)
    if stop is None or point is None or not of_this_assignment(trip, point) or signal_lost(trip, point, now):
        return None
    return await _ride_s(times, trip, point.position, stop)


async def _ride_s(times: TravelTimes, trip: TripRow, origin: Position, destination: Position) -> float:
    return (await times.seconds([origin], destination, trip.vehicle or Vehicle.BICYCLE))[0]
