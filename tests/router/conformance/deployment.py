"""A deployed graph: where it is, who signs people in, and, when it is our own, the processes behind it."""

import os
import subprocess
import sys
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from runtime.engines.running import free_port
from tests.journeys.person import Json
from tests.running_platform import ROOT, RunningPlatform, platform_in

ROUTERS = ("gateway", "hive")
ORIGIN = "https://shop.example"
FOREIGN_ORIGIN = "https://evil.example"
SLOW_CLIENT_SECONDS = 3


@dataclass
class Deployment:
    """One router and all that is behind it."""

    router: str
    graph_url: str
    issuer_url: str
    platform: RunningPlatform | None = None
    origin: str = ORIGIN
    """Of a page that may use the graph."""
    tokens: dict[str, str] = field(default_factory=dict[str, str])
    kept: Json = field(default_factory=dict[str, object])
    """What tests made once for all that come after."""

    @property
    def root_url(self) -> str:
        parts = urlsplit(self.graph_url)
        return f"{parts.scheme}://{parts.netloc}"

    @property
    def socket_url(self) -> str:
        return "ws" + self.graph_url.removeprefix("http")

    def processes(self) -> RunningPlatform:
        """The platform, for a test that kills some of it or signs tokens of its own."""
        if self.platform is None:
            pytest.skip("by URL nothing can be killed, restarted or configured")
        return self.platform

    def brief_token(self, person: str, seconds: int) -> str:
        """A token that lives so long."""
        platform = self.processes()
        environment = {**platform.environment, "DEVELOPMENT_TOKEN_SECONDS": str(seconds)}
        command = [sys.executable, "-m", "runtime", "token", person]
        return subprocess.check_output(command, cwd=ROOT, env=environment, text=True, timeout=30).strip()


def by_url(graph_url: str, issuer_url: str | None, origin: str | None) -> Deployment:
    """What others run; without more being said, its issuer is where `make up` puts it."""
    parts = urlsplit(graph_url)
    issuer = issuer_url or f"{parts.scheme}://{parts.hostname}:{(parts.port or 4000) + 3}"
    return Deployment("by url", graph_url, issuer, origin=origin or f"{parts.scheme}://{parts.netloc}")


@contextmanager
def deployed(router: str, folder: Path) -> Generator[Deployment]:
    """A platform of these tests' own behind that router."""
    if router == "hive" and not hive_program():
        pytest.skip("Hive Router is not built here: `make hive-router`, or name its program in HIVE_ROUTER_BIN")
    port = free_port(block=20)
    settings = {
        "ROUTER": router,
        "CITY_RESTAURANTS": "4",
        "ALLOWED_ORIGINS": f"{ORIGIN},http://127.0.0.1:{port}",
        "SLOW_CLIENT_SECONDS": str(SLOW_CLIENT_SECONDS),
    }
    with platform_in(folder / "kept", port, settings) as platform:
        yield Deployment(router, platform.graph_url, platform.address(3, ""), platform)


def hive_program() -> str | None:
    """Where the program of Hive Router is, if anywhere."""
    named = os.environ.get("HIVE_ROUTER_BIN")
    return named if named and Path(named).is_file() else None
