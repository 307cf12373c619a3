"""Every menu can be ordered from, is plausible, and is the same wherever it is made."""

import hashlib
from pathlib import Path

import pytest
from msgspec import json

from simulator import dishes
from simulator.city import Place, read_city
from simulator.cuisines import MENU_OF_CUISINE, cuisines_of, cuisines_on_the_map
from simulator.menus import menu_of, slug

CITY = read_city(Path(__file__).parents[2] / "simulator/cities/helsinki.json")
MENUS = {place.osm_id: menu_of(place) for place in CITY.restaurants}
ITEMS = [item for menu in MENUS.values() for item in menu.items]
TABLES = sorted(path.stem for path in dishes.TABLES.glob("*.json") if path.stem not in ("options", "shared"))
NOT_VEGAN = {"CRUSTACEANS", "EGGS", "FISH", "MILK", "MOLLUSCS"}
NOT_VEGETARIAN = {"CRUSTACEANS", "FISH", "MOLLUSCS"}


def place_named(name: str) -> Place:
    return next(place for place in CITY.restaurants if place.name == name)


def test_menus_are_as_long_as_menus_are():
    for osm_id, menu in MENUS.items():
        assert 3 <= len(menu.categories) <= 6, osm_id
        assert 12 <= len(menu.items) <= 30, osm_id
        assert all(category.items for category in menu.categories), osm_id


def test_every_name_on_a_menu_means_one_thing():
    for osm_id, menu in MENUS.items():
        dish_ids = [item.external_id for item in menu.items]
        group_ids = [group.external_id for group in menu.option_groups]
        assert len(set(dish_ids)) == len(dish_ids), osm_id
        assert len(set(group_ids)) == len(group_ids), osm_id
        assert {group for item in menu.items for group in item.option_groups} == set(group_ids), osm_id


def test_every_question_can_be_answered():
    for group in {group for menu in MENUS.values() for group in menu.option_groups}:
        assert 0 <= group.min_choices <= group.max_choices <= len(group.options), group
        assert group.max_choices >= 1, group
        assert len({option.external_id for option in group.options}) == len(group.options), group
        assert all(0 <= option.price_minor <= 2000 for option in group.options), group


def test_prices_are_ones_that_are_printed_on_menus():
    for item in ITEMS:
        assert 100 <= item.price_minor <= 4500, item
        cents = item.price_minor % 100
        assert cents in (0, 50, 90) or (item.price_minor < 700 and cents % 10 == 0), item


def test_food_and_goods_bear_their_own_tax():
    rates = {item.tax_rate for item in ITEMS}
    assert rates == {1350, 2550}
    assert all(item.tax_rate == 2550 for item in ITEMS if "muki" in item.external_id or "kassi" in item.external_id)


def test_what_is_called_vegan_or_vegetarian_may_be_called_so():
    for item in ITEMS:
        if "VEGAN" in item.diets:
            assert not NOT_VEGAN & set(item.allergens), item
            assert "VEGETARIAN" in item.diets
        if "VEGETARIAN" in item.diets:
            assert not NOT_VEGETARIAN & set(item.allergens), item


def test_what_is_called_free_of_something_is_free_of_it():
    for item in ITEMS:
        assert not ("GLUTEN_FREE" in item.diets and "GLUTEN" in item.allergens)
        assert not ("DAIRY_FREE" in item.diets and "MILK" in item.allergens)
        assert "DAIRY_FREE" not in item.diets or "LACTOSE_FREE" in item.diets


def test_nothing_on_any_menu_is_alcohol():
    words = {word for item in ITEMS for word in slug(f"{item.name} {item.description}").split("-")}
    assert not words & {"beer", "olut", "siideri", "viini", "vodka", "whisky", "rum", "gin", "prosecco", "champagne"}


def test_menus_keep_their_diacritics():
    names = {item.name for item in ITEMS}
    assert {"Phở", "Crème brûlée", "Voisilmäpulla", "İskender kebap", "Tonkotsu rāmen"} <= names


def test_menus_have_sets_that_come_with_a_drink():
    sets = [item for item in ITEMS if {"meal-drink", "hot-drink"} & set(item.option_groups)]
    assert len(sets) >= len(MENUS)
    assert all("drink" in f"{item.name} {item.description}".casefold() or item.option_groups for item in sets)


@pytest.mark.parametrize("name", TABLES)
def test_a_table_speaks_only_of_what_there_is(name: str):
    for section in dishes.table(name):
        assert section.take[0] <= section.take[1] <= len(section.dishes), section.name
        for dish in section.dishes:
            assert set(dish.allergens.split()) <= set(dishes.ALLERGENS), dish
            assert set(dish.groups.split()) <= set(dishes.questions()), dish
            assert slug(dish.name)


def test_every_table_is_cooked_from_and_every_cuisine_has_one():
    assert set(MENU_OF_CUISINE.values()) == set(TABLES)


def test_cuisines_are_the_maps_where_it_has_them():
    tagged = [place for place in CITY.restaurants if place.cuisine]
    assert len(tagged) == 174
    assert sum(1 for place in tagged if cuisines_on_the_map(place)) == 173  # One says only "fine_dining".
    assert cuisines_of(place_named("Mount Everest")) == ("nepalese",)
    assert cuisines_of(place_named("Momotoko")) == ("noodles", "japanese")


def test_a_name_tells_what_the_map_does_not():
    assert cuisines_of(place_named("Ravintola China")) == ("chinese",)
    assert cuisines_of(place_named("Pikku Nepal")) == ("nepalese",)
    assert cuisines_of(place_named("Cafe Ekberg")) == ("cafe",)
    assert cuisines_of(place_named("Molly Malone's")) == ("pub_food",)


def test_a_place_that_is_only_vegan_serves_only_vegan_food():
    menu = MENUS[next(place.osm_id for place in CITY.restaurants if place.vegan == "only")]
    assert all("VEGAN" in item.diets for item in menu.items)


def test_a_place_that_also_serves_vegans_has_something_for_them_in_its_mains():
    for place in CITY.restaurants:
        if place.vegan == "yes":
            assert sum("VEGAN" in item.diets for item in MENUS[place.osm_id].items) >= 2, place


def test_the_city_is_the_same_on_every_machine():
    written = hashlib.sha256(json.encode({str(osm_id): menu for osm_id, menu in MENUS.items()})).hexdigest()
    assert menu_of(place_named("Roasberg")) == MENUS[1376356022]
    assert written[:16] == "cb4e901d8d83bfba", "the tables or the drawing changed: every running city gets new menus"
