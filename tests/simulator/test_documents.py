"""What the city sends is what the graph takes: its documents and all of its inputs, held against the schema."""

from pathlib import Path
from typing import cast

import pytest
from graphql import (
    GraphQLSchema,
    OperationDefinitionNode,
    build_schema,
    parse,
    validate,
)
from graphql.execution.values import get_variable_values
from msgspec import json, to_builtins

from simulator.city import read_city
from simulator.load import FIND, PUBLISH, REGISTER
from simulator.menus import menu_of
from simulator.registration import publication_of, registration_of

ROOT = Path(__file__).parents[2]
CITY = read_city(ROOT / "simulator/cities/helsinki.json")
MOST_BYTES = 128 * 1024


@pytest.fixture(scope="module")
def graph() -> GraphQLSchema:
    return build_schema((ROOT / "schema/api.graphql").read_text())


def problems(graph: GraphQLSchema, document: str, order: object) -> object:
    """What keeps an input from being read, or nothing."""
    operation = cast("OperationDefinitionNode", parse(document).definitions[0])
    read = get_variable_values(graph, operation.variable_definitions or (), {"input": to_builtins(order)})
    return read if isinstance(read, list) else None


@pytest.mark.parametrize("document", [REGISTER.document, PUBLISH.document, FIND.document])
def test_documents_are_valid(graph: GraphQLSchema, document: str):
    assert validate(graph, parse(document)) == []


def test_every_registration_can_be_read(graph: GraphQLSchema):
    for place in CITY.restaurants:
        assert problems(graph, REGISTER.document, registration_of(place, CITY, "Helsinki")) is None, place


def test_every_menu_can_be_read_and_is_small(graph: GraphQLSchema):
    for place in CITY.restaurants:
        publication = publication_of(menu_of(place), "restaurant_1")
        assert problems(graph, PUBLISH.document, publication) is None, place
        assert len(json.encode(publication)) < MOST_BYTES / 4, place
