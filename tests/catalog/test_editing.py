"""Menus through the catalog's graph, over a real database: shown, published, changed part by part, all at once."""

from asyncio import gather
from datetime import timedelta
from typing import Any

import pytest

from tests.catalog.bench import Bench
from tests.catalog.graph import CAKE, DOCUMENT, PIZZA, SIZE, key, published, registered
from tests.catalog.premises import CUSTOMER, OWNER
from tests.spelling import AT

pytestmark = pytest.mark.anyio


async def test_a_published_menu_is_shown_in_its_order(bench: Bench) -> None:
    restaurant_id = await registered(bench)
    await published(bench, restaurant_id)
    data = await bench.ask(
        """query($id: ID!) { restaurant(id: $id) { menu { version changedAt restaurant { id } categories { name items {
            name externalId price { minor currency } taxRate allergens diets available unavailableUntil version
            category { name } restaurant { name }
            optionGroups { name minChoices maxChoices version options {
                name externalId price { minor } available unavailableUntil } }
        } } } } }""",
        {"id": restaurant_id},
        viewer=CUSTOMER,
    )
    menu = data["restaurant"]["menu"]
    assert (menu["version"], menu["changedAt"], menu["restaurant"]["id"]) == (7, "2026-11-20T17:00:00Z", restaurant_id)
    pizza, cake = menu["categories"][0]["items"][0], menu["categories"][1]["items"][0]
    assert pizza == {
        "name": "Margherita",
        "externalId": "margherita",
        "price": {"minor": 1190, "currency": "EUR"},
        "taxRate": 1350,
        "allergens": ["GLUTEN", "MILK"],
        "diets": ["VEGETARIAN"],
        "available": True,
        "unavailableUntil": None,
        "version": 1,
        "category": {"name": "Pizzas"},
        "restaurant": {"name": "Raffaello"},
        "optionGroups": [
            {
                "name": "Size",
                "minChoices": 1,
                "maxChoices": 1,
                "version": 1,
                "options": [
                    {"name": "Normal", "externalId": "normal", "price": {"minor": 0}} | ON,
                    {"name": "XL", "externalId": "xl", "price": {"minor": 600}} | ON,
                ],
            }
        ],
    }
    assert (cake["allergens"], cake["diets"], cake["optionGroups"]) == (None, [], [])


ON = {"available": True, "unavailableUntil": None}


async def test_an_invalid_menu_is_told_what_is_wrong_with_it(bench: Bench) -> None:
    restaurant_id = await registered(bench)
    wrong = {**DOCUMENT, "optionGroups": [{**SIZE, "maxChoices": 3}]}
    given = {"idempotencyKey": key(), "restaurantId": restaurant_id, "document": wrong}
    data = await bench.ask(
        """mutation($input: PublishMenuInput!) { publishMenu(input: $input) {
            ... on InvalidMenu { code problems { code path message } } } }""",
        {"input": given},
    )
    problem = data["publishMenu"]["problems"][0]
    assert (problem["code"], problem["path"]) == ("CHOICES_BROKEN", ["document", "optionGroups", "0"])


async def test_a_stale_menu_version_is_answered_with_the_menu(bench: Bench) -> None:
    restaurant_id = await registered(bench)
    menu = await published(bench, restaurant_id)
    given = {"idempotencyKey": key(), "restaurantId": restaurant_id, "document": DOCUMENT, "expectedVersion": 1}
    data = await bench.ask(
        """mutation($input: PublishMenuInput!) { publishMenu(input: $input) {
            ... on MenuVersionConflict { code currentVersion menu { id version } } } }""",
        {"input": given},
    )
    assert data["publishMenu"]["currentVersion"] == menu["version"]
    assert data["publishMenu"]["menu"] == {"id": menu["id"], "version": menu["version"]}


