"""Where a courier is, and what the phone says about it."""

from collections.abc import Sequence
from datetime import UTC, datetime

from msgspec import Struct
from msgspec.structs import replace

from simulator.living.clock import Clock
from simulator.living.deeds import Point
from simulator.lots import Lots
from simulator.streets import Route, Spot, Streets, between_m, shifted

COUNTED_FROM = datetime(2020, 1, 1, tzinfo=UTC)
"""Points are numbered by the platform's seconds since then: so numbers grow, whatever was forgotten."""

ODDITIES = ("IMPOSSIBLE", "INACCURATE", "REPEATED")
A_FEW_STEPS_M = 30.0
FAR_M = 4000.0
INACCURATE_M = 450.0


class Move(Struct, frozen=True):
    """A ride along a route, begun at that moment."""

    route: Route
    departed_at: datetime

    def at(self, moment: datetime) -> Spot:
        return self.route.at((moment - self.departed_at).total_seconds())


class Moving:
    """One courier in the streets: stands where the last ride ended."""

    def __init__(self, streets: Streets, clock: Clock, vehicle: str, spot: Spot) -> None:
        self._streets = streets
        self._clock = clock
        self._vehicle = vehicle
        self.move = Move(Route.standing(spot), clock.now())

    def spot(self) -> Spot:
        return self.move.at(self._clock.now())

    async def ride_to(self, goal: Spot) -> None:
        """Along the streets, from wherever the courier is; whoever is called back stops there and then."""
        here = self.spot()
        is_near = between_m(here, goal) < A_FEW_STEPS_M
        route = Route.walked(here, goal) if is_near else self._streets.route(here, goal, self._vehicle)
        self.move = Move(route, self._clock.now())
        try:
            await self._clock.wait(route.seconds)
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        self.move = Move(Route.standing(self.spot()), self._clock.now())


class Phone:
    """Takes a courier's positions as phones do: a few metres off, and now and then nonsense."""

    def __init__(self, lots: Lots, odd_percent: int) -> None:
        self._lots = lots
        self._odd_percent = odd_percent
        self._last: Point | None = None
        self.odd = 0
        """How many points were meant to be dropped."""

    def taken(self, move: Move, moments: Sequence[datetime]) -> list[Point]:
        """The points of these moments, each later than the one before."""
        return [self._point(move.at(moment), moment) for moment in moments]

    def _point(self, spot: Spot, moment: datetime) -> Point:
        number = int((moment - COUNTED_FROM).total_seconds())
        error_m = self._lots.between(f"error {number}", 0, 9)
        noisy = shifted(spot, error_m * self._sign(f"north {number}"), error_m * self._sign(f"east {number}"))
        accuracy_m = round(4 + error_m * 2, 1)
        point = Point(round(noisy.latitude, 6), round(noisy.longitude, 6), accuracy_m, number, moment)
        if self._last is not None and self._lots.chance(f"odd {number}", self._odd_percent):
            self.odd += 1
            return self._odd(point, self._last, number)
        self._last = point
        return point

    def _odd(self, point: Point, last: Point, number: int) -> Point:
        match self._lots.one(f"oddity {number}", ODDITIES):
            case "IMPOSSIBLE":
                far = shifted(Spot(point.latitude, point.longitude), FAR_M, -FAR_M)
                return replace(point, latitude=far.latitude, longitude=far.longitude)
            case "INACCURATE":
                return replace(point, accuracy_m=INACCURATE_M)
            case _:
                return last

    def _sign(self, purpose: str) -> float:
        return self._lots.between(purpose, -1, 1)
