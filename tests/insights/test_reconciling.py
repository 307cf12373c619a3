"""Figures and books agree: an evening of the sagas, folded into analytics, comes to what was captured and carried."""

from collections.abc import Iterable, Sequence
from datetime import timedelta
from importlib.util import find_spec
from pathlib import Path
from random import Random

import pytest

from kernel.log import Recorded
from runtime.adapters.clickhouse import ClickHouseAnalytics
from runtime.adapters.clickhouse.connecting import open_database
from runtime.adapters.postgres.analytics import PostgresAnalytics
from subgraphs.dispatch.events import CourierReleased, CourierReserved, DeliveryAssigned, OfferDeclined, OfferLapsed
from subgraphs.insights.analytics import Analytics, OfCourier, OfPlatform, OfRestaurant
from subgraphs.insights.reactions import facts_of, pour
from subgraphs.orders.events import FeeKind, OrderConfirmed, OrderDelivered, OrderPlaced
from subgraphs.payments.events import PaymentCaptured, PaymentVoided
from tests.insights.conftest import PATIENT_S
from tests.sagas.people import COURIERS
from tests.sagas.test_evenings import an_evening
from tests.sagas.world import World
from tests.spelling import AT

pytestmark = pytest.mark.anyio

NIGHT = (AT - timedelta(hours=5), AT + timedelta(days=3))


def of(world: World, *kinds: type) -> list[Recorded]:
    return [record for record in world.log if isinstance(record.message, kinds)]


def told(record: Recorded) -> OrderPlaced:
    assert isinstance(record.message, OrderPlaced)
    return record.message


async def recorded(analytics: Analytics, world: World, chance: Random) -> None:
    """The evening's log in batches, some of them twice."""
    rest = [*world.log]
    while rest:
        size = chance.randrange(1, 60)
        for _ in range(chance.choice((1, 2))):
            await pour(rest[:size], analytics)
        del rest[:size]


@pytest.mark.parametrize("seed", range(12))
async def test_figures_agree_with_the_books(analytics: PostgresAnalytics, seed: int) -> None:
    await agree_on_an_evening(analytics, seed)


@pytest.mark.skipif(
    find_spec("chdb") is None,
    reason="ClickHouse runs in tests only with its extra: pip install -r requirements-clickhouse.lock",
)
@pytest.mark.parametrize("seed", range(3))
async def test_figures_agree_with_the_books_in_clickhouse_too(tmp_path: Path, seed: int) -> None:
    async with open_database(f"chdb://{tmp_path}/store", PATIENT_S) as database:
        await agree_on_an_evening(ClickHouseAnalytics(database), seed)


async def agree_on_an_evening(analytics: Analytics, seed: int) -> None:
    world, _ = an_evening(Random(seed).randbytes(1200))
    await recorded(analytics, world, Random(seed))
    placed = {told(record).order_id: told(record) for record in of(world, OrderPlaced)}
    captured = [record.message for record in of(world, PaymentCaptured)]
    paid_for = [placed[each.order_id] for each in captured if isinstance(each, PaymentCaptured)]
    await agree_on_sales(analytics, world, list(placed.values()), paid_for)
    await agree_on_pay(analytics, world, paid_for)
    await agree_on_couriers(analytics, world)


async def agree_on_sales(
    analytics: Analytics, world: World, placed: Sequence[OrderPlaced], paid_for: Sequence[OrderPlaced]
) -> None:
    (restaurant_id,) = {each.restaurant_id for each in placed}
    asked = OfRestaurant(restaurant_id=restaurant_id, currency=placed[0].currency, edges=NIGHT)
    sales = await analytics.sales(asked)
    captured = [each.message for each in of(world, PaymentCaptured)]
    assert sum(each.paid_minor for each in sales) == sum(
        each.amount_minor for each in captured if isinstance(each, PaymentCaptured)
    )
    assert sum(each.food_minor for each in sales) == sum(each.price.subtotal_minor for each in paid_for)
    assert sum(each.orders for each in sales) == len(paid_for)
    losses, confirmed = await analytics.losses(asked), {each.stream for each in of(world, OrderConfirmed)}
    assert losses.orders == len(confirmed)
    voided = {each.message.order_id for each in of(world, PaymentVoided) if isinstance(each.message, PaymentVoided)}
    assert sum(losses.lost.values()) == len(voided & confirmed)
    items = await analytics.items(asked, 100)
    assert sum(item.total_minor for item in items) == sum(each.food_minor for each in sales)


async def agree_on_pay(analytics: Analytics, world: World, paid_for: Sequence[OrderPlaced]) -> None:
    carried = [each for each in paid_for if each.carriage is not None]
    earned = [
        part for courier in COURIERS for part in await analytics.earnings(OfCourier(courier_id=courier, edges=NIGHT))
    ]
    assert sum(part.tips_minor for part in earned) == sum(each.price.tip_minor for each in carried)
    assert sum(part.fees_minor for part in earned) == sum(delivery_fees(carried))
    assert sum(part.deliveries for part in earned) == len(carried)


def delivery_fees(orders: Iterable[OrderPlaced]) -> Iterable[int]:
    return (fee.amount_minor for each in orders for fee in each.price.fees if fee.kind is FeeKind.DELIVERY)


async def agree_on_couriers(analytics: Analytics, world: World) -> None:
    operations = await analytics.operations(OfPlatform(begin=NIGHT[0], end=NIGHT[1], now=world.now))
    assert operations.accepted == len(of(world, DeliveryAssigned))
    assert operations.declined == len(of(world, OfferDeclined))
    assert operations.lapsed == len(of(world, OfferLapsed))
    assert operations.click_to_door.times == len(of(world, OrderDelivered))
    assert operations.engaged_s <= engaged_by_the_couriers_own_streams(world)
    assert (await analytics.unassigned(world.now)).deliveries == 0


def engaged_by_the_couriers_own_streams(world: World) -> float:
    """From being reserved, which comes before accepting, until released."""
    seconds = 0.0
    for record in of(world, CourierReserved, CourierReleased):
        sign = -1 if isinstance(record.message, CourierReserved) else 1
        at = getattr(record.message, "at", AT)
        seconds += sign * (at - AT).total_seconds()
    return seconds


@pytest.mark.parametrize("seed", range(40))
def test_no_fact_names_a_person_or_a_place(seed: int) -> None:
    world, _ = an_evening(Random(seed).randbytes(1200))
    facts = repr([fact for record in world.log for fact in facts_of(record)])
    for told_by in of(world, OrderPlaced):
        order = told(told_by)
        assert order.customer_id not in facts
        assert order.payment_token not in facts
        assert order.carriage is None or order.carriage.dropoff.street not in facts
    assert "courier-1" not in facts
