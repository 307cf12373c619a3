"""Chance as a string of bytes: the same string gives the same evening, and a shorter one a simpler evening."""

from collections.abc import Sequence
from typing import TypeVar

ThingT = TypeVar("ThingT")


class Choices:
    """What chance decides, byte by byte; 0 once there are no more."""

    def __init__(self, drawn: bytes = b"") -> None:
        self._drawn, self._at = drawn, 0

    @property
    def left(self) -> bool:
        return self._at < len(self._drawn)

    def number(self) -> int:
        """From 0 to 255."""
        drawn = self._drawn[self._at] if self.left else 0
        self._at += 1
        return drawn

    def of(self, things: Sequence[ThingT]) -> ThingT:
        """One of them; the first when chance has nothing to say any more."""
        return things[self.number() % len(things)]
