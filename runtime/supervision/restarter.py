"""Keeps one program running: starts it, passes its lines on, starts it again when it dies, stops it when told to."""

import asyncio
import os
import signal
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Literal

from runtime.supervision.logbook import LineSplitter, Logbook
from runtime.supervision.program import Program

FIRST_PAUSE_SECONDS = 0.25
LONGEST_PAUSE_SECONDS = 15.0
STEADY_AFTER_SECONDS = 30.0
POLL_SECONDS = 0.05
LAST_LINES_WITHIN_SECONDS = 1.0

State = Literal["waiting", "starting", "ready", "stopped"]


class DoesNotStart(Exception):
    """A program died again and again before it was ready once; the text says what it said."""


class Restarter:
    """One program and the process it runs in now."""

    def __init__(
        self, program: Program, logbook: Logbook, announce: Callable[[str], None], spawned: Callable[[], None]
    ) -> None:
        self.program = program
        self.logbook = logbook
        self.announce = announce
        self.process: asyncio.subprocess.Process | None = None
        self.state: State = "waiting"
        self.changed = asyncio.Event()
        self.restarts = 0
        self.stopping = asyncio.Event()
        self.idle = asyncio.Event()
        self.idle.set()
        self.spawned = spawned

    @property
    def process_id(self) -> int | None:
        """The id of the living process."""
        return self.process.pid if self.process and self.process.returncode is None else None

    async def keep(self) -> None:
        """Run it until `stop`, with a pause after each death: 0.25 s doubling to 15 s, anew after 30 s of life."""
        self.idle.clear()
        pause = FIRST_PAUSE_SECONDS
        try:
            while not self.stopping.is_set():
                began = time.monotonic()
                ending = await self._run_once()
                if time.monotonic() - began > STEADY_AFTER_SECONDS:
                    pause = FIRST_PAUSE_SECONDS
                if not self.stopping.is_set():
                    await self._pause(ending, pause)
                    pause = min(2 * pause, LONGEST_PAUSE_SECONDS)
        finally:
            self._become("stopped")
            self.idle.set()

    async def until_ready(self, deaths_allowed: int) -> None:
        """Return when it is ready. Raises DoesNotStart after that many deaths from now on."""
        before = self.restarts
        while self.state != "ready":
            if self.restarts - before >= deaths_allowed:
                said = " / ".join(self.logbook.last_lines(self.program.name, count=2))
                raise DoesNotStart(f"{self.program.name} does not start: {said or 'it says nothing'}")
            await self.changed.wait()

    async def stop(self) -> None:
        """Ask, wait its grace, insist; returns when it is gone."""
        self.stopping.set()
        await self.idle.wait()

    def _become(self, state: State) -> None:
        self.state = state
        self.changed.set()  # wakes whoever waits now; the next wait is for the next change
        self.changed = asyncio.Event()

    async def _run_once(self) -> str:
        """Start it and follow it to its end; how it ended."""
        try:
            await asyncio.to_thread(self.program.prepare)
            self.process = process = await self._spawn()
        except Exception as error:  # noqa: BLE001  (whatever keeps it from starting is told and tried again)
            self.logbook.write(self.program.name, [repr(error).encode()])
            return "cannot be started"
        self._become("starting")
        self.spawned()
        following = asyncio.create_task(self._follow(process))
        others = [asyncio.create_task(work) for work in (self._notice_ready(), self._end_when_asked(process))]
        try:
            code = await process.wait()
            await end_tasks(*others)  # first, so that nobody calls it ready from now on
            self._become("waiting")
            await asyncio.wait([following], timeout=LAST_LINES_WITHIN_SECONDS)  # a grandchild may hold the pipe open
        finally:
            kill_group(process.pid)
            await end_tasks(following, *others)
        return described_ending(code)

    async def _end_when_asked(self, process: asyncio.subprocess.Process) -> None:
        await self.stopping.wait()
        with suppress(ProcessLookupError):
            process.send_signal(self.program.stop_signal)
        await asyncio.sleep(self.program.grace_seconds)
        self.announce(f"{self.program.name} does not stop within {self.program.grace_seconds:g} s; killing it")
        kill_group(process.pid)

    async def _spawn(self) -> asyncio.subprocess.Process:
        return await asyncio.create_subprocess_exec(
            *self.program.command(),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
            env=self.program.environment,
            start_new_session=True,  # Ctrl-C in a terminal is for the supervisor alone
        )

    async def _notice_ready(self) -> None:
        while not await self.program.ready():  # noqa: ASYNC110  (another process cannot set our event)
            await asyncio.sleep(POLL_SECONDS)
        self._become("ready")

    async def _follow(self, process: asyncio.subprocess.Process) -> None:
        splitter = LineSplitter()
        assert process.stdout is not None
        while chunk := await process.stdout.read(65536):
            self.logbook.write(self.program.name, splitter.feed(chunk))
        self.logbook.write(self.program.name, splitter.feed(b"\n"))

    async def _pause(self, ending: str, seconds: float) -> None:
        self.restarts += 1
        self._become("waiting")
        log = self.logbook.path(self.program.name)
        self.announce(f"{self.program.name} {ending}; starting it again in {seconds:g} s (log: {log})")
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self.stopping.wait()


def kill_group(process: int) -> None:
    """End what is left in the process's group; it leads one of its own."""
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(process, signal.SIGKILL)


async def end_tasks(*tasks: asyncio.Task[None]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


def described_ending(code: int) -> str:
    if code < 0:
        return f"was killed by {signal.Signals(-code).name}"
    return f"ended with code {code}"
