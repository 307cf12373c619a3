"""Whose figures anybody may see: staff their restaurant's, couriers and finance the courier's, nobody else any."""

import pytest

from kernel.ids import person_id, typed_id
from kernel.messages import Viewer
from tests.insights.bench import (
    ADMIN,
    COOK,
    COURIER,
    DISPATCHER,
    EVERYBODY,
    FIA,
    OTHER_RESTAURANT,
    OTSO,
    PARTNER,
    RESTAURANT,
    RIVAL,
    SANNA,
    Bench,
)
from tests.spelling import AT, uuid_of

pytestmark = pytest.mark.anyio

INSIGHTS = 'insights(from: "2026-11-20", to: "2026-11-20") { sales { orders } }'
EARNINGS = 'earnings(from: "2026-11-20", to: "2026-11-20", timeZone: "UTC") { pay { currency } }'
OPERATIONS = "query ($at: DateTime!, $end: DateTime!) { operations(from: $at, to: $end) { from } }"


async def sees(bench: Bench, viewer: Viewer, kind: str, id_: str, fields: str) -> bool:
    found = await bench.entity(viewer, kind, id_, fields)
    return found is not None and next(iter(found.values())) is not None


@pytest.mark.parametrize("viewer", EVERYBODY, ids=lambda viewer: viewer.subject)
async def test_a_restaurants_figures_are_its_staffs(bench: Bench, viewer: Viewer) -> None:
    await bench.open()
    await bench.open(OTHER_RESTAURANT)
    await bench.hire(COOK)
    await bench.hire(RIVAL, OTHER_RESTAURANT)
    assert await sees(bench, viewer, "Restaurant", RESTAURANT, INSIGHTS) == (viewer == COOK)
    assert await sees(bench, viewer, "Restaurant", OTHER_RESTAURANT, INSIGHTS) == (viewer == RIVAL)


async def test_who_works_there_no_more_is_told_no_more(bench: Bench) -> None:
    await bench.open()
    await bench.hire(COOK, retired=True)
    assert not await sees(bench, COOK, "Restaurant", RESTAURANT, INSIGHTS)


async def test_a_program_is_no_staff_whoever_entered_it_as_such(bench: Bench) -> None:
    await bench.open()
    await bench.hire(PARTNER)
    assert not await sees(bench, PARTNER, "Restaurant", RESTAURANT, INSIGHTS)


@pytest.mark.parametrize("viewer", EVERYBODY, ids=lambda viewer: viewer.subject)
async def test_a_couriers_earnings_are_theirs_and_finances(bench: Bench, viewer: Viewer) -> None:
    assert await sees(bench, viewer, "Courier", COURIER, EARNINGS) == (viewer in (OTSO, FIA))


async def test_nobody_earns_by_being_a_customer_of_that_name(bench: Bench) -> None:
    aino = person_id("courier", "aino")
    assert not await sees(bench, OTSO, "Courier", aino, EARNINGS)


@pytest.mark.parametrize("viewer", EVERYBODY, ids=lambda viewer: viewer.subject)
async def test_operations_are_for_those_who_run_the_platform(bench: Bench, viewer: Viewer) -> None:
    period = {"at": AT.isoformat(), "end": "2026-11-20T18:00:00Z"}
    found = (await bench.ask(viewer, OPERATIONS, **period))["operations"]
    assert (found is not None) == (viewer in (DISPATCHER, SANNA, ADMIN))


@pytest.mark.parametrize("id_", ["", "restaurant_1", typed_id("order", uuid_of(1)), "restaurant_" + "z" * 26])
async def test_what_is_no_id_is_nobody(bench: Bench, id_: str) -> None:
    assert await bench.entity(COOK, "Restaurant", id_, INSIGHTS) is None
    assert await bench.entity(FIA, "Courier", id_, EARNINGS) is None


async def test_an_unknown_restaurant_tells_nothing(bench: Bench) -> None:
    unknown = typed_id("restaurant", uuid_of(99))
    await bench.hire(COOK, unknown)
    assert not await sees(bench, COOK, "Restaurant", unknown, INSIGHTS)
