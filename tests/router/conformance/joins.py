"""Which joins there are, read from the supergraph: every way into an entity, and what others add to it there."""
# graphql-core's wrapping types are generic over what its own functions leave open.
# pyright: reportUnknownArgumentType=false, reportUnknownVariableType=false, reportUnknownMemberType=false

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, cast

from graphql import (
    GraphQLField,
    GraphQLInterfaceType,
    GraphQLObjectType,
    GraphQLSchema,
    GraphQLUnionType,
    Undefined,
    build_schema,
    get_named_type,
    is_abstract_type,
    is_leaf_type,
    is_non_null_type,
)

from tests.running_platform import ROOT

ROOTS = frozenset({"Query", "Mutation", "Subscription"})
TODAY = datetime.now(UTC).date()
ASKED_WITH = {
    "first": "1",
    "from": f'"{TODAY - timedelta(days=1)}"',
    "to": f'"{TODAY + timedelta(days=1)}"',
    "timeZone": '"Europe/Helsinki"',
    "withinMinutes": "5",
}
"""Values of the arguments that a joined field may have."""


@dataclass(frozen=True)
class Entry:
    """An entity as one subgraph hands it over, and the fields that others then add, by subgraph."""

    kind: str
    origin: str
    added: tuple[tuple[str, tuple[str, ...]], ...]

    def __str__(self) -> str:
        return f"{self.kind} from {self.origin.lower()}"


def supergraph() -> GraphQLSchema:
    return build_schema((ROOT / "schema" / "supergraph.graphql").read_text(), assume_valid=True)


def entries(schema: GraphQLSchema) -> list[Entry]:
    """Every entity with fields of several subgraphs, once for each subgraph that hands it over."""
    handed = handed_over(schema)
    found: list[Entry] = []
    for kind in objects(schema):
        for origin in sorted(handed.get(kind.name, ())):
            added: dict[str, list[str]] = {}
            for name, field in kind.fields.items():
                owners = owners_of(kind, field)
                if origin not in owners and kind.name not in ROOTS:
                    added.setdefault(min(owners), []).append(name)
            if added:
                found.append(Entry(kind.name, origin, tuple((key, tuple(names)) for key, names in added.items())))
    return found


def handed_over(schema: GraphQLSchema) -> dict[str, set[str]]:
    """For each object type the subgraphs with a field that returns it."""
    handed: dict[str, set[str]] = {}
    for kind in objects(schema):
        for field in kind.fields.values():
            for member in members(schema, field):
                handed.setdefault(member, set()).update(owners_of(kind, field))
    return handed


def members(schema: GraphQLSchema, field: GraphQLField) -> list[str]:
    named = get_named_type(field.type)
    if is_abstract_type(named):
        return [each.name for each in schema.get_possible_types(named)]
    return [named.name]


def objects(schema: GraphQLSchema) -> Iterator[GraphQLObjectType]:
    for kind in schema.type_map.values():
        if isinstance(kind, GraphQLObjectType) and not kind.name.startswith("__"):
            yield kind


def owners_of(kind: GraphQLObjectType, field: GraphQLField) -> set[str]:
    """The subgraphs that answer this field: those that say so, or all that know the type."""
    said = [given for given in directives(field.ast_node, "join__field") if given.get("external") is not True]
    named = {str(given["graph"]) for given in said if "graph" in given}
    return named or {str(given["graph"]) for given in directives(kind.ast_node, "join__type")}


def directives(node: Any, name: str) -> Iterator[dict[str, object]]:
    for directive in (node.directives or ()) if node else ():
        if directive.name.value == name:
            yield {argument.name.value: argument.value.value for argument in directive.arguments}


def origin_of(schema: GraphQLSchema, kind: str, name: str) -> set[str]:
    """The subgraphs that answer that field of that type."""
    owner = cast("GraphQLObjectType", schema.type_map[kind])
    return owners_of(owner, owner.fields[name])


def selection(schema: GraphQLSchema, entry: Entry) -> str:
    """All fields that others add, each with what is plain in it."""
    kind = cast("GraphQLObjectType", schema.type_map[entry.kind])
    return " ".join(written(kind.fields[name], name) for _, names in entry.added for name in names)


def written(field: GraphQLField, name: str, depth: int = 0) -> str:
    """A field with its page and its plain fields, lists one level further."""
    unknown = [each for each, given in field.args.items() if is_needed(given) and each not in ASKED_WITH]
    assert not unknown, f"say in ASKED_WITH what {name} is asked with: {unknown}"
    given = ", ".join(f"{each}: {ASKED_WITH[each]}" for each in field.args if each in ASKED_WITH)
    named = get_named_type(field.type)
    return f"{name}{f'({given})' if given else ''}{plain(named, depth)}"


def is_needed(argument: Any) -> bool:
    return is_non_null_type(argument.type) and argument.default_value is Undefined


def plain(named: object, depth: int) -> str:
    if isinstance(named, GraphQLUnionType | GraphQLInterfaceType):
        return " { __typename }"
    if not isinstance(named, GraphQLObjectType):
        return ""
    leaves = [name for name, field in named.fields.items() if is_leaf_type(get_named_type(field.type))]
    leaves = [name for name in leaves if not any(is_needed(each) for each in named.fields[name].args.values())]
    deeper = [written(named.fields["nodes"], "nodes", depth + 1)] if "nodes" in named.fields and depth == 0 else []
    return f" {{ {' '.join([*leaves, *deeper]) or '__typename'} }}"
