"""The platform's clock: domain time from a start, a rate and the machine's clock."""

import time
from datetime import UTC, datetime, timedelta

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class PlatformClock:
    """`origin` + (real time − `started`) × `rate`; with no start given, real time.

    Every process must be given the same three values: they are then never further apart than the machine's clocks.
    """

    def __init__(self, origin: datetime | None = None, started: datetime | None = None, rate: float = 1.0) -> None:
        if started is None and rate != 1.0:
            raise ValueError("a clock that does not run at the real rate must say when it was started")
        self.rate = rate
        self.started = started or origin or _EPOCH
        self.origin = origin or self.started

    def now(self) -> datetime:
        real = _EPOCH + timedelta(microseconds=time.time_ns() // 1000)
        return self.origin + (real - self.started) * self.rate
