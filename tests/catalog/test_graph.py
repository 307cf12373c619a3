"""Restaurants through the catalog's graph, over a real database: every refusal, what is shown and to whom."""

from datetime import timedelta
from typing import Any

import pytest
from graphql import GraphQLObjectType, GraphQLUnionType

from kernel.ids import typed_id
from subgraphs.catalog.subgraph import SUBGRAPH
from tests.catalog.bench import Bench
from tests.catalog.graph import CAKE, DOCUMENT, RESTAURANT, SIZE, key, published, registered
from tests.catalog.premises import ADMIN, CUSTOMER, MANAGER, OWNER, STRANGER, WAITER
from tests.spelling import uuid_of

pytestmark = pytest.mark.anyio


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
    for viewer, expected in ((OWNER, [restaurant_id]), (WAITER, [restaurant_id]), (STRANGER, []), (CUSTOMER, [])):
        data = await bench.ask("{ workplaces { id } }", viewer=viewer)
        assert [restaurant["id"] for restaurant in data["workplaces"]] == expected
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
