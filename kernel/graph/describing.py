"""What means the same everywhere in the graph, described once: paging, idempotency keys, cursors to resume after.

Descriptions of their own stay. Nothing is said of a default of null either: it is what leaving an argument out means.
"""

from collections.abc import Iterable, Iterator, Mapping
from enum import Enum

from graphql import (
    GraphQLArgument,
    GraphQLInputField,
    GraphQLObjectType,
    GraphQLSchema,
    Undefined,
    is_input_object_type,
    is_object_type,
)
from strawberry.types.enum import has_enum_definition

OF_INPUTS: Mapping[str, str] = {
    "idempotencyKey": "A UUID of the client's own making, one for each intent: sent again, nothing happens twice.",
    "expectedVersion": "The `version` the viewer looked at; with another one nothing is changed.",
}
OF_ARGUMENTS: Mapping[str, str] = {
    "first": "How many from the beginning, or after `after`: 1 to 100.",
    "after": "An `endCursor`, to go on behind it.",
    "last": "How many from the end, or before `before`: 1 to 100, instead of `first`.",
    "before": "A `startCursor`, to go on in front of it.",
    "near": "Where the customer is: distances are measured from there.",
    "search": "At most 200 characters.",
    "prefix": "What has been typed, at most 200 characters.",
    "sort": "The order to list them in.",
    "status": "Only those in one of these; null for all.",
    "locale": "The language to write it in.",
}
OF_SUBSCRIPTIONS: Mapping[str, str] = {"after": "The cursor of the last item that arrived, to resume behind it."}


def describe(schema: GraphQLSchema) -> None:
    """Fills in what is the same everywhere."""
    for kind in schema.type_map.values():
        if is_input_object_type(kind):
            _fill(kind.fields.items(), OF_INPUTS)
        elif is_object_type(kind) and not kind.name.startswith("__"):
            words = OF_SUBSCRIPTIONS if kind is schema.subscription_type else OF_ARGUMENTS
            _fill(_arguments(kind), words)


def _arguments(kind: GraphQLObjectType) -> Iterator[tuple[str, GraphQLArgument]]:
    for field in kind.fields.values():
        yield from field.args.items()


def _fill(named: Iterable[tuple[str, GraphQLArgument | GraphQLInputField]], words: Mapping[str, str]) -> None:
    for name, each in named:
        if not each.description:
            each.description = words.get(name)
        if each.default_value is None:
            each.default_value = Undefined


def describe_values(kind: type[Enum], meanings: Mapping[Enum, str]) -> None:
    """Says what each value of an enumeration of the graph means."""
    by_name = {value.name: meaning for value, meaning in meanings.items()}
    assert has_enum_definition(kind), "only an enumeration of the graph is described"
    for value in kind.__strawberry_definition__.values:
        value.description = by_name[value.name]
