"""The board, the report and the map say what is in the diary."""

import asyncio
import io
from collections.abc import Sequence

import httpx
import pytest
from msgspec import json
from msgspec.structs import replace
from rich.console import Console

from simulator.city import read_city
from simulator.demo.auditing import audit
from simulator.demo.board import Board, picture, plain
from simulator.demo.facts import Evening
from simulator.demo.glance import Glance, Onlooker
from simulator.demo.map_page import Now, Streets, pages, showing
from simulator.demo.numbers import eta_errors, percentile, spread_of
from simulator.demo.report import Circumstances, passes, report
from simulator.living import Courier, Diary, Mishap, Plan, Town
from tests.demo.evenings import an_evening, at, order
from tests.patience import eventually

pytestmark = pytest.mark.anyio
PLAYED = Circumstances(seed="1", rate=30.0, real_s=120.0, time_zone="Europe/Helsinki")


def a_busy_diary() -> Diary:
    diary = an_evening(3).diary
    diary.orders[2].status = "PREPARING"
    diary.mutations = {"placeOrder": [20.0, 40.0, 60.0], "acceptOrder": [10.0]}
    diary.events = [5.0] * 19 + [100.0]
    diary.couriers["courier-1"] = Courier(
        latitude=60.17, longitude=24.94, vehicle="CAR", doing="riding", order_id=order(2), sent=50, unsent=3,
        dropped={"LATE": 2, "IMPOSSIBLE": 3}, did={"acceptOffer": 3, "declineOffer": 1, "goOnline": 1},
    )  # fmt: skip
    diary.mishaps = [Mishap(real_time=at(0), person="aino", doing="placeOrder", says="cut")]
    return diary


def glance_at(diary: Diary) -> Glance:
    return Onlooker(diary, wanted=4).glance(at(125), 10.0)


def test_a_glance_counts_orders_couriers_and_offers() -> None:
    glance = glance_at(a_busy_diary())
    assert glance.statuses == {"PREPARING": 1, "DELIVERED": 2}
    assert glance.couriers == {"riding": 1}
    assert glance.offers == {"acceptOffer": 3, "declineOffer": 1}
    assert (glance.acknowledged, glance.ended, glance.progress) == (3, 2, 5 / 8)


def test_the_speed_is_that_of_the_last_seconds() -> None:
    diary = a_busy_diary()
    onlooker = Onlooker(diary, wanted=4)
    onlooker.glance(at(0), 100.0)
    diary.watched["kitchen"].items += 40
    assert onlooker.glance(at(1), 102.0).events_per_s == 20.0
    assert onlooker.glance(at(2), 110.0).events_per_s == 0.0


def test_the_board_shows_all_of_it() -> None:
    output = io.StringIO()
    Console(file=output, width=140, force_terminal=True).print(picture(glance_at(a_busy_diary()), ["serve is gone"]))
    for piece in (
        "Friday 19:05:00",
        "3 of 4 ordered",
        "PREPARING",
        "riding",
        "declineOffer",
        "p95 5 ms",
        "serve is gone",
    ):
        assert piece in output.getvalue()


async def test_without_a_terminal_there_are_lines_and_news_are_told_once() -> None:
    output = io.StringIO()
    news: Sequence[str] = ["19:05:00 serve was killed"]
    board = Board(lambda: glance_at(a_busy_diary()), lambda: news, output)
    showing_lines = asyncio.create_task(board.show())

    async def has_shown() -> bool:
        return plain(glance_at(a_busy_diary())) in output.getvalue()

    await eventually(has_shown)
    showing_lines.cancel()
    assert output.getvalue().splitlines()[0] == "  19:05:00 serve was killed"
    assert "1 PREPARING, 2 DELIVERED | couriers: 1 riding" in output.getvalue()


def test_percentiles_are_values_that_occurred() -> None:
    assert percentile([1.0, 2.0, 3.0, 4.0], 50) == 2.0
    assert percentile([1.0, 2.0, 3.0, 4.0], 95) == 4.0
    assert percentile([1.0], 50) == 1.0
    assert spread_of([]) is None


def test_etas_are_measured_by_when_the_food_came() -> None:
    (error,) = eta_errors(an_evening(3))
    assert (error.status, error.wrong_by.count, error.wrong_by.p50, error.bias) == ("PLACED", 3, 3.0, 3.0)


def evening_with(diary: Diary) -> Evening:
    return replace(an_evening(3), diary=diary)


def test_the_report_says_how_it_was() -> None:
    evening = evening_with(a_busy_diary())
    said = report(evening, audit(evening), PLAYED)
    for piece in (
        "Friday 19:43 to 21:27, in 120 s at 30 times the speed, seed 1",
        "3 acknowledged: 3 DELIVERED",
        "lost 0 · gap 0 · repeat 0 · inversion 0 · unbalanced 0 · double 0",
        "50 sent by 1 couriers, 5 dropped: 3 IMPOSSIBLE, 2 LATE; 3 waited for an outage to pass",
        "bias  +3.0",
        "The evening passes.",
    ):
        assert piece in said


def test_the_report_names_what_was_found() -> None:
    evening = an_evening(3)
    evening.diary.watched["orderUpdates 2"].heard.pop()
    said = report(evening, audit(evening), PLAYED)
    assert "gap: customer-2 of order_2: 9 DELIVERED was never heard" in said
    assert "DOES NOT PASS" in said


def test_chaos_that_did_not_happen_does_not_pass() -> None:
    evening = an_evening(3)
    assert passes(audit(evening), PLAYED)
    assert not passes(audit(evening), replace(PLAYED, spared=["postgres"]))


async def test_the_map_is_one_page_that_asks_nobody_else() -> None:
    plan = Plan(graph="", issuer="")
    town = Town(plan, read_city(plan.city), a_busy_diary())
    async with showing(pages(town, lambda: glance_at(town.diary)), port=0) as address, httpx.AsyncClient() as http:
        page = (await http.get(address)).text
        assert "<canvas" in page
        assert "http" not in page
        streets = json.decode((await http.get(f"{address}town")).content, type=Streets)
        assert len(streets.kitchens) == len(town.city.restaurants)
        now = json.decode((await http.get(f"{address}now")).content, type=Now)
        assert now.couriers["courier-1"].carrying
        assert (await http.get(f"{address}elsewhere")).status_code == 404
