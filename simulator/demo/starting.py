"""Starts a platform as a child, as `make up` does, and knows its processes."""

import asyncio
import os
import signal
import sys
from collections import deque
from contextlib import suppress
from datetime import datetime
from pathlib import Path

import httpx
from msgspec import MsgspecError, Struct, json

from simulator.living import Clock

ROOT = Path(__file__).parents[2]
TETHER = ROOT / "runtime/engines/tether.py"
OPEN = "The platform is open"
OPENS_WITHIN_S = 240.0
STOPS_WITHIN_S = 60.0
OTHERS = (
    "ANALYTICS_URL", "CLOCK_ORIGIN", "CLOCK_STARTED", "DATABASE_URL", "EVENT_LOG_URL", "GATEWAY_URL", "HIVE_PORT",
    "ISSUER_PORT", "ISSUER_URL", "KAFKA_CONTROLLER_PORT", "KAFKA_PORT", "OPENSEARCH_PORT", "OPENSEARCH_TRANSPORT_PORT",
    "OWNER_DATABASE_URL", "OWNER_PASSWORD", "POSITIONS_URL", "POSTGRES_PORT", "PROVIDER_PORT", "PROVIDER_SECRET",
    "PROVIDER_URL", "RELAY_PORT", "RUNTIME_PASSWORD", "SEARCH_URL", "SERVE_PORT", "SERVE_URL", "SUBGRAPH_URLS",
    "SUPERVISOR_PORT", "VALKEY_PORT", "VALKEY_URL", "WORK_PORT",
)  # fmt: skip
"""Settings of another platform that may be in the environment; with them the demo would meet the developer's data."""


class DidNotOpen(Exception):
    """The platform did not start; the text is what it said last."""


class Process(Struct, frozen=True):
    """A row of the supervisor's `/status`."""

    name: str
    state: str
    process: int | None
    restarts: int


class Statuses(Struct, frozen=True):
    processes: tuple[Process, ...]


class Secrets(Struct, frozen=True):
    provider_secret: str


class Site(Struct, frozen=True, kw_only=True):
    """Where a platform is to be, and how its time runs."""

    folder: Path
    port: int
    clock: Clock
    restaurants: int

    def address(self, offset: int, path: str = "") -> str:
        return f"http://127.0.0.1:{self.port + offset}{path}"

    @property
    def graph(self) -> str:
        return self.address(0, "/graphql")

    @property
    def issuer(self) -> str:
        return self.address(3)

    @property
    def provider_secret(self) -> str:
        """What the platform shows to the provider; there once it has opened."""
        return json.decode((self.folder / "secrets.json").read_bytes(), type=Secrets).provider_secret

    def command(self) -> list[str]:
        """Tied to this process: it dies when we die, however we die."""
        chosen = {
            "PORT": str(self.port),
            "DATA_DIR": str(self.folder),
            "CITY_RESTAURANTS": str(self.restaurants),
            "CLOCK_RATE": str(self.clock.rate),
            "CLOCK_ORIGIN": self.clock.origin.isoformat(),
            "CLOCK_STARTED": self.clock.started.isoformat(),
        }
        tie = [sys.executable, "-I", "-S", str(TETHER), str(os.getpid()), str(int(signal.SIGTERM))]
        unset = [word for name in OTHERS if name not in chosen for word in ("-u", name)]
        set_to = [f"{name}={value}" for name, value in chosen.items()]
        return [*tie, "env", *unset, *set_to, sys.executable, "-m", "runtime", "up"]


class Platform:
    """A supervisor below us, and what it says."""

    def __init__(self, site: Site, http: httpx.AsyncClient) -> None:
        self.site = site
        self.said: deque[tuple[datetime, str]] = deque(maxlen=200)
        """Its lines, and when it said them in domain time."""
        self.ended = asyncio.Event()
        self._http = http
        self._opened = asyncio.Event()
        self._process: asyncio.subprocess.Process | None = None
        self._listening: asyncio.Task[None] | None = None

    async def open(self) -> None:
        """Returns when it is open, its city loaded. Raises DidNotOpen."""
        self._process = await asyncio.create_subprocess_exec(
            *self.site.command(),
            cwd=ROOT,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
            start_new_session=True,  # Ctrl-C is for us alone: we stop it when we are done
        )
        self._listening = asyncio.create_task(self._listen(self._process))
        waiting = [asyncio.create_task(event.wait()) for event in (self._opened, self.ended)]
        try:
            await asyncio.wait(waiting, timeout=OPENS_WITHIN_S, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in waiting:
                task.cancel()
        if not self._opened.is_set():
            raise DidNotOpen(" / ".join(line for _, line in list(self.said)[-3:]) or "The platform says nothing.")

    async def processes(self) -> tuple[Process, ...]:
        """Every process of it but the supervisor itself; none while that does not answer."""
        try:
            answer = await self._http.get(self.site.address(7, "/status"))
            return json.decode(answer.content, type=Statuses).processes
        except (httpx.TransportError, MsgspecError):
            return ()

    async def metrics(self) -> str:
        """What the supervisor measures; nothing while it does not answer."""
        try:
            return (await self._http.get(self.site.address(7, "/metrics"))).text
        except httpx.TransportError:
            return ""

    async def stop(self) -> None:
        """As Ctrl-C does it; returns when nothing of it is left."""
        if self._process is None or self._listening is None:
            return
        with suppress(ProcessLookupError):
            self._process.send_signal(signal.SIGINT)
        try:
            async with asyncio.timeout(STOPS_WITHIN_S):
                await self._process.wait()
        except TimeoutError:
            self._process.kill()
            await self._process.wait()
        await self._listening

    async def _listen(self, process: asyncio.subprocess.Process) -> None:
        assert process.stdout is not None
        async for line in process.stdout:
            text = " ".join(line.decode(errors="replace").split())
            if text:
                self.said.append((self.site.clock.now(), text))
            if OPEN in text:
                self._opened.set()
        self.ended.set()
