"""Retry budgets: repeats that fail may be a tenth of all attempts, so that waiting does not make an outage worse."""

from collections.abc import Callable
from zlib import crc32

RATIO = 0.1
"""Repeats allowed per first attempt."""
RESERVE = 10.0
"""Repeats allowed beyond the ratio, so that a quiet hour's only failure is repeated too."""
REFILL_PER_S = 2.0


class RetryBudget:
    """Counts first attempts and repeats; `now_s` is a monotonic clock in seconds."""

    def __init__(self, now_s: Callable[[], float]) -> None:
        self._now_s = now_s
        self._left = RESERVE
        self._refilled_at = now_s()

    def attempt(self) -> None:
        """A first attempt is made: it earns a tenth of a repeat."""
        self._refill(RATIO)

    def take(self) -> bool:
        """Takes one repeat; False while none is left, ask again a little later."""
        now = self._now_s()
        self._refill((now - self._refilled_at) * REFILL_PER_S)
        self._refilled_at = now
        if self._left < 1:
            return False
        self._left -= 1
        return True

    def succeeded(self) -> None:
        """A repeat succeeded and is given back: once the outage is over, whoever waits goes on without delay."""
        self._refill(1.0)

    def _refill(self, amount: float) -> None:
        self._left = min(self._left + amount, RESERVE)


def jittered(pause_s: float, seed: str) -> float:
    """A pause between half of `pause_s` and all of it, spread by `seed`, so that many waiters do not return at once."""
    return pause_s * (0.5 + 0.5 * crc32(seed.encode()) / 0xFFFFFFFF)
