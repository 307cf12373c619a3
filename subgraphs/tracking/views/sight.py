"""Who is shown what of a trip, and how exactly. Pure; every resolver asks here.

| Viewer | courier on the way to or at the restaurant | with the food, up to the door | before and after |
|---|---|---|---|
| the order's customer | to a cell of 500 m | exactly | nothing |
| the courier on it, support, dispatcher | exactly | exactly | nothing |
| everybody else | nothing | nothing | nothing |

A customer is shown no point from before the courier took the delivery, and none from before the pickup exactly: a
courier whose phone falls silent at home is not found there.
"""

from datetime import datetime, timedelta

from msgspec.structs import replace

from kernel.messages import Value
from kernel.ownership import Action, Viewer, may
from kernel.places import Position
from subgraphs.tracking.eta import Estimate, Phase
from subgraphs.tracking.positions import COARSE_ACCURACY_M, coarsened
from subgraphs.tracking.views.couriers import CourierPositionRow
from subgraphs.tracking.views.trips import COURIER, CUSTOMER, TripRow

STAFF_ROLES = frozenset({"support", "dispatcher"})
SEE_TRIP = Action(name="see trip", relations=frozenset({CUSTOMER, COURIER}), roles=STAFF_ROLES)
SEE_EXACTLY = Action(name="see courier exactly", relations=frozenset({COURIER}), roles=STAFF_ROLES)
REPORT = Action(name="report positions", roles=frozenset({"courier"}))
SILENCE = timedelta(seconds=60)


class Seen(Value):
    """A courier's position as one viewer is shown it."""

    position: Position
    accuracy_m: float
    recorded_at: datetime
    coarse: bool


class Sight(Value):
    """A trip as one viewer sees it at a moment."""

    at: datetime
    order_id: str
    phase: Phase
    seen: Seen | None
    signal_lost: bool
    estimate: Estimate | None

    def shows_the_same(self, other: "Sight") -> bool:
        """Whether nothing but the moment differs."""
        return replace(self, at=other.at) == other


def may_see(viewer: Viewer, trip: TripRow) -> bool:
    """Whether `viewer` may know anything of the trip."""
    return may(viewer, SEE_TRIP, trip.parties(viewer))


def seen(viewer: Viewer, trip: TripRow, point: CourierPositionRow | None) -> Seen | None:
    """Where `viewer` is shown the courier, whose latest point that is."""
    if point is None or not trip.under_way or not may_see(viewer, trip):
        return None
    if may(viewer, SEE_EXACTLY, trip.parties(viewer)):
        return _exactly(point)
    if not of_this_assignment(trip, point):
        return None
    fetched = trip.with_food and trip.picked_up_at is not None and point.recorded_at >= trip.picked_up_at
    return _exactly(point) if fetched else _coarsely(point)


def of_this_assignment(trip: TripRow, point: CourierPositionRow) -> bool:
    """Whether the courier was on this trip already when the point was recorded."""
    return trip.assigned_at is not None and point.recorded_at >= trip.assigned_at


def signal_lost(trip: TripRow, point: CourierPositionRow | None, now: datetime) -> bool:
    """Whether a courier is on the way of whom nothing has been heard for 60 s."""
    if not trip.under_way or trip.assigned_at is None:
        return False
    heard_at = trip.assigned_at if point is None else max(trip.assigned_at, point.recorded_at)
    return now - heard_at > SILENCE


def _exactly(point: CourierPositionRow) -> Seen:
    return Seen(position=point.position, accuracy_m=point.accuracy_m, recorded_at=point.recorded_at, coarse=False)


def _coarsely(point: CourierPositionRow) -> Seen:
    accuracy_m = max(point.accuracy_m, COARSE_ACCURACY_M)
    return Seen(position=coarsened(point.position), accuracy_m=accuracy_m, recorded_at=point.recorded_at, coarse=True)
