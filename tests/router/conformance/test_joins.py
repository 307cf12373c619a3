"""Every join of the supergraph: whatever subgraph hands an entity over, the others add what is theirs.

The list is read from schema/supergraph.graphql: a new way into an entity wants a line in WAYS, and a new field is asked
for by itself.
"""

import re
from collections import defaultdict
from itertools import product
from typing import Any, cast

import pytest

from tests.journeys.person import Json, Person
from tests.router.conformance.joins import ASKED_WITH, Entry, entries, origin_of, selection, supergraph
from tests.router.conformance.meals import Meal

pytestmark = [pytest.mark.anyio, pytest.mark.journey, pytest.mark.timeout(120)]

SCHEMA = supergraph()
ENTRIES = entries(SCHEMA)

DAYS = f"from: {ASKED_WITH['from']}, to: {ASKED_WITH['to']}"
SOLD = f"restaurant(id: $restaurant) {{ insights({DAYS}) {{ topItems(first: 1) {{ item {{ ...Joined }} }} }} }}"
WAYS: dict[tuple[str, str], tuple[str, str, str]] = {
    ("Courier", "DISPATCH"): ("Query", "courier", "courier { ...Joined }"),
    ("Courier", "REVIEWS"): ("CourierReview", "courier", "review(id: $review) { courier { courier { ...Joined } } }"),
    ("Delivery", "DISPATCH"): ("Order", "delivery", "order(id: $order) { delivery { ...Joined } }"),
    ("MenuItem", "ORDERS"): ("OrderLine", "item", "order(id: $order) { lines { item { ...Joined } } }"),
    ("MenuItem", "INSIGHTS"): ("ItemSales", "item", SOLD),
    ("Order", "DISPATCH"): ("Delivery", "order", "order(id: $order) { delivery { order { ...Joined } } }"),
    ("Order", "ORDERS"): ("Query", "order", "order(id: $order) { ...Joined }"),
    ("Order", "PAYMENTS"): ("Payment", "order", "order(id: $order) { payments { order { ...Joined } } }"),
    ("Order", "REVIEWS"): ("Review", "order", "review(id: $review) { order { ...Joined } }"),
    ("Order", "TRACKING"): ("DeliveryLocation", "order", "deliveryLocation(orderId: $order) { order { ...Joined } }"),
    ("Restaurant", "CATALOG"): ("Query", "restaurant", "restaurant(id: $restaurant) { ...Joined }"),
    ("Restaurant", "ORDERS"): ("Order", "restaurant", "order(id: $order) { restaurant { ...Joined } }"),
    ("Restaurant", "REVIEWS"): ("Review", "restaurant", "review(id: $review) { restaurant { ...Joined } }"),
}
"""The last field that leads to an entity as that subgraph hands it over, and a question that goes there."""

NEVER = {("Order", "REVIEWS", "TRACKING")}
"""Nothing to be seen: what was reviewed has come, and has no estimate any more."""


def test_every_way_into_an_entity_is_walked() -> None:
    assert {(entry.kind, entry.origin) for entry in ENTRIES} == set(WAYS)
    for (kind, origin), (owner, field, _) in WAYS.items():
        assert origin_of(SCHEMA, owner, field) == {origin}, (kind, origin)


@pytest.mark.parametrize("entry", ENTRIES, ids=str)
async def test_an_entity_is_whole_whoever_hands_it_over(meal: Meal, entry: Entry) -> None:
    _, _, way = WAYS[entry.kind, entry.origin]
    viewers = (meal.customer, meal.staff, meal.courier.person, meal.carrier)
    found: list[Json] = []
    for viewer, order in product(viewers, (meal.brought, meal.riding)):
        found += await joined(viewer, meal, entry, way, order)
    assert found, f"nobody handed a {entry.kind} over"
    seen: dict[str, set[str]] = defaultdict(set)
    for subgraph, names in entry.added:
        for each in found:
            assert {*names} <= {*each}, f"{subgraph} was not asked"
            seen[subgraph] |= {name for name in names if each[name] not in (None, [])}
    empty = {subgraph for subgraph, _ in entry.added if not seen[subgraph]}
    assert {(entry.kind, entry.origin, subgraph) for subgraph in empty} <= NEVER


async def joined(person: Person, meal: Meal, entry: Entry, way: str, order: str) -> list[Json]:
    """What was found at the end of that way."""
    known = {"order": order, "review": meal.review, "restaurant": meal.restaurant.id}
    variables = {name: value for name, value in known.items() if f"${name}" in way}
    head = ", ".join(f"${name}: ID!" for name in variables)
    head = f"({head})" if head else ""
    document = f"query Joined{head} {{ {way} }} fragment Joined on {entry.kind} {{ {selection(SCHEMA, entry)} }}"
    answer = await person.ask(document, **variables)
    return ends_of(answer, re.findall(r"\w+", re.sub(r"\(.*?\)|\.\.\.Joined", "", way)))


def ends_of(value: Any, path: list[str]) -> list[Json]:
    """The objects at the end of the path, lists on the way unfolded."""
    if isinstance(value, list):
        return [end for each in cast("list[Any]", value) for end in ends_of(each, path)]
    if value is None or not path:
        return [value] if value is not None else []
    return ends_of(value[path[0]], path[1:])
