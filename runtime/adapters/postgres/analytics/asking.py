"""Asking: sums over whole days where a period has them and over quarters of an hour at its edges."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from kernel.clock import Clock
from kernel.messages import Row
from kernel.ports import Outage
from runtime.adapters.postgres.analytics import questions
from runtime.adapters.postgres.analytics.cells import DAY, MICROSECOND, PLATFORM, floored, middle
from runtime.adapters.postgres.analytics.forgetting import OFTEN, forget, horizon
from runtime.adapters.postgres.analytics.lives import ENGINE
from runtime.adapters.postgres.analytics.recording import DOMAIN, record
from runtime.adapters.postgres.pool import Database
from runtime.adapters.postgres.views import PostgresViews
from runtime.logs import logger
from subgraphs.insights.analytics import (
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
    rank,
)
from subgraphs.insights.facts import AnyFact, Fault

_logger = logger("analytics")


class Summed(Row):
    """A sum by label."""

    label: str
    count: int
    total: int


class Whole(Row):
    """One number."""

    total: int


class PostgresAnalytics:
    """As `subgraphs.insights.analytics.Analytics`, in tables of insights' own."""

    engine = ENGINE

    def __init__(self, database: Database, clock: Clock) -> None:
        """`database` as insights' own role."""
        self._database, self._clock = database, clock
        self._forgets_at: datetime | None = None
        self._views = PostgresViews(DOMAIN, database)

    async def record(self, facts: Sequence[AnyFact]) -> None:
        now = self._clock.now()
        await record(self._database, facts, horizon(now))
        if self._forgets_at is None or now >= self._forgets_at:
            self._forgets_at = now if await self._forget(now) else now + OFTEN

    async def sales(self, asked: OfRestaurant) -> Sequence[Sold]:
        return await self._views.fetch(Sold, questions.SALES, asked.restaurant_id, asked.currency, [*asked.edges])

    async def baskets(self, asked: OfRestaurant) -> Baskets:
        sums = await self._sums(asked.restaurant_id, "basket", asked.begin, asked.end)
        steps = {int(label): each for label, each in _within(sums, asked.currency).items()}
        counts = {each: found.count for each, found in steps.items()}
        return Baskets(
            orders=sum(counts.values()),
            food_minor=sum(found.total for found in steps.values()),
            median_minor=_rounded(_percentile(counts, 0.5)),
            p90_minor=_rounded(_percentile(counts, 0.9)),
        )

    async def punctuality(self, asked: OfRestaurant, within: timedelta) -> Punctuality:
        sums = await self._sums(asked.restaurant_id, "late", asked.begin, asked.end)
        minutes = {int(label): each for label, each in sums.items()}
        most = within // timedelta(minutes=1)
        return Punctuality(
            orders=sum(each.count for each in minutes.values()),
            punctual=sum(each.count for minute, each in minutes.items() if -most <= minute < most),
            late_s=sum(each.total for each in minutes.values()) / 1_000_000,
            p90_s=_ranked({minute * 60 + 30.0: each.count for minute, each in minutes.items()}, 0.9),
        )

    async def losses(self, asked: OfRestaurant) -> Losses:
        orders = await self._sums(asked.restaurant_id, "asked", asked.begin, asked.end)
        lost = await self._sums(asked.restaurant_id, "lost", asked.begin, asked.end)
        return Losses(
            orders=orders[""].count if orders else 0,
            lost={Fault(label): each.count for label, each in lost.items() if each.count},
        )

    async def items(self, asked: OfRestaurant, limit: int) -> Sequence[ItemSold]:
        scope = (asked.restaurant_id, "item", *_grains(asked.begin, asked.end))
        return await self._views.fetch(ItemSold, questions.ITEMS, *scope, f"{asked.currency}:", limit)

    async def operations(self, asked: OfPlatform) -> Operations:
        offers = await self._sums(PLATFORM, "offer", asked.begin, asked.end)
        return Operations(
            click_to_door=await self._spread("door", asked),
            ready_to_pickup=await self._spread("pickup", asked),
            accepted=_count(offers, "accepted"),
            declined=_count(offers, "declined"),
            lapsed=_count(offers, "lapsed"),
            engaged_s=await self._engaged_s(asked),
            online_s=await self._lasting_s(questions.ONLINE, asked),
        )

    async def unassigned(self, now: datetime) -> Unassigned:
        return (await self._views.fetch(Unassigned, questions.UNASSIGNED, now - LONGEST_SHIFT))[0]

    async def earnings(self, asked: OfCourier) -> Sequence[Earned]:
        return await self._views.fetch(Earned, questions.EARNINGS, asked.courier_id, [*asked.edges])

    async def _forget(self, now: datetime) -> bool:
        """Whether there may be more to forget. What hinders it must not hold up facts, which are kept by now."""
        try:
            return await forget(self._database, horizon(now))
        except Outage as outage:
            _logger.warning("nothing could be forgotten", reason=str(outage))
            return False

    async def _sums(self, scope: str, measure: str, begin: datetime, end: datetime) -> Mapping[str, Summed]:
        rows = await self._views.fetch(Summed, questions.SUMS, scope, measure, *_grains(begin, end))
        return {row.label: row for row in rows}

    async def _spread(self, measure: str, asked: OfPlatform) -> Spread:
        sums = await self._sums(PLATFORM, measure, asked.begin, asked.end)
        counts = {int(label): each.count for label, each in sums.items()}
        return Spread(times=sum(counts.values()), median_s=_percentile(counts, 0.5), p90_s=_percentile(counts, 0.9))

    async def _engaged_s(self, asked: OfPlatform) -> float:
        ended = await self._sums(PLATFORM, "engaged", asked.begin, asked.end)
        return sum(each.total for each in ended.values()) / 1_000_000 + await self._lasting_s(questions.ENGAGED, asked)

    async def _lasting_s(self, sql: str, asked: OfPlatform) -> float:
        end = min(asked.end, asked.now)
        return (await self._views.fetch(Whole, sql, asked.begin, end, LONGEST_SHIFT))[0].total / 1_000_000


def _grains(begin: datetime, end: datetime) -> tuple[datetime, datetime, datetime, datetime]:
    """Begin, first whole day, end of the last whole day, end; without a whole day the middle two are one."""
    first, last = floored(begin + DAY - MICROSECOND, DAY), floored(end, DAY)
    return (begin, first, last, end) if first < last else (begin, end, end, end)


def _within(sums: Mapping[str, Summed], currency: str) -> Mapping[str, Summed]:
    return {
        label.removeprefix(f"{currency}:"): each for label, each in sums.items() if label.startswith(f"{currency}:")
    }


def _count(sums: Mapping[str, Summed], label: str) -> int:
    return sums[label].count if label in sums else 0


def _percentile(steps: Mapping[int, int], share: float) -> float | None:
    return _ranked({middle(step): count for step, count in steps.items()}, share)


def _ranked(counts: Mapping[float, int], share: float) -> float | None:
    """The value at that share of all, given how often there is which."""
    before = rank(sum(counts.values()), share)
    for value, count in sorted(counts.items()):
        before -= count
        if before < 0:
            return value
    return None


def _rounded(value: float | None) -> int | None:
    return None if value is None else round(value)
