"""What the people of the city ask and do is what the graph answers and takes."""

from pathlib import Path
from typing import cast

import pytest
from graphql import GraphQLSchema, build_schema, parse, validate
from graphql.execution.values import get_variable_values
from graphql.language import OperationDefinitionNode
from msgspec import to_builtins

from simulator.graph import Operation, Outcome
from simulator.living import deeds, questions
from simulator.living.deeds import Deed
from tests.simulator.living.intents import INTENTS

ROOT = Path(__file__).parents[3]
DEEDS = {name: cast("Deed[Outcome]", found) for name, found in vars(deeds).items() if name in INTENTS}
DOCUMENTS = {
    **{
        name: cast("Operation[object]", found).document
        for name, found in vars(questions).items()
        if isinstance(found, Operation)
    },
    **{name: deed.operation.document for name, deed in DEEDS.items()},
}


@pytest.fixture(scope="module")
def graph() -> GraphQLSchema:
    return build_schema((ROOT / "schema/api.graphql").read_text())


@pytest.mark.parametrize("name", DOCUMENTS)
def test_documents_are_valid(graph: GraphQLSchema, name: str):
    assert validate(graph, parse(DOCUMENTS[name])) == []


@pytest.mark.parametrize("name", INTENTS)
def test_inputs_can_be_read(graph: GraphQLSchema, name: str):
    operation = parse(DOCUMENTS[name]).definitions[0]
    assert isinstance(operation, OperationDefinitionNode)
    given = {"input": to_builtins(INTENTS[name])}
    read = get_variable_values(graph, operation.variable_definitions or (), given)
    assert not isinstance(read, list), read


def test_every_deed_has_an_input_here():
    assert set(INTENTS) == {name for name, found in vars(deeds).items() if isinstance(found, Deed)}
