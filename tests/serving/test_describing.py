"""What a stranger reads in the schema: the same words for the same things, and nothing that says nothing."""

from pathlib import Path

import pytest
from graphql import GraphQLSchema, build_schema, is_input_object_type, print_schema

from runtime.wiring import SUBGRAPHS

SCHEMAS = {subgraph.name: subgraph.schema.core for subgraph in SUBGRAPHS}
API = build_schema((Path(__file__).parents[2] / "schema" / "api.graphql").read_text())


@pytest.mark.parametrize("schema", SCHEMAS.values(), ids=SCHEMAS)
def test_a_default_of_null_is_not_spoken_of(schema: GraphQLSchema) -> None:
    assert "= null" not in print_schema(schema)


def test_every_page_says_how_much_may_be_asked_for() -> None:
    assert API.query_type is not None
    pages = [field.args["first"].description or "" for field in API.query_type.fields.values() if "first" in field.args]
    assert pages
    assert all("1 to 100" in description for description in pages)


def test_every_idempotency_key_says_what_it_is() -> None:
    inputs = [kind for kind in API.type_map.values() if is_input_object_type(kind)]
    keys = [kind.fields["idempotencyKey"].description for kind in inputs if "idempotencyKey" in kind.fields]
    assert keys
    assert all(keys)


def test_one_part_of_a_query_may_fail_alone() -> None:
    """Fields at the root come from different subgraphs: one that is required would take all the others with it."""
    assert API.query_type is not None
    required = [name for name, field in API.query_type.fields.items() if str(field.type).endswith("!")]
    assert required == []
