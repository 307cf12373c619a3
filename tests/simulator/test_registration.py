"""What owners tell the platform about their restaurants."""

from pathlib import Path

import pytest
from msgspec import json
from msgspec.structs import replace

from simulator.city import Address, Place, read_city
from simulator.hours import hours_of
from simulator.menus import menu_of
from simulator.registration import (
    DAY_AND_NIGHT,
    address_of,
    digest_of,
    owner_of,
    publication_of,
    registration_of,
)

CITY = read_city(Path(__file__).parents[2] / "simulator/cities/helsinki.json")
ROASBERG = next(place for place in CITY.restaurants if place.osm_id == DAY_AND_NIGHT)
REGISTRATIONS = [registration_of(place, CITY, "Helsinki") for place in CITY.restaurants]


def test_one_restaurant_is_open_day_and_night_and_its_name_is_its_own():
    assert ROASBERG.name == "Roasberg"
    assert hours_of(ROASBERG) == "24/7"
    assert [place.name for place in CITY.restaurants].count("Roasberg") == 1
    assert owner_of(ROASBERG) == "kitchen"


def test_everybody_else_is_owned_by_somebody_of_their_own():
    owners = {owner_of(place) for place in CITY.restaurants}
    assert len(owners) == len(CITY.restaurants)
    assert owner_of(CITY.restaurants[0]) == f"owner-{CITY.restaurants[0].osm_id}"


def test_every_restaurant_says_what_the_platform_asks():
    for registration in REGISTRATIONS:
        assert registration.cuisines
        assert registration.address.street
        assert registration.address.house_number
        assert 1500 <= registration.delivery_radius_m <= 4000
        assert 5 <= registration.prep_minutes <= 30
        assert 0 <= registration.minimum_basket_minor <= 1500
        assert (registration.currency, registration.time_zone) == ("EUR", "Europe/Helsinki")


def test_a_registration_is_written_as_the_graph_names_things():
    written = json.decode(json.encode(registration_of(ROASBERG, CITY, "Helsinki")), type=dict[str, object])
    assert written["position"] == {"latitude": ROASBERG.latitude, "longitude": ROASBERG.longitude}
    assert {"idempotencyKey", "openingHours", "timeZone", "deliveryRadiusM", "prepMinutes"} <= set(written)


def test_a_place_is_registered_under_one_key_whatever_is_said_of_it():
    keys = {registration.idempotency_key for registration in REGISTRATIONS}
    assert len(keys) == len(CITY.restaurants)
    moved = replace(ROASBERG, name="Roasberg II", cuisine="thai")
    assert (
        registration_of(moved, CITY, "Helsinki").idempotency_key
        == registration_of(ROASBERG, CITY, "Helsinki").idempotency_key
    )


def test_a_menu_is_published_under_a_key_that_changes_with_it():
    menu = menu_of(ROASBERG)
    shorter = replace(menu, categories=menu.categories[1:])
    assert digest_of(menu) != digest_of(shorter)
    first = publication_of(menu, "restaurant_1")
    assert first == publication_of(menu_of(ROASBERG), "restaurant_1")
    assert first.idempotency_key != publication_of(shorter, "restaurant_1").idempotency_key
    assert first.idempotency_key != publication_of(menu, "restaurant_2").idempotency_key


def place_at(street: str, house_number: str) -> Place:
    return replace(ROASBERG, latitude=60.0, longitude=24.0, street=street, house_number=house_number)


@pytest.mark.parametrize(
    ("place", "expected"),
    [
        (place_at("Kalevankatu", "5"), ("Kalevankatu", "5")),
        (place_at("Kalevankatu", ""), ("Kalevankatu", "9")),
        (place_at("", ""), ("Annankatu", "1")),
        (place_at("Nowherekatu", ""), ("Nowherekatu", "1")),
    ],
)
def test_what_the_map_leaves_out_of_an_address_is_taken_from_nearby(place: Place, expected: tuple[str, str]):
    city = replace(
        CITY,
        addresses=(
            Address("Kalevankatu", "30", 60.3, 24.0),
            Address("Kalevankatu", "9", 60.2, 24.0),
            Address("Annankatu", "1", 60.1, 24.0),
        ),
    )
    address = address_of(place, city)
    assert (address.street, address.house_number) == expected


def test_descriptions_are_sentences_of_facts():
    descriptions = {place.name: said.description for place, said in zip(CITY.restaurants, REGISTRATIONS, strict=True)}
    assert descriptions["Cafe Ekberg"] == "Café at Bulevardi 9."
    assert descriptions["Pikku Nepal"] == "Nepalese restaurant at Annankatu 28."
    assert descriptions["Momotoko"] == "Noodles, japanese restaurant at Yliopistonkatu 5."
