"""What Postgres forgets of insights: whole days, a little at a time, and nothing of what still counts."""

from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta

import asyncpg
import pytest

from runtime.adapters.postgres.analytics import KEPT, PostgresAnalytics
from runtime.adapters.postgres.analytics.forgetting import OFTEN, forget, horizon
from runtime.adapters.postgres.pool import Database, open_database, url_of_role
from subgraphs.insights.analytics import KEPT_FOR, OfCourier, OfRestaurant
from subgraphs.insights.facts import AnyFact, DeliveryFact, Line, OfferFact, ShiftFact
from tests.clocks import SettableClock
from tests.conftest import runtime_url
from tests.insights.bench import COURIER, RESTAURANT, sale
from tests.insights.conftest import PATIENT_S
from tests.spelling import AT

pytestmark = pytest.mark.anyio

DAY, MINUTE = timedelta(days=1), timedelta(minutes=1)
SOUP = Line(line=1, item_id="item_1", name="Soup", quantity=1, total_minor=2000)


@pytest.fixture
async def database(insights_url: str) -> AsyncIterator[Database]:
    """Without facts."""
    async with open_database(url_of_role(runtime_url(insights_url), "insights"), "insights", 2, PATIENT_S) as opened:
        for table in KEPT.tables:
            await opened.fetch(f'delete from "{table.name}"')
        yield opened


def facts_of(at: datetime) -> Sequence[AnyFact]:
    """Something for every table."""
    return [
        *(sale(number, at, lines=(SOUP,)) for number in range(1, 6)),
        OfferFact(event_id="evt_6", at=at, offer_id="offer_1", delivery_id="delivery_1", made_at=at, assigned_at=at),
        DeliveryFact(event_id="evt_7", at=at, delivery_id="delivery_1", sought_at=at),
        ShiftFact(event_id="evt_8", at=at, courier_id=COURIER, version=1, online=True),
    ]


async def rows(database: Database) -> Mapping[str, int]:
    """How many rows the tables have, of those that have any."""
    found = {table.name: len(await database.fetch(f'select 1 from "{table.name}"')) for table in KEPT.tables}
    return {name: count for name, count in found.items() if count}


async def orders_of(analytics: PostgresAnalytics, begin: datetime, end: datetime) -> int:
    asked = OfRestaurant(restaurant_id=RESTAURANT, currency="EUR", edges=(begin, end))
    return sum(part.orders for part in await analytics.sales(asked))


async def deliveries_paid(analytics: PostgresAnalytics, begin: datetime, end: datetime) -> int:
    return sum(part.deliveries for part in await analytics.earnings(OfCourier(courier_id=COURIER, edges=(begin, end))))


def test_it_is_three_years_and_begins_with_a_day() -> None:
    assert horizon(datetime(2026, 11, 20, 23, 59, tzinfo=UTC)) == datetime(2023, 11, 20, tzinfo=UTC)
    assert horizon(datetime(2026, 11, 21, tzinfo=UTC)) == datetime(2023, 11, 21, tzinfo=UTC)


async def test_all_of_it_goes_a_little_at_a_time(database: Database) -> None:
    await PostgresAnalytics(database, SettableClock()).record(facts_of(AT))
    before = await rows(database)
    assert before.keys() == {table.name for table in KEPT.tables}
    assert not await forget(database, AT - DAY, at_once=2)
    assert await rows(database) == before
    turns = 1
    while await forget(database, AT + DAY, at_once=2):
        turns += 1
        assert sum((await rows(database)).values()) >= sum(before.values()) - turns * 2 * len(before)
    assert await rows(database) == {}
    assert turns == before["analytics_cell"] // 2 + 1


async def test_whoever_records_forgets_as_the_clock_goes_on(database: Database) -> None:
    clock = SettableClock()
    analytics = PostgresAnalytics(database, clock)
    await analytics.record(facts_of(AT))
    before = await rows(database)
    clock.at = AT + KEPT_FOR
    await analytics.record([])
    assert await rows(database) == before
    clock.advance(DAY)
    await analytics.record([])
    assert await rows(database) == {}


async def test_it_looks_now_and_then_only(database: Database) -> None:
    clock = SettableClock(AT + KEPT_FOR)
    analytics = PostgresAnalytics(database, clock)
    await analytics.record([])
    old = horizon(clock.at) - DAY
    await analytics.record(facts_of(old))
    assert (await rows(database))["analytics_order"] == 5
    assert "analytics_cell" not in await rows(database)  # Nothing is added to a day that is forgotten.
    clock.advance(OFTEN)
    await analytics.record([])
    assert await rows(database) == {}


async def test_what_cannot_be_forgotten_holds_nothing_up(insights_url: str, database: Database) -> None:
    owner, clock = await asyncpg.connect(insights_url), SettableClock()
    analytics = PostgresAnalytics(database, clock)
    await owner.execute("revoke delete on insights.analytics_shift from insights")
    try:
        await analytics.record(facts_of(AT - KEPT_FOR - DAY))
    finally:
        await owner.execute("grant delete on insights.analytics_shift to insights")
        await owner.close()
    assert (await rows(database))["analytics_order"] == 5
    clock.advance(OFTEN)
    await analytics.record([])
    assert await rows(database) == {}


async def test_a_life_that_begins_before_and_ends_after_counts_where_it_still_does_and_once(database: Database) -> None:
    clock = SettableClock()
    analytics = PostgresAnalytics(database, clock)
    midnight = horizon(AT) + DAY
    across = sale(1, midnight - 10 * MINUTE, lines=(SOUP,))
    await analytics.record([across])
    assert await orders_of(analytics, midnight - DAY, midnight) == 1
    clock.advance(DAY)
    for fact in ([], [across], [sale(1, midnight - 10 * MINUTE, courier_id="courier_z")]):
        await analytics.record(fact)
        clock.advance(OFTEN)
        assert await orders_of(analytics, midnight - DAY, midnight) == 0
        assert (await rows(database))["analytics_order"] == 1
    assert await deliveries_paid(analytics, midnight - DAY, midnight + DAY) == 0
    asked = OfCourier(courier_id="courier_z", edges=(midnight - DAY, midnight + DAY))
    assert [part.deliveries for part in await analytics.earnings(asked)] == [1]
