"""What restaurants, those who run the platform and couriers are told: figures in their own words, days and money."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from msgspec.structs import replace

from kernel.graph.errors import present
from subgraphs.insights.analytics import Analytics
from subgraphs.insights.facts import DeliveryFact, Fault, Line, OfferFact, ShiftFact
from tests.insights.bench import (
    COOK,
    COURIER,
    DISPATCHER,
    OTSO,
    RESTAURANT,
    Away,
    Bench,
    Json,
    of_entity,
    sale,
)
from tests.spelling import AT

pytestmark = pytest.mark.anyio

MINUTE, HELSINKI = timedelta(minutes=1), ZoneInfo("Europe/Helsinki")
INSIGHTS = """insights(from: "2026-11-20", to: "2026-11-20") { %s }"""
EARNINGS = """earnings(from: "2026-11-20", to: "2026-11-21", timeZone: "Europe/Helsinki") { %s }"""
PERIOD = {"begin": (AT - timedelta(hours=1)).isoformat(), "end": (AT + timedelta(hours=2)).isoformat()}
OPERATIONS = "query ($begin: DateTime!, $end: DateTime!) { operations(from: $begin, to: $end) { %s } }"


async def told(bench: Bench, fields: str, insights: str = INSIGHTS) -> Json:
    """What the cook is told of the restaurant."""
    await bench.open()
    await bench.hire(COOK)
    return (await bench.entity(COOK, "Restaurant", RESTAURANT, insights % fields))["insights"]


async def test_sales_are_told_as_a_whole_and_by_day(bench: Bench) -> None:
    await bench.analytics.record([sale(1), sale(2, food_minor=3000, paid_minor=3590), sale(3, AT + timedelta(days=1))])
    insights = await told(
        bench,
        """from to timeZone sales { orders total { minor currency } paid { minor }
        series { begin end orders total { minor } } }""",
    )
    day = {"begin": "2026-11-19T22:00:00Z", "end": "2026-11-20T22:00:00Z"}
    assert insights == {
        "from": "2026-11-20",
        "to": "2026-11-20",
        "timeZone": "Europe/Helsinki",
        "sales": {
            "orders": 2,
            "total": {"minor": 5000, "currency": "EUR"},
            "paid": {"minor": 6180},
            "series": [{**day, "orders": 2, "total": {"minor": 5000}}],
        },
    }


async def test_a_day_begins_at_midnight_of_the_restaurants_own_wall(bench: Bench) -> None:
    midnight = datetime(2026, 11, 19, 22, tzinfo=UTC)  # in Helsinki
    just_before = midnight - timedelta(microseconds=1)
    await bench.analytics.record([sale(1, just_before), sale(2, midnight), sale(3, midnight + timedelta(days=1))])
    assert (await told(bench, "sales { orders }"))["sales"]["orders"] == 1
    await bench.open(time_zone="Asia/Kathmandu")
    kathmandu = await bench.entity(COOK, "Restaurant", RESTAURANT, INSIGHTS % "sales { orders }")
    assert kathmandu["insights"]["sales"]["orders"] == 2  # from 18:15 to 18:15, UTC


async def test_hours_are_as_many_as_the_day_has(bench: Bench) -> None:
    twice = datetime(2026, 10, 25, 1, 30, tzinfo=UTC)  # 3:30 for the second time, once the clocks went back
    await bench.analytics.record([sale(1, twice)])
    asked = """insights(from: "2026-10-25", to: "2026-10-25") { %s }"""
    series = (await told(bench, "sales { series(by: HOUR) { begin orders } }", asked))["sales"]["series"]
    assert len(series) == 25
    assert [part["begin"] for part in series if part["orders"]] == ["2026-10-25T01:00:00Z"]


@pytest.mark.parametrize(("day", "hours"), [("2027-03-28", 23), ("2027-10-31", 25), ("2026-11-21", 24)])
async def test_a_day_that_is_yet_to_come_has_its_hours_and_no_sales(bench: Bench, day: str, hours: int) -> None:
    await bench.analytics.record([sale(1)])
    asked = f'insights(from: "{day}", to: "{day}") {{ %s }}'
    sales = (await told(bench, "sales { orders series(by: HOUR) { orders end } }", asked))["sales"]
    assert (sales["orders"], len(sales["series"])) == (0, hours)
    assert datetime.fromisoformat(sales["series"][-1]["end"]).astimezone(HELSINKI).hour == 0


async def test_baskets_accuracy_losses_and_items_are_told(bench: Bench) -> None:
    soup = Line(line=1, item_id="item_1", name="Soup", quantity=2, total_minor=1400)
    late = sale(2, food_minor=4000, ready_at=AT + 35 * MINUTE, lines=(soup,))
    lost = sale(3, sold_at=None, lost_at=AT + MINUTE, fault=Fault.RESTAURANT, ready_at=None)
    await bench.analytics.record([sale(1), late, lost])
    insights = await told(
        bench,
        """baskets { orders mean { minor } median { minor } p90 { minor } }
        preparation(withinMinutes: 3) { orders meanLateness punctualShare }
        losses { asked lost share byFault { fault orders } }
        topItems(first: 5) { item { id } name quantity total { minor } }""",
    )
    baskets = insights["baskets"]
    assert (baskets["orders"], baskets["mean"]) == (2, {"minor": 3000})
    assert baskets["p90"]["minor"] == pytest.approx(4000, rel=0.01)
    assert insights["preparation"] == {"orders": 2, "meanLateness": "PT11M", "punctualShare": 0.5}
    assert insights["losses"] == {
        "asked": 3,
        "lost": 1,
        "share": pytest.approx(1 / 3),
        "byFault": [{"fault": "RESTAURANT", "orders": 1}],
    }
    assert insights["topItems"] == [{"item": {"id": "item_1"}, "name": "Soup", "quantity": 2, "total": {"minor": 1400}}]


async def test_nothing_sold_is_told_as_nothing(bench: Bench) -> None:
    insights = await told(
        bench,
        """sales { orders total { minor } series { orders } } baskets { orders mean { minor } median { minor } }
        preparation { orders meanLateness p90Lateness punctualShare } losses { asked lost share byFault { fault } }
        topItems(first: 5) { name }""",
    )
    assert insights == {
        "sales": {"orders": 0, "total": {"minor": 0}, "series": [{"orders": 0}]},
        "baskets": {"orders": 0, "mean": None, "median": None},
        "preparation": {"orders": 0, "meanLateness": None, "p90Lateness": None, "punctualShare": None},
        "losses": {"asked": 0, "lost": 0, "share": None, "byFault": []},
        "topItems": [],
    }


async def test_operations_are_told(bench: Bench) -> None:
    accepted = OfferFact(event_id="evt_10", at=AT, offer_id="offer_1", delivery_id="delivery_1", courier_id=COURIER)
    lapsed = replace(accepted, event_id="evt_11", offer_id="offer_2", made_at=AT, lapsed_at=AT)
    await bench.analytics.record(
        [
            sale(1, AT),
            sale(2, AT - 20 * MINUTE),
            replace(accepted, made_at=AT, assigned_at=AT, released_at=AT + 30 * MINUTE),
            lapsed,
            DeliveryFact(event_id="evt_12", at=AT, delivery_id="delivery_2", sought_at=AT),
            ShiftFact(event_id="evt_13", at=AT, courier_id=COURIER, version=1, online=True),
        ]
    )
    bench.clock.advance(timedelta(hours=1))
    document = OPERATIONS % (
        """from to clickToDoor { times median p90 } readyToPickup { times median }
        utilisation { online engaged share } offers { accepted declined lapsed share }
        unassigned { deliveries since }"""
    )
    found = (await bench.ask(DISPATCHER, document, **PERIOD))["operations"]
    assert found["clickToDoor"]["times"] == 2
    assert found["readyToPickup"]["times"] == 2
    assert found["utilisation"] == {"online": "PT1H", "engaged": "PT30M", "share": 0.5}
    assert found["offers"] == {"accepted": 1, "declined": 0, "lapsed": 1, "share": 0.5}
    assert found["unassigned"] == {"deliveries": 1, "since": "2026-11-20T17:00:00Z"}
    assert (found["from"], found["to"]) == ("2026-11-20T16:00:00Z", "2026-11-20T19:00:00Z")


async def test_a_courier_is_told_fees_and_tips_by_day(bench: Bench) -> None:
    kept = sale(3, AT + timedelta(hours=3), delivered_at=None)  # nobody opened, and the customer paid all the same
    takeaway = sale(4, courier_id=None)
    await bench.analytics.record([sale(1), sale(2, currency="SEK"), kept, takeaway])
    fields = """pay { currency deliveries fees { minor } tips { minor } total { minor currency }
        days { date deliveries total { minor } } }"""
    earnings = (await bench.entity(OTSO, "Courier", COURIER, EARNINGS % fields))["earnings"]
    euros, crowns = earnings["pay"]
    assert euros == {
        "currency": "EUR",
        "deliveries": 2,
        "fees": {"minor": 780},
        "tips": {"minor": 400},
        "total": {"minor": 1180, "currency": "EUR"},
        "days": [{"date": "2026-11-20", "deliveries": 2, "total": {"minor": 1180}}],
    }
    assert (crowns["currency"], crowns["deliveries"]) == ("SEK", 1)


async def test_figures_say_up_to_when_they_are_complete(bench: Bench) -> None:
    bench.progress.seconds = 90
    assert (await told(bench, "asOf"))["asOf"] == "2026-11-20T16:58:30Z"
    found = await bench.ask(DISPATCHER, OPERATIONS % "asOf", **PERIOD)
    assert found["operations"]["asOf"] == "2026-11-20T16:58:30Z"
    assert bench.progress.asked == ["insights.postgresql"] * 2


@pytest.mark.parametrize("period", [("2026-11-21", "2026-11-20"), ("2025-11-19", "2026-11-20"), ("1999-12-31",) * 2])
async def test_a_period_has_bounds(bench: Bench, period: tuple[str, str]) -> None:
    days = f'from: "{period[0]}", to: "{period[1]}"'
    fields = f"insights({days}) {{ from }}"
    _, errors = await bench.try_asking(COOK, of_entity("Restaurant", fields), refs=[ref("Restaurant", RESTAURANT)])
    assert code(errors) == "BAD_USER_INPUT"
    zone = 'timeZone: "Europe/Helsinki"'
    fields = f"earnings({days}, {zone}) {{ from }}"
    _, errors = await bench.try_asking(OTSO, of_entity("Courier", fields), refs=[ref("Courier", COURIER)])
    assert code(errors) == "BAD_USER_INPUT"


@pytest.mark.parametrize(("begin", "end"), [(AT, AT), (AT, AT - MINUTE), (AT, AT + timedelta(days=31, seconds=1))])
async def test_a_period_of_operations_has_bounds_too(bench: Bench, begin: datetime, end: datetime) -> None:
    variables = {"begin": begin.isoformat(), "end": end.isoformat()}
    _, errors = await bench.try_asking(DISPATCHER, OPERATIONS % "from", **variables)
    assert code(errors) == "BAD_USER_INPUT"


@pytest.mark.parametrize(
    "fields",
    ["topItems(first: 0) { name }", "topItems(first: 101) { name }", "preparation(withinMinutes: 0) { orders }"],
)
async def test_arguments_have_bounds(bench: Bench, fields: str) -> None:
    await bench.open()
    await bench.hire(COOK)
    asked = of_entity("Restaurant", INSIGHTS % fields)
    _, errors = await bench.try_asking(COOK, asked, refs=[ref("Restaurant", RESTAURANT)])
    assert code(errors) == "BAD_USER_INPUT"


async def test_hours_are_told_of_few_days_only(bench: Bench) -> None:
    await bench.open()
    await bench.hire(COOK)
    fields = 'insights(from: "2026-11-01", to: "2026-11-08") { sales { series(by: HOUR) { orders } } }'
    _, errors = await bench.try_asking(COOK, of_entity("Restaurant", fields), refs=[ref("Restaurant", RESTAURANT)])
    assert code(errors) == "BAD_USER_INPUT"


async def test_an_engine_that_is_away_takes_its_own_figures_with_it_and_nothing_else(bench: Bench) -> None:
    await bench.open()
    await bench.hire(COOK)
    bench.ports[Analytics] = Away()
    asked = of_entity("Restaurant", INSIGHTS % "timeZone sales { orders } losses { asked }")
    answer, errors = await bench.try_asking(COOK, asked, refs=[ref("Restaurant", RESTAURANT)])
    assert answer["_entities"] == [{"insights": {"timeZone": "Europe/Helsinki", "sales": None, "losses": None}}]
    assert [code([error]) for error in errors] == ["UNAVAILABLE"] * 2
    answer, errors = await bench.try_asking(DISPATCHER, OPERATIONS % "from", **PERIOD)
    assert (answer, code(errors)) == ({"operations": None}, "UNAVAILABLE")


def ref(kind: str, id_: str) -> Json:
    return {"__typename": kind, "id": id_}


def code(errors: list[object]) -> str:
    """The code of the only error, as clients get it."""
    (error,) = errors
    extensions = present(error, "req_tests").payload["extensions"]  # pyright: ignore[reportArgumentType]
    assert isinstance(extensions, dict)
    return str(extensions["code"])  # pyright: ignore[reportUnknownArgumentType]
