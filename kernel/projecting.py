"""Projecting: views as values; a view is a table whose columns are its row's fields, written by one pure fold."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Generic, Literal, TypeVar

from kernel.log import Recorded
from kernel.messages import Row, Value

RowT = TypeVar("RowT", bound=Row)
RowT_co = TypeVar("RowT_co", bound=Row, covariant=True)
Key = tuple[str | int, ...]


@dataclass(frozen=True)
class View(Generic[RowT_co]):
    """A read model: table `name` in its domain's schema, one column per field of `row`, primary key `key`.

    Field types map to columns: str text, int bigint, float double precision, bool boolean, datetime timestamptz,
    everything else jsonb. A view whose shape has changed is built anew from the log.
    """

    name: str
    row: type[RowT_co]
    key: tuple[str, ...]
    indexes: tuple[str, ...] = ()
    """Index definitions as SQL behind `on <table>`: `(customer_id, id desc)`, `using gin (…)`."""


@dataclass(frozen=True)
class Projection(Generic[RowT]):
    """Keeps a view up to date. The consumer's name is the view's name."""

    domain: str
    view: View[RowT]
    topics: tuple[str, ...]
    keys: Callable[[Recorded], Sequence[Key]]
    """The rows a record concerns; none for a record that does not matter to the view."""
    fold: Callable[[RowT | None, Recorded, Key], RowT | None]
    """The row after the record; None removes it. Pure; must not mind seeing a key for the first time."""
    sharing: Literal["stream", "topic columns", "increments", "single"]
    """Why concurrent partitions do not lose each other's writes: each row is written by one stream; or by columns
    per topic; or by commutative increments; or one consumer writes alone. Every sharing but "stream" is locked."""
    wakes: Callable[[Recorded], Sequence[str]] = lambda _: ()
    """The signals to give once the view shows the record, for those who watch the view and not the stream."""


@dataclass(frozen=True)
class Feed:
    """A sequence across streams: each record's place in its owner's feed, numbered 1, 2, 3 … by the projection."""

    domain: str
    name: str
    topics: tuple[str, ...]
    owner: Callable[[Recorded], str | None]
    """Whose feed the record belongs to; None for nobody's."""


class FeedItem(Value):
    """One place in a feed."""

    owner: str
    sequence: int
    stream: str
    version: int
