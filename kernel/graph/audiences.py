"""Audiences: what of a subgraph some of its clients are promised, tagged for the contract that is composed for them.

An audience says what its clients begin with; whatever that leads to is tagged `@tag(name: …)`: arguments, inputs,
results and their refusals, enumerations, scalars. Fields that the subgraph adds to the entities of others are named
like roots. Nothing else is promised, so what is added to the graph stays out until somebody says so.
"""

import copy
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from typing import Any, TypeAlias, cast

from graphql import (
    GraphQLInputObjectType,
    GraphQLInterfaceType,
    GraphQLNamedType,
    GraphQLObjectType,
    GraphQLSchema,
    GraphQLUnionType,
    get_named_type,
    is_specified_scalar_type,
)
from strawberry.federation.schema_directives import Key, Tag
from strawberry.schema.schema_converter import GraphQLCoreConverter

BACK = GraphQLCoreConverter.DEFINITION_BACKREF
WithFields: TypeAlias = GraphQLObjectType | GraphQLInterfaceType | GraphQLInputObjectType


@dataclass(frozen=True)
class Audience:
    """Clients with a schema of their own, and what of one subgraph belongs to it."""

    name: str
    fields: Collection[str]
    """`Query.order`, `Mutation.placeOrder`, `Restaurant.acceptingOrders`: what they begin with."""
    without: Collection[str] = field(default=frozenset[str]())
    """`Restaurant.orders`: fields of what is reached that are not theirs."""


class NotInTheGraph(Exception):
    """An audience names a field that the subgraph does not have."""


def tag(schema: GraphQLSchema, audience: Audience) -> None:
    """Tags what the audience's fields lead to.

    Raises:
        NotInTheGraph: naming a field that does not exist or is not reached promises nothing.
    """
    _Walk(schema, audience).tag()


class _Walk:
    def __init__(self, schema: GraphQLSchema, audience: Audience) -> None:
        self._schema, self._audience = schema, audience
        self._seen: set[str] = set()
        self._left_out: set[str] = set()

    def tag(self) -> None:
        for coordinate in self._audience.fields:
            type_name, _, name = coordinate.partition(".")
            owner = self._schema.type_map.get(type_name)
            if not isinstance(owner, WithFields) or name not in owner.fields:
                raise NotInTheGraph(coordinate)
            self._tag_field(owner.fields[name])
        unknown = set(self._audience.without) - self._left_out
        if unknown:
            raise NotInTheGraph(", ".join(sorted(unknown)))

    def _reach(self, reached: GraphQLNamedType) -> None:
        if reached.name in self._seen or is_specified_scalar_type(reached):
            return
        self._seen.add(reached.name)
        match reached:
            case GraphQLObjectType() | GraphQLInterfaceType() | GraphQLInputObjectType():
                self._tag_fields(reached)
            case GraphQLUnionType():
                self._mark(reached)
                for member in reached.types:
                    self._reach(member)
            case _:
                self._mark(reached)  # enumerations with all their values, and scalars

    def _tag_fields(self, reached: WithFields) -> None:
        """A type that is wholly theirs is tagged itself; of an entity each field, since other subgraphs add to it."""
        theirs = [*self._theirs(reached)]
        whole = len(theirs) == len(reached.fields) and not _is_entity(reached)
        if whole:
            self._mark(reached)
        for name in theirs:
            self._tag_field(reached.fields[name], only_follow=whole)
        for interface in getattr(reached, "interfaces", ()):
            self._reach(interface)

    def _theirs(self, reached: WithFields) -> Iterator[str]:
        for name in reached.fields:
            if f"{reached.name}.{name}" in self._audience.without:
                self._left_out.add(f"{reached.name}.{name}")
            else:
                yield name

    def _tag_field(self, reached: Any, *, only_follow: bool = False) -> None:
        arguments = getattr(reached, "args", {}).values()
        for each in (reached, *arguments):
            if not only_follow:
                self._mark(each)
            self._reach(cast("GraphQLNamedType", get_named_type(each.type)))

    def _mark(self, reached: Any) -> None:
        """In a copy of the definition: other subgraphs may share it."""
        definition = copy.copy(reached.extensions[BACK])
        definition.directives = [*(definition.directives or ()), Tag(name=self._audience.name)]
        reached.extensions = {**reached.extensions, BACK: definition}


def _is_entity(reached: GraphQLNamedType) -> bool:
    return any(isinstance(each, Key) for each in reached.extensions[BACK].directives or ())
