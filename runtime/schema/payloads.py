"""What records hold, as JSON Schema: each message's fields with what the code says of them, personal ones marked."""

import ast
import inspect
import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from functools import cache
from itertools import pairwise
from textwrap import dedent
from types import UnionType
from typing import Annotated, Any, Union, cast, get_args, get_origin, get_type_hints

import msgspec

from kernel.messages import Personal
from runtime.schema.exporting import JsonSchema

REFERENCE = "#/components/schemas/{name}"
QUALIFIED = re.compile(r"subgraphs\.(\w+)\.(?:\w+\.)*(\w+)")
"""How msgspec tells two types of one name apart: by their modules, which are nobody's business."""


def payloads(kinds: Sequence[type[msgspec.Struct]]) -> dict[str, JsonSchema]:
    """Name → schema, of these types and of everything they hold. Draft 7, which AsyncAPI builds on."""
    _, found = msgspec.json.schema_components(kinds, ref_template=REFERENCE)
    structs = {_name_in(found, kind): kind for kind in _reached(kinds)}
    described = {
        name: _described(schema, structs[name]) if name in structs else schema for name, schema in found.items()
    }
    return {_short(name): cast("JsonSchema", _in_draft_7(schema)) for name, schema in sorted(described.items())}


def _reached(kinds: Sequence[Any]) -> set[type[msgspec.Struct]]:
    reached: set[type[msgspec.Struct]] = set()
    waiting = [*kinds]
    while waiting:
        kind = waiting.pop()
        if isinstance(kind, type) and issubclass(kind, msgspec.Struct) and kind not in reached:
            reached.add(kind)
            waiting += get_type_hints(kind).values()
        waiting += [part for part in get_args(kind) if not isinstance(part, str)]
    return reached


def _name_in(found: Mapping[str, object], kind: type) -> str:
    return kind.__name__ if kind.__name__ in found else f"{kind.__module__}.{kind.__qualname__}"


def _described(schema: JsonSchema, kind: type[msgspec.Struct]) -> JsonSchema:
    hints, words = get_type_hints(kind, include_extras=True), said_of(kind)
    properties: dict[str, JsonSchema] = schema.get("properties", {})
    return {
        **schema,
        "properties": {
            name: {**field, **_extras(hints.get(name), words.get(name))} for name, field in properties.items()
        },
    }


def _extras(hint: Any, words: str | None) -> JsonSchema:
    """What msgspec does not say of a field."""
    extras: JsonSchema = {}
    if words:
        extras["description"] = words
    if get_origin(hint) is Annotated:
        hint, *marks = get_args(hint)
        for mark in marks:
            if isinstance(mark, Personal):
                extras["x-personal"] = {"subject": mark.subject}
    if hint is datetime or (get_origin(hint) in {Union, UnionType} and datetime in get_args(hint)):
        extras["format"] = "date-time"
    return extras


@cache
def said_of(kind: type) -> Mapping[str, str]:
    """Field → the docstring below it, inherited ones too, on one line."""
    words: dict[str, str] = {}
    for each in reversed(kind.__mro__):
        if each.__module__.partition(".")[0] not in {"builtins", "msgspec"}:
            words.update(_docstrings(each))
    return words


def _docstrings(kind: type) -> Iterator[tuple[str, str]]:
    definition = ast.parse(dedent(inspect.getsource(kind))).body[0]
    body = definition.body if isinstance(definition, ast.ClassDef) else []
    for field, below in pairwise(body):
        match field, below:
            case (
                ast.AnnAssign(target=ast.Name(id=name)),
                ast.Expr(value=ast.Constant(value=str(words))),
            ):
                yield name, " ".join(words.split())
            case _:
                pass


def _in_draft_7(schema: object) -> object:
    """Tuples by `items`, and nothing beside a `$ref`: draft 7 would not read it."""
    if isinstance(schema, list):
        return [_in_draft_7(item) for item in cast("list[object]", schema)]
    if not isinstance(schema, dict):
        return schema
    mended = {name: _in_draft_7(value) for name, value in cast("dict[str, object]", schema).items()}
    if "prefixItems" in mended:
        mended["items"] = mended.pop("prefixItems")
    reference = mended.get("$ref")
    if isinstance(reference, str):
        mended["$ref"] = _short(reference)
        if len(mended) > 1:
            mended["allOf"] = [{"$ref": mended.pop("$ref")}]
    return mended


def _short(name: str) -> str:
    return QUALIFIED.sub(lambda found: found[1].capitalize() + found[2], name)
