"""The log's records: positions, messages on their way in, and messages as the log keeps them."""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error as NotBase64
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

import msgspec

from kernel.messages import Command, Event, Value


class Meta(Value):
    """Why a message exists: who asked, within which request, caused by which message."""

    actor: str
    correlation: str
    causation: str | None = None
    traceparent: str | None = None


class Position(Value, order=True):
    """A place in one partition of a journal; positions are compared by transaction first, then by number."""

    txid: int = 0
    position: int = 0


START = Position()

TopicPartition = tuple[str, int]


def journal_of(topic: str) -> str:
    """The journal that a topic belongs to: `orders` of `orders.events`."""
    return topic.partition(".")[0]


def by_journal(topics: Iterable[str]) -> Mapping[str, Sequence[str]]:
    """The topics of each journal, each once, both in the order of their names."""
    found: dict[str, list[str]] = defaultdict(list)
    for topic in sorted(set(topics)):
        found[journal_of(topic)].append(topic)
    return found


class Sealed(Value):
    """A message as the log keeps it, still encoded."""

    journal: str
    partition: int
    at: Position
    topic: str
    stream: str
    version: int | None
    """The event's number within its stream, from 1 without holes; None for commands and for captured changes."""
    id: str
    type: str
    data: bytes
    meta: Meta
    recorded_at: datetime


class Recorded(Value):
    """A message of the log, decoded."""

    journal: str
    partition: int
    position: Position
    topic: str
    stream: str
    version: int | None
    id: str
    message: Event | Command
    meta: Meta
    recorded_at: datetime


class ConsistencyToken(Value, array_like=True):
    """The place of a commit's last record, opaque to clients."""

    journal: str
    partition: int
    txid: int
    position: int

    def text(self) -> str:
        """The token as clients carry it."""
        return urlsafe_b64encode(msgspec.json.encode(self)).decode().rstrip("=")

    @staticmethod
    def parse(text: str) -> "ConsistencyToken | None":
        """The token in `text`, or None when it is not one."""
        try:
            return msgspec.json.decode(urlsafe_b64decode(text + "=" * (-len(text) % 4)), type=ConsistencyToken)
        except (ValueError, NotBase64, msgspec.MsgspecError):
            return None

    @property
    def at(self) -> Position:
        return Position(txid=self.txid, position=self.position)
