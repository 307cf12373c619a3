"""The tables: lives that merge by themselves, and the statements that make them; the same for a server and in-process.

A row holds what one fact tells. Rows of one key merge into one, moments to the first and other values to the greatest,
so that a fact that comes twice, late or out of order changes nothing: questions group by the key and need no FINAL.
"""

from collections.abc import Sequence
from enum import Enum

from kernel.messages import Value
from subgraphs.insights.facts import AnyFact, DeliveryFact, OfferFact, OrderFact, ShiftFact

KEPT_YEARS = 3

_AT = "DateTime64(6, 'UTC')"
_MOMENT = f"SimpleAggregateFunction(min, Nullable({_AT}))"
_WORD = "SimpleAggregateFunction(max, Nullable(String))"
_AMOUNT = "SimpleAggregateFunction(max, Nullable(Int64))"
_SEEN = "seen_at SimpleAggregateFunction(max, DateTime('UTC')), index seen seen_at type minmax granularity 1"
_KEEP = f"interval {KEPT_YEARS} year"

SCHEMA: Sequence[str] = (
    f"""create table if not exists analytics_orders (
        restaurant_id String, order_id String,
        placed_at {_MOMENT}, currency {_WORD}, food_minor {_AMOUNT}, delivery_fee_minor {_AMOUNT}, tip_minor {_AMOUNT},
        paid_minor {_AMOUNT}, confirmed_at {_MOMENT}, promised_at {_MOMENT}, ready_at {_MOMENT},
        picked_up_at {_MOMENT}, courier_id {_WORD}, delivered_at {_MOMENT}, sold_at {_MOMENT}, lost_at {_MOMENT},
        fault {_WORD}, {_SEEN}, index courier courier_id type bloom_filter granularity 1
    ) engine = AggregatingMergeTree order by (restaurant_id, order_id) ttl seen_at + {_KEEP}""",
    f"""create table if not exists analytics_lines (
        restaurant_id String, order_id String, line Int32, item_id String, name String, quantity Int64,
        total_minor Int64, placed_at {_AT}
    ) engine = ReplacingMergeTree order by (restaurant_id, order_id, line) ttl toDateTime(placed_at) + {_KEEP}""",
    f"""create table if not exists analytics_offers (
        offer_id String, delivery_id {_WORD}, courier_id {_WORD}, made_at {_MOMENT}, assigned_at {_MOMENT},
        declined_at {_MOMENT}, lapsed_at {_MOMENT}, released_at {_MOMENT}, {_SEEN}
    ) engine = AggregatingMergeTree order by offer_id ttl seen_at + {_KEEP}""",
    f"""create table if not exists analytics_deliveries (
        delivery_id String, sought_at {_MOMENT}, ended_at {_MOMENT}, {_SEEN}
    ) engine = AggregatingMergeTree order by delivery_id ttl seen_at + {_KEEP}""",
    f"""create table if not exists analytics_shifts (
        event_id String, at {_AT}, courier_id String, version Int32, online Bool
    ) engine = ReplacingMergeTree order by (at, event_id) ttl toDateTime(at) + {_KEEP}""",
)


class Block(Value):
    """Rows for one table."""

    table: str
    columns: Sequence[str]
    rows: Sequence[Sequence[object]]


_LIFE_TABLES: Sequence[tuple[type[AnyFact], str]] = (
    (OrderFact, "analytics_orders"),
    (OfferFact, "analytics_offers"),
    (DeliveryFact, "analytics_deliveries"),
)
_LINE = ("line", "item_id", "name", "quantity", "total_minor")


def blocks_of(facts: Sequence[AnyFact]) -> Sequence[Block]:
    """What to insert for these facts, a block for each table that they concern."""
    lives = [_life_block(kind, table, facts) for kind, table in _LIFE_TABLES]
    return [block for block in (*lives, _line_block(facts), _shift_block(facts)) if block.rows]


def _life_block(kind: type[AnyFact], table: str, facts: Sequence[AnyFact]) -> Block:
    names = [name for name in kind.__struct_fields__ if name not in ("event_id", "at", "lines")]
    rows = [[*(_plain(getattr(fact, name)) for name in names), fact.at] for fact in facts if isinstance(fact, kind)]
    return Block(table=table, columns=[*names, "seen_at"], rows=rows)


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
