"""`ROUTER=hive`: Hive Router runs behind the gateway's front, comes back when it dies, and stops with the rest."""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from urllib.request import Request, urlopen

import pytest

from runtime.engines.running import free_port, is_free
from tests.router.hive_router import hive_router_bin
from tests.running_platform import ROOT, RunningPlatform, platform_in, wait_gone

pytestmark = [pytest.mark.journey, pytest.mark.timeout(240)]

SETTINGS = {"CITY_RESTAURANTS": "3", "ROUTER": "hive"}
BROWSE = b'{"query": "{ restaurants(first: 3) { nodes { name acceptingOrders } } }"}'


@pytest.fixture(scope="module")
def platform(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningPlatform]:
    program = {"HIVE_ROUTER_BIN": str(hive_router_bin())}
    with platform_in(tmp_path_factory.mktemp("platform") / "kept", environment=SETTINGS | program) as opened:
        yield opened


def restaurants(platform: RunningPlatform) -> list[dict[str, object]]:
    asked = Request(platform.graph_url, BROWSE, {"content-type": "application/json"})
    with urlopen(asked, timeout=20) as answer:
        data = json.load(answer)["data"]["restaurants"]
    return data["nodes"] if data else []


def test_the_city_is_loaded_and_shown_through_it(platform: RunningPlatform) -> None:
    assert {"gateway", "hive-router"} <= set(platform.processes())
    assert [type(restaurant["acceptingOrders"]) for restaurant in restaurants(platform)] == [bool] * 3


@pytest.mark.parametrize("name", ["hive-router", "gateway"])
def test_killed_it_comes_back_and_answers(platform: RunningPlatform, name: str) -> None:
    killed = platform.kill(name)
    platform.wait_restarted(name, killed)
    platform.wait(lambda: platform.status_code(0, "/health/ready") == 200, 60, "the graph is ready again")
    assert len(restaurants(platform)) == 3


def test_it_stops_with_the_rest_and_leaves_nothing(tmp_path: Path) -> None:
    program = {"HIVE_ROUTER_BIN": str(hive_router_bin())}
    platform = RunningPlatform(tmp_path / "kept", free_port(block=40), SETTINGS | program)
    platform.wait_open()
    family = platform.family()
    assert platform.stop() == 0
    wait_gone(family, within_seconds=0.1)
    assert not [line for line in platform.lines if "killing it" in line]
    assert is_free("127.0.0.1", platform.port + 12)


def test_without_its_program_the_platform_says_how_to_get_one(tmp_path: Path) -> None:
    environment = {"PORT": str(free_port(block=40)), "DATA_DIR": str(tmp_path / "kept"), "ROUTER": "hive"}
    run = subprocess.run(
        [sys.executable, "-m", "runtime", "up"],
        cwd=ROOT,
        env={**environment, "HIVE_ROUTER_BIN": str(tmp_path / "nowhere")},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert run.returncode == 1
    (sentence,) = (run.stdout + run.stderr).strip().splitlines()
    assert sentence == (
        f"Cannot start. ROUTER=hive needs Hive Router, and there is none at {tmp_path}/nowhere:"
        " `make hive-router` builds it, or name yours with HIVE_ROUTER_BIN."
    )
