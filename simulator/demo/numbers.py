"""What is measured of an evening, in numbers."""

from collections import defaultdict
from collections.abc import Iterable, Sequence

from msgspec import Struct

from simulator.demo.facts import Evening

MOMENTS = ("PLACED", "CONFIRMED", "ACCEPTED", "PREPARING", "READY_FOR_PICKUP", "PICKED_UP", "ARRIVING")
"""Statuses in which an ETA is asked for, in the order of an order's life."""


class Spread(Struct, frozen=True):
    """Nearest-rank percentiles."""

    count: int
    mean: float
    p50: float
    p90: float
    p95: float


class EtaError(Struct, frozen=True):
    """How wrong the ETAs were that were asked for in one status, in minutes of domain time."""

    status: str
    wrong_by: Spread
    """Without a sign."""
    bias: float
    """Positive: food came later than was said, on average."""
    within_band: float
    """Share of deliveries between `earliest` and `latest`."""


def spread_of(values: Iterable[float]) -> Spread | None:
    """None of nothing."""
    ordered = sorted(values)
    if not ordered:
        return None
    mean = sum(ordered) / len(ordered)
    return Spread(len(ordered), mean, *(percentile(ordered, share) for share in (50, 90, 95)))


def percentile(ordered: Sequence[float], share: int) -> float:
    """The least of the ordered values that so many percent of them are not above."""
    return ordered[max(-(-len(ordered) * share // 100) - 1, 0)]


def eta_errors(evening: Evening) -> list[EtaError]:
    """For each status in which somebody asked about an order that was delivered, in the order of an order's life."""
    stories = evening.by_order()
    late: dict[str, list[float]] = defaultdict(list)
    within: dict[str, list[bool]] = defaultdict(list)
    for eta in evening.diary.etas:
        story = stories.get(eta.order_id)
        came = story.moment("DELIVERED") if story else None
        if came is None or eta.delivery_at is None:
            continue
        late[eta.status].append((came - eta.delivery_at).total_seconds() / 60)
        within[eta.status].append((eta.earliest or eta.delivery_at) <= came <= (eta.latest or eta.delivery_at))
    found: list[EtaError] = []
    for status in sorted(late, key=lambda status: MOMENTS.index(status) if status in MOMENTS else len(MOMENTS)):
        spread = spread_of(map(abs, late[status]))
        if spread:
            share = sum(within[status]) / len(within[status])
            found.append(EtaError(status, spread, sum(late[status]) / len(late[status]), share))
    return found


def dropped_positions(evening: Evening) -> dict[str, int]:
    """By the platform's reason, the most frequent first."""
    sums: dict[str, int] = defaultdict(int)
    for courier in evening.diary.couriers.values():
        for reason, times in courier.dropped.items():
            sums[reason] += times
    return dict(sorted(sums.items(), key=lambda item: -item[1]))
