"""Ports: what the kernel needs of the outside, with the guarantees that every adapter must pass its suite on."""

from collections.abc import Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Any, Protocol, TypeVar

from kernel.committing import Advance, CommandKnown, Commit, CommitResult, Earlier, Obstacle, RequestKey, StoredOutcome
from kernel.deciding import Table
from kernel.log import ConsistencyToken, Position, Recorded, Sealed, TopicPartition
from kernel.messages import Row, Value
from kernel.projecting import Feed, FeedItem, Projection
from kernel.sharing import Share

RowT = TypeVar("RowT", bound=Row)


class Outage(Exception):
    """An engine cannot be reached or did not answer in time; adapters raise this, whoever owns the loop retries."""


class Journal(Protocol):
    """One domain's append-only log of commands and events, which is its event store and its outbox at once."""

    async def read(self, stream: str, after: int = 0, upto: int | None = None, limit: int = 1000) -> Sequence[Sealed]:
        """The stream's events with `after` < version ≤ `upto`, in order, at most `limit`. Sees all that ended."""
        ...

    async def commit(self, commit: Commit) -> CommitResult:
        """Writes all of `commit` in one transaction or nothing. Durable when it returns a Committed.

        The caller must not be inside a transaction. Waits for a concurrent commit of the same request, at most as
        long as the journal's transaction time-out, then answers RequestBusy.
        """
        ...

    async def commit_all(self, commits: Sequence[Commit], advance: Advance) -> Obstacle | None:
        """Writes the events and timers of all `commits`, each of another stream, with `advance` in one transaction.

        Only for commits that write nothing else. VersionMoved: something stands in the way of one of them, be it that
        it was done before; nothing was written, and each is to be committed by itself.
        """
        ...

    async def known(self, command_id: str) -> CommandKnown | None:
        """What the command of this id committed; None when the journal does not hold it."""
        ...

    async def outcome(self, request: RequestKey) -> StoredOutcome | None:
        """The stored outcome of this (actor, mutation, key), whatever its fingerprint."""
        ...

    async def refuse(self, request: RequestKey, outcome: StoredOutcome) -> Earlier | None:
        """Stores a refusal as the request's outcome; the earlier outcome when there is one."""
        ...

    async def rows(self, tables: Sequence[Table[Any]], owner: str) -> Sequence[Row]:
        """The rows of `tables` (state-stored domains) whose owner column is `owner`, retired ones included."""
        ...


class EventLog(Protocol):
    """All journals in reading order, never a row skipped: none is visible while an older writer is open.

    While the engine is away, `read` and `head` raise Outage, nobody is woken, and shares stay as they were.
    """

    def partitions(self, journal: str) -> int:
        """How many partitions the journal's topics have."""
        ...

    async def read(self, after: Mapping[TopicPartition, Position], limit: int) -> Sequence[Sealed]:
        """Of each topic partition the next `limit` records after its position, in order; never waits for news."""
        ...

    async def head(self, topic: str, partition: int) -> Position:
        """The position of the last record; START when there is none."""
        ...

    def watch(self, topics: Sequence[str]) -> AbstractAsyncContextManager["Wakeup"]:
        """Wakes when these topics may have news; wake-ups may be merged, spurious, or replaced by a slow poll."""
        ...

    def share(self, topics: Sequence[str], group: str) -> AbstractAsyncContextManager[Share]:
        """This worker's share of these topics among its group, from entering on until leaving.

        A group is workers that run the same consumers. A change of the share wakes who watches the topics.
        """
        ...


class Wakeup(Protocol):
    """Interest in some keys: one dirty flag, no queue."""

    async def wait(self, timeout_s: float) -> bool:
        """Waits for news since the last wait; False when `timeout_s` passed first. News before the wait is not lost."""
        ...


class Signals(Protocol):
    """Wake-ups between processes: hints that may be lost, merged or doubled, never the truth itself."""

    async def publish(self, keys: Sequence[str]) -> None:
        """Wakes whoever watches these keys. Never raises, never takes longer than a second; may be lost."""
        ...

    def watch(self, keys: Sequence[str]) -> AbstractAsyncContextManager[Wakeup]:
        """Interest in `keys` from entering on until leaving."""
        ...


class Checkpoints(Protocol):
    """Where each consumer of one domain stands, per topic and partition."""

    async def load(self, consumer: str, topic: str, partition: int) -> Position | None:
        """The saved position; None for a consumer never seen."""
        ...

    async def advance(self, advance: Advance) -> bool:
        """Compare-and-set; False when the checkpoint is not at `advance.before` (START: or none), the letter gone."""
        ...


class ViewStore(Protocol):
    """The writing side of one domain's read models."""

    async def apply(self, projection: Projection[Any], records: Sequence[Recorded], advance: Advance) -> bool:
        """Loads the rows for the records' keys, folds, saves and advances in one transaction; False: it had moved."""
        ...

    async def feed(self, feed: Feed, records: Sequence[Recorded], advance: Advance) -> bool:
        """Gives each record the next sequence of its owner, in the order given, under the owner's lock; as above."""
        ...


class Views(Protocol):
    """The reading side of one domain's read models."""

    async def fetch(self, row: type[RowT], sql: str, *arguments: object) -> Sequence[RowT]:
        """The rows that `sql` selects ($1, $2 … are the arguments); columns are matched to fields by name."""
        ...

    async def feed(self, feed: Feed, owner: str, after: int, limit: int) -> Sequence[FeedItem]:
        """The feed's items of `owner` after sequence `after`, in order."""
        ...

    async def feed_head(self, feed: Feed, owner: str) -> int:
        """The last sequence of the owner's feed; 0 when it is empty."""
        ...

    async def reached(self, consumer: str, topics: Sequence[str], token: ConsistencyToken, wait_s: float = 0.5) -> bool:
        """Whether the consumer has seen the token's place, waiting at most `wait_s`; True for other journals."""
        ...

    async def behind_s(self, consumer: str, topics: Sequence[str]) -> float:
        """How many real seconds old the oldest record is that the consumer has yet to consume, 0 at the head; what is
        parked counts as consumed. Topics of the domain's own journal."""
        ...


class DeadLetter(Value):
    """A record that a consumer could not digest, with everything needed to look into it and to replay it."""

    consumer: str
    key: str
    record: Sealed
    error: str
    traceback: str = ""


class DeadLetters(Protocol):
    """Poisoned records of one domain's consumers. A key with a letter is parked: its later records queue behind."""

    async def park(self, letter: DeadLetter, advance: Advance | None = None) -> bool:
        """Stores the letter, once (consumer, record id), with `advance`; False: it had moved, nothing is stored."""
        ...

    async def queue(self, letter: DeadLetter, advance: Advance | None = None) -> bool:
        """As `park`, behind another letter of its key; False also when there is none, once a replay has ended."""
        ...

    async def parked(self, consumer: str) -> frozenset[str]:
        """The keys that are parked for this consumer."""
        ...

    async def letters(self, consumer: str, key: str | None = None) -> Sequence[DeadLetter]:
        """The consumer's letters in log order."""
        ...


class Streams(Protocol):
    """Reads of many streams at once for subscriptions: reads of the same moment become one query."""

    async def read(self, stream: str, after: int, limit: int = 100) -> Sequence[Recorded]:
        """As Journal.read, decoded."""
        ...
