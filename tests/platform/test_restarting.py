"""A program that dies is started again, later each time, and says so; one that is stopped is gone."""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from runtime.engines.programs import tethered
from runtime.prerequisites import started_at
from runtime.supervision.logbook import Logbook
from runtime.supervision.program import Program, nothing
from runtime.supervision.restarter import DoesNotStart, Restarter
from tests.patience import AT_MOST_S

pytestmark = pytest.mark.anyio

SERVES = """
import pathlib, signal, sys
signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGTERM])
print('{"event": "hello"}', flush=True)
pathlib.Path(sys.argv[1]).touch()
signal.sigwait([signal.SIGTERM])
print("bye", flush=True)
"""
IS_DEAF = (
    "import pathlib, signal, sys; signal.signal(15, signal.SIG_IGN); pathlib.Path(sys.argv[1]).touch(); signal.pause()"
)
FAILS = "import sys; sys.exit('no such thing as ' + sys.argv[1])"


class Bench:
    """A place to keep one small program in."""

    def __init__(self, folder: Path, source: str, grace_seconds: float = 10) -> None:
        self.folder = folder
        self.flag = folder / "ready"
        self.said: list[str] = []
        self.logbook = Logbook(folder / "logs", 1_000_000)
        program = Program(
            name="small",
            prepare=nothing,
            command=lambda: tethered([sys.executable, "-c", source, str(self.flag)]),
            ready=self.is_ready,
            grace_seconds=grace_seconds,
        )
        self.restarter = Restarter(program, self.logbook, self.said.append, nothing)

    async def is_ready(self) -> bool:
        return self.flag.exists()

    async def until(self, holds: Callable[[], bool]) -> None:
        async with asyncio.timeout(AT_MOST_S):
            while not holds():
                await self.restarter.changed.wait()


@asynccontextmanager
async def kept(bench: Bench) -> AsyncGenerator[Bench]:
    with bench.logbook:
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(bench.restarter.keep())
            try:
                yield bench
            finally:
                await bench.restarter.stop()


async def test_a_killed_program_is_started_again_and_says_so(tmp_path: Path) -> None:
    async with kept(Bench(tmp_path, SERVES)) as bench:
        await bench.restarter.until_ready(deaths_allowed=1)
        first = bench.restarter.process_id
        assert first is not None
        bench.flag.unlink()
        os.kill(first, signal.SIGKILL)
        await bench.until(lambda: bench.restarter.restarts == 1)
        await bench.restarter.until_ready(deaths_allowed=1)
        assert bench.restarter.process_id not in (None, first)
        assert len(bench.said) == 1
        assert bench.said[0].startswith("small was killed by SIGKILL; starting it again in 0.25 s")


async def test_a_stopped_program_ends_in_good_order_and_is_gone(tmp_path: Path) -> None:
    async with kept(Bench(tmp_path, SERVES)) as bench:
        await bench.restarter.until_ready(deaths_allowed=1)
        process = bench.restarter.process_id
        assert process is not None
        await bench.restarter.stop()
        assert started_at(process) is None
        assert bench.restarter.state == "stopped"
        assert bench.said == []
        assert bench.logbook.last_lines("small") == ["hello", "bye"]


async def test_a_deaf_program_is_killed_after_its_grace(tmp_path: Path) -> None:
    async with kept(Bench(tmp_path, IS_DEAF, grace_seconds=0.2)) as bench:
        await bench.restarter.until_ready(deaths_allowed=1)
        process = bench.restarter.process_id
        assert process is not None
        await bench.restarter.stop()
        assert started_at(process) is None
        assert bench.said == ["small does not stop within 0.2 s; killing it"]


async def test_a_program_that_never_starts_says_why(tmp_path: Path) -> None:
    async with kept(Bench(tmp_path, FAILS)) as bench:
        with pytest.raises(DoesNotStart, match=r"small does not start: .*no such thing as"):
            await bench.restarter.until_ready(deaths_allowed=2)
        assert [text.partition("again in ")[2].partition(" s")[0] for text in bench.said] == ["0.25", "0.5"]


async def test_stopping_while_it_starts_leaves_nothing(tmp_path: Path) -> None:
    async with kept(Bench(tmp_path, SERVES)) as bench:
        await asyncio.sleep(0)  # it has begun to start, and no more
        await bench.restarter.stop()
        assert bench.restarter.process_id is None


async def test_a_program_dies_with_the_process_that_started_it(tmp_path: Path) -> None:
    parent = (
        "import subprocess, sys, time; from runtime.engines.programs import tethered;"
        "child = subprocess.Popen(tethered(['sleep', '600']), start_new_session=True);"
        "print(child.pid, flush=True); time.sleep(600)"
    )
    process = await asyncio.create_subprocess_exec(sys.executable, "-c", parent, stdout=asyncio.subprocess.PIPE)
    assert process.stdout is not None
    child = int(await process.stdout.readline())
    process.kill()
    await process.wait()
    async with asyncio.timeout(AT_MOST_S):
        while started_at(child) is not None:
            await asyncio.sleep(0.01)


def test_files_turn_over_and_the_merged_log_names_the_process(tmp_path: Path) -> None:
    with Logbook(tmp_path, 1_000) as logbook:
        for number in range(100):
            logbook.write("small", [b'{"event": "line", "number": %d}' % number, b"plain " + b"x" * 20])
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        f"{name}.log{suffix}" for name in ("platform", "small") for suffix in ("", ".1", ".2", ".3")
    ]
    assert all(path.stat().st_size <= 1_000 for path in tmp_path.iterdir())
    merged = (tmp_path / "platform.log").read_text().splitlines()
    assert merged[-2:] == [
        '{"process":"small","event": "line", "number": 99}',
        '{"process":"small","event":"plain xxxxxxxxxxxxxxxxxxxx"}',
    ]
