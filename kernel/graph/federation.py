"""The federated schema every subgraph is built with, and the resolving of references that the router asks for.

An entity answers for itself, with the viewer's rights, and says None for what is unknown, malformed or not theirs:

    @strawberry.federation.type(keys=["id"])
    class Order:
        @classmethod
        async def resolve_reference(cls, info: Info, id: strawberry.ID) -> Self | None: ...

Beside `id` it may name fields that the type requires of others (`@requires`); never believe those for a decision.
"""

import inspect
from collections.abc import Awaitable, Callable, Mapping, Sequence
from functools import cache
from typing import Any, cast

import strawberry
from graphql import GraphQLSchema
from strawberry.federation.schema import FederationAny, Schema
from strawberry.federation.schema_directives import Link
from strawberry.schema.config import StrawberryConfig
from strawberry.types.base import StrawberryObjectDefinition

from kernel.graph.audiences import Audience, tag
from kernel.graph.describing import describe
from kernel.graph.errors import BadUserInput, LimitExceeded
from kernel.graph.scalars import SCALARS
from kernel.graph.variables import MAX_REPRESENTATIONS

FEDERATION_VERSION = "2.9"

Reference = Awaitable[object] | object


class SubgraphSchema(Schema):
    """A federated schema that forgives nothing in `_entities`: a strange representation is null, never a crash."""

    @property
    def core(self) -> GraphQLSchema:
        """The schema as graphql-core executes it."""
        return self._schema

    def promise(self, audience: Audience) -> None:
        """Tags what belongs to that audience, and imports the tag."""
        tag(self.core, audience)
        for link in self.schema_directives:
            imported = cast("list[Any]", link.import_) if isinstance(link, Link) else None
            if imported and "@tag" not in imported:
                imported.append("@tag")

    def entities_resolver(self, info: strawberry.Info, representations: list[FederationAny]) -> list[FederationAny]:
        """One answer per representation, in their order."""
        if len(representations) > MAX_REPRESENTATIONS:
            raise LimitExceeded(f"At most {MAX_REPRESENTATIONS} representations at a time.")
        answers = [self._resolved(info, representation) for representation in representations]
        return cast("list[FederationAny]", answers)

    def _resolved(self, info: strawberry.Info, representation: object) -> Reference:
        if not isinstance(representation, Mapping):
            raise BadUserInput("A representation is an object with a __typename.")
        given = cast("Mapping[str, object]", representation)
        resolve, parameters = self._resolver(given.get("__typename"))
        if resolve is None or not isinstance(given.get("id"), str) or any(name not in given for name in parameters):
            return None
        return resolve(info=info, **{name: given[name] for name in parameters})

    def _resolver(self, type_name: object) -> tuple[Callable[..., Reference] | None, Sequence[str]]:
        found = self.schema_converter.type_map.get(type_name) if isinstance(type_name, str) else None
        definition = getattr(found, "definition", None)
        if not isinstance(definition, StrawberryObjectDefinition):
            return None, ()
        resolve = getattr(definition.origin, "resolve_reference", None)
        return (resolve, _parameters(resolve)) if resolve is not None else (None, ())


@cache
def _parameters(resolve: Callable[..., Reference]) -> tuple[str, ...]:
    return tuple(name for name in inspect.signature(resolve).parameters if name != "info")


def subgraph_schema(
    query: type[Any],
    mutation: type[Any] | None = None,
    subscription: type[Any] | None = None,
    types: Sequence[type[Any]] = (),
    audiences: Sequence[Audience] = (),
) -> SubgraphSchema:
    """The schema of one subgraph, with the shared scalars; `types` are those no field leads to.

    Suggestions ("Did you mean …") are off: they tell strangers the schema.
    """
    schema = SubgraphSchema(
        query=query,
        mutation=mutation,
        subscription=subscription,
        types=types,
        config=StrawberryConfig(scalar_map=SCALARS, disable_field_suggestions=True),
        federation_version=FEDERATION_VERSION,
    )
    describe(schema.core)
    for audience in audiences:
        schema.promise(audience)
    return schema
