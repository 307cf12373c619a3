"""Which promises to clients and consumers a change breaks, each by the coordinate it is known by."""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import cast

from graphql import build_schema
from graphql.utilities import find_breaking_changes

from runtime.schema.exporting import JsonSchema

DESCRIBING = frozenset({"title", "description", "default", "examples", "x-personal"})
COORDINATES = (
    (re.compile(r"^(\w+) was removed from union type (\w+)"), r"\2.\1"),
    (re.compile(r"(@?\w+(?:\.\w+)?\(\w+:\)|\w+\.\w+)"), r"\1"),
    (re.compile(r"(@\w+)"), r"\1"),
    (re.compile(r"^(?:Standard scalar )?(\w+)"), r"\1"),
)
"""GraphQL's schema coordinates, as graphql-core's sentences hold them."""


@dataclass(frozen=True, order=True)
class Breaking:
    """One broken promise."""

    coordinate: str
    """`Order.status`, `OrderPlaced.total_minor`, or a type's or an event's name alone."""
    sentence: str


def broken_in_graph(released: str, current: str) -> list[Breaking]:
    """Promises of the released client schema that the current one breaks."""
    changes = find_breaking_changes(build_schema(released), build_schema(current))
    return [Breaking(coordinate_in(change.description), change.description) for change in changes]


def coordinate_in(description: str) -> str:
    """The coordinate that graphql-core's sentence is about."""
    for pattern, coordinate in COORDINATES:
        found = pattern.search(description)
        if found:
            return found.expand(coordinate)
    return description


def broken_in_events(released: str, current: str) -> list[Breaking]:
    """Promises of a domain's released events that the current ones break: stored events must still be read."""
    before = definitions(json.loads(released))
    now = definitions(json.loads(current))
    return [broken for name in before for broken in broken_in_definition(name, before[name], now.get(name))]


def definitions(schema: JsonSchema) -> Mapping[str, JsonSchema]:
    return cast("Mapping[str, JsonSchema]", schema.get("$defs", {}))


def broken_in_definition(name: str, before: JsonSchema, now: JsonSchema | None) -> Iterator[Breaking]:
    if now is None:
        yield Breaking(name, f"{name} was removed.")
        return
    if "enum" in before:
        yield from broken_in_enum(name, before, now)
        return
    old, new = properties(before), properties(now)
    for field in old:
        if field not in new:
            yield Breaking(f"{name}.{field}", f"{name}.{field} was removed.")
        elif not fits(old[field], new[field]):
            yield Breaking(f"{name}.{field}", f"{name}.{field} changed its type.")
    for field in sorted(required(now) - required(before)):
        yield Breaking(f"{name}.{field}", f"{name}.{field} is required now.")


def broken_in_enum(name: str, before: JsonSchema, now: JsonSchema) -> Iterator[Breaking]:
    kept = cast("list[object]", now.get("enum", []))
    for value in cast("list[object]", before["enum"]):
        if value not in kept:
            yield Breaking(f"{name}.{value}", f"{name}.{value} was removed.")


def properties(definition: JsonSchema) -> Mapping[str, object]:
    return cast("Mapping[str, object]", definition.get("properties", {}))


def required(definition: JsonSchema) -> set[str]:
    return set(cast("list[str]", definition.get("required", [])))


def fits(before: object, now: object) -> bool:
    """Whether all that the first schema allowed is still allowed: the same, or one of the alternatives of a union."""
    allowed = alternatives(bare(now))
    return all(choice in allowed for choice in alternatives(bare(before)))


def alternatives(schema: object) -> list[object]:
    if isinstance(schema, dict) and "anyOf" in schema:
        return cast("list[object]", schema["anyOf"])
    return [schema] if not isinstance(schema, dict) else [cast("JsonSchema", schema)]


def bare(schema: object) -> object:
    """The schema without the words that only describe."""
    if isinstance(schema, dict):
        known = cast("dict[str, object]", schema)
        kept = {name: bare(value) for name, value in known.items() if name not in DESCRIBING}
        # A reference stands alone in `allOf` when something is said beside it.
        return cast("list[object]", kept["allOf"])[0] if [*kept] == ["allOf"] else kept
    if isinstance(schema, list):
        return [bare(item) for item in cast("list[object]", schema)]
    return schema
