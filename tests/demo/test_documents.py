"""The audit speaks the graph's words: with another word for an event it would see nothing, and call that a zero."""

from pathlib import Path
from typing import cast

import pytest
from graphql import GraphQLEnumType, GraphQLSchema, build_schema, parse, validate

from simulator.demo.documents import COURIER, DELIVERY, EVENTS, ORDER
from simulator.demo.engagements import ENDS, ENGAGES, LETS_GO, RELEASED, RESERVED
from simulator.demo.facts import SETTLED
from simulator.demo.glance import LIFE
from simulator.demo.money import CHARGED, FREE
from simulator.living.diary import ENDED

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def graph() -> GraphQLSchema:
    return build_schema((ROOT / "schema/api.graphql").read_text())


@pytest.mark.parametrize("document", [operation.document for operation in (ORDER, EVENTS, DELIVERY, COURIER)])
def test_documents_are_valid(graph: GraphQLSchema, document: str) -> None:
    assert validate(graph, parse(document)) == []


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("OrderStatus", {*LIFE, *ENDED, *CHARGED, *FREE}),
        ("PaymentStatus", SETTLED),
        ("DeliveryEventType", ENGAGES | LETS_GO | ENDS),
        ("CourierEventType", {RESERVED, RELEASED}),
        ("OrderEventType", {"PLACED", "CONFIRMED", "DELIVERED"}),
    ],
)
def test_words_are_those_of_the_graph(graph: GraphQLSchema, name: str, words: frozenset[str]) -> None:
    assert words <= {*cast("GraphQLEnumType", graph.type_map[name]).values}


def test_every_way_out_of_an_order_is_known(graph: GraphQLSchema) -> None:
    assert {*cast("GraphQLEnumType", graph.type_map["OrderStatus"]).values} == {*LIFE}
