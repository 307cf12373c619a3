"""How long and how often to try again."""

import random
from collections.abc import Iterator

from msgspec import Struct


class Patience(Struct, frozen=True):
    """Exponential waits with full jitter, so that many clients do not come back at the same moment.

    The n-th wait is drawn evenly from nothing to `first_s` · 2ⁿ seconds, at most `longest_s`.
    """

    tries: int = 10
    first_s: float = 0.1
    longest_s: float = 5.0

    def waits(self) -> Iterator[float]:
        """Seconds to wait before each try but the first."""
        for turn in range(self.tries - 1):
            yield random.uniform(0, min(self.longest_s, self.first_s * 2**turn))
