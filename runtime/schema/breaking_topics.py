"""Which promises to the readers of topics a change breaks. Stricter than for stored events: readers are not ours."""

from collections.abc import Iterator, Mapping
from typing import Any, cast

import yaml

from runtime.schema.breaking import Breaking, bare, broken_in_enum, properties, required
from runtime.schema.exporting import JsonSchema


def broken_in_topics(released: str, current: str) -> list[Breaking]:
    """Promises of the released document that the current one breaks."""
    before, now = yaml.safe_load(released), yaml.safe_load(current)
    return [*broken_in_channels(before, now), *broken_in_schemas(before, now)]


def broken_in_channels(before: Mapping[str, Any], now: Mapping[str, Any]) -> Iterator[Breaking]:
    current = {channel["address"]: channel for channel in now["channels"].values()}
    for channel in before["channels"].values():
        topic: str = channel["address"]
        kept = current.get(topic)
        if kept is None:
            yield Breaking(topic, f"The topic {topic} was removed.")
            continue
        if partitions(channel) != partitions(kept):
            yield Breaking(topic, f"The topic {topic} has another number of partitions: keys would move between them.")
        for message in channel["messages"]:
            if message not in kept["messages"]:
                yield Breaking(f"{topic}.{message}", f"{message} comes by {topic} no more.")


def partitions(channel: Mapping[str, Any]) -> int:
    return channel["bindings"]["kafka"]["partitions"]


def broken_in_schemas(before: Mapping[str, Any], now: Mapping[str, Any]) -> Iterator[Breaking]:
    old, new = (cast("Mapping[str, JsonSchema]", each["components"]["schemas"]) for each in (before, now))
    for name, schema in old.items():
        kept = new.get(name)
        if kept is None:
            yield Breaking(name, f"{name} was removed.")
        elif "enum" in schema:
            yield from broken_in_enum(name, schema, kept)
        else:
            yield from broken_in_struct(name, schema, kept)


def broken_in_struct(name: str, before: JsonSchema, now: JsonSchema) -> Iterator[Breaking]:
    old, new = properties(before), properties(now)
    for field in old:
        if field not in new:
            yield Breaking(f"{name}.{field}", f"{name}.{field} was removed.")
        elif bare(old[field]) != bare(new[field]):
            yield Breaking(f"{name}.{field}", f"{name}.{field} changed its type.")
    for field in sorted(required(now) - required(before)):
        yield Breaking(f"{name}.{field}", f"{name}.{field} is required now.")
    for field in sorted((required(before) & new.keys()) - required(now)):
        yield Breaking(f"{name}.{field}", f"{name}.{field} may be missing now.")
