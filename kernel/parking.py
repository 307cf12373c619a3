"""Parking: what cannot be digested becomes a dead letter, and the later records of its key queue behind it."""

import logging
import traceback

from kernel.codec import Undecodable
from kernel.committing import Advance
from kernel.log import Sealed
from kernel.ports import DeadLetter, DeadLetters

_log = logging.getLogger(__name__)


class KeyParked(Exception):
    """An earlier record of this key waits in the dead letters; this one queues behind it."""


class Parking:
    """The keys that are parked for one consumer, as far as it knows.

    It knows of all that others had parked before it last loaded its checkpoint, if it loads these keys after that. Of
    keys that were released meanwhile it hears when it tries to queue another record behind them.
    """

    def __init__(self, consumer: str, letters: DeadLetters) -> None:
        self.keys: frozenset[str] = frozenset()
        self._consumer, self._letters = consumer, letters

    async def load(self) -> None:
        """Asks which keys are parked; after the checkpoint was loaded, never before."""
        parked = await self._letters.parked(self._consumer)
        self.keys |= parked  # Added, since a record may be on its way to the letters: it is known here before there.

    async def park(self, record: Sealed, error: Exception, advance: Advance | None = None) -> bool:
        """Makes the record a dead letter; False: the checkpoint had moved."""
        self.keys |= {record.stream}
        about = {"consumer": self._consumer, "key": record.stream, "record": record.id, "type": record.type}
        _log.error("parked", extra={**about, "error": type(error).__name__, "request_id": record.meta.correlation})
        return await self._letters.park(letter_of(self._consumer, record, error), advance)

    async def queue(self, record: Sealed, advance: Advance | None = None) -> bool:
        """Makes the record a letter behind others of its key; False: those are gone, or the checkpoint had moved."""
        if await self._letters.queue(letter_of(self._consumer, record, KeyParked(record.stream)), advance):
            return True
        self.keys -= {record.stream}
        return False


def letter_of(consumer: str, record: Sealed, error: Exception) -> DeadLetter:
    """The letter that tells of `error`; with a traceback when nobody had thought of it."""
    expected = isinstance(error, KeyParked | Undecodable)
    return DeadLetter(
        consumer=consumer,
        key=record.stream,
        record=record,
        error=_storable(f"{type(error).__name__}: {error}"),
        traceback="" if expected else _storable("".join(traceback.format_exception(error))),
    )


def _storable(text: str) -> str:
    """Without what no database keeps: an error often quotes the very text that was too much for somebody."""
    return text.encode(errors="replace").decode().replace("\0", "\N{REPLACEMENT CHARACTER}")
