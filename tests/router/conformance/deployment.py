"""A deployed graph: where it is, who signs people in, and, when it is our own, the processes behind it."""

import subprocess
import sys
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from runtime.engines.running import free_port
from runtime.prerequisites import CannotStart
from runtime.settings import Settings
from runtime.supervision.hive_router import hive_router_program
from tests.journeys.person import Json
from tests.running_platform import ROOT, RunningPlatform, platform_in

ROUTERS = ("gateway", "hive")
ORIGIN = "https://shop.example"
FOREIGN_ORIGIN = "https://evil.example"
SLOW_CLIENT_SECONDS = 3
SUPERGRAPH = ROOT / "schema" / "supergraph.graphql"


@dataclass
class Deployment:
    """One router and all that is behind it."""

    router: str
    graph_url: str
    issuer_url: str
    platform: RunningPlatform | None = None
    supergraph: Path = SUPERGRAPH
    """The file that its router reads; a copy of ours, where tests may write."""
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


def replaced(file: Path, text: str) -> None:
    """Another text at once, as a deployment does it."""
    fresh = file.with_suffix(".new")
    fresh.write_text(text)
    fresh.rename(file)


@contextmanager
def deployed(router: str, folder: Path) -> Generator[Deployment]:
    """A platform of these tests' own behind that router."""
    if router == "hive" and not has_hive_router():
        pytest.skip("Hive Router is not here: `make hive-router` builds it, or HIVE_ROUTER_BIN names its program")
    port, supergraph = free_port(block=20), folder / "supergraph.graphql"
    replaced(supergraph, SUPERGRAPH.read_text())
    settings = {
        "ROUTER": router,
        "CITY_RESTAURANTS": "4",
        "ALLOWED_ORIGINS": f"{ORIGIN},http://127.0.0.1:{port}",
        "SLOW_CLIENT_SECONDS": str(SLOW_CLIENT_SECONDS),
        "SUPERGRAPH": str(supergraph),
    }
    with platform_in(folder / "kept", port, settings) as platform:
        yield Deployment(router, platform.graph_url, platform.address(3, ""), platform, supergraph)


def has_hive_router() -> bool:
    try:
        return hive_router_program(Settings.from_environment(needs=())).is_file()
    except CannotStart:
        return False
