"""The catalog through its graph, over a real database: every mutation, every refusal, what is shown and to whom."""

from asyncio import gather
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from graphql import GraphQLObjectType, GraphQLUnionType

from kernel.ids import typed_id
from subgraphs.catalog.subgraph import SUBGRAPH
from tests.catalog.bench import Bench
from tests.catalog.premises import ADMIN, CUSTOMER, MANAGER, OWNER, STRANGER, WAITER
from tests.spelling import AT, uuid_of

pytestmark = pytest.mark.anyio

MENU = "menu { id version categories { id name items { id externalId version optionGroups { id options { id } } } } }"
RESTAURANT: dict[str, Any] = {
    "name": "Raffaello",
    "cuisines": ["italian", "pizza"],
    "address": {"street": "Aleksanterinkatu", "houseNumber": "46", "postalCode": "00100", "city": "Helsinki"},
    "position": {"latitude": 60.1688, "longitude": 24.9448},
    "timeZone": "Europe/Helsinki",
    "openingHours": "Mo-Su 11:00-23:00",
    "deliveryRadiusM": 3000,
    "currency": "EUR",
    "prepMinutes": 20,
}
SIZE: dict[str, Any] = {
    "externalId": "size",
    "name": "Size",
    "minChoices": 1,
    "maxChoices": 1,
    "options": [{"externalId": "normal", "name": "Normal"}, {"externalId": "xl", "name": "XL", "priceMinor": 600}],
}
PIZZA: dict[str, Any] = {
    "externalId": "margherita",
    "name": "Margherita",
    "priceMinor": 1190,
    "taxRate": 1350,
    "allergens": ["GLUTEN", "MILK"],
    "diets": ["VEGETARIAN"],
    "optionGroups": ["size"],
}
CAKE: dict[str, Any] = {"externalId": "tiramisu", "name": "Tiramisù", "priceMinor": 790, "taxRate": 1350}
DOCUMENT: dict[str, Any] = {
    "categories": [{"name": "Pizzas", "items": [PIZZA]}, {"name": "Sweet", "items": [CAKE]}],
    "optionGroups": [SIZE],
}


def key() -> str:
    return str(uuid4())


async def registered(bench: Bench, **changes: Any) -> str:
    given = {"idempotencyKey": key(), **RESTAURANT, **changes}
    answer = await bench.do("registerRestaurant", given, fields="restaurant { id }")
    assert answer["__typename"] == "RegisterRestaurantSuccess", answer
    return answer["restaurant"]["id"]


async def published(bench: Bench, restaurant_id: str, document: dict[str, Any] = DOCUMENT) -> Any:
    given = {"idempotencyKey": key(), "restaurantId": restaurant_id, "document": document}
    answer = await bench.do("publishMenu", given, fields=MENU)
    assert answer["__typename"] == "PublishMenuSuccess", answer
    return answer["menu"]


async def test_a_restaurant_is_shown_as_it_was_registered(bench: Bench) -> None:
    restaurant_id = await registered(bench)
    data = await bench.ask(
        """query($id: ID!) { restaurant(id: $id) {
            id name description cuisines { slug name } address { street houseNumber postalCode city }
            position { latitude longitude } openingHours { expression timeZone openNow opensAt closesAt }
            pausedUntil deliveryRadiusM currency prepMinutes minimumBasket { minor currency formatted } version
        } }""",
        {"id": restaurant_id},
        viewer=CUSTOMER,
    )
    assert data["restaurant"] == {
        "id": restaurant_id,
        "name": "Raffaello",
        "description": "",
        "cuisines": [{"slug": "italian", "name": "Italian"}, {"slug": "pizza", "name": "Pizza"}],
        "address": RESTAURANT["address"],
        "position": RESTAURANT["position"],
        "openingHours": {
            "expression": "Mo-Su 11:00-23:00",
            "timeZone": "Europe/Helsinki",
            "openNow": True,
            "opensAt": None,
            "closesAt": "2026-11-20T21:00:00Z",
        },
        "pausedUntil": None,
        "deliveryRadiusM": 3000,
        "currency": "EUR",
        "prepMinutes": 20,
        "minimumBasket": {"minor": 0, "currency": "EUR", "formatted": "€0.00"},
        "version": 1,
    }


async def test_opening_hours_tell_when_a_closed_place_opens(bench: Bench) -> None:
    restaurant_id = await registered(bench)
    bench.clock.advance(timedelta(hours=6))
    data = await bench.ask(
        "query($id: ID!) { restaurant(id: $id) { openingHours { openNow opensAt closesAt } } }", {"id": restaurant_id}
    )
    hours = {"openNow": False, "opensAt": "2026-11-21T09:00:00Z", "closesAt": None}
    assert data["restaurant"]["openingHours"] == hours


async def test_a_repeated_registration_is_the_same_restaurant(bench: Bench) -> None:
    given = {"idempotencyKey": key(), **RESTAURANT}
    first = await bench.do("registerRestaurant", given, fields="restaurant { id }")
    again = await bench.do("registerRestaurant", given, fields="restaurant { id }")
    assert again == first
    other = await bench.do("registerRestaurant", {**given, "name": "Other"})
    assert other["code"] == "IDEMPOTENCY_KEY_REUSED"


