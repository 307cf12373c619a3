"""The nemesis kills everybody once, by the seed, and says who was away for how long."""

import asyncio
import signal
import subprocess
import sys
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime

import pytest

from simulator.demo.nemesis import FIRST, LAST, Nemesis, blow, strikes
from simulator.demo.starting import Process

pytestmark = pytest.mark.anyio
NAMES = ("gateway", "issue", "postgres", "provide-payments", "serve", "valkey", "work")


def test_everybody_is_struck_once_at_moments_that_are_spread() -> None:
    planned = strikes(NAMES, "1")
    assert sorted(strike.victim for strike in planned) == sorted(NAMES)
    moments = [strike.at for strike in planned]
    assert moments == sorted(moments)
    assert moments[0] >= FIRST
    assert moments[-1] <= LAST


def test_the_seed_decides() -> None:
    assert strikes(NAMES, "1") == strikes(tuple(reversed(NAMES)), "1")
    assert strikes(NAMES, "1") != strikes(NAMES, "2")


def test_postgres_is_stopped_at_once_and_all_others_are_killed() -> None:
    assert {name: blow(name) for name in NAMES if blow(name) is not signal.SIGKILL} == {"postgres": signal.SIGQUIT}


class Restarted:
    """Programs that are started again whenever they die, as a supervisor does."""

    def __init__(self, names: Sequence[str]) -> None:
        self.living = {name: sleeper() for name in names}
        self.died: dict[str, int] = {}

    async def look(self) -> tuple[Process, ...]:
        for name, process in self.living.items():
            code = process.poll()
            if code is not None:
                self.died[name] = code
                self.living[name] = sleeper()
        return tuple(Process(name, "ready", process.pid, 0) for name, process in self.living.items())


def sleeper() -> subprocess.Popen[bytes]:
    return subprocess.Popen([sys.executable, "-c", "import signal; signal.pause()"])


@contextmanager
def programs(*names: str) -> Generator[Restarted]:
    restarted = Restarted(names)
    try:
        yield restarted
    finally:
        for process in restarted.living.values():
            process.kill()
            process.wait()


async def test_each_dies_once_and_the_next_only_when_it_is_back() -> None:
    with programs("work", "serve") as restarted:
        nemesis = Nemesis("1", lambda: 1.0, restarted.look, lambda: datetime.now(UTC))
        await nemesis.run()
        assert restarted.died == {"work": -signal.SIGKILL, "serve": -signal.SIGKILL}
        assert nemesis.spared == []
        assert [deed.victim for deed in nemesis.deeds] == [strike.victim for strike in strikes(("work", "serve"), "1")]
        assert all(deed.away_s is not None for deed in nemesis.deeds)


async def test_whoever_was_not_struck_in_time_is_named() -> None:
    progress = iter([0.0, 0.7])
    seen = asyncio.Event()

    def share() -> float:
        now = next(progress, 0.7)
        if now:
            seen.set()
        return now

    with programs("serve", "work") as restarted:
        nemesis = Nemesis("1", share, restarted.look, lambda: datetime.now(UTC))
        running = asyncio.create_task(nemesis.run())
        await seen.wait()
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
        assert nemesis.spared
