"""The tables: lives that merge by themselves, and the statements that make them; the same for a server and in-process.

A row holds what one fact tells. Rows of one key merge into one, moments to the first and other values to the greatest,
so that a fact that comes twice, late or out of order changes nothing: questions group by the key and need no FINAL.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from typing import get_type_hints

from kernel.messages import Value
from subgraphs.insights.analytics import KEPT_FOR
from subgraphs.insights.facts import LIVES, AnyFact, DeliveryFact, Fault, OfferFact, OrderFact, ShiftFact

_AT = "DateTime64(6, 'UTC')"
_WORD = "SimpleAggregateFunction(max, Nullable(String))"
_MERGED: Mapping[object, str] = {
    datetime | None: f"SimpleAggregateFunction(min, Nullable({_AT}))",
    int | None: "SimpleAggregateFunction(max, Nullable(Int64))",
    str: _WORD,
    str | None: _WORD,
    Fault | None: _WORD,
}
_SEEN = "seen_at SimpleAggregateFunction(max, DateTime('UTC')), index seen seen_at type minmax granularity 1"
_KEEP = f"interval {KEPT_FOR.days} day"


@dataclass(frozen=True)
class _Lives:
    """A table of lives: a column for each field of the life, but lines, which have a table of their own."""

    name: str
    fact: type[AnyFact]
    key: Sequence[str]
    indexes: str = ""

    @property
    def columns(self) -> Sequence[str]:
        return [name for name in LIVES[self.fact].__struct_fields__ if name != "lines"]

    @property
    def sql(self) -> str:
        kinds = get_type_hints(self.fact)
        columns = [f"{name} {'String' if name in self.key else _MERGED[kinds[name]]}" for name in self.columns]
        return f"""create table if not exists {self.name} ({", ".join(columns)}, {_SEEN}{self.indexes})
        engine = AggregatingMergeTree order by ({", ".join(self.key)}) ttl seen_at + {_KEEP}"""


_LIVES = (
    _Lives(
        name="analytics_orders",
        fact=OrderFact,
        key=("restaurant_id", "order_id"),
        indexes=", index courier courier_id type bloom_filter granularity 1",
    ),
    _Lives(name="analytics_offers", fact=OfferFact, key=("offer_id",)),
    _Lives(name="analytics_deliveries", fact=DeliveryFact, key=("delivery_id",)),
)

SCHEMA: Sequence[str] = (
    *(table.sql for table in _LIVES),
    f"""create table if not exists analytics_lines (
        restaurant_id String, order_id String, line Int32, item_id String, name String, quantity Int64,
        total_minor Int64, placed_at {_AT}
    ) engine = ReplacingMergeTree order by (restaurant_id, order_id, line) ttl toDateTime(placed_at) + {_KEEP}""",
    f"""create table if not exists analytics_shifts (
        event_id String, at {_AT}, courier_id String, version Int32, online Bool
    ) engine = ReplacingMergeTree order by (at, event_id) ttl toDateTime(at) + {_KEEP}""",
)


class Block(Value):
    """Rows for one table."""

    table: str
    columns: Sequence[str]
    rows: Sequence[Sequence[object]]


_LINE = ("line", "item_id", "name", "quantity", "total_minor")


def blocks_of(facts: Sequence[AnyFact]) -> Sequence[Block]:
    """What to insert for these facts, a block for each table that they concern."""
    lives = [_life_block(table, facts) for table in _LIVES]
    return [block for block in (*lives, _line_block(facts), _shift_block(facts)) if block.rows]


def _life_block(table: _Lives, facts: Sequence[AnyFact]) -> Block:
    names, mine = table.columns, [fact for fact in facts if isinstance(fact, table.fact)]
    rows = [[*(_plain(getattr(fact, name)) for name in names), fact.at] for fact in mine]
    return Block(table=table.name, columns=[*names, "seen_at"], rows=rows)


def _line_block(facts: Sequence[AnyFact]) -> Block:
    rows: list[Sequence[object]] = []
    for fact in facts:
        if isinstance(fact, OrderFact) and fact.placed_at is not None:
            order = (fact.restaurant_id, fact.order_id, fact.placed_at)
            rows += [[*order, *(getattr(line, name) for name in _LINE)] for line in fact.lines or ()]
    return Block(table="analytics_lines", columns=["restaurant_id", "order_id", "placed_at", *_LINE], rows=rows)


def _shift_block(facts: Sequence[AnyFact]) -> Block:
    names = ShiftFact.__struct_fields__
    rows = [[getattr(fact, name) for name in names] for fact in facts if isinstance(fact, ShiftFact)]
    return Block(table="analytics_shifts", columns=names, rows=rows)


def _plain(value: object) -> object:
    return value.value if isinstance(value, Enum) else value
