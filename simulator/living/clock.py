"""The platform's time, as its clients know it: from a start, a rate and the machine's clock."""

import asyncio
from datetime import UTC, datetime, timedelta

from msgspec import Struct


class Clock(Struct, frozen=True, kw_only=True):
    """`origin` + (real time − `started`) × `rate`: the same three values that the platform was given."""

    rate: float = 1.0
    """Seconds of the platform per real second."""
    started: datetime = datetime(1970, 1, 1, tzinfo=UTC)
    origin: datetime = datetime(1970, 1, 1, tzinfo=UTC)

    def now(self) -> datetime:
        return self.origin + (datetime.now(UTC) - self.started) * self.rate

    def real(self, moment: datetime) -> datetime:
        """When on the wall's clock it is, or was, that moment on the platform's."""
        return self.started + (moment - self.origin) / self.rate

    async def wait(self, seconds: float) -> None:
        """Let so many of the platform's seconds pass."""
        await asyncio.sleep(max(seconds, 0.0) / self.rate)

    async def wait_until(self, moment: datetime) -> None:
        """At once if it is past."""
        await asyncio.sleep(max((self.real(moment) - datetime.now(UTC)).total_seconds(), 0.0))

    def after(self, seconds: float) -> datetime:
        """The moment so many of the platform's seconds from now."""
        return self.now() + timedelta(seconds=seconds)
