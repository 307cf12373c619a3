"""The tables of analytics: lives, as facts joined by the order, offer or delivery they are of; shifts; and cells."""

from datetime import datetime
from typing import TypeVar

import msgspec

from kernel.messages import Row
from kernel.projecting import View
from runtime.adapters.postgres.schemas import Kept
from subgraphs.insights.facts import LIVES, AnyFact, AnyLife, DeliveryLife, OfferLife, OrderLife, ShiftFact
from subgraphs.insights.reactions import consumer_of

ENGINE = "postgresql"


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

ORDERS = View(name="analytics_order", row=OrderLife, key=("order_id",))
OFFERS = View(
    name="analytics_offer",
    row=OfferLife,
    key=("offer_id",),
    indexes=("(assigned_at) where released_at is null", "(delivery_id) where released_at is null"),
)
DELIVERIES = View(
    name="analytics_delivery", row=DeliveryLife, key=("delivery_id",), indexes=("(sought_at) where ended_at is null",)
)
SHIFTS = View(name="analytics_shift", row=ShiftFact, key=("event_id",), indexes=("(at)",))
CELLS = View(name="analytics_cell", row=CellRow, key=("scope", "measure", "grain", "at", "label"))
ITEMS = View(name="analytics_item", row=ItemName, key=("item_id",))

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
