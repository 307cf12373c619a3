"""The port of insights: where facts are recorded and figures are asked for, and how the figures are reckoned.

Moments that bound a question lie on whole quarters of an hour, UTC: every time zone's days begin on one. An order
counts for a restaurant once its kitchen was asked, and belongs to the moment at which it was placed; a delivery
belongs to the moment at which it was handed over, an offer to that at which it was made, pay to that at which it was
earned.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Protocol

from kernel.messages import Row, Value
from subgraphs.insights.facts import AnyFact, Fault

QUARTER = timedelta(minutes=15)
KEPT_FOR = timedelta(days=3 * 365 + 1)
"""Engines forget by themselves what is older; figures of a period that begins earlier are too low, or nothing."""
LONGEST_SHIFT = timedelta(hours=24)
"""What a shift or an engagement counts for at most: one that nobody has ended says nothing more."""
ROUGHNESS = 0.01
"""How far an amount or a duration may lie from the exact percentile, as a share of it."""
LATENESS_ROUGHNESS_S = 30.0
"""How far a lateness may lie from the exact percentile."""
LATEST_S = 4 * 3600
"""Latenesses are told apart up to so many seconds, either way; what lies beyond counts as that much."""


class OfRestaurant(Value):
    """A restaurant's orders in one currency within some parts of time, each from one edge to the next."""

    restaurant_id: str
    currency: str
    edges: tuple[datetime, ...]
    """Ascending, at least two."""

    @property
    def begin(self) -> datetime:
        return self.edges[0]

    @property
    def end(self) -> datetime:
        return self.edges[-1]


class OfCourier(Value):
    """What a courier earned within some parts of time."""

    courier_id: str
    edges: tuple[datetime, ...]


class OfPlatform(Value):
    """The whole platform within a period."""

    begin: datetime
    end: datetime
    now: datetime
    """Nothing that lasts is reckoned further than to here."""


class Sold(Row):
    """What was sold in one part of time; parts without a sale are left out."""

    part: int
    """From `edges[part]` to `edges[part + 1]`."""
    orders: int
    food_minor: int
    paid_minor: int


class Baskets(Value):
    """What the food of the orders sold came to."""

    orders: int
    food_minor: int
    median_minor: int | None = None
    p90_minor: int | None = None


class Punctuality(Value):
    """How late kitchens were against their first promise, of the orders that were promised and got ready."""

    orders: int
    punctual: int
    """At least `-within` and less than `within` late."""
    late_s: float
    """All latenesses together, earliness being negative."""
    p90_s: float | None = None


class Losses(Value):
    """What became of the orders that the kitchen was asked for."""

    orders: int
    lost: Mapping[Fault, int]


class ItemSold(Row):
    """How an item sold."""

    item_id: str
    name: str
    """As it was called in the latest order that had it."""
    quantity: int
    total_minor: int


class Spread(Value):
    """How long something took."""

    times: int
    median_s: float | None = None
    p90_s: float | None = None


class Operations(Value):
    """How the platform did."""

    click_to_door: Spread
    """From placing an order to handing it over at the door."""
    ready_to_pickup: Spread
    """From ready to fetched; 0 for food that was fetched before anybody said that it was ready."""
    accepted: int
    declined: int
    lapsed: int
    engaged_s: float
    """From accepting a delivery until its end, all couriers together."""
    online_s: float


class Unassigned(Row):
    """The deliveries that a courier is looked for at this moment."""

    deliveries: int
    since: datetime | None = None
    """When the first of them was first looked for."""


class Earned(Row):
    """What a courier earned in one part of time, in one currency."""

    part: int
    currency: str
    deliveries: int
    fees_minor: int
    tips_minor: int


class Analytics(Protocol):
    """Facts, and what they come to.

    Whatever was recorded twice, in another order or in other batches gives the same answers. Percentiles are of the
    lowest rank that more than that share of the values does not exceed, and may be off by `ROUGHNESS` of themselves
    (baskets, durations) or `LATENESS_ROUGHNESS_S`; everything else is exact. What is older than `KEPT_FOR` is forgotten
    sooner or later, and comes back for as long at most when it is recorded again. Everything raises Outage.
    """

    @property
    def engine(self) -> str:
        """The engine's name: each is filled by itself."""
        ...

    async def record(self, facts: Sequence[AnyFact]) -> None:
        """Keeps the facts; they are kept when it returns, and count in every answer from then on."""
        ...

    async def sales(self, asked: OfRestaurant) -> Sequence[Sold]:
        """Sales by part of time, in order."""
        ...

    async def baskets(self, asked: OfRestaurant) -> Baskets: ...

    async def punctuality(self, asked: OfRestaurant, within: timedelta) -> Punctuality:
        """`within`: whole minutes. Of orders in any currency."""
        ...

    async def losses(self, asked: OfRestaurant) -> Losses:
        """Of orders in any currency."""
        ...

    async def items(self, asked: OfRestaurant, limit: int) -> Sequence[ItemSold]:
        """What sold best, by revenue, then by quantity, then by id."""
        ...

    async def operations(self, asked: OfPlatform) -> Operations: ...

    async def unassigned(self, now: datetime) -> Unassigned:
        """Of searches that began within the last `LONGEST_SHIFT`: none takes that long."""
        ...

    async def earnings(self, asked: OfCourier) -> Sequence[Earned]:
        """By part of time, then by currency; a delivery earns its fee and its tip when its customer pays."""
        ...


class Progress(Protocol):
    """How far a consumer of insights has come."""

    async def behind_s(self, consumer: str, topics: Sequence[str]) -> float:
        """How many real seconds old the oldest record is that it has yet to consume; 0 at the head. Raises Outage."""
        ...


def rank(values: int, share: float) -> int:
    """Which of so many values, sorted and counted from 0, is the percentile: more than `share` of them do not exceed
    it."""
    return min(values - 1, int(share * values))
