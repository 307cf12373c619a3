"""Durable timers: commands that wait for their time, as a port."""

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from kernel.messages import Value


class DueTimer(Value):
    """A timer whose time has come."""

    id: str
    at: datetime
    type: str
    data: bytes


class Timers(Protocol):
    """Durable timers of one domain; they are set by commits and disappear with the commit that names them done."""

    async def due(self, now: datetime, limit: int) -> Sequence[DueTimer]:
        """Timers with at ≤ `now`, the oldest first. Several workers may get the same one: its command is the guard."""
        ...

    async def finish(self, timer_id: str) -> None:
        """Removes a timer whose command became a dead letter."""
        ...

    async def next_at(self) -> datetime | None:
        """When the earliest timer is due."""
        ...
