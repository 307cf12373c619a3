"""The load as it is lived through: killed, refused, repeated, with the platform failing under it."""

import asyncio
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import asyncpg
import pytest
from msgspec import json

from runtime.settings import Settings
from simulator.city import read_city
from simulator.load import chosen
from simulator.menus import menu_of
from tests.running_platform import ROOT, RunningPlatform, platform_in

pytestmark = [pytest.mark.journey, pytest.mark.timeout(180)]
HELSINKI = ROOT / "simulator/cities/helsinki.json"
RESTAURANTS = 60


@pytest.fixture(scope="module")
def platform(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningPlatform]:
    with platform_in(tmp_path_factory.mktemp("city") / "kept", environment={"CITY_RESTAURANTS": "1"}) as opened:
        yield opened


def begin_load(platform: RunningPlatform, *options: str) -> subprocess.Popen[str]:
    issuer = platform.address(3, "")
    command = [sys.executable, "-m", "simulator.load", "--graph", platform.graph_url, "--issuer", issuer, *options]
    return subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)


def load(platform: RunningPlatform, *options: str) -> tuple[int, str]:
    """The exit code and what it said."""
    with begin_load(platform, *options) as loading:
        said, _ = loading.communicate(timeout=90)
    return loading.returncode, said


def count(platform: RunningPlatform, what: str) -> int:
    """A number that SQL knows."""
    url = Settings.from_environment(platform.environment).owner_database_url

    async def ask() -> int:
        connection = await asyncpg.connect(url)
        try:
            return await connection.fetchval(f"select count({what}")
        finally:
            await connection.close()

    return asyncio.run(ask())


def restaurants(platform: RunningPlatform) -> int:
    return count(platform, "*) from catalog.restaurants")


def test_a_load_that_was_killed_is_finished_by_the_next_even_if_the_platform_fails_under_it(
    platform: RunningPlatform, tmp_path: Path
):
    marker = tmp_path / "city.json"
    options = ("--restaurants", str(RESTAURANTS), "--marker", str(marker))
    with begin_load(platform, *options) as killed:
        platform.wait(lambda: restaurants(platform) >= 15, 60, "some restaurants are there")
        killed.kill()
    assert restaurants(platform) < RESTAURANTS

    with begin_load(platform, *options) as finishing:
        platform.wait(lambda: restaurants(platform) >= 30, 60, "more restaurants are there")
        platform.kill("serve")
        said, _ = finishing.communicate(timeout=90)
    assert finishing.returncode == 0, said
    assert f"Helsinki is loaded: {RESTAURANTS} restaurants" in said

    dishes = sum(len(menu_of(place).items) for place in chosen(read_city(HELSINKI), RESTAURANTS))
    assert restaurants(platform) == RESTAURANTS
    assert count(platform, "distinct subject) from catalog.staff where role = 'owner'") == RESTAURANTS
    assert count(platform, "*) from catalog.menu_items where not retired") == dishes

    assert load(platform, *options) == (0, "The city is there already.\n")
    marker.unlink()
    code, said = load(platform, *options)
    assert code == 0, said
    assert restaurants(platform) == RESTAURANTS


def test_a_refused_restaurant_ends_the_load_and_says_why(platform: RunningPlatform, tmp_path: Path):
    city = json.decode(HELSINKI.read_bytes(), type=dict[str, object])
    place = {"osm_id": 1, "lat": 60.17, "lon": 24.94, "name": "x" * 121, "amenity": "cafe"}
    file = tmp_path / "town.json"
    file.write_bytes(json.encode(city | {"restaurants": [place]}))
    code, said = load(platform, "--city", str(file))
    assert code == 1
    assert said.strip() == f"{'x' * 121} was refused: A name has 1 to 120 characters. (INVALID_INPUT)"


def test_a_platform_of_other_restaurants_is_not_taken_for_this_one(platform: RunningPlatform, tmp_path: Path):
    marker = tmp_path / "city.json"
    options = ("--restaurants", "1", "--marker", str(marker))
    assert load(platform, *options)[0] == 0
    remembered = marker.read_text()
    known = remembered.split('"restaurant_id":"')[1].split('"')[0]
    marker.write_text(remembered.replace(known, known[:-4] + "0000"))
    code, said = load(platform, *options)
    assert code == 0
    assert "1 of 1 restaurants" in said
    assert known in marker.read_text()
