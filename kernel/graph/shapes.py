"""Shapes: what measuring needs to know of a schema, as plain tables of names."""

from collections.abc import Mapping
from typing import cast

from graphql import GraphQLEnumType, GraphQLInterfaceType, GraphQLObjectType, GraphQLScalarType, GraphQLSchema

from kernel.messages import Value


class FieldShape(Value):
    """What a field answers with."""

    type: str = ""
    is_list: bool = False
    cost: int = 0
    """1 for an object that leads on to others; 0 for leaves and for values such as money, which hold only leaves."""


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
    printed = {
        type_name: {name: str(getattr(definition, "type", "")) for name, definition in _fields(kind).items()}
        for type_name, kind in schema.type_map.items()
        if isinstance(kind, (GraphQLObjectType, GraphQLInterfaceType))
    }
    plain = {name for name, fields in printed.items() if all(_named(text) in leaves for text in fields.values())}
    free = leaves | plain
    types = {
        type_name: {
            name: FieldShape(type=_named(text), is_list=text.startswith("["), cost=int(_named(text) not in free))
            for name, text in fields.items()
        }
        for type_name, fields in printed.items()
    }
    roots = {"query": schema.query_type, "mutation": schema.mutation_type, "subscription": schema.subscription_type}
    return Shapes(roots={kind: root.name for kind, root in roots.items() if root is not None}, types=types)


def _fields(kind: GraphQLObjectType | GraphQLInterfaceType) -> Mapping[str, object]:
    return cast("Mapping[str, object]", kind.fields)


def _named(printed: str) -> str:
    """The type inside `[Order!]!` and the like."""
    return printed.strip("[]!")
