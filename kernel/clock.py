"""Time is a port: all domain time comes from here, network time-outs and tokens use real time."""

from datetime import datetime
from typing import Protocol


class Clock(Protocol):
    """The platform's clock, the same for every process."""

    rate: float
    """Platform seconds per real second."""

    def now(self) -> datetime:
        """The platform's time, aware and in UTC. Never blocks."""
        ...
