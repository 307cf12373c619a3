"""The evening at one moment, as a board shows it."""

from collections import Counter, deque
from collections.abc import Mapping
from datetime import datetime

from msgspec import Struct

from simulator.demo.numbers import Spread, spread_of
from simulator.living import Diary

LIFE = (
    "PLACED", "CONFIRMED", "ACCEPTED", "PREPARING", "READY_FOR_PICKUP", "PICKED_UP", "ARRIVING", "DELIVERED",
    "CANCEL_PENDING", "CANCELLED", "COMPLETED", "EXPIRED", "FAILED", "REJECTED", "RETURNING", "RETURNED",
)  # fmt: skip
LATEST = 200
"""How many latencies are looked at: those of the last seconds."""
OFFERS = ("acceptOffer", "declineOffer")
WINDOW_S = 5.0


class Glance(Struct, frozen=True, kw_only=True):
    at: datetime
    """Domain time."""
    real_s: float
    wanted: int
    acknowledged: int
    ended: int
    statuses: Mapping[str, int]
    """Orders by what their customers heard last, in the order of an order's life."""
    couriers: Mapping[str, int]
    """By what they do."""
    offers: Mapping[str, int]
    """What couriers answered to offers."""
    events: int
    events_per_s: float
    """Heard by watchers, in the last seconds of real time."""
    mutations_ms: Spread | None
    events_ms: Spread | None
    mishaps: int

    @property
    def progress(self) -> float:
        """Half of it is ordering, half is what comes after."""
        return (self.acknowledged + self.ended) / (2 * self.wanted) if self.wanted else 1.0


class Onlooker:
    """Looks at a diary again and again, and so knows how fast things go."""

    def __init__(self, diary: Diary, wanted: int) -> None:
        self._diary = diary
        self._wanted = wanted
        self._began: float | None = None
        self._seen: deque[tuple[float, int]] = deque()

    def glance(self, at: datetime, real_s: float) -> Glance:
        """`real_s` comes from a clock that never goes back."""
        diary = self._diary
        began = self._began = real_s if self._began is None else self._began
        events = sum(watched.items for watched in diary.watched.values())
        known = diary.statuses
        order = {status: place for place, status in enumerate(LIFE)}
        return Glance(
            at=at,
            real_s=real_s - began,
            wanted=self._wanted,
            acknowledged=len(diary.acknowledged),
            ended=sum(order.is_over for order in diary.orders.values()),
            statuses={status: known[status] for status in sorted(known, key=lambda name: order.get(name, 99))},
            couriers=dict(sorted(Counter(courier.doing for courier in diary.couriers.values()).items())),
            offers=offers_answered(diary),
            events=events,
            events_per_s=self._speed(real_s, events),
            mutations_ms=spread_of(ms for latencies in diary.mutations.values() for ms in latencies[-LATEST:]),
            events_ms=spread_of(diary.events[-LATEST:]),
            mishaps=len(diary.mishaps),
        )

    def _speed(self, real_s: float, events: int) -> float:
        self._seen.append((real_s, events))
        while len(self._seen) > 2 and self._seen[1][0] <= real_s - WINDOW_S:
            self._seen.popleft()
        since, before = self._seen[0]
        return (events - before) / (real_s - since) if real_s > since else 0.0


def offers_answered(diary: Diary) -> dict[str, int]:
    sums = Counter[str]()
    for courier in diary.couriers.values():
        sums.update({name: count for name, count in courier.did.items() if name.split(" ")[0] in OFFERS})
    return dict(sorted(sums.items()))
