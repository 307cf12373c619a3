"""Questions for ClickHouse, as `subgraphs.insights.analytics.Analytics` has them."""

from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta

from kernel.messages import Row
from runtime.adapters.clickhouse import questions
from runtime.adapters.clickhouse.connecting import ClickHouse, open_database
from runtime.adapters.clickhouse.tables import blocks_of
from subgraphs.insights.analytics import (
    LATEST_S,
    LONGEST_SHIFT,
    Baskets,
    Earned,
    ItemSold,
    Losses,
    OfCourier,
    OfPlatform,
    OfRestaurant,
    Operations,
    Punctuality,
    Sold,
    Spread,
    Unassigned,
)
from subgraphs.insights.facts import AnyFact, Fault

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)
LONGEST = LONGEST_SHIFT // MICROSECOND


class Lost(Row):
    """How many orders there were, and how many were lost by whose fault."""

    orders: int
    customer: int
    restaurant: int
    courier: int
    platform: int


class Ways(Row):
    """How long food took, in microseconds."""

    doors: int
    door_median: float | None
    door_p90: float | None
    pickups: int
    pickup_median: float | None
    pickup_p90: float | None


class Offers(Row):
    """What became of offers, and for how many microseconds couriers were engaged."""

    accepted: int
    declined: int
    lapsed: int
    engaged: int


class Online(Row):
    """For how many microseconds couriers were online."""

    online_us: int


class ClickHouseAnalytics:
    """Exact in everything: percentiles are of the values themselves."""

    engine = "clickhouse"

    def __init__(self, database: ClickHouse) -> None:
        self._database = database

    async def record(self, facts: Sequence[AnyFact]) -> None:
        await self._database.insert(blocks_of(facts))

    async def sales(self, asked: OfRestaurant) -> Sequence[Sold]:
        return await self._database.fetch(Sold, questions.SALES, **_restaurant(asked), edges=_micros(asked.edges))

    async def baskets(self, asked: OfRestaurant) -> Baskets:
        found = (await self._database.fetch(Baskets, questions.BASKETS, **_restaurant(asked)))[0]
        return found if found.orders else Baskets(orders=0, food_minor=0)

    async def punctuality(self, asked: OfRestaurant, within: timedelta) -> Punctuality:
        bounds = {"within": within // MICROSECOND, "most": LATEST_S * 1_000_000}
        found = (await self._database.fetch(Punctuality, questions.PUNCTUALITY, **_restaurant(asked), **bounds))[0]
        return found if found.orders else Punctuality(orders=0, punctual=0, late_s=0.0)

    async def losses(self, asked: OfRestaurant) -> Losses:
        found = (await self._database.fetch(Lost, questions.LOSSES, **_restaurant(asked)))[0]
        lost = {fault: int(getattr(found, fault.value.lower())) for fault in Fault}
        return Losses(orders=found.orders, lost={fault: orders for fault, orders in lost.items() if orders})

    async def items(self, asked: OfRestaurant, limit: int) -> Sequence[ItemSold]:
        return await self._database.fetch(ItemSold, questions.ITEMS, **_restaurant(asked), most=limit)

    async def operations(self, asked: OfPlatform) -> Operations:
        period = {"begin": asked.begin, "end": asked.end}
        lasting = {
            "from": _micro(asked.begin),
            "now": _micro(max(min(asked.end, asked.now), asked.begin)),
            "longest": LONGEST,
        }
        ways = (await self._database.fetch(Ways, questions.WAYS, **period))[0]
        offers = (await self._database.fetch(Offers, questions.OFFERS, **period, **lasting))[0]
        online = (await self._database.fetch(Online, questions.ONLINE, **lasting))[0]
        return Operations(
            click_to_door=_spread(ways.doors, ways.door_median, ways.door_p90),
            ready_to_pickup=_spread(ways.pickups, ways.pickup_median, ways.pickup_p90),
            accepted=offers.accepted,
            declined=offers.declined,
            lapsed=offers.lapsed,
            engaged_s=offers.engaged / 1_000_000,
            online_s=online.online_us / 1_000_000,
        )

    async def unassigned(self, now: datetime) -> Unassigned:
        return (await self._database.fetch(Unassigned, questions.UNASSIGNED, since=now - LONGEST_SHIFT))[0]

    async def earnings(self, asked: OfCourier) -> Sequence[Earned]:
        period = {"begin": asked.edges[0], "end": asked.edges[-1], "edges": _micros(asked.edges)}
        return await self._database.fetch(Earned, questions.EARNINGS, courier_id=asked.courier_id, **period)


@asynccontextmanager
async def open_clickhouse(url: str) -> AsyncGenerator[ClickHouseAnalytics]:
    """ClickHouse at that address, or the engine in this process; it need not be there yet. Raises CannotStart."""
    async with open_database(url) as database:
        yield ClickHouseAnalytics(database)


def _restaurant(asked: OfRestaurant) -> dict[str, object]:
    return {
        "restaurant_id": asked.restaurant_id,
        "currency": asked.currency,
        "begin": asked.begin,
        "end": asked.end,
    }


def _spread(times: int, median_us: float | None, p90_us: float | None) -> Spread:
    if not times or median_us is None or p90_us is None:
        return Spread(times=0)
    return Spread(times=times, median_s=median_us / 1_000_000, p90_s=p90_us / 1_000_000)


def _micro(at: datetime) -> int:
    return (at - EPOCH) // MICROSECOND


def _micros(edges: Sequence[datetime]) -> list[int]:
    return [_micro(edge) for edge in edges]
