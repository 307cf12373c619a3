"""Couriers near a restaurant: asked of the index, else of the read model, ordered by the ride along the streets."""

from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Protocol

from prometheus_client import Counter
from purgatory.domain.model import OpenedState

from kernel.clock import Clock
from kernel.places import Position, TravelTimes, Vehicle
from kernel.ports import Outage, Views
from runtime.adapters.breakers import watched_breakers
from runtime.logs import logger
from subgraphs.dispatch.effects import Candidate
from subgraphs.dispatch.views import couriers_by_id
from subgraphs.tracking.positions import Point

LEASE = timedelta(seconds=60)
"""Who is silent for longer, in platform time, is not available."""
MOST = 50
SEEN = (200, 2000)
"""Among so many, the nearest as the crow flies, those are looked for who can come; among more if none of them can."""
BREAKER, FAILURES, REST_S = "courier_index", 3, 2.0
SEARCHES = Counter("courier_searches", "Searches for couriers, by who answered: the index or the table.", ["answered"])
_logger = logger("couriers")


class Vicinity(Protocol):
    """Who was last seen near a place."""

    async def near(self, around: Position, radius_m: float, since: datetime, limit: int) -> Sequence[Point]:
        """The last points received at `since` or later, within `radius_m` as the crow flies, the nearest first, at
        most `limit`. Raises `kernel.ports.Outage`."""
        ...


Vehicles = Callable[[Sequence[str]], Awaitable[Mapping[str, Vehicle]]]
"""Courier ids → what each of them rides; ids that it leaves out are not available."""


async def all_by_bicycle(courier_ids: Sequence[str]) -> Mapping[str, Vehicle]:
    """For want of knowing better: the usual vehicle."""
    return dict.fromkeys(courier_ids, Vehicle.BICYCLE)


def of_the_free(views: Views) -> Vehicles:
    """What those ride who are on a shift and free, as dispatch's own `views` show: crowds of others hide nobody."""

    async def vehicles(courier_ids: Sequence[str]) -> Mapping[str, Vehicle]:
        known = await couriers_by_id(views, courier_ids)
        return {courier.id: courier.vehicle for courier in known if courier.online and courier.offer_id is None}

    return vehicles


class NearbyCouriers:
    """As `subgraphs.dispatch.effects.CourierSearch`.

    A table that lags behind says what an index that is away, or was just emptied, cannot.
    """

    def __init__(
        self,
        index: Vicinity,
        table: Vicinity,
        times: TravelTimes,
        clock: Clock,
        vehicles: Vehicles = all_by_bicycle,
    ) -> None:
        self._index, self._table, self._times, self._clock, self._vehicles = index, table, times, clock, vehicles
        self._breakers = watched_breakers(FAILURES, REST_S)

    async def candidates(self, pickup: Position, radius_m: int, excluded: Collection[str]) -> Sequence[Candidate]:
        """As the port says."""
        near: list[Candidate] = []
        for limit in SEEN:
            seen = await self._seen_near(pickup, radius_m, limit + len(excluded))
            near = await self._able([point for point in seen if point.courier_id not in excluded], pickup)
            if near or len(seen) < limit:
                break
        return sorted(near, key=lambda each: (each.ride_seconds, each.courier_id))[:MOST]

    async def _able(self, seen: Sequence[Point], pickup: Position) -> list[Candidate]:
        vehicles = await self._vehicles([point.courier_id for point in seen])
        able: list[Candidate] = []
        for vehicle in Vehicle:
            riders = [point for point in seen if vehicles.get(point.courier_id) is vehicle]
            able += await self._riding(riders, pickup, vehicle) if riders else []
        return able

    async def _riding(self, riders: Sequence[Point], pickup: Position, vehicle: Vehicle) -> list[Candidate]:
        rides = await self._times.seconds([point.position for point in riders], pickup, vehicle)
        return [
            Candidate(
                courier_id=point.courier_id, position=point.position, seen_at=point.received_at, ride_seconds=seconds
            )
            for point, seconds in zip(riders, rides, strict=True)
        ]

    async def _seen_near(self, pickup: Position, radius_m: int, limit: int) -> Sequence[Point]:
        since = self._clock.now() - LEASE
        breaker = await self._breakers.get_breaker(BREAKER)
        found: Sequence[Point] = ()
        try:
            async with breaker:
                found = await self._index.near(pickup, radius_m, since, limit)
        except (Outage, OpenedState) as error:
            _logger.warning("looks for couriers in the table", reason=str(error))
        if found:
            SEARCHES.labels("index").inc()
            return found
        SEARCHES.labels("table").inc()
        return await self._table.near(pickup, radius_m, since, limit)
