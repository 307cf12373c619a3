"""Shapes: what measuring needs to know of a schema, as plain tables of names."""

from collections.abc import Mapping
from typing import cast

from graphql import GraphQLEnumType, GraphQLInterfaceType, GraphQLObjectType, GraphQLScalarType, GraphQLSchema

from kernel.messages import Value


class FieldShape(Value):
    """What a field answers with."""

    type: str = ""
    is_list: bool = False
    is_leaf: bool = True


LEAF = FieldShape()
"""`__typename`, and every field there is none of: validation refuses that one."""


class Shapes(Value):
    """A schema's fields by type and name, and its root types by kind of operation."""

    roots: Mapping[str, str]
    types: Mapping[str, Mapping[str, FieldShape]]

    def field(self, type_name: str, name: str) -> FieldShape:
        """The shape of that field, or `LEAF`."""
        fields = self.types.get(type_name)
        return LEAF if fields is None else fields.get(name, LEAF)


def shapes_of(schema: GraphQLSchema) -> Shapes:
    """The shapes of `schema`."""
    leaves = {n for n, kind in schema.type_map.items() if isinstance(kind, (GraphQLScalarType, GraphQLEnumType))}
    types: dict[str, dict[str, FieldShape]] = {}
    for type_name, kind in schema.type_map.items():
        if isinstance(kind, (GraphQLObjectType, GraphQLInterfaceType)):
            fields = cast("Mapping[str, object]", kind.fields)
            types[type_name] = {
                name: _shape(str(getattr(definition, "type", "")), leaves) for name, definition in fields.items()
            }
    roots = {"query": schema.query_type, "mutation": schema.mutation_type, "subscription": schema.subscription_type}
    return Shapes(roots={kind: root.name for kind, root in roots.items() if root is not None}, types=types)


def _shape(printed: str, leaves: set[str]) -> FieldShape:
    named = printed.strip("[]!")
    return FieldShape(type=named, is_list=printed.startswith("["), is_leaf=named in leaves)
