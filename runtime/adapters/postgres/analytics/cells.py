"""Rolling up: what a life adds to which cells. Pure; whoever writes subtracts what it added before.

Amounts and durations fall into steps of a histogram that grow by 2 %, latenesses into minutes; a step stands for its
middle, which is at most 1 %, or half a minute, away from anything in it.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from math import exp, floor, log
from typing import NamedTuple

from kernel.messages import Row
from subgraphs.insights.analytics import LATEST_S, LONGEST_SHIFT, QUARTER
from subgraphs.insights.facts import OfferLife, OrderLife

DAY = timedelta(days=1)
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)
GRAINS: Mapping[str, timedelta] = {"day": DAY, "quarter": QUARTER}
_STEP = log(1.02)

PLATFORM = ""


class Cell(NamedTuple):
    """Where a sum stands."""

    scope: str
    measure: str
    grain: str
    at: datetime
    label: str


class _Part(NamedTuple):
    """What a life adds to a measure at a moment."""

    scope: str
    measure: str
    at: datetime
    label: str
    times: int
    total: int


def step(value: float) -> int:
    """The step of the histogram in which a value that is not negative lies."""
    return 0 if value < 1 else 1 + floor(log(value) / _STEP)


def middle(of_step: int) -> float:
    """What the values of a step are taken for."""
    return 0.0 if of_step == 0 else exp((of_step - 0.5) * _STEP)


def minute(late_s: float) -> int:
    """The minute in which a lateness lies: from its beginning to before its end."""
    return floor(max(-LATEST_S, min(late_s, LATEST_S)) / 60)


def sums_of(lives: Iterable[Row]) -> Counter[tuple[Cell, str]]:
    """What these lives add up to: `count` and `total` of each cell."""
    sums: Counter[tuple[Cell, str]] = Counter()
    for life in lives:
        for part in parts_of(life):
            for grain, length in GRAINS.items():
                cell = Cell(part.scope, part.measure, grain, floored(part.at, length), part.label)
                sums[cell, "count"] += part.times
                sums[cell, "total"] += part.total
    return sums


def parts_of(life: Row) -> Iterator[_Part]:
    """What a life adds, as far as it is known."""
    match life:
        case OrderLife():
            yield from _of_kitchen(life)
            yield from _of_sale(life)
            yield from _of_way(life)
        case OfferLife():
            yield from _of_offer(life)
        case _:
            return  # Shifts and searches are asked for themselves: there are few.


def _of_kitchen(order: OrderLife) -> Iterator[_Part]:
    if order.placed_at is None or order.confirmed_at is None:
        return
    yield _Part(order.restaurant_id, "asked", order.placed_at, "", 1, 0)
    if order.lost_at is not None and order.fault is not None:
        yield _Part(order.restaurant_id, "lost", order.placed_at, order.fault.value, 1, 0)
    if order.promised_at is not None and order.ready_at is not None:
        late = (order.ready_at - order.promised_at) / timedelta(seconds=1)
        total = round(late * 1_000_000)
        yield _Part(order.restaurant_id, "late", order.placed_at, str(minute(late)), 1, total)


def _of_sale(order: OrderLife) -> Iterator[_Part]:
    if order.placed_at is None or order.confirmed_at is None or order.sold_at is None or order.currency is None:
        return
    restaurant, at, currency = order.restaurant_id, order.placed_at, order.currency
    food, fee, tip = order.food_minor or 0, order.delivery_fee_minor or 0, order.tip_minor or 0
    yield _Part(restaurant, "sold", at, currency, 1, food)
    yield _Part(restaurant, "paid", at, currency, 1, order.paid_minor or 0)
    yield _Part(restaurant, "basket", at, f"{currency}:{step(food)}", 1, food)
    for line in order.lines or ():
        yield _Part(restaurant, "item", at, f"{currency}:{line.item_id}", line.quantity, line.total_minor)
    if order.courier_id is not None:
        yield _Part(order.courier_id, "fee", order.sold_at, currency, 1, fee)
        yield _Part(order.courier_id, "tip", order.sold_at, currency, 1, tip)


def _of_way(order: OrderLife) -> Iterator[_Part]:
    if order.delivered_at is not None and order.placed_at is not None:
        yield _took("door", order.delivered_at, order.delivered_at - order.placed_at)
    if order.picked_up_at is not None and order.ready_at is not None:
        yield _took("pickup", order.picked_up_at, order.picked_up_at - order.ready_at)


def _took(measure: str, at: datetime, duration: timedelta) -> _Part:
    seconds = max(duration / timedelta(seconds=1), 0.0)
    return _Part(PLATFORM, measure, at, str(step(seconds)), 1, round(seconds * 1_000_000))


def _of_offer(offer: OfferLife) -> Iterator[_Part]:
    outcomes = {"accepted": offer.assigned_at, "declined": offer.declined_at, "lapsed": offer.lapsed_at}
    for outcome, at in outcomes.items():
        if at is not None and offer.made_at is not None:
            yield _Part(PLATFORM, "offer", offer.made_at, outcome, 1, 0)
    if offer.assigned_at is None or offer.released_at is None:
        return
    at, end = offer.assigned_at, min(offer.released_at, offer.assigned_at + LONGEST_SHIFT)
    while at < end:
        following = min(floored(at, QUARTER) + QUARTER, end)
        yield _Part(PLATFORM, "engaged", at, "", 0, (following - at) // MICROSECOND)
        at = following


def floored(at: datetime, length: timedelta) -> datetime:
    """The beginning of the day or quarter, UTC, in which a moment lies."""
    return at - (at - EPOCH) % length
