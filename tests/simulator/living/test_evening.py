"""A small evening against the whole platform: stopped like a power cut in the middle, gone on with, and all is told."""

import asyncio
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import httpx
import pytest
from msgspec import json

from simulator.graph import Graph
from simulator.living import Clock, Diary, Plan, Tempers, Town, read_diary
from simulator.living.diary import ENDED
from simulator.signing_in import SignedIn
from tests.patience import eventually
from tests.running_platform import RunningPlatform, platform_in
from tests.simulator.living.stories import missed

pytestmark = [pytest.mark.anyio, pytest.mark.journey, pytest.mark.timeout(280)]
RATE = 30
FRIDAY = {"CLOCK_ORIGIN": "2026-11-27T15:00:00+00:00", "CLOCK_RATE": str(RATE), "CITY_RESTAURANTS": "1"}
RESTLESS = Tempers(watcher_is_cut_off=100, cuts=2, seconds_between_cuts=90, follows_the_courier=100, reviews=100)


@pytest.fixture(scope="module")
def platform(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningPlatform]:
    with platform_in(tmp_path_factory.mktemp("evening") / "kept", environment=FRIDAY) as opened:
        yield opened


def plan_for(platform: RunningPlatform, diary: Path) -> Plan:
    kept = json.decode((platform.data_dir / "clock.json").read_bytes(), type=dict[str, datetime])
    return Plan(
        graph=platform.graph_url,
        issuer=platform.address(3, ""),
        clock=Clock(rate=RATE, started=kept["clock_started"], origin=kept["clock_origin"]),
        orders=4,
        couriers=4,
        minutes=2,
        diary=diary,
        tempers=RESTLESS,
    )


async def stopped_when_something_is_ready(plan: Plan) -> Diary:
    town = Town.opened(plan)
    evening = asyncio.create_task(town.run())

    async def is_ready() -> bool:
        assert not evening.done(), "the evening was over too soon"
        return any(status in town.diary.statuses for status in ("READY_FOR_PICKUP", "PICKED_UP", "DELIVERED"))

    await eventually(is_ready, at_most_s=90)
    town.stop()
    await evening
    return town.diary


async def test_an_evening_goes_on_after_a_power_cut_and_nobody_misses_anything(
    platform: RunningPlatform, tmp_path: Path
) -> None:
    plan = plan_for(platform, tmp_path / "diary.json")
    before = await stopped_when_something_is_ready(plan)
    assert before.ended is None
    assert before.unended
    kept = read_diary(plan.diary)
    assert kept is not None
    assert (kept.run, kept.acknowledged) == (before.run, before.acknowledged)

    town = Town.opened(plan)
    await town.run()
    diary = town.diary
    assert diary.run == before.run
    assert diary.ended is not None
    assert len(diary.acknowledged) == 4
    assert set(diary.statuses) <= ENDED
    assert diary.statuses["DELIVERED"] >= 3
    assert read_diary(plan.diary) == diary
    assert_was_restless(diary)
    await assert_nothing_was_missed(plan, diary)


def assert_was_restless(diary: Diary) -> None:
    assert sum(watched.cuts for watched in diary.watched.values()) >= 4
    assert all(watched.resyncs == 0 for watched in diary.watched.values())
    assert {watched.stream for watched in diary.watched.values()} == {
        "courierOffers",
        "deliveryLocation",
        "orderUpdates",
        "restaurantOrderUpdates",
    }
    assert "done" in {ordered.reviewed for ordered in diary.orders.values()}
    assert sum(courier.accepted for courier in diary.couriers.values()) > 100
    assert not any("EXACT" in seen for seen in diary.places_seen if seen.startswith(("LOOKING", "TO_REST", "AT_REST")))
    assert diary.etas
    assert diary.events


async def assert_nothing_was_missed(plan: Plan, diary: Diary) -> None:
    async with httpx.AsyncClient() as http:
        for watched in diary.watched.values():
            if watched.stream == "orderUpdates":
                credentials = SignedIn(watched.person, plan.issuer, http)
                assert not await missed(Graph(plan.graph, credentials=credentials, http=http), watched), watched
