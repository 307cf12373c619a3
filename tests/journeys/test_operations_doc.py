"""The page for operations is true: its table is what the processes measure, and its commands are understood."""

import re
import shlex

import pytest

from runtime import describing
from runtime.__main__ import parser
from runtime.settings import PORT_OFFSETS
from runtime.supervision.splitting import FIRST_SERVE_PORT, FIRST_WORK_PORT, domains
from tests.journeys.person import Person
from tests.platform.measures import PAGE, documented, exposed
from tests.running_platform import RunningPlatform

pytestmark = [pytest.mark.anyio, pytest.mark.journey]

PORTS = {"gateway": 0, "serve": 1, "work": 2, "issue": 3, "provide-payments": 4, "up": 7}


@pytest.fixture
def pages(platform: RunningPlatform) -> dict[str, str]:
    """What each process answers at /metrics."""
    return {process: platform.get(offset, "/metrics").decode() for process, offset in PORTS.items()}


async def test_every_metric_of_the_table_is_exposed_as_it_says(pages: dict[str, str]) -> None:
    shown = {process: {name: kind for name, kind, _, _ in exposed(page)} for process, page in pages.items()}
    for row in documented().values():
        assert row.processes <= PORTS.keys(), row.name
        for process in row.processes:
            assert shown[process].get(row.name) == row.kind, (process, row.name)


async def test_every_metric_that_is_exposed_stands_in_the_table(pages: dict[str, str], aino: Person) -> None:
    await aino.ask("query Measured { restaurants(first: 1) { nodes { id } } }")
    rows = documented()
    for process, page in pages.items():
        for name, _, is_used, labels in exposed(page):
            assert name in rows, (process, name)
            if is_used:
                assert process in rows[name].processes, (process, name)
                assert labels <= rows[name].labels, (process, name)
                assert labels or not rows[name].labels, (process, name)


def test_its_commands_are_understood() -> None:
    lines = re.findall(r"^python -m runtime (.+?)(?:\s+#.*)?$", PAGE.read_text(), re.MULTILINE)
    assert len(lines) >= 4
    for line in lines:
        parser().parse_args(shlex.split(line))


def test_every_role_that_runs_stands_in_its_first_table() -> None:
    table = PAGE.read_text().split("\n## What runs\n", 1)[1].split("\n## ", 1)[0]
    said = dict(re.findall(r"^\| `?([\w-]+)`? \| `?([+\w, ]+?)`? \|", table, re.MULTILINE))
    roles = {process: f"+{offset}" if offset else "PORT" for process, offset in PORTS.items()}
    engines = {
        "Postgres": ["postgres_port"],
        "Valkey": ["valkey_port"],
        "Kafka": ["kafka_port", "kafka_controller_port"],
        "OpenSearch": ["opensearch_port", "opensearch_transport_port"],
        "hive-router": ["hive_port"],
        "relay": ["relay_port"],
    }
    ports = {name: ", ".join(f"+{PORT_OFFSETS[port]}" for port in ports) for name, ports in engines.items()}
    assert {name: said.get(name) for name in {**roles, **ports}} == {**roles, **ports}
    assert {port for ports in engines.values() for port in ports} < PORT_OFFSETS.keys()
    assert said.keys() - {"Role", "Address"} == roles.keys() | ports.keys()


def test_its_tables_of_settings_are_those_of_the_programs() -> None:
    assert describing.written() == describing.page()


def test_split_processes_are_where_it_says() -> None:
    text = PAGE.read_text()
    assert f"`serve-NAME` at `PORT` + {FIRST_SERVE_PORT} " in text
    assert f"`work-NAME` at + {FIRST_WORK_PORT} " in text
    assert f"With seven domains that is {2 * len(domains())} processes" in text
