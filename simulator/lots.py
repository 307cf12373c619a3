"""Drawing lots: choices that look random and are the same on every machine and in every release of Python."""

from collections.abc import Sequence
from hashlib import blake2b
from typing import TypeVar

from msgspec import Struct

T = TypeVar("T")


class Lots(Struct, frozen=True):
    """Each purpose has a draw of its own, so that a new choice leaves the older ones as they were."""

    seed: str

    def number(self, purpose: str, low: int, high: int) -> int:
        """A whole number from low to high, both included."""
        return low + self._draw(purpose) % (high - low + 1)

    def one(self, purpose: str, choices: Sequence[T]) -> T:
        return choices[self._draw(purpose) % len(choices)]

    def chance(self, purpose: str, percent: int) -> bool:
        """Whether it happens, as often as `percent` says."""
        return self._draw(purpose) % 10_000 < percent * 100

    def share(self, purpose: str) -> float:
        """From 0 to 1, evenly; 1 is never reached."""
        return (self._draw(purpose) >> 11) / (1 << 53)

    def between(self, purpose: str, low: float, high: float) -> float:
        return low + self.share(purpose) * (high - low)

    def some(self, purpose: str, choices: Sequence[str], count: int) -> list[str]:
        """At most `count` of the choices, in the order given. A choice added later moves at most one out."""
        lucky = set(sorted(choices, key=lambda choice: self._draw(f"{purpose}/{choice}"))[:count])
        return [choice for choice in choices if choice in lucky]

    def _draw(self, purpose: str) -> int:
        return int.from_bytes(blake2b(f"{self.seed}/{purpose}".encode(), digest_size=8).digest(), "big")
