"""The tables of analytics: lives, as facts joined by the order, offer or delivery they are of; shifts; and cells."""

from datetime import datetime
from typing import TypeVar

import msgspec

from kernel.messages import Row
from kernel.projecting import View
from runtime.adapters.postgres.schemas import Kept
from runtime.adapters.postgres.shapes import columns_of, quoted
from subgraphs.insights.facts import LIVES, AnyFact, AnyLife, DeliveryLife, OfferLife, OrderLife, ShiftFact
from subgraphs.insights.reactions import consumer_of

ENGINE = "postgresql"
LOCK = "select pg_advisory_xact_lock(hashtextextended('insights.analytics', 0))"
"""One writer at a time: batches share cells. It takes no xid, so that waiting for it holds up no reader."""


class CellRow(Row):
    """A sum: of one measure, for one scope (a restaurant, a courier, or nobody: the platform), in one part of time."""

    scope: str
    measure: str
    grain: str
    """`day`, UTC, or `quarter` of an hour: every sum is kept in both."""
    at: datetime
    label: str
    """What the measure is told apart by: a currency, an item, a step of a histogram."""
    count: int
    total: int


class ItemName(Row):
    """What an item was called when it was last ordered."""

    item_id: str
    name: str
    named_at: datetime


LifeT = TypeVar("LifeT", bound=Row)


def last_moment(row: type[Row]) -> str:
    """The latest moment that a row tells of, as SQL: by it rows are forgotten."""
    return f"greatest({quoted([column.name for column in columns_of(row) if column.type == 'timestamptz'])})"


def _table(name: str, row: type[LifeT], *key: str, indexes: tuple[str, ...] = ()) -> View[LifeT]:
    """Rows of about the same time lie together, so that a few bytes a megabyte find those to be forgotten."""
    return View(name=name, row=row, key=key, indexes=(*indexes, f"using brin (({last_moment(row)}))"))


ORDERS = _table("analytics_order", OrderLife, "order_id")
OFFERS = _table(
    "analytics_offer",
    OfferLife,
    "offer_id",
    indexes=("(assigned_at) where released_at is null", "(delivery_id) where released_at is null"),
)
DELIVERIES = _table("analytics_delivery", DeliveryLife, "delivery_id", indexes=("(sought_at) where ended_at is null",))
SHIFTS = _table("analytics_shift", ShiftFact, "event_id", indexes=("(at)",))
CELLS = _table("analytics_cell", CellRow, "scope", "measure", "grain", "at", "label")
ITEMS = _table("analytics_item", ItemName, "item_id")

KEPT = Kept(consumer=consumer_of(ENGINE), tables=(ORDERS, OFFERS, DELIVERIES, SHIFTS, CELLS, ITEMS))


def life_of(fact: AnyFact) -> AnyLife:
    """The life of which this fact is all that is known."""
    kind = LIVES[type(fact)]
    return kind(**{name: getattr(fact, name) for name in kind.__struct_fields__})


def joined(one: LifeT, other: LifeT) -> LifeT:
    """Both together: of two moments the first, of two other values the greater; in any order, any number of times."""
    fields = one.__struct_fields__
    return msgspec.structs.replace(one, **{name: _join(getattr(one, name), getattr(other, name)) for name in fields})


def _join(one: object, other: object) -> object:
    if one is None or other is None or one == other:
        return one if other is None else other
    if isinstance(one, datetime) and isinstance(other, datetime):
        return min(one, other)
    return max(one, other, key=msgspec.json.encode)
