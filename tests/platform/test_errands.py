"""A program that runs once: its lines reach the log and the person, its failure is one sentence."""

import asyncio
import os
import sys
from pathlib import Path

import pytest

from runtime.engines.programs import tethered
from runtime.prerequisites import started_at
from runtime.supervision.errands import ErrandFailed, run_errand
from runtime.supervision.logbook import Logbook

pytestmark = pytest.mark.anyio


def program(source: str) -> list[str]:
    return tethered([sys.executable, "-c", source])


async def test_what_it_says_is_passed_on_and_what_it_logs_is_not(tmp_path: Path) -> None:
    said: list[str] = []
    with Logbook(tmp_path, 100_000) as logbook:
        source = "print('50 of 426'); print('{\"event\": \"detail\"}'); print('426 of 426')"
        await run_errand("city", program(source), logbook, os.environ, said.append)
        assert said == ["50 of 426", "426 of 426"]
        assert logbook.last_lines("city") == ["50 of 426", "detail", "426 of 426"]


async def test_its_failure_says_what_it_said_last(tmp_path: Path) -> None:
    failing = program("class Boom(Exception): ...\nraise Boom('it broke')")
    sentence = r"^migrate failed: Boom: it broke \(log: .*migrate\.log\)$"
    with Logbook(tmp_path, 100_000) as logbook, pytest.raises(ErrandFailed, match=sentence):
        await run_errand("migrate", failing, logbook, os.environ)


async def test_a_cancelled_errand_is_gone(tmp_path: Path) -> None:
    said = asyncio.Queue[str]()
    with Logbook(tmp_path, 100_000) as logbook:
        source = "import os, time; print(os.getpid(), flush=True); time.sleep(600)"
        task = asyncio.create_task(run_errand("city", program(source), logbook, os.environ, said.put_nowait))
        process = int(await said.get())
        task.cancel()
        await asyncio.wait([task])
        assert task.cancelled()
        assert started_at(process) is None
