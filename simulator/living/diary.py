"""What the people of the city did and were told: all that can be measured from outside.

Times are the platform's unless a name says otherwise; latencies are milliseconds of real time. The diary is written to
its file in steps, whole, so that whoever is killed finds a consistent one, and goes on from there.
"""

from collections import Counter
from datetime import datetime
from pathlib import Path
from uuid import uuid4

from msgspec import Struct, field, json

ENDED = frozenset({"CANCELLED", "COMPLETED", "DELIVERED", "EXPIRED", "FAILED", "REJECTED", "RETURNED"})
MOST_MISHAPS = 1000
Tally = dict[str, int]


class Heard(Struct, frozen=True, array_like=True):
    """One item of a stream of orders: the order's sequence and what happened; `SNAPSHOT` is the order as it was."""

    sequence: int
    type: str
    order_id: str


class Watched(Struct, kw_only=True):
    """What one watcher was told, over however many connections.

    `heard` is filled for streams that have a sequence, `orderUpdates` and `restaurantOrderUpdates`.
    """

    stream: str
    """The subscription's name."""
    of: str
    """The id it was asked for: of an order, a restaurant or a courier."""
    person: str
    heard: list[Heard] = []
    items: int = 0
    cursor: str | None = None
    """To resume behind the last item that is noted here."""
    connections: list[str | None] = []
    """The cursor that each connection was resumed after; None began anew."""
    cuts: int = 0
    """How many connections were cut off on purpose."""
    resyncs: int = 0
    """How often the platform had it begin anew."""
    ended: bool = False


class Ordered(Struct, kw_only=True):
    """One customer's evening, from hunger to the end of the order."""

    number: int
    person: str
    hungry_at: datetime
    restaurant_id: str = ""
    quote_id: str = ""
    card: str = ""
    order_id: str = ""
    """Empty until `placeOrder` has acknowledged the order."""
    acknowledged_at: datetime | None = None
    status: str = ""
    """The last one heard of."""
    assigned: int = 0
    """To how many couriers, one after the other."""
    ended_at: datetime | None = None
    reason: str = ""
    """Why it ended otherwise than delivered: `PAYMENT_DECLINED`, `TOO_BUSY`, `NO_COURIER` …"""
    cancelled: str = ""
    """What came of the customer's wish to cancel: `asked`, or the refusal's type."""
    reviewed: str = ""
    """What came of the review: `done`, or the refusal's type."""
    gave_up: str = ""
    """Why nothing was ordered at all."""
    settled: bool = False
    """Whether the customer has nothing more to do."""

    @property
    def is_over(self) -> bool:
        return self.status in ENDED or bool(self.gave_up)


class EtaAsked(Struct, frozen=True, kw_only=True):
    order_id: str
    asked_at: datetime
    status: str
    delivery_at: datetime | None
    earliest: datetime | None = None
    latest: datetime | None = None


class Kitchen(Struct, kw_only=True):
    """A restaurant that somebody wanted to order from."""

    owner: str
    name: str
    prep_minutes: int
    """How long it says that it usually takes."""
    did: Tally = {}
    """How often it accepted, rejected, delayed …; by the mutation's name, refusals by their type."""


class Courier(Struct, kw_only=True):
    """One courier's shift."""

    latitude: float
    longitude: float
    vehicle: str
    courier_id: str = ""
    doing: str = "offline"
    order_id: str = ""
    sent: int = 0
    """Positions that the platform took or dropped; `unsent` had to wait for a later batch, for an outage."""
    accepted: int = 0
    unsent: int = 0
    odd: int = 0
    """Of those sent, how many were meant to be dropped."""
    dropped: Tally = {}
    """By the platform's reason."""
    did: Tally = {}


class Mishap(Struct, frozen=True, kw_only=True):
    """Something that nobody meant to happen; whoever met it went on after it."""

    real_time: datetime
    person: str
    doing: str
    says: str


class Diary(Struct, kw_only=True):
    run: str = field(default_factory=lambda: uuid4().hex)
    """Tells this evening from all others: part of every idempotency key."""
    seed: str = ""
    began: datetime | None = None
    ended: datetime | None = None
    """When every order had ended; None if the town was stopped before."""
    orders: dict[int, Ordered] = {}
    kitchens: dict[str, Kitchen] = {}
    """By the restaurant's id."""
    couriers: dict[str, Courier] = {}
    """By the person's name."""
    watched: dict[str, Watched] = {}
    """By stream, person and id."""
    mutations: dict[str, list[float]] = {}
    """Latencies by the mutation's name, from the first attempt to the answer, outages included."""
    queries: dict[str, list[float]] = {}
    events: list[float] = []
    """Latencies from an event's `occurredAt` to its arrival at a watcher who was connected at that time."""
    refusals: Tally = {}
    """By mutation and type, such as `acceptOffer OfferNotOpen`."""
    etas: list[EtaAsked] = []
    places_seen: Tally = {}
    """Items of `deliveryLocation` by phase, with `COARSE`, `EXACT`, `NO_POSITION` and `SIGNAL_LOST`."""
    mishaps: list[Mishap] = []

    @property
    def acknowledged(self) -> list[Ordered]:
        return [order for order in self.orders.values() if order.order_id]

    @property
    def unended(self) -> list[Ordered]:
        """Acknowledged and, as far as its customer heard, not ended."""
        return [order for order in self.acknowledged if order.status not in ENDED]

    @property
    def statuses(self) -> Counter[str]:
        return Counter(order.status for order in self.acknowledged)

    @property
    def untold(self) -> list[str]:
        """Orders that were paid for, and whose kitchens have not heard as much as their customers."""
        customers = (watched for watched in self.watched.values() if watched.stream == "orderUpdates")
        kitchens = (watched for watched in self.watched.values() if watched.stream == "restaurantOrderUpdates")
        told = {(item.order_id, item.sequence) for kitchen in kitchens for item in kitchen.heard}
        last = {watched.of: watched.heard[-1].sequence for watched in customers if watched.heard}
        return [order_id for order_id, number in last.items() if number > 2 and (order_id, number) not in told]

    def order_of(self, order_id: str) -> Ordered | None:
        return next((order for order in self.orders.values() if order.order_id == order_id), None)

    def note(self, mishap: Mishap) -> None:
        """Only the first thousand are kept: more of them say nothing new."""
        if len(self.mishaps) < MOST_MISHAPS:
            self.mishaps.append(mishap)

    def write(self, file: Path) -> None:
        """All or nothing: whoever is killed here leaves the file as it was."""
        file.parent.mkdir(parents=True, exist_ok=True)
        new = file.with_suffix(".new")
        new.write_bytes(json.encode(self))
        new.replace(file)


def count(tally: Tally, what: str, times: int = 1) -> None:
    tally[what] = tally.get(what, 0) + times


def read_diary(file: Path | None) -> Diary | None:
    """None if there is no such file. Raises msgspec.DecodeError if it is no diary."""
    try:
        return json.decode(file.read_bytes(), type=Diary) if file else None
    except FileNotFoundError:
        return None
