"""Hive Router behind the gateway's front, as a process of these tests."""

import os
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from pathlib import Path

import pytest

from runtime.engines.running import free_port
from runtime.supervision.hive_router import BUILT, CONFIGURATION

READY_WITHIN_S = 30.0


def hive_router_bin() -> Path:
    """The program that is named or was built here; without one the test is skipped."""
    program = Path(os.environ.get("HIVE_ROUTER_BIN") or BUILT)
    if not program.is_file():
        pytest.skip("there is no Hive Router here: `make hive-router` builds it, or name one with HIVE_ROUTER_BIN")
    return program


class HiveRouter:
    """One that is ready; it can be killed and started again at its port."""

    def __init__(self, settings: Mapping[str, str]) -> None:
        self.program = hive_router_bin()
        self.port = free_port()
        self.environment = {
            **settings,
            "HOST": "127.0.0.1",
            "PORT": str(self.port),
            "LOG_LEVEL": "error",
            "ROUTER_CONFIG_FILE_PATH": str(CONFIGURATION),
        }
        self.start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        self.process = subprocess.Popen([self.program], env=self.environment, stdout=subprocess.DEVNULL)
        limit = time.monotonic() + READY_WITHIN_S
        while not self._is_ready():
            assert self.process.poll() is None, "Hive Router ended at once"
            assert time.monotonic() < limit, "Hive Router does not become ready"

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()

    def _is_ready(self) -> bool:
        try:
            with urllib.request.urlopen(f"{self.url}/readiness", timeout=2) as answer:
                return answer.status == 200
        except (urllib.error.URLError, ConnectionError, TimeoutError):
            return False


@contextmanager
def running_hive_router(settings: Mapping[str, str]) -> Generator[HiveRouter]:
    router = HiveRouter(settings)
    try:
        yield router
    finally:
        router.kill()
