"""The town's clock is the platform's."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from runtime.adapters.clock import PlatformClock
from simulator.living import Clock
from tests.patience import AT_MOST_S

pytestmark = pytest.mark.anyio
STARTED = datetime(2026, 11, 20, 8, tzinfo=UTC)
ORIGIN = datetime(2026, 11, 27, 15, tzinfo=UTC)


def test_it_says_what_the_platforms_clock_says():
    ours = Clock(rate=30, started=STARTED, origin=ORIGIN)
    theirs = PlatformClock(ORIGIN, STARTED, 30)
    assert abs(ours.now() - theirs.now()) < timedelta(seconds=30)
    assert abs(Clock().now() - datetime.now(UTC)) < timedelta(seconds=1)


def test_a_moment_of_the_platform_is_one_on_the_wall():
    clock = Clock(rate=30, started=STARTED, origin=ORIGIN)
    assert clock.real(ORIGIN) == STARTED
    assert clock.real(ORIGIN + timedelta(minutes=30)) == STARTED + timedelta(minutes=1)


async def test_waiting_takes_the_platforms_time():
    clock = Clock(rate=1000, started=datetime.now(UTC), origin=ORIGIN)
    before = clock.now()
    async with asyncio.timeout(AT_MOST_S):
        await clock.wait(60)
        await clock.wait_until(before + timedelta(seconds=90))
        await clock.wait_until(before)
        await clock.wait(-5)
    assert clock.now() - before >= timedelta(seconds=90)
