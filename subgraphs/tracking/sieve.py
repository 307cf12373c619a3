"""The sieve: which of a courier's reported points are of use, and why the others are not. Pure.

A point is dropped for the first of these that holds:

| Reason | The point |
|---|---|
| FUTURE | claims to be recorded more than 60 s ahead of the platform's clock |
| STALE | is more than 10 minutes old |
| INACCURATE | may be more than 200 m off |
| REPEATED | has the sequence of the point accepted before it |
| LATE | has a sequence or a time that is not after that of the point accepted before it |
| IMPOSSIBLE | is further from the point accepted before it than 150 km/h lead |

What was accepted more than 10 minutes ago is forgotten: whatever repeats it is stale, a device that counts from the
beginning again is heard again, and no single point that was wrong can shut a courier out for longer.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from kernel.messages import Value
from kernel.places import distance_m
from subgraphs.tracking.positions import DropReason, Point

AHEAD = timedelta(seconds=60)
MEMORY = timedelta(minutes=10)
MOST_OFF_M = 200.0
FASTEST_M_PER_S = 150 / 3.6


class Sifted(Value):
    """What is left of a batch, in the order of its sequences, and how many were dropped for which reason."""

    kept: tuple[Point, ...]
    dropped: Mapping[DropReason, int]


def sift(batch: Sequence[Point], last: Point | None, now: datetime) -> Sifted:
    """Goes through one courier's points in the order of their sequences, whatever order they came in.

    `last` is the point accepted before the batch, `now` the platform's time.
    """
    kept: list[Point] = []
    dropped: Counter[DropReason] = Counter()
    known = last if last is not None and now - last.recorded_at <= MEMORY else None
    for point in sorted(batch, key=lambda each: (each.sequence, each.recorded_at)):
        reason = _useless(point, now) or (None if known is None else _no_news(point, known))
        if reason is None:
            kept.append(point)
            known = point
        else:
            dropped[reason] += 1
    return Sifted(kept=tuple(kept), dropped=dict(dropped))


def _useless(point: Point, now: datetime) -> DropReason | None:
    if point.recorded_at - now > AHEAD:
        return DropReason.FUTURE
    if now - point.recorded_at > MEMORY:
        return DropReason.STALE
    return DropReason.INACCURATE if point.accuracy_m > MOST_OFF_M else None


def _no_news(point: Point, before: Point) -> DropReason | None:
    if point.sequence == before.sequence:
        return DropReason.REPEATED
    seconds = (point.recorded_at - before.recorded_at).total_seconds()
    if point.sequence < before.sequence or seconds <= 0:
        return DropReason.LATE
    too_far = distance_m(before.position, point.position) > FASTEST_M_PER_S * seconds
    return DropReason.IMPOSSIBLE if too_far else None
