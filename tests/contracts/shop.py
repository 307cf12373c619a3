"""Two small domains for the suites: `shop` is event-sourced, `pantry` keeps captured rows."""

from collections.abc import Sequence
from datetime import UTC, datetime
from itertools import count

import msgspec

from kernel.codec import Codec
from kernel.committing import Commit, NewMessage, RequestKey
from kernel.deciding import Table
from kernel.log import Meta, Recorded, Sealed
from kernel.messages import Command, Event, Refusal, Row
from kernel.projecting import Feed, Key, Projection, View
from runtime.adapters.postgres.schemas import DomainSchema

NOON = datetime(2026, 6, 1, 12, 0, tzinfo=UTC)


class Sell(Command):
    what: str


class Sold(Event):
    what: str
    price_minor: int = 100


class SoldOut(Refusal):
    what: str


class SaleView(Row):
    stream: str
    sold: int
    last: str | None = None
    lines: tuple[str, ...] = ()
    at: datetime | None = None


class TotalView(Row):
    what: str
    sold: int


class CounterView(Row):
    """What two topics say about one restaurant, each in columns of its own."""

    restaurant_id: str
    sold: int = 0
    labels: dict[str, str] = msgspec.field(default_factory=dict[str, str])


class Shelf(Row):
    id: str
    restaurant_id: str
    label: str
    tags: tuple[str, ...] = ()
    retired: bool = False
    revision: int = 0


class ShelfChanged(Event):
    before: Shelf | None
    after: Shelf | None
    revision: int


SHELVES = Table(name="shelves", row=Shelf, key=("id",), owner="restaurant_id", change=ShelfChanged)


def fold_sale(row: SaleView | None, record: Recorded, key: Key) -> SaleView | None:
    event = record.message
    if not isinstance(event, Sold):
        return row
    if event.what == "nothing":
        return None
    seen = row or SaleView(stream=str(key[0]), sold=0)
    return SaleView(
        stream=seen.stream, sold=seen.sold + 1, last=event.what, lines=(*seen.lines, event.what), at=event.at
    )


def fold_total(row: TotalView | None, record: Recorded, key: Key) -> TotalView | None:
    return TotalView(what=str(key[0]), sold=(row.sold if row else 0) + 1)


def fold_counter(row: CounterView | None, record: Recorded, key: Key) -> CounterView | None:
    seen = row or CounterView(restaurant_id=str(key[0]))
    match record.message:
        case Sold():
            return msgspec.structs.replace(seen, sold=seen.sold + 1)
        case ShelfChanged(after=Shelf() as shelf):
            return msgspec.structs.replace(seen, labels=seen.labels | {shelf.id: f"{shelf.label} {shelf.revision}"})
        case _:
            return row


def what_of(record: Recorded) -> Sequence[Key]:
    return [(record.message.what,)] if isinstance(record.message, Sold) else []


SALES = Projection(
    domain="shop",
    view=View(name="sales", row=SaleView, key=("stream",), indexes=("(sold)",)),
    topics=("shop.events",),
    keys=lambda record: [(record.stream,)],
    fold=fold_sale,
    sharing="stream",
)
TOTALS = Projection(
    domain="shop",
    view=View(name="totals", row=TotalView, key=("what",)),
    topics=("shop.events",),
    keys=what_of,
    fold=fold_total,
    sharing="increments",
)
COUNTERS = Projection(
    domain="shop",
    view=View(name="counters", row=CounterView, key=("restaurant_id",)),
    topics=("shop.events", "pantry.changes"),
    keys=lambda record: [(record.stream,)],
    fold=fold_counter,
    sharing="topic columns",
)
BY_WHAT = Feed(
    domain="shop",
    name="by_what",
    topics=("shop.events",),
    owner=lambda record: record.message.what if isinstance(record.message, Sold) else None,
)

SCHEMAS = (
    DomainSchema(name="shop", views=(SALES.view, TOTALS.view, COUNTERS.view)),
    DomainSchema(name="pantry", tables=(SHELVES,)),
)
CODEC = Codec((Sell, Sold, ShelfChanged))
_numbers = count(1)


def fresh(prefix: str) -> str:
    """An id that no other test has."""
    return f"{prefix}_{next(_numbers):08d}"


def sale(stream: str, *whats: str, expected: int = 0, command_id: str | None = None, domain: str = "shop") -> Commit:
    """A commit of one command with one event for each of `whats`."""
    command_id = command_id or fresh("cmd")
    return Commit(
        stream=stream,
        expected_version=expected,
        command=message(f"{domain}.commands", Sell(what=",".join(whats), at=NOON), command_id),
        meta=Meta(actor="aino", correlation="req_1", traceparent="00-11-22-01"),
        events=tuple(
            message(f"{domain}.events", Sold(what=what, at=NOON), f"evt_{command_id}_{n}")
            for n, what in enumerate(whats)
        ),
    )


def message(topic: str, content: Event | Command, message_id: str) -> NewMessage:
    return NewMessage(id=message_id, topic=topic, type=type(content).__name__, data=CODEC.seal(content))


def whats(records: Sequence[Sealed]) -> list[str]:
    """What was sold, record by record."""
    messages = [CODEC.open(record).message for record in records]
    return [message.what for message in messages if isinstance(message, Sold)]


def changes(records: Sequence[Sealed]) -> list[ShelfChanged]:
    """The changes of shelves in the records."""
    messages = [CODEC.open(record).message for record in records]
    return [message for message in messages if isinstance(message, ShelfChanged)]


def request(key: str = "key-1", fingerprint: str = "same") -> RequestKey:
    return RequestKey(actor="aino", mutation="sell", key=key, fingerprint=fingerprint)


def with_parts(commit: Commit, **parts: object) -> Commit:
    """The commit with other parts."""
    return msgspec.structs.replace(commit, **parts)
