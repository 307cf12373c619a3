"""The city file is read whole, or refused with a sentence that says what is wrong with it."""

from pathlib import Path

import pytest
from msgspec import json

from simulator.city import BrokenCityFile, distance_m, fingerprint, read_city

HELSINKI = Path(__file__).parents[2] / "simulator/cities/helsinki.json"


def test_helsinki_has_its_restaurants_addresses_and_streets():
    city = read_city(HELSINKI)
    assert (len(city.restaurants), len(city.addresses)) == (426, 1413)
    assert (len(city.nodes), len(city.ways)) == (6736, 2449)
    assert city.timezone == "Europe/Helsinki"


def test_helsinki_keeps_its_attribution():
    assert "© OpenStreetMap contributors, ODbL 1.0" in read_city(HELSINKI).source


def test_every_restaurant_stands_within_the_bounds():
    city = read_city(HELSINKI)
    for place in city.restaurants:
        assert city.bounds.south <= place.latitude <= city.bounds.north, place
        assert city.bounds.west <= place.longitude <= city.bounds.east, place


def test_the_distance_between_the_station_and_the_cathedral_is_known():
    assert distance_m(60.17187, 24.94142, 60.17040, 24.95210) == pytest.approx(613, abs=5)


def test_the_fingerprint_changes_with_the_file(tmp_path: Path):
    file = tmp_path / "city.json"
    file.write_bytes(b"{}")
    before = fingerprint(file)
    file.write_bytes(b"{ }")
    assert fingerprint(file) != before


def a_city(**changes: object) -> dict[str, object]:
    place = {"osm_id": 1, "lat": 60.0, "lon": 24.0, "name": "Kulma", "amenity": "cafe"}
    return {
        "source": "a test",
        "bounds": {"south": 59.0, "north": 61.0, "west": 23.0, "east": 25.0},
        "timezone": "Europe/Helsinki",
        "restaurants": [place],
        "addresses": [],
        "nodes": [[60.0, 24.0]],
        "ways": [{"kind": "footway", "oneway": False, "name": None, "nodes": [0]}],
    } | changes


def twins() -> list[object]:
    place = {"osm_id": 1, "lat": 60.0, "lon": 24.0, "name": "Kulma", "amenity": "cafe"}
    return [place, place]


@pytest.mark.parametrize(
    ("changes", "complaint"),
    [
        ({"timezone": "Europe/Nowhere"}, "no time zone 'Europe/Nowhere'"),
        ({"restaurants": []}, "no restaurants"),
        ({"restaurants": twins()}, "two restaurants have the osm_id 1"),
        ({"restaurants": [{"osm_id": 1, "lat": 95.0, "lon": 24.0, "name": "K", "amenity": "cafe"}]}, "<= 90"),
        ({"nodes": []}, "way 0 runs through a node that does not exist"),
        ({"source": ""}, "$.source"),
    ],
)
def test_a_city_that_contradicts_itself_is_refused(tmp_path: Path, changes: dict[str, object], complaint: str):
    file = tmp_path / "city.json"
    file.write_bytes(json.encode(a_city(**changes)))
    with pytest.raises(BrokenCityFile, match=r"city\.json") as refusal:
        read_city(file)
    assert complaint in str(refusal.value)


def test_a_file_that_is_missing_or_not_json_is_refused(tmp_path: Path):
    with pytest.raises(BrokenCityFile, match="cannot be read"):
        read_city(tmp_path / "absent.json")
    broken = tmp_path / "broken.json"
    broken.write_bytes(b'{"source": ')
    with pytest.raises(BrokenCityFile, match="not JSON"):
        read_city(broken)
