"""Restaurants are found by misspelt words, place, hours and cuisine, page by page, soon after a change."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import pytest

from kernel.log import ConsistencyToken
from kernel.messages import Row
from kernel.ports import Outage
from runtime.adapters.opensearch.reserve import reserved
from subgraphs.catalog.views.search import CuisineCount, Found, Place, Wanted
from tests.catalog.bench import Bench
from tests.catalog.graph import CAKE, PIZZA, published, registered
from tests.catalog.premises import CUSTOMER
from tests.patience import AT_MOST_S

pytestmark = pytest.mark.anyio

CENTRE = {"latitude": 60.1688, "longitude": 24.9448}
FIND = """query($near: PositionInput, $search: String, $filter: RestaurantFilter, $sort: RestaurantSort,
    $first: Int, $after: String, $last: Int, $before: String) {
  restaurants(near: $near, search: $search, filter: $filter, sort: $sort,
      first: $first, after: $after, last: $last, before: $before) {
    edges { cursor distanceM node { name } }
    pageInfo { hasNextPage hasPreviousPage startCursor endCursor }
    totalCount degraded asOf facets { cuisines { cuisine { slug } restaurants } }
  } }"""


async def find(bench: Bench, **asked: Any) -> Any:
    asked = {"first": 20, **asked} if "last" not in asked else asked
    return (await bench.ask(FIND, asked, viewer=CUSTOMER))["restaurants"]


async def names(bench: Bench, **asked: Any) -> list[str]:
    return [edge["node"]["name"] for edge in (await find(bench, **asked))["edges"]]


def menu(*dishes: str) -> dict[str, Any]:
    items = [{**CAKE, "externalId": str(n), "name": dish} for n, dish in enumerate(dishes)]
    return {"categories": [{"name": "All", "items": items}]}


async def town(bench: Bench) -> dict[str, str]:
    """Five places along a street, each about 555 m further north."""
    street: list[dict[str, Any]] = [
        {"name": "Raffaello", "cuisines": ["italian", "pizza"]},
        {"name": "Café Köket", "cuisines": ["cafe", "finnish"], "openingHours": "Mo-Fr 08:00-15:00"},
        {"name": "Sushi Bar", "cuisines": ["sushi", "japanese"], "openingHours": "24/7"},
        {"name": "Phở Hà Nội", "cuisines": ["vietnamese"]},
        {"name": "Pizzeria Napoli", "cuisines": ["pizza"], "deliveryRadiusM": 1000},
    ]
    ids: dict[str, str] = {}
    for n, place in enumerate(street):
        position = {**CENTRE, "latitude": CENTRE["latitude"] + n * 0.005}
        ids[place["name"]] = await registered(bench, position=position, **place)
    await published(bench, ids["Raffaello"], menu("Lasagne", "Tiramisù"))
    await published(bench, ids["Café Köket"], menu("Korvapuusti", "Lohikeitto"))
    await published(bench, ids["Sushi Bar"], menu("Lohi nigiri", "Pizza roll"))
    return ids


class Written(Row):
    """The last change of a partition."""

    partition: int
    txid: str
    position: int


async def settled(bench: Bench) -> None:
    """Until the search has seen all that was changed."""
    sql = """select distinct on (partition) partition, txid, position from journal where topic = 'catalog.changes'
        order by partition, txid desc, position desc"""
    for last in await bench.equipment.views.fetch(Written, sql):
        token = ConsistencyToken(
            journal="catalog", partition=last.partition, txid=int(last.txid), position=last.position
        )
        assert await bench.equipment.views.reached("search_documents", ("catalog.changes",), token, AT_MOST_S)


SEARCHES: list[tuple[str, list[str]]] = [
    ("raffaello", ["Raffaello"]),
    ("RAFAELLO", ["Raffaello"]),
    ("rafafello", ["Raffaello"]),
    ("raff", ["Raffaello"]),
    ("koket", ["Café Köket"]),
    ("cafe köket", ["Café Köket"]),
    ("pho", ["Phở Hà Nội"]),
    ("suhsi", ["Sushi Bar"]),
    ("tiramisu", ["Raffaello"]),
    ("tirammisu", ["Raffaello"]),
    ("lohi", ["Sushi Bar", "Café Köket"]),
    ("vietnamesse", ["Phở Hà Nội"]),
    ("pizza", ["Raffaello", "Pizzeria Napoli", "Sushi Bar"]),
    ("pizza raffaello", ["Raffaello"]),
    ("raffaello sushi", []),
    ("burger", []),
    ("!!!", []),
]


async def test_words_are_found_however_spelt(bench: Bench) -> None:
    async with bench.indexing():
        await town(bench)
        await settled(bench)
    for search, expected in SEARCHES:
        assert await names(bench, search=search, near=CENTRE) == expected, search


async def test_places_are_found_by_distance_hours_cuisine_and_name(bench: Bench) -> None:
    ids = await town(bench)
    near = await find(bench, near=CENTRE)
    assert [edge["distanceM"] for edge in near["edges"]] == [0, 556, 1112, 1668, 2224]
    assert near["edges"][0]["node"]["name"] == "Raffaello"
    assert await names(bench) == ["Café Köket", "Phở Hà Nội", "Pizzeria Napoli", "Raffaello", "Sushi Bar"]
    assert await names(bench, near=CENTRE, filter={"maxDistanceM": 600}) == ["Raffaello", "Café Köket"]
    delivering = await names(bench, near=CENTRE, filter={"deliversHere": True}, sort="NAME")
    assert "Pizzeria Napoli" not in delivering
    assert len(delivering) == 4
    assert await names(bench, filter={"cuisines": ["pizza", "sushi"]}) == ["Pizzeria Napoli", "Raffaello", "Sushi Bar"]
    open_now = ["Phở Hà Nội", "Pizzeria Napoli", "Raffaello", "Sushi Bar"]
    assert await names(bench, filter={"openNow": True}) == open_now
    await bench.do("pauseRestaurant", {"restaurantId": ids["Raffaello"], "until": "2026-11-20T18:00:00Z"})
    assert await names(bench, filter={"openNow": True}) == ["Phở Hà Nội", "Pizzeria Napoli", "Sushi Bar"]
    bench.clock.advance(timedelta(hours=1))
    assert await names(bench, filter={"openNow": True}) == open_now
    bench.clock.advance(timedelta(hours=4))
    assert await names(bench, filter={"openNow": True}) == ["Sushi Bar"]


async def test_facets_count_as_if_no_cuisine_had_been_asked_for(bench: Bench) -> None:
    await town(bench)
    found = await find(bench, near=CENTRE, filter={"cuisines": ["sushi"], "maxDistanceM": 1200})
    assert found["totalCount"] == 1
    facets = {facet["cuisine"]["slug"]: facet["restaurants"] for facet in found["facets"]["cuisines"]}
    assert facets == {"cafe": 1, "finnish": 1, "italian": 1, "japanese": 1, "pizza": 1, "sushi": 1}


async def test_pages_forwards_and_backwards_make_the_whole_list(bench: Bench) -> None:
    async with bench.indexing():
        await town(bench)
        await settled(bench)
    lists: list[dict[str, Any]] = [{}, {"near": CENTRE}, {"search": "p", "near": CENTRE}, {"search": "pi"}]
    for asked in lists:
        whole = await names(bench, **asked)
        assert await forwards(bench, asked) == whole
        assert await backwards(bench, asked) == whole


async def forwards(bench: Bench, asked: dict[str, Any]) -> list[str]:
    found: list[str] = []
    page = await find(bench, first=2, **asked)
    found += [edge["node"]["name"] for edge in page["edges"]]
    while page["pageInfo"]["hasNextPage"]:
        page = await find(bench, first=2, after=page["pageInfo"]["endCursor"], **asked)
        found += [edge["node"]["name"] for edge in page["edges"]]
    return found


async def backwards(bench: Bench, asked: dict[str, Any]) -> list[str]:
    page = await find(bench, last=2, **asked)
    found = [edge["node"]["name"] for edge in page["edges"]]
    while page["pageInfo"]["hasPreviousPage"]:
        page = await find(bench, last=2, before=page["pageInfo"]["startCursor"], **asked)
        found = [edge["node"]["name"] for edge in page["edges"]] + found
    return found


async def test_a_page_stays_where_it_was_when_others_come_and_go(bench: Bench) -> None:
    ids = await town(bench)
    first = await find(bench, first=2)
    await bench.type("update catalog.restaurants set retired = true where id = $1", ids["Café Köket"])
    await registered(bench, name="Aalto")
    rest = await find(bench, first=5, after=first["pageInfo"]["endCursor"])
    assert [edge["node"]["name"] for edge in rest["edges"]] == ["Pizzeria Napoli", "Raffaello", "Sushi Bar"]


SENSELESS: list[dict[str, Any]] = [
    {"first": 0},
    {"first": 101},
    {"first": 5, "last": 5},
    {"first": 5, "after": "forged"},
    {"first": 5, "sort": "DISTANCE"},
    {"first": 5, "sort": "RELEVANCE"},
    {"first": 5, "search": "x" * 201},
    {"first": 5, "filter": {"deliversHere": True}},
    {"first": 5, "filter": {"maxDistanceM": 100}},
    {"first": 5, "near": CENTRE, "filter": {"maxDistanceM": -1}},
    {"first": 5, "near": {"latitude": 91, "longitude": 0}},
    {"first": 5, "filter": {"cuisines": ["x"] * 21}},
]


async def test_arguments_that_make_no_sense_are_bad_input(bench: Bench) -> None:
    for asked in SENSELESS:
        answer = await bench.execute(FIND, asked)
        assert answer.errors, asked
        assert (answer.errors[0].extensions or {})["code"] == "BAD_USER_INPUT", asked


async def test_a_cursor_belongs_to_its_search(bench: Bench) -> None:
    await town(bench)
    cursor = (await find(bench, first=1))["pageInfo"]["endCursor"]
    answer = await bench.execute(FIND, {"first": 1, "after": cursor, "near": CENTRE})
    assert answer.errors


async def test_the_poles_and_the_date_line_are_near_each_other(bench: Bench) -> None:
    await registered(bench, name="West", position={"latitude": 65.0, "longitude": -179.999})
    await registered(bench, name="Pole", position={"latitude": 89.999, "longitude": 10})
    east, north = {"latitude": 65.0, "longitude": 179.999}, {"latitude": 89.999, "longitude": -170}
    assert await names(bench, near=east, filter={"maxDistanceM": 500}) == ["West"]
    assert await names(bench, near=north, filter={"maxDistanceM": 500}) == ["Pole"]


async def test_the_tiniest_of_numbers_are_places_too(bench: Bench) -> None:
    tiny = {"latitude": 5e-324, "longitude": -5e-324}
    await registered(bench, name="Null Island", position=tiny)
    near = await find(bench, near=tiny, filter={"deliversHere": True})
    assert [edge["distanceM"] for edge in near["edges"]] == [0]
    assert await names(bench, near={"latitude": 1e-14, "longitude": 1e-300}) == ["Null Island"]


async def test_a_change_is_found_by_itself_also_one_typed_into_psql(bench: Bench) -> None:
    async with bench.indexing():
        restaurant_id = await registered(bench)
        await published(bench, restaurant_id, menu("Lasagne"))
        await settled(bench)
        assert await names(bench, search="lasagne") == ["Raffaello"]
        await bench.type("update catalog.menu_items set name = 'Ravioli'")
        await settled(bench)
        assert await names(bench, search="ravioli") == ["Raffaello"]
        assert await names(bench, search="lasagne") == []


async def test_a_consistency_token_waits_for_the_words_it_asks_for(bench: Bench) -> None:
    given = {"idempotencyKey": "00000000-0000-4000-8000-000000000001"}
    restaurant_id = await registered(bench)
    document: Any = {"categories": [{"name": "All", "items": [{**PIZZA, "optionGroups": list[str]()}]}]}
    publish: dict[str, Any] = {**given, "restaurantId": restaurant_id, "document": document}
    token = (await bench.do("publishMenu", publish))["consistencyToken"]
    asked = {"search": "margherita", "first": 5}
    behind = (await bench.ask(FIND, asked, token=token))["restaurants"]
    assert (behind["degraded"], behind["edges"]) == (True, [])
    assert datetime.fromisoformat(behind["asOf"]) < bench.clock.now()
    async with bench.indexing():
        await settled(bench)
        current = (await bench.ask(FIND, asked, token=token))["restaurants"]
    assert (current["degraded"], current["totalCount"]) == (False, 1)
    assert datetime.fromisoformat(current["asOf"]) == bench.clock.now()
    answer = await bench.execute(FIND, asked, token="forged")
    assert answer.errors


class Away:
    """A search engine that nobody reaches."""

    def follower(self, wanted: Wanted) -> str | None:
        del wanted
        return "nobody"

    async def warm(self) -> None:
        raise Outage("gone")

    async def find(self, wanted: Wanted, limit: int, beyond: Place | None = None, *, backwards: bool = False) -> Found:
        raise Outage(f"gone with {wanted, limit, beyond, backwards}")

    async def cuisines(self, wanted: Wanted, limit: int) -> Sequence[CuisineCount]:
        raise Outage(f"gone with {wanted, limit}")

    async def count(self, wanted: Wanted) -> int:
        raise Outage(f"gone with {wanted}")


async def test_an_answer_of_the_reserve_says_so_and_its_cursors_go_on(bench: Bench) -> None:
    await town(bench)
    whole = await names(bench)
    own, first = bench.search, await find(bench, first=2)
    async with reserved(Away(), own) as bench.search:
        rest = await find(bench, after=first["pageInfo"]["endCursor"])
    assert (rest["degraded"], rest["totalCount"]) == (True, 5)
    assert [edge["node"]["name"] for edge in rest["edges"]] == whole[2:]


async def test_suggestions_go_on_with_what_is_typed(bench: Bench) -> None:
    async with bench.indexing():
        await town(bench)
        await settled(bench)
    document = """query($prefix: String!, $near: PositionInput) {
        suggestions(prefix: $prefix, near: $near) { kind text restaurant { name } } }"""

    async def suggested(prefix: str) -> list[tuple[str, str]]:
        data = await bench.ask(document, {"prefix": prefix, "near": CENTRE}, viewer=CUSTOMER)
        for each in data["suggestions"]:
            named = {"name": each["text"]} if each["kind"] == "RESTAURANT" else None
            assert each["restaurant"] == named
        return [(each["kind"], each["text"]) for each in data["suggestions"]]

    assert await suggested("pizz") == [
        ("RESTAURANT", "Pizzeria Napoli"),
        ("CUISINE", "Pizza"),
        ("DISH", "Pizza roll"),
    ]
    assert await suggested("loh") == [("DISH", "Lohikeitto"), ("DISH", "Lohi nigiri")]
    assert await suggested("raffaelo") == [("RESTAURANT", "Raffaello")]
    assert await suggested("?") == []
    for senseless in ({"prefix": "x" * 201}, {"prefix": "x", "near": {"latitude": 91, "longitude": 0}}):
        answer = await bench.execute(document, senseless)
        assert answer.errors
        assert (answer.errors[0].extensions or {})["code"] == "BAD_USER_INPUT"
