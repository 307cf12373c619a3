"""The whole platform as a person starts it: it opens, heals, stops, and comes back."""

import json
import re
import signal
from collections.abc import Iterator
from pathlib import Path
from urllib.request import Request, urlopen

import pytest

from runtime.engines.running import free_port, is_free
from tests.running_platform import RunningPlatform, platform_in, wait_gone

pytestmark = [pytest.mark.journey, pytest.mark.timeout(240)]

PYTHON_PROCESSES = ("serve", "work", "issue", "provide-payments")
OFFSETS = {"gateway": 0, "serve": 1, "work": 2, "issue": 3, "provide-payments": 4, "up": 7}
SMALL_CITY = {"CITY_RESTAURANTS": "3"}


@pytest.fixture(scope="module")
def platform(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningPlatform]:
    with platform_in(tmp_path_factory.mktemp("platform") / "kept", environment=SMALL_CITY) as opened:
        yield opened


@pytest.mark.parametrize(("name", "offset"), OFFSETS.items())
def test_every_process_says_how_it_is(platform: RunningPlatform, name: str, offset: int) -> None:
    assert platform.status_code(offset, "/health/live") == 200
    platform.wait(lambda: platform.status_code(offset, "/health/ready") == 200, 30, f"{name} is ready")
    assert b"process_cpu" in platform.get(offset, "/metrics")


def test_the_supervisor_measures_everyone(platform: RunningPlatform) -> None:
    metrics = platform.get(7, "/metrics").decode()
    measured = dict(re.findall(r'platform_process_memory_bytes\{process="([^"]+)"\} (\S+)', metrics))
    assert set(measured) == {*PYTHON_PROCESSES, "gateway", "postgres", "valkey"}
    assert all(float(size) > 1_000_000 for size in measured.values())


@pytest.mark.parametrize("name", [*PYTHON_PROCESSES, "gateway", "valkey", "postgres"])
def test_a_killed_process_comes_back_and_the_supervisor_says_so(platform: RunningPlatform, name: str) -> None:
    killed = platform.kill(name)
    platform.wait_restarted(name, killed)
    assert platform.has_said(f"{name} was killed by SIGKILL; starting it again")
    platform.wait(lambda: platform.status_code(7, "/health/ready") == 200, 60, "everyone is ready again")


def test_logs_are_in_one_place_and_name_the_request_and_its_trace(platform: RunningPlatform) -> None:
    trace = "4bf92f3577b34da6a3ce929d0e0e4736"
    request = "0f0e0d0c-0b0a-4908-8706-050403020100"
    headers = {
        "content-type": "application/json",
        "x-request-id": request,
        "traceparent": f"00-{trace}-00f067aa0ba902b7-01",
    }
    body = b'{"query": "query AtAll { __typename }"}'
    urlopen(Request(platform.graph_url, body, headers), timeout=10).close()
    log = platform.data_dir / "logs" / "platform.log"
    platform.wait(lambda: request in log.read_text(), 10, "the request is in the log")
    lines = log.read_text().splitlines()
    assert all(line.startswith('{"process":"') and line.endswith("}") for line in lines)
    record = next(json.loads(line) for line in lines if request in line)
    assert (record["process"], record["request_id"], record["trace_id"]) == ("gateway", request, trace)


def test_a_second_platform_runs_beside_the_first_survives_its_own_death_and_stops_clean(
    platform: RunningPlatform, tmp_path: Path
) -> None:
    killed = RunningPlatform(tmp_path / "second", free_port(block=40), SMALL_CITY)
    killed.wait_open()
    family = killed.family()
    killed.supervisor.kill()

    again = RunningPlatform(tmp_path / "second", killed.port, SMALL_CITY)
    again.wait_open()
    wait_gone(family)
    assert {row.state for row in again.processes().values()} == {"ready"}
    assert {row.restarts for row in again.processes().values()} == {0}
    assert again.has_said("The city is there already.")

    family = again.family()
    assert again.stop(signal.SIGINT) == 0
    wait_gone(family, within_seconds=0.1)
    assert all(is_free("127.0.0.1", again.port + offset) for offset in range(8))
    assert not (again.data_dir / "postgres" / "postmaster.pid").exists()
    assert platform.status_code(0, "/health/live") == 200
    killed.stop()
