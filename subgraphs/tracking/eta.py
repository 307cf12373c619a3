"""When the food will be picked up and delivered, and between which times most likely. Pure; the formula stands here.

    ready    = when the kitchen was ready, or says that it will be;
               until it has said: placed + ANSWER, but not before now, + what it usually takes, else COOKING
    there    = arrived already: now · on the way: now + first mile · nobody yet: now + SEARCH + FIRST_MILE
    pickup   = max(ready, there) + HANDOVER              the wait is what `there` comes before `ready`
    delivery = pickup + last mile + DOOR;                once picked up: now + the rest of the way + DOOR

Rides are seconds along the streets. Each step that lies ahead has a spread (a standard deviation); they are added as
squares, as if they were independent, and nine of ten deliveries are promised between `earliest` and `latest`, which is
1.645 spreads to either side of a normal distribution. The constants are first guesses, to be measured against what
happened.

With nothing new but the time, no estimate ever goes back; a kitchen that promises later and a longer ride never make it
earlier. Times are rounded up to whole minutes, so that small changes of pace change nothing that is told.
"""

from datetime import UTC, datetime, timedelta
from enum import Enum
from math import ceil, hypot

from kernel.messages import Value

ANSWER = timedelta(minutes=3)
COOKING = timedelta(minutes=20)
SEARCH = timedelta(minutes=2)
FIRST_MILE = timedelta(minutes=6)
HANDOVER = timedelta(minutes=1, seconds=30)
DOOR = timedelta(minutes=1, seconds=30)
NINE_IN_TEN = 1.645
ROUNDING = timedelta(minutes=1)

UNSAID_SPREAD_S = 360.0
"""Of a kitchen that has not said when it will be ready."""
KITCHEN_SPREAD = 0.25
"""Of the time that is left until the kitchen wants to be ready, at least LEAST_SPREAD_S."""
SEARCH_SPREAD_S = 240.0
RIDE_SPREAD = 0.2
"""Of the ride's seconds."""
LEAST_SPREAD_S = 45.0
DOOR_SPREAD_S = 45.0


class Phase(Enum):
    """Where a delivery stands, as its customer sees it."""

    LOOKING_FOR_COURIER = "LOOKING_FOR_COURIER"
    TO_RESTAURANT = "TO_RESTAURANT"
    AT_RESTAURANT = "AT_RESTAURANT"
    TO_CUSTOMER = "TO_CUSTOMER"
    AT_DOOR = "AT_DOOR"
    ENDED = "ENDED"


WITH_FOOD = frozenset({Phase.TO_CUSTOMER, Phase.AT_DOOR})


class Standing(Value):
    """What is known of a delivery that has not ended."""

    phase: Phase
    placed_at: datetime
    usual_prep_minutes: int | None = None
    """What the restaurant usually takes to prepare an order."""
    ready_by: datetime | None = None
    """When the kitchen wants to be ready."""
    ready_at: datetime | None = None
    """When it was."""
    pickup_expected_at: datetime | None = None
    """When the courier was expected at the restaurant, as the delivery was assigned."""
    picked_up_at: datetime | None = None
    ride_seconds: float | None = None
    """From where the courier is to where the courier goes next; None where that is not known."""
    last_mile_seconds: float
    """From the restaurant to the door."""


class Estimate(Value):
    """Times of a delivery: `earliest` ≤ `delivery_at` ≤ `latest`, and no pickup after its delivery."""

    pickup_at: datetime
    delivery_at: datetime
    earliest: datetime
    latest: datetime


class _Step(Value):
    """When something will be done, and how far off that may be."""

    at: datetime
    spread_s: float


def estimated(standing: Standing, now: datetime) -> Estimate:
    """The estimate at that moment; nothing that lies ahead is told to be over."""
    if standing.phase in WITH_FOOD:
        pickup_at = standing.picked_up_at or now
        delivery = _rest_of_the_way(standing, now)
    else:
        pickup = _pickup(standing, now)
        pickup_at = _told(pickup.at)
        ride_s = standing.last_mile_seconds
        spread_s = hypot(pickup.spread_s, RIDE_SPREAD * ride_s, DOOR_SPREAD_S)
        delivery = _Step(at=pickup.at + timedelta(seconds=ride_s) + DOOR, spread_s=spread_s)
    band = timedelta(seconds=NINE_IN_TEN * delivery.spread_s)
    return Estimate(
        pickup_at=pickup_at,
        delivery_at=_told(delivery.at),
        earliest=_told(max(delivery.at - band, now)),
        latest=_told(delivery.at + band),
    )


def _pickup(standing: Standing, now: datetime) -> _Step:
    ready, there = _ready(standing, now), _there(standing, now)
    return _Step(at=max(ready.at, there.at) + HANDOVER, spread_s=hypot(ready.spread_s, there.spread_s))


def _ready(standing: Standing, now: datetime) -> _Step:
    if standing.ready_at is not None:
        return _Step(at=standing.ready_at, spread_s=0.0)
    if standing.ready_by is None:
        usual = standing.usual_prep_minutes
        cooking = COOKING if usual is None else timedelta(minutes=usual)
        return _Step(at=max(standing.placed_at + ANSWER, now) + cooking, spread_s=UNSAID_SPREAD_S)
    left_s = (standing.ready_by - now).total_seconds()
    return _Step(at=standing.ready_by, spread_s=max(KITCHEN_SPREAD * left_s, LEAST_SPREAD_S))


def _there(standing: Standing, now: datetime) -> _Step:
    if standing.phase is Phase.AT_RESTAURANT:
        return _Step(at=now, spread_s=0.0)
    if standing.phase is Phase.LOOKING_FOR_COURIER:
        return _Step(at=now + SEARCH + FIRST_MILE, spread_s=SEARCH_SPREAD_S)
    if standing.ride_seconds is None:
        expected = standing.pickup_expected_at or now + FIRST_MILE
        return _Step(at=max(expected, now), spread_s=RIDE_SPREAD * FIRST_MILE.total_seconds() + LEAST_SPREAD_S)
    ride_s = standing.ride_seconds
    return _Step(at=now + timedelta(seconds=ride_s), spread_s=max(RIDE_SPREAD * ride_s, LEAST_SPREAD_S))


def _rest_of_the_way(standing: Standing, now: datetime) -> _Step:
    if standing.phase is Phase.AT_DOOR:
        return _Step(at=now + DOOR, spread_s=DOOR_SPREAD_S)
    if standing.ride_seconds is None:
        ride_s = standing.last_mile_seconds
        at = max((standing.picked_up_at or now) + timedelta(seconds=ride_s), now)
    else:
        ride_s = standing.ride_seconds
        at = now + timedelta(seconds=ride_s)
    return _Step(at=at + DOOR, spread_s=hypot(RIDE_SPREAD * ride_s, DOOR_SPREAD_S))


def _told(at: datetime) -> datetime:
    """Rounded up to the next whole minute."""
    seconds = at.timestamp()
    step_s = ROUNDING.total_seconds()
    return datetime.fromtimestamp(ceil(seconds / step_s) * step_s, UTC)
