"""New ids: TypeIDs over UUIDv7."""

import secrets
import time
from uuid import UUID

from kernel.ids import typed_id


class RandomIds:
    """UUIDv7 as of RFC 9562: 48 bits of real milliseconds, 74 of chance, and monotone within this process."""

    def __init__(self) -> None:
        self._last = 0

    def new(self, prefix: str) -> str:
        fresh = (time.time_ns() // 1_000_000) << 74 | secrets.randbits(74)
        # Within a millisecond, or when the clock steps back, the last id is counted up by a random step.
        self._last = fresh if fresh >> 74 > self._last >> 74 else self._last + 1 + secrets.randbits(32)
        milliseconds, high, low = self._last >> 74, self._last >> 62 & 0xFFF, self._last & ((1 << 62) - 1)
        return typed_id(prefix, UUID(int=milliseconds << 80 | 0x7 << 76 | high << 64 | 0b10 << 62 | low))
