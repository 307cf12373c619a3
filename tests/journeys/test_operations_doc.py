"""The page for operations is true: its table is what the processes measure, and its commands are understood."""

import re
import shlex

import pytest

from runtime.__main__ import parser
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
    said = dict(re.findall(r"^\| `?([\w-]+)`? \| `?([+\w]+)`? \|", table, re.MULTILINE))
    assert {process: said.get(process) for process in PORTS} == {
        process: f"+{offset}" if offset else "PORT" for process, offset in PORTS.items()
    }
