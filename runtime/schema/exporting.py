"""What the code says: the SDL of each subgraph, and the JSON Schema of each domain's events."""

import json
from collections.abc import Sequence
from functools import reduce
from typing import Any, cast

import msgspec

from kernel.messages import Event
from kernel.subgraph import Subgraph

JsonSchema = dict[str, Any]


def exported(subgraphs: Sequence[Subgraph]) -> dict[str, str]:
    """Path below schema/ → text, of everything that needs no composing."""
    graphs = {f"subgraphs/{each.name}.graphql": each.schema.as_str().strip() + "\n" for each in subgraphs}
    events = {f"events/{each.name}.json": as_text(schema_of_events(each.events)) for each in subgraphs if each.events}
    return graphs | events


def schema_of_events(kinds: Sequence[type[Event]]) -> JsonSchema:
    """JSON Schema of the union of these events; each is told from the others by its `type`."""
    if not kinds:
        raise ValueError("a union of no events")
    schema = msgspec.json.schema(reduce(either, cast("Sequence[Any]", kinds)))
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema}


def either(one: Any, other: Any) -> Any:
    """The union of two types, made at run time."""
    return one | other


def as_text(schema: JsonSchema) -> str:
    return json.dumps(schema, indent=2, sort_keys=True, ensure_ascii=False) + "\n"
