"""One commit as a value: everything a decision writes, written at once or not at all."""

from datetime import datetime

from kernel.deciding import Claim, Release
from kernel.log import Meta, Position
from kernel.messages import Row, Value


class NewMessage(Value):
    """A message on its way into the journal."""

    id: str
    topic: str
    type: str
    data: bytes


class NewTimer(Value):
    """A command to be handled at `at` (platform time)."""

    id: str
    at: datetime
    type: str
    data: bytes


class RequestKey(Value):
    """What makes a client's request one and the same."""

    actor: str
    mutation: str
    key: str
    fingerprint: str
    """A hash of the whole input: the same key with another input is a mistake."""


class StoredOutcome(Value):
    """The first outcome of a request, replayed to every repetition."""

    fingerprint: str
    stream: str | None = None
    version: int = 0
    token: str | None = None
    """The consistency token of the commit; the journal fills it in."""
    refusal_type: str | None = None
    refusal: bytes | None = None


class Advance(Value):
    """Moves a consumer's checkpoint, if it still is at `before`; or takes a dead letter away, if it still is there."""

    consumer: str
    topic: str
    partition: int
    before: Position
    after: Position
    letter: str | None = None
    """The id of the letter's record, when what is consumed is a letter: then the checkpoint stays where it is."""


class Write(Value):
    """A row to insert or to replace; its `revision` must still be the stored one (0: no such row)."""

    table: str
    row: Row


class Commit(Value):
    """What one command writes. Without events and rows the command itself is not journaled."""

    stream: str
    expected_version: int
    """The version of the stream's last event when it was read; its next event gets the number after it."""
    command: NewMessage
    meta: Meta
    events: tuple[NewMessage, ...] = ()
    writes: tuple[Write, ...] = ()
    claims: tuple[Claim, ...] = ()
    releases: tuple[Release, ...] = ()
    timers: tuple[NewTimer, ...] = ()
    request: RequestKey | None = None
    advance: Advance | None = None
    timer_done: str | None = None


class Committed(Value):
    """All of it is durable."""

    version: int
    token: str


class VersionMoved(Value):
    """Somebody else wrote the stream or a row first: load and decide again. Nothing was written."""


class ClaimTaken(Value):
    """No place was free for this claim. Nothing was written."""

    claim: Claim


class RequestKnown(Value):
    """The request has an outcome already. Nothing was written."""

    outcome: StoredOutcome


class RequestBusy(Value):
    """The same request is still being handled elsewhere. Nothing was written."""


class CommandKnown(Value):
    """The command's id is in the journal already. Nothing was written but `advance` and `timer_done`: it is done."""

    version: int
    token: str


class CheckpointMoved(Value):
    """Another worker has consumed this already. Nothing was written."""


Earlier = RequestKnown | RequestBusy
"""What the same request met before: it has its outcome, or is still being handled."""
Obstacle = VersionMoved | CheckpointMoved
"""What stood in the way of commits that were to be made together."""
CommitResult = Committed | VersionMoved | ClaimTaken | RequestKnown | RequestBusy | CommandKnown | CheckpointMoved
