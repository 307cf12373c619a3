"""A process that serves or works for some domains does that, and keeps its hands off everything else."""

import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import asyncpg
import pytest

from kernel.consuming import Consumer
from runtime.__main__ import parser
from runtime.engines.postgres import SETTINGS as POSTGRES
from runtime.prerequisites import CannotStart
from runtime.settings import SECRET_NAMES, Settings
from runtime.supervision.splitting import domains, parts, placed
from runtime.wiring import READERS, SUBGRAPHS, chosen, open_platform
from runtime.working import Work
from tests.conftest import runtime_url, test_settings

pytestmark = pytest.mark.anyio

ROOT = Path(__file__).parents[2]
NAMES = [subgraph.name for subgraph in SUBGRAPHS]


@pytest.fixture
def settings(migrated_url: str, valkey_url: str) -> Settings:
    return test_settings(DATABASE_URL=runtime_url(migrated_url), VALKEY_URL=valkey_url)


async def connected(owner_url: str) -> set[str]:
    """Whoever of the processes has a connection to that database."""
    connection = await asyncpg.connect(owner_url)
    try:
        rows = await connection.fetch(
            "select distinct usename::text as who from pg_stat_activity"
            " where datname = current_database() and pid <> pg_backend_pid() and usename is not null"
        )
    finally:
        await connection.close()
    return {row["who"] for row in rows}


@pytest.mark.parametrize("names", [["orders"], ["catalog", "reviews"]])
async def test_a_process_of_some_domains_connects_as_those_and_as_a_reader(
    settings: Settings, migrated_url: str, names: list[str]
) -> None:
    async with open_platform(settings, names) as platform:
        assert sorted(each.name for each in platform.subgraphs) == sorted(names)
        assert await connected(migrated_url) == {*names, "runtime"}


async def test_the_workers_of_all_domains_do_together_what_one_for_all_does(settings: Settings) -> None:
    async with open_platform(settings) as whole:
        together = Work(whole)
    apart: list[Work] = []
    for name in NAMES:
        async with open_platform(settings, [name]) as part:
            apart.append(Work(part))
    assert sorted(names_of([work.consumers for work in apart])) == sorted(names_of([together.consumers]))
    assert sum(len(work.performers) for work in apart) == len(together.performers)
    assert sum(len(work.takers) for work in apart) == len(together.takers)
    assert sum(len(work.tickers) for work in apart) == len(together.tickers)
    assert sorted(name for work in apart for name in work.everyone()) == sorted(together.everyone())


def names_of(consumers: Sequence[Sequence[Consumer]]) -> list[str]:
    return [consumer.name for some in consumers for consumer in some]


async def test_the_order_of_the_names_does_not_matter_and_none_means_all() -> None:
    assert [each.name for each in chosen(["reviews", "catalog"])] == ["catalog", "reviews"]
    assert [each.name for each in chosen([])] == NAMES


async def test_an_unknown_domain_is_refused_before_anything_is_connected() -> None:
    with pytest.raises(CannotStart, match=r"^There is no subgraph 'kitchens', only catalog, orders, .*\.$"):
        async with open_platform(test_settings(), ["orders", "kitchens"]):
            pass


@pytest.mark.parametrize("role", ["serve", "work"])
def test_a_role_says_so_in_one_sentence(role: str) -> None:
    secrets = {name.upper(): f"{name}-of-sixteen-or-more" for name in SECRET_NAMES}
    done = subprocess.run(
        [sys.executable, "-m", "runtime", role, "kitchens"],
        cwd=ROOT,
        env={**os.environ, **secrets},
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert done.returncode != 0
    assert done.stderr.startswith("Cannot start. There is no subgraph 'kitchens', only ")
    assert done.stderr.count("\n") == 1


def test_the_supervisor_knows_every_domain_without_importing_one() -> None:
    assert sorted(domains()) == sorted(NAMES)


def test_split_in_processes_each_has_a_name_and_a_port_of_its_own() -> None:
    settings = placed(test_settings(SPLIT="1", PORT="5000", EVENT_LOG_URL="kafka://log:9092"))
    processes = parts(settings)
    assert {part.name for part in processes} == {
        "relay",
        *(f"{role}-{name}" for role in ("serve", "work") for name in NAMES),
    }
    assert len({part.port for part in processes}) == len(processes)
    urls = dict(pair.split("=") for pair in settings.subgraph_urls.split(","))
    assert urls == {
        part.arguments[1]: f"http://127.0.0.1:{part.port}" for part in processes if part.arguments[0] == "serve"
    }
    for part in processes:
        parser().parse_args(part.arguments)


def test_split_by_hand_stays_as_it_was_placed() -> None:
    settings = test_settings(SPLIT="1", SUBGRAPH_URLS="orders=http://elsewhere:1")
    assert placed(settings) == settings
    assert placed(test_settings()).subgraph_urls == ""


def test_all_processes_of_a_split_platform_fit_into_the_database() -> None:
    settings = test_settings(SPLIT="1", EVENT_LOG_URL="kafka://log:9092")
    most = len(parts(settings)) * (settings.database_connections + READERS)
    assert most <= int(POSTGRES["max_connections"]) - 40
