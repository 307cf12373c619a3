"""A courier's positions reach the platform once, outages or not, and what it made of them is written down."""

from datetime import UTC, datetime, timedelta
from typing import cast

import pytest

from simulator.living import Clock, Courier, Diary, Tempers
from simulator.living.moving import Moving
from simulator.living.reporting import Reporter
from simulator.living.somebody import Somebody
from simulator.streets import Spot
from tests.simulator.living.town import scene_at
from tests.simulator.test_asking import Wallet
from tests.simulator.wires import HANGS_UP, Heard, Reply, http_server

pytestmark = pytest.mark.anyio
HERE = Spot(60.17, 24.94)
DROPPED = [{"reason": "LATE", "count": 1}]
TAKEN = Reply(body={"data": {"result": {"__typename": "ReportPositionsSuccess", "accepted": 1, "dropped": DROPPED}}})


async def reported(server: Heard, times: int, rate: float = 1.0) -> Courier:
    """Reports so often, at a clock of that rate."""
    noted = Courier(latitude=0.0, longitude=0.0, vehicle="CAR", doing="free")
    now = datetime.now(UTC)
    clock = Clock(rate=rate, started=now, origin=now)
    async with scene_at(server.url, Diary(), Tempers(point_is_odd=0), clock) as scene:
        somebody = Somebody(scene, "courier-1")
        somebody.impatient.credentials = Wallet()
        reporter = Reporter(somebody, Moving(scene.streets, clock, "CAR", HERE), noted)
        for _ in range(times):
            await reporter.report()
            await clock.wait(30)
    return noted


def sequences(server: Heard) -> list[list[int]]:
    batches = list[list[int]]()
    for body in server.bodies:
        asked = cast("dict[str, dict[str, list[dict[str, int]]]]", body["variables"])
        batches.append([point["sequence"] for point in asked["input"]["positions"]])
    return batches


async def test_a_batch_is_counted_as_the_platform_says():
    async with http_server(TAKEN) as server:
        noted = await reported(server, 1, rate=1000)
    assert (noted.sent, noted.accepted, noted.dropped, noted.unsent) == (2, 1, {"LATE": 1}, 0)
    assert (round(noted.latitude, 3), round(noted.longitude, 3)) == (60.17, 24.94)
    ((older, newer),) = sequences(server)
    assert timedelta(seconds=newer - older) == timedelta(seconds=20)


async def test_what_an_outage_swallowed_goes_with_the_next_batch():
    async with http_server(HANGS_UP, TAKEN) as server:
        noted = await reported(server, 2, rate=1000)
    first, second = sequences(server)
    assert second[: len(first)] == first
    assert len(second) == 4
    assert second == sorted(set(second))
    assert (noted.unsent, noted.sent) == (2, 4)


async def test_no_second_is_told_twice_however_often_one_reports():
    async with http_server(TAKEN) as server:
        await reported(server, 4, rate=3000)
    told = [number for batch in sequences(server) for number in batch]
    assert told == sorted(set(told))
