"""Shapes: which columns a row struct becomes, and the statements that follow from them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from types import UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin, get_type_hints

import msgspec

from kernel.messages import Row

_PLAIN: dict[Any, str] = {
    str: "text",
    int: "bigint",
    float: "double precision",
    bool: "boolean",
    datetime: "timestamptz",
}


@dataclass(frozen=True)
class Column:
    """One field of a row as a column."""

    name: str
    type: str
    optional: bool
    default: str | None = None
    """SQL literal of the field's default, for rows that are older than the field."""

    @property
    def definition(self) -> str:
        return f'"{self.name}" {self.type}{"" if self.optional else " not null"}'


def columns_of(row: type[Row]) -> tuple[Column, ...]:
    """The columns of a row struct, in the order of its fields."""
    hints = get_type_hints(row, include_extras=False)
    return tuple(
        _column(field.name, hints[field.name], field.default, field.default_factory)
        for field in msgspec.structs.fields(row)
    )


def _column(name: str, hint: Any, default: object, factory: Any) -> Column:
    optional, kind = _without_none(hint)
    if factory is not msgspec.NODEFAULT:
        default = factory()
    column_type = _sql_type(kind)
    literal = None if default is msgspec.NODEFAULT else _literal(default, column_type)
    return Column(name=name, type=column_type, optional=optional, default=literal)


def _without_none(hint: Any) -> tuple[bool, Any]:
    if get_origin(hint) in (Union, UnionType):
        kinds = [kind for kind in get_args(hint) if kind is not type(None)]
        optional = len(kinds) < len(get_args(hint))
        return optional, kinds[0] if len(kinds) == 1 else Union[tuple(kinds)]  # noqa: UP007 - built at run time
    return False, hint


def _sql_type(kind: Any) -> str:
    if get_origin(kind) is Annotated:
        return _sql_type(get_args(kind)[0])
    if hasattr(kind, "__supertype__"):  # a NewType
        return _sql_type(kind.__supertype__)
    if get_origin(kind) is Literal:
        return _PLAIN.get(type(get_args(kind)[0]), "jsonb")
    if isinstance(kind, type) and issubclass(kind, Enum):
        return _PLAIN.get(type(next(iter(kind)).value), "jsonb")
    return _PLAIN.get(kind, "jsonb")


def _literal(value: object, column_type: str) -> str:
    encoded = msgspec.json.encode(value).decode()
    plain = msgspec.json.decode(encoded)
    text = plain if isinstance(plain, str) and column_type != "jsonb" else encoded
    return "null" if plain is None else "'" + text.replace("'", "''") + f"'::{column_type}"


class TableSql:
    """The statements that read and write the rows of one table by key; rows and keys travel as one JSON array."""

    def __init__(self, schema: str, name: str, row: type[Row], key: Sequence[str]) -> None:
        names = [column.name for column in columns_of(row)]
        table = f'{schema}."{name}"'
        listed = quoted(names)
        rest = [column for column in names if column not in key]
        match = " and ".join(f't."{column}" = k."{column}"' for column in key)
        change = ", ".join(f'"{column}" = excluded."{column}"' for column in rest)
        self.key = tuple(key)
        given = f"json_populate_recordset(null::{table}, $1::json)"
        self.load = f"select row_to_json(t)::text from {table} t, {given} k where {match}"
        self.upsert = f"insert into {table} ({listed}) select {listed} from {given} on conflict ({quoted(key)}) do " + (
            f"update set {change}" if rest else "nothing"
        )
        self.remove = f"delete from {table} t using {given} k where {match}"


def quoted(names: Sequence[str]) -> str:
    """Names as SQL identifiers."""
    return ", ".join(f'"{name}"' for name in names)