async def test_a_refused_registration_is_refused_again(bench: Bench) -> None:
    given = {"idempotencyKey": key(), **RESTAURANT, "openingHours": "sometimes"}
    for _ in range(2):
        answer = await bench.do("registerRestaurant", given)
        assert (answer["code"], answer["path"]) == ("UNREADABLE_OPENING_HOURS", ["openingHours"])


async def test_an_input_out_of_bounds_leaves_its_key_free(bench: Bench) -> None:
    given = {"idempotencyKey": key(), **RESTAURANT, "prepMinutes": 0}
    assert (await bench.do("registerRestaurant", given))["code"] == "INVALID_INPUT"
    answer = await bench.do("registerRestaurant", {**given, "prepMinutes": 10})
    assert answer["__typename"] == "RegisterRestaurantSuccess"


async def test_customers_register_nothing(bench: Bench) -> None:
    answer = await bench.do("registerRestaurant", {"idempotencyKey": key(), **RESTAURANT}, viewer=CUSTOMER)
    assert answer["code"] == "NOT_ALLOWED"


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


async def test_a_restaurant_is_paused_resumed_and_changed(bench: Bench) -> None:
    restaurant_id = await registered(bench)
    fields = "restaurant { pausedUntil deliveryRadiusM version openingHours { expression timeZone } }"
    here = {"restaurantId": restaurant_id}
    until = "2026-11-20T18:00:00Z"
    paused = await bench.do("pauseRestaurant", {**here, "until": until}, fields=fields)
    assert paused["restaurant"]["pausedUntil"] == until
    resumed = await bench.do("resumeRestaurant", here, fields=fields)
    assert resumed["restaurant"]["pausedUntil"] is None
    past = await bench.do("pauseRestaurant", {**here, "until": "2026-11-20T16:00:00Z"})
    assert past["code"] == "UNTIL_OUT_OF_BOUNDS"
    near = await bench.do("changeDeliveryRadius", {**here, "deliveryRadiusM": 500}, fields=fields)
    assert near["restaurant"]["deliveryRadiusM"] == 500
    hours = {**here, "openingHours": "24/7", "timeZone": "Europe/Tallinn"}
    changed = await bench.do("changeOpeningHours", hours, fields=fields)
    assert changed["restaurant"]["openingHours"] == {"expression": "24/7", "timeZone": "Europe/Tallinn"}
    data = await bench.ask(
        """mutation($input: ChangeOpeningHoursInput!) { changeOpeningHours(input: $input) {
            ... on RestaurantVersionConflict { currentVersion restaurant { id } } } }""",
        {"input": {**hours, "expectedVersion": 1}},
    )
    assert data["changeOpeningHours"] == {"currentVersion": 5, "restaurant": {"id": restaurant_id}}


async def test_two_mutations_of_one_request_each_show_their_own_result(bench: Bench) -> None:
    restaurant_id = await registered(bench)
    data = await bench.ask(
        """mutation($id: ID!) {
            pauseRestaurant(input: {restaurantId: $id, until: "2026-11-20T18:00:00Z"}) {
                ... on PauseRestaurantSuccess { restaurant { pausedUntil } } }
            resumeRestaurant(input: {restaurantId: $id}) {
                ... on ResumeRestaurantSuccess { restaurant { pausedUntil } } }
        }""",
        {"id": restaurant_id},
    )
    assert data["pauseRestaurant"]["restaurant"]["pausedUntil"] == "2026-11-20T18:00:00Z"
    assert data["resumeRestaurant"]["restaurant"]["pausedUntil"] is None


async def test_staff_is_appointed_and_shown_to_staff_only(bench: Bench) -> None:
    restaurant_id = await registered(bench)
    for viewer, role in ((MANAGER, "MANAGER"), (WAITER, "STAFF")):
        given = {"restaurantId": restaurant_id, "subject": viewer.subject, "role": role}
        assert (await bench.do("addStaffMember", given))["__typename"] == "AddStaffMemberSuccess"
    document = "query($id: ID!) { restaurant(id: $id) { staff { subject role } } }"
    for viewer in (OWNER, MANAGER, WAITER, ADMIN):
        data = await bench.ask(document, {"id": restaurant_id}, viewer=viewer)
        assert [member["role"] for member in data["restaurant"]["staff"]] == ["MANAGER", "OWNER", "STAFF"]
    for viewer in (STRANGER, CUSTOMER):
        data = await bench.ask(document, {"id": restaurant_id}, viewer=viewer)
        assert data["restaurant"]["staff"] is None
    last = await bench.do("removeStaffMember", {"restaurantId": restaurant_id, "subject": OWNER.subject})
    assert last["code"] == "LAST_OWNER_STAYS"


