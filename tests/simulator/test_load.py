"""What the loader decides by itself: which restaurants, what is there already, and what it says when it cannot."""

from pathlib import Path

import pytest

from simulator.city import read_city
from simulator.load import chosen, main, plan_from
from simulator.marker import Loaded, Marker, read_marker, what_is_loaded, write_marker
from simulator.registration import DAY_AND_NIGHT

HELSINKI = Path(__file__).parents[2] / "simulator/cities/helsinki.json"


def test_a_marker_is_read_as_it_was_written(tmp_path: Path):
    file = tmp_path / "below" / "city.json"
    marker = Marker("of this", complete=True, restaurants={7: Loaded("restaurant_1", "digest")})
    write_marker(file, marker)
    assert read_marker(file) == marker
    assert [path.name for path in file.parent.iterdir()] == ["city.json"]


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b'{"of": 3}'])
def test_a_marker_that_cannot_be_read_is_as_none(tmp_path: Path, content: bytes):
    file = tmp_path / "city.json"
    file.write_bytes(content)
    assert read_marker(file) == read_marker(None) == read_marker(tmp_path / "absent") == Marker("")


def test_a_marker_covers_only_the_whole_of_what_it_was_written_for(tmp_path: Path):
    city = tmp_path / "town.json"
    city.write_bytes(b"{}")
    of = what_is_loaded(city, 0)
    assert Marker(of, complete=True).covers(of)
    assert not Marker(of).covers(of)
    assert not Marker(of, complete=True).covers(what_is_loaded(city, 5))
    city.write_bytes(b"{ }")
    assert not Marker(of, complete=True).covers(what_is_loaded(city, 0))


def test_some_restaurants_always_have_the_one_that_is_open_day_and_night_among_them():
    city = read_city(HELSINKI)
    assert [place.osm_id for place in chosen(city, 1)] == [DAY_AND_NIGHT]
    assert len(chosen(city, 20)) == 20
    assert len(chosen(city, 0)) == len(city.restaurants)


def test_the_command_line_says_what_to_load_where():
    plan = plan_from(["--graph", "http://g/graphql", "--issuer", "http://i", "--marker", "m", "--restaurants", "3"])
    assert (plan.graph, plan.issuer, plan.marker, plan.restaurants) == ("http://g/graphql", "http://i", Path("m"), 3)
    assert plan.city == HELSINKI


def test_a_broken_city_ends_the_load_with_one_sentence(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    broken = tmp_path / "town.json"
    broken.write_bytes(b"{}")
    assert main(["--city", str(broken)]) == 1
    said = capsys.readouterr().err.strip()
    assert said.startswith(f"The city file {broken} is not a city:")
    assert "\n" not in said
