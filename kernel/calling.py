"""Calling: who hands a command in, and what becomes of it."""

from kernel.committing import Advance, RequestKey
from kernel.messages import Refusal, Value
from kernel.ownership import SYSTEM, Viewer


class IdempotencyKeyReused(Refusal):
    """The key was used before for another input."""


class RequestInProgress(Refusal):
    """The same request is still being handled; ask again in a moment."""


class Call(Value):
    """Who calls, and within which request; a reaction or a timer calls as SYSTEM."""

    correlation: str
    viewer: Viewer = SYSTEM
    traceparent: str | None = None
    causation: str | None = None
    command_id: str | None = None
    """Given for commands that must be recognised when they are repeated."""
    request: RequestKey | None = None
    advance: Advance | None = None
    timer_done: str | None = None


class Accepted(Value):
    """The command is durable in the journal, or changed nothing."""

    stream: str
    version: int
    """The stream's version after the command: what a rendering of this outcome shows."""
    token: str | None
    fresh: bool = True
    """Whether this call wrote it; False for a repeated request or command."""


class Refused(Value):
    """The domain said no; nothing was written but, with a request, this outcome."""

    refusal: Refusal


class AlreadyConsumed(Value):
    """Another worker has taken this record or timer further."""


Outcome = Accepted | Refused | AlreadyConsumed