async def test_nobody_else_changes_a_menu_on_any_path(bench: Bench) -> None:
    restaurant_id = await registered(bench)
    menu = await published(bench, restaurant_id)
    pizza = menu["categories"][0]["items"][0]
    group = pizza["optionGroups"][0]
    here, item, size = {"restaurantId": restaurant_id}, {"menuItemId": pizza["id"]}, {"optionGroupId": group["id"]}
    attempts: list[tuple[str, dict[str, Any]]] = [
        ("publishMenu", {**here, "idempotencyKey": key(), "document": DOCUMENT}),
        ("addMenuItem", {**here, "idempotencyKey": key(), "categoryId": menu["categories"][0]["id"], "item": CAKE}),
        ("changeMenuItem", {**item, "priceMinor": 1}),
        ("removeMenuItem", item),
        ("setItemAvailability", {**item, "available": False}),
        ("addOptionGroup", {**here, "idempotencyKey": key(), "optionGroup": {**SIZE, "externalId": "x"}}),
        ("changeOptionGroup", {**size, "optionGroup": SIZE}),
        ("removeOptionGroup", size),
        ("setOptionAvailability", {**size, "optionId": group["options"][0]["id"], "available": False}),
        ("changeOpeningHours", {**here, "openingHours": "24/7"}),
        ("changeDeliveryRadius", {**here, "deliveryRadiusM": 1}),
        ("pauseRestaurant", {**here, "until": "2026-11-20T18:00:00Z"}),
        ("resumeRestaurant", here),
        ("addStaffMember", {**here, "subject": STRANGER.subject, "role": "OWNER"}),
        ("removeStaffMember", {**here, "subject": OWNER.subject}),
    ]
    for mutation, given in attempts:
        for viewer in (STRANGER, CUSTOMER):
            answer = await bench.do(mutation, given, viewer=viewer)
            assert answer["code"] == "NOT_ALLOWED", mutation


async def test_malformed_ids_are_refused_and_unknown_ones_not_found(bench: Bench) -> None:
    nobody = typed_id("restaurant", uuid_of(7))
    for restaurant_id, code in (("restaurant_x", "MALFORMED_ID"), (nobody, "NOT_FOUND")):
        answer = await bench.do("resumeRestaurant", {"restaurantId": restaurant_id})
        assert (answer["code"], answer["path"]) == (code, ["restaurantId"])
    for item_id, code in (("x", "MALFORMED_ID"), (nobody, "MALFORMED_ID"), (typed_id("item", uuid_of(1)), "NOT_FOUND")):
        answer = await bench.do("removeMenuItem", {"menuItemId": item_id})
        assert (answer["code"], answer["path"]) == (code, ["menuItemId"])
    option = typed_id("option", uuid_of(1))
    for group_id, code in (("x", "MALFORMED_ID"), (typed_id("group", uuid_of(1)), "NOT_FOUND")):
        given = {"optionGroupId": group_id, "optionId": option, "available": True}
        assert (await bench.do("setOptionAvailability", given))["code"] == code
    data = await bench.ask(f'{{ a: restaurant(id: "x") {{ id }} b: restaurant(id: "{nobody}") {{ id }} }}')
    assert data == {"a": None, "b": None}


async def test_references_answer_what_queries_answer(bench: Bench) -> None:
    restaurant_id = await registered(bench)
    menu = await published(bench, restaurant_id)
    pizza = menu["categories"][0]["items"][0]
    ids = {
        "Restaurant": restaurant_id,
        "Menu": menu["id"],
        "MenuCategory": menu["categories"][0]["id"],
        "MenuItem": pizza["id"],
        "OptionGroup": pizza["optionGroups"][0]["id"],
    }
    document = """query($representations: [_Any!]!) { _entities(representations: $representations) { __typename
        ... on Restaurant { id } ... on Menu { id } ... on MenuCategory { id } ... on MenuItem { id }
        ... on OptionGroup { id } } }"""
    good = [{"__typename": kind, "id": id_} for kind, id_ in ids.items()]
    data = await bench.ask(document, {"representations": good}, viewer=CUSTOMER)
    assert data["_entities"] == good
    bad = [{"__typename": kind, "id": id_} for kind in ids for id_ in ("x", typed_id("order", uuid_of(3)))]
    unknown = [
        {"__typename": "Menu", "id": typed_id("menu", uuid_of(3))},
        {"__typename": "MenuItem", "id": typed_id("item", uuid_of(3))},
    ]
    data = await bench.ask(document, {"representations": [*bad, *unknown]})
    assert data["_entities"] == [None] * 12


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


async def test_every_selection_of_every_result_is_valid() -> None:
    """One field name has one type within a union, or routers refuse to merge its members."""
    core = SUBGRAPH.schema._schema  # pyright: ignore[reportPrivateUsage]  # strawberry shows its core schema only here
    unions = [kind for kind in core.type_map.values() if isinstance(kind, GraphQLUnionType)]
    assert unions
    for union in unions:
        types: dict[str, str] = {}
        for member in union.types:
            assert isinstance(member, GraphQLObjectType)
            for name, field in member.fields.items():
                assert types.setdefault(name, str(field.type)) == str(field.type), (union.name, name)


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
