"""Remembering: the states of the streams handled last, so that long streams are not folded from their beginnings."""

from collections import OrderedDict
from collections.abc import Generator
from contextlib import contextmanager
from typing import Any

KEPT = 2000
"""Streams remembered by one handler; a state takes a kilobyte or two."""


class Memory:
    """State by stream, as of a version that is in the journal; whoever recalls one reads on from there."""

    def __init__(self, kept: int = KEPT) -> None:
        self._kept = kept
        self._states: OrderedDict[str, tuple[int, Any]] = OrderedDict()

    def recall(self, stream: str) -> tuple[int, Any] | None:
        """Version and state, if the stream is remembered."""
        known = self._states.get(stream)
        if known is not None:
            self._states.move_to_end(stream)
        return known

    def remember(self, stream: str, version: int, state: Any) -> None:
        """Only what was read from the journal; what was decided may never be committed."""
        self._states[stream] = version, state
        self._states.move_to_end(stream)
        if len(self._states) > self._kept:
            self._states.popitem(last=False)

    def forget(self, *streams: str) -> None:
        """When the journal turns out to say something else, as after a restore."""
        for stream in streams:
            self._states.pop(stream, None)

    @contextmanager
    def doubting(self, *streams: str) -> Generator[None]:
        """Forgets the streams if what is tried goes wrong: then the next command begins with what is there."""
        try:
            yield
        except BaseException:
            self.forget(*streams)
            raise