async def test_items_are_added_changed_taken_off_and_removed(bench: Bench) -> None:
    restaurant_id = await registered(bench)
    menu = await published(bench, restaurant_id)
    adding = {
        "idempotencyKey": key(),
        "restaurantId": restaurant_id,
        "categoryId": menu["categories"][0]["id"],
        "item": {**PIZZA, "externalId": "marinara", "name": "Marinara"},
    }
    item = "menu { version } menuItem { id name price { minor } allergens available unavailableUntil version }"
    added = await bench.do("addMenuItem", adding, fields=item)
    assert await bench.do("addMenuItem", adding, fields=item) == added
    item_id = added["menuItem"]["id"]
    changed = await bench.do("changeMenuItem", {"menuItemId": item_id, "priceMinor": 1290}, fields=item)
    assert (changed["menuItem"]["price"]["minor"], changed["menuItem"]["allergens"]) == (1290, ["GLUTEN", "MILK"])
    unsaid = await bench.do("changeMenuItem", {"menuItemId": item_id, "allergens": None}, fields=item)
    assert unsaid["menuItem"]["allergens"] is None
    until = (AT + timedelta(hours=1)).isoformat().replace("+00:00", "Z")
    off = {"menuItemId": item_id, "available": False, "until": until}
    gone = await bench.do("setItemAvailability", off, viewer=OWNER, fields=item)
    assert (gone["menuItem"]["available"], gone["menuItem"]["unavailableUntil"]) == (False, until)
    bench.clock.advance(timedelta(hours=1))
    shown = await bench.ask(
        """query($them: [_Any!]!) { _entities(representations: $them) {
            ... on MenuItem { available unavailableUntil } } }""",
        {"them": [{"__typename": "MenuItem", "id": item_id}]},
    )
    assert shown["_entities"] == [{"available": True, "unavailableUntil": None}]
    removed = await bench.do("removeMenuItem", {"menuItemId": item_id}, fields=item)
    assert (removed["__typename"], removed["menuItem"]) == ("RemoveMenuItemSuccess", None)
    again = await bench.do("setItemAvailability", {"menuItemId": item_id, "available": True})
    assert (again["code"], again["path"]) == ("NOT_FOUND", ["menuItemId"])


async def test_a_stale_item_version_is_answered_with_the_item(bench: Bench) -> None:
    menu = await published(bench, await registered(bench))
    item_id = menu["categories"][1]["items"][0]["id"]
    data = await bench.ask(
        """mutation($input: ChangeMenuItemInput!) { changeMenuItem(input: $input) {
            ... on MenuItemVersionConflict { currentVersion menuItem { id } } } }""",
        {"input": {"menuItemId": item_id, "name": "Cake", "expectedVersion": 7}},
    )
    assert data["changeMenuItem"] == {"currentVersion": 1, "menuItem": {"id": item_id}}


async def test_option_groups_are_added_changed_taken_off_and_removed(bench: Bench) -> None:
    restaurant_id = await registered(bench)
    menu = await published(bench, restaurant_id)
    group = "menu { version } optionGroup { id name version options { id name available } }"
    dip = {**SIZE, "externalId": "dip", "name": "Dip", "minChoices": 0}
    adding = {"idempotencyKey": key(), "restaurantId": restaurant_id, "optionGroup": dip}
    added = await bench.do("addOptionGroup", adding, fields=group)
    group_id = added["optionGroup"]["id"]
    changed = await bench.do(
        "changeOptionGroup", {"optionGroupId": group_id, "optionGroup": {**dip, "name": "Sauce"}}, fields=group
    )
    assert changed["optionGroup"]["name"] == "Sauce"
    option_id = added["optionGroup"]["options"][1]["id"]
    off = {"optionGroupId": group_id, "optionId": option_id, "available": False}
    gone = await bench.do("setOptionAvailability", off, fields=group)
    assert [option["available"] for option in gone["optionGroup"]["options"]] == [True, False]
    data = await bench.ask(
        """mutation($input: ChangeOptionGroupInput!) { changeOptionGroup(input: $input) {
            ... on OptionGroupVersionConflict { currentVersion optionGroup { id } } } }""",
        {"input": {"optionGroupId": group_id, "optionGroup": dip, "expectedVersion": 1}},
    )
    assert data["changeOptionGroup"] == {"currentVersion": 3, "optionGroup": {"id": group_id}}
    removed = await bench.do("removeOptionGroup", {"optionGroupId": group_id}, fields=group)
    assert removed["optionGroup"] is None
    size_id = menu["categories"][0]["items"][0]["optionGroups"][0]["id"]
    data = await bench.ask(
        """mutation($input: RemoveOptionGroupInput!) { removeOptionGroup(input: $input) {
            ... on OptionGroupInUse { code items { name } } } }""",
        {"input": {"optionGroupId": size_id}},
    )
    assert data["removeOptionGroup"] == {"code": "OPTION_GROUP_IN_USE", "items": [{"name": "Margherita"}]}


