"""The platform as one thing that opens and closes: every program in its order, and nothing left behind."""

import asyncio
import json
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import suppress

from runtime.prerequisites import PROCESSES_FILE, started_at
from runtime.settings import Settings
from runtime.supervision.errands import ErrandFailed, run_errand
from runtime.supervision.listing import city_loader, command_of, engines, roles
from runtime.supervision.logbook import Logbook
from runtime.supervision.program import Program
from runtime.supervision.restarter import Restarter

DEATHS_ALLOWED_AT_FIRST = 4


class Platform:
    """Opens in stages: engines, and beside them who needs none; migrations; the other roles; the city.

    Closes in the reverse order, also when half open.
    """

    def __init__(self, settings: Settings, logbook: Logbook, say: Callable[[str], None]) -> None:
        self.settings = settings
        self.logbook = logbook
        self.say = say
        self.engines = self._keepers(engines(settings))
        self.roles = self._keepers(roles(settings))
        self.began = time.monotonic()

    @property
    def restarters(self) -> Sequence[Restarter]:
        return (*self.engines, *self.roles)

    @property
    def age_seconds(self) -> float:
        return time.monotonic() - self.began

    async def open(self, tasks: asyncio.TaskGroup) -> None:
        """Return when everything is ready and the city is there.

        Raises DoesNotStart or ErrandFailed; then some of it runs, and `close` is due.
        """
        async with asyncio.TaskGroup() as opening:
            opening.create_task(self._start(tasks, [role for role in self.roles if not role.program.needs_engines]))
            await self._start(tasks, self.engines)
            await self._run("migrate", command_of("runtime", "migrate")())
            await self._start(tasks, [role for role in self.roles if role.program.needs_engines])

    async def load_city(self) -> None:
        """The city decides by itself what is still to be loaded. It failing closes nothing."""
        try:
            await run_errand(
                "city", city_loader(self.settings), self.logbook, self.settings.child_environment(), self._progress
            )
        except ErrandFailed as error:
            self.say(str(error))

    async def close(self) -> None:
        """Stop everything: the gateway, the other roles, the engines, Postgres last."""
        for stage in stages_of_closing(self.restarters):
            await asyncio.gather(*(restarter.stop() for restarter in stage))

    async def _start(self, tasks: asyncio.TaskGroup, restarters: Sequence[Restarter]) -> None:
        for restarter in restarters:
            tasks.create_task(restarter.keep())
        async with asyncio.TaskGroup() as waiting:
            for restarter in restarters:
                waiting.create_task(self._report_ready(restarter))

    async def _report_ready(self, restarter: Restarter) -> None:
        await restarter.until_ready(DEATHS_ALLOWED_AT_FIRST)
        self._progress(f"{restarter.program.name} is ready")

    async def _run(self, name: str, command: list[str]) -> None:
        await run_errand(name, command, self.logbook, self.settings.child_environment())
        self._progress(f"{name} is done")

    def _keepers(self, programs: Sequence[Program]) -> tuple[Restarter, ...]:
        return tuple(Restarter(program, self.logbook, self._announce, self._record) for program in programs)

    def _announce(self, text: str) -> None:
        self.say(text)
        self.logbook.write("up", [json.dumps({"level": "warning", "event": text}).encode()])

    def _progress(self, text: str) -> None:
        self.say(f"  {self.age_seconds:5.1f} s  {text}")

    def _record(self) -> None:
        """Who runs, for a supervisor that comes after one that was killed."""
        living = [restarter.process_id for restarter in self.restarters if restarter.process_id is not None]
        entries = {str(process): started_at(process) for process in living}
        file = self.settings.data_dir / PROCESSES_FILE
        fresh = file.with_suffix(".new")
        fresh.write_text(json.dumps(entries))
        fresh.replace(file)


def stages_of_closing(restarters: Sequence[Restarter]) -> list[list[Restarter]]:
    """Whoever takes work from outside first, whoever keeps the data last."""
    stages: dict[int, list[Restarter]] = {}
    for restarter in restarters:
        stages.setdefault(restarter.program.closing, []).append(restarter)
    return [stages[number] for number in sorted(stages)]


def say(text: str) -> None:
    """Tell whoever started us; when nobody listens any more, the platform runs on."""
    with suppress(OSError):
        sys.stdout.write(f"{text}\n")
        sys.stdout.flush()
