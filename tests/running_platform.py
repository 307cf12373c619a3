"""A whole platform for a test: started as `make up` does, in a folder and on ports of its own."""

import json
import os
import re
import signal
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager
from pathlib import Path

from msgspec import Struct

from runtime.engines.programs import tethered
from runtime.engines.running import free_port
from runtime.prerequisites import started_at
from runtime.supervision.footprint import descendants

ROOT = Path(__file__).parents[1]
OPENS_WITHIN_SECONDS = 180.0


class ProcessStatus(Struct, frozen=True):
    """A row of the supervisor's `/status`."""

    name: str
    state: str
    process: int | None
    restarts: int


class RunningPlatform:
    """A supervisor, what it says, and what it runs."""

    def __init__(self, data_dir: Path, port: int, environment: Mapping[str, str] | None = None) -> None:
        self.data_dir = data_dir
        self.port = port
        self.environment = {**os.environ, "PORT": str(port), "DATA_DIR": str(data_dir), **(environment or {})}
        self.lines: list[str] = []
        self.began = time.monotonic()
        self.supervisor = subprocess.Popen(
            tethered([sys.executable, "-m", "runtime", "up"]),  # a killed test run leaves nothing either
            cwd=ROOT,
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        self.listener = threading.Thread(target=self._listen, daemon=True)
        self.listener.start()

    @property
    def graph_url(self) -> str:
        return f"http://127.0.0.1:{self.port}/graphql"

    def address(self, offset: int, path: str) -> str:
        return f"http://127.0.0.1:{self.port + offset}{path}"

    def wait_open(self) -> float:
        """Seconds from its start to the greeting. Fails with everything it said."""
        self.wait(lambda: self.has_said("The platform is open"), OPENS_WITHIN_SECONDS, "it opens")
        return time.monotonic() - self.began

    def has_said(self, text: str) -> bool:
        return any(text in line for line in self.lines)

    def processes(self) -> dict[str, ProcessStatus]:
        rows = json.loads(self.get(7, "/status"))["processes"]
        return {row["name"]: ProcessStatus(**row) for row in rows}

    def process(self, name: str) -> int:
        found = self.processes()[name].process
        assert found is not None, f"{name} does not run"
        return found

    def family(self) -> list[int]:
        """The supervisor and everything below it."""
        return [self.supervisor.pid, *descendants(self.supervisor.pid)]

    def get(self, offset: int, path: str) -> bytes:
        with urllib.request.urlopen(self.address(offset, path), timeout=10) as answer:
            return answer.read()

    def status_code(self, offset: int, path: str) -> int:
        try:
            with urllib.request.urlopen(self.address(offset, path), timeout=10) as answer:
                return answer.status
        except urllib.error.HTTPError as error:
            return error.code

    def token(self, person: str) -> str:
        command = [sys.executable, "-m", "runtime", "token", person]
        return subprocess.check_output(command, cwd=ROOT, env=self.environment, text=True, timeout=30).strip()

    def kill(self, name: str) -> int:
        """SIGKILL one process; returns its id."""
        process = self.process(name)
        os.kill(process, signal.SIGKILL)
        return process

    def wait_restarted(self, name: str, killed: int) -> None:
        def is_back() -> bool:
            now = self.processes()[name]
            return now.state == "ready" and now.process not in (None, killed)

        self.wait(is_back, 60, f"{name} is back")

    def wait(self, holds: Callable[[], bool], within_seconds: float, what: str) -> None:
        deadline = time.monotonic() + within_seconds
        while not holds():
            said = "\n".join(self.lines)
            assert self.supervisor.poll() is None, f"the platform ended before {what}:\n{said}"
            assert time.monotonic() < deadline, f"not within {within_seconds} s: {what}\n{said}"
            time.sleep(0.05)

    def stop(self, number: signal.Signals = signal.SIGINT) -> int:
        """Stop it as Ctrl-C does; its exit code."""
        if self.supervisor.poll() is None:
            self.supervisor.send_signal(number)
        code = self.supervisor.wait(timeout=60)
        self.listener.join(timeout=10)
        assert self.supervisor.stdout is not None
        self.supervisor.stdout.close()
        return code

    def _listen(self) -> None:
        assert self.supervisor.stdout is not None
        for line in self.supervisor.stdout:
            self.lines.append(re.sub(r"\s+", " ", line).strip())


@contextmanager
def platform_in(
    data_dir: Path, port: int | None = None, environment: Mapping[str, str] | None = None
) -> Generator[RunningPlatform]:
    """An open platform; stopped in good order at the end. Without a port: the first of forty that nobody uses."""
    platform = RunningPlatform(data_dir, port or free_port(block=40), environment)
    try:
        platform.wait_open()
        yield platform
    finally:
        platform.stop()


def wait_gone(processes: list[int], within_seconds: float = 15) -> None:
    """Until none of them lives."""
    deadline = time.monotonic() + within_seconds
    while living := [process for process in processes if started_at(process) is not None]:
        assert time.monotonic() < deadline, f"still alive after {within_seconds} s: {living}"
        time.sleep(0.05)