async def test_what_is_typed_into_psql_shows_at_once(bench: Bench) -> None:
    restaurant_id = await registered(bench)
    menu = await published(bench, restaurant_id)
    await bench.type("update catalog.menu_items set price_minor = 1, unavailable = true")
    data = await bench.ask(
        """query($id: ID!) { restaurant(id: $id) {
            menu { version categories { items { price { minor } available } } } } }""",
        {"id": restaurant_id},
    )
    after = data["restaurant"]["menu"]
    assert after["version"] == menu["version"] + 2
    assert after["categories"][0]["items"] == [{"price": {"minor": 1}, "available": False}]
    await bench.type("update catalog.restaurants set retired = true")
    assert await bench.ask("query($id: ID!) { restaurant(id: $id) { id } }", {"id": restaurant_id}) == {
        "restaurant": None
    }


async def test_a_dozen_changes_of_one_menu_at_once_all_hold(bench: Bench) -> None:
    restaurant_id = await registered(bench)
    menu = await published(bench, restaurant_id)
    category_id, cake = menu["categories"][0]["id"], menu["categories"][1]["items"][0]["id"]

    def adding(number: int) -> dict[str, Any]:
        item = {**CAKE, "externalId": f"cake_{number}", "name": f"Cake {number}"}
        return {"idempotencyKey": key(), "restaurantId": restaurant_id, "categoryId": category_id, "item": item}

    answers = await gather(
        *(bench.do("addMenuItem", adding(number)) for number in range(6)),
        *(bench.do("setItemAvailability", {"menuItemId": cake, "available": n % 2 == 0}) for n in range(6)),
    )
    assert {answer["__typename"] for answer in answers} == {"AddMenuItemSuccess", "SetItemAvailabilitySuccess"}
    data = await bench.ask(
        "query($id: ID!) { restaurant(id: $id) { menu { categories { items { name } } } } }", {"id": restaurant_id}
    )
    names = [item["name"] for item in data["restaurant"]["menu"]["categories"][0]["items"]]
    assert sorted(names) == ["Cake 0", "Cake 1", "Cake 2", "Cake 3", "Cake 4", "Cake 5", "Margherita"]


async def test_a_group_is_not_removed_while_an_item_begins_to_ask_for_it(bench: Bench) -> None:
    restaurant_id = await registered(bench)
    menu = await published(bench, restaurant_id)
    cake = menu["categories"][1]["items"][0]["id"]
    for _ in range(5):
        dip = {**SIZE, "externalId": key(), "name": "Dip"}
        adding = {"idempotencyKey": key(), "restaurantId": restaurant_id, "optionGroup": dip}
        group_id = (await bench.do("addOptionGroup", adding, fields="optionGroup { id }"))["optionGroup"]["id"]
        removed, asked = await gather(
            bench.do("removeOptionGroup", {"optionGroupId": group_id}),
            bench.do("changeMenuItem", {"menuItemId": cake, "optionGroups": [dip["externalId"]]}),
        )
        happened = (removed["__typename"], asked["__typename"])
        assert happened in {
            ("RemoveOptionGroupSuccess", "InvalidMenu"),
            ("OptionGroupInUse", "ChangeMenuItemSuccess"),
        }
