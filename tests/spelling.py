"""Values that tests spell out briefly."""

from datetime import UTC, datetime
from uuid import UUID

from kernel.log import Meta, Position, Recorded, journal_of
from kernel.messages import Command, Event

AT = datetime(2026, 11, 20, 17, 0, tzinfo=UTC)


def uuid_of(number: int) -> UUID:
    """The same UUIDv7 for the same number."""
    return UUID(f"019a0000-0000-7000-8000-{number:012d}")


def recorded(message: Event | Command, stream: str, version: int = 1, topic: str = "tests.events") -> Recorded:
    """The message as a consumer gets it."""
    return Recorded(
        journal=journal_of(topic),
        partition=0,
        position=Position(txid=1, position=version),
        topic=topic,
        stream=stream,
        version=version,
        id=f"evt_{stream}_{version}",
        message=message,
        meta=Meta(actor="tests", correlation="tests"),
        recorded_at=AT,
    )
