"""Seeking: where in a partition to read on after a place in the journal.

Kafka counts offsets, consumers count places in the journal, and nothing but the records themselves ties the two. A
relay publishes a journal in its order and after a fall once more from an earlier record: A B C A B C D. So positions
rise along the offsets but for steps back, and behind each record lies the journal's next one or one that was there
before. From this follows all that is needed: wherever a record at or before a position lies, reading on from there and
leaving out what does not rise skips nothing after that position. A search by halves keeps to it, whatever is doubled.

Two relays at once, of which one has not heard yet that the other leads, break that rule, and so does a topic that lost
records. Therefore each record says which one it follows, and whoever has not come so far reads the archive.
"""

from collections import OrderedDict
from collections.abc import Sequence
from typing import Any, NamedTuple

from kernel.log import Position, TopicPartition
from runtime.adapters.kafka.fetching import Brokers
from runtime.adapters.kafka.records import NotOurRecord, followed_by, position_of

PROBE_BYTES = 1
"""Brokers answer with one whole batch at least."""
NEAR = 200
"""So few records are read through sooner than a search goes on."""
STRIDE = 8
KNOWN = 128
"""Places remembered per partition: where each of its readers stands, and some to spare."""


class Found(NamedTuple):
    """A record of ours, and where it lies."""

    offset: int
    at: Position
    follows: Position | None


class Later(NamedTuple):
    """The partition's first record comes after that place: what lies between only the archive knows."""


class Empty(NamedTuple):
    """The partition holds nothing of ours: whatever comes gets this offset or a later one."""

    end: int


class Seeker:
    """Finds offsets, and remembers those of the places it is told of."""

    def __init__(self, brokers: Brokers) -> None:
        self._brokers = brokers
        self._known: dict[TopicPartition, OrderedDict[Position, int]] = {}

    def remember(self, part: TopicPartition, at: Position, offset: int) -> None:
        """The record of this position lies at this offset. A hint, doubted when it is used: topics are made anew."""
        known = self._known.setdefault(part, OrderedDict())
        known[at] = offset
        known.move_to_end(at)
        if len(known) > KNOWN:
            known.popitem(last=False)

    async def remembered(self, part: TopicPartition, after: Position) -> int | None:
        """The offset of the record `after`, if that still lies where it did."""
        offset = self._known[part].get(after) if part in self._known else None
        if offset is None:
            return None
        fetched = await self._brokers.at(part, offset, PROBE_BYTES)
        found = first_of(fetched.records) if fetched else None
        if found is not None and (found.offset, found.at) == (offset, after):
            return offset
        del self._known[part]
        return None

    async def search(self, part: TopicPartition, after: Position) -> "int | Later | Empty":
        """An offset from which reading on skips nothing after `after`, or why there is none."""
        first, end = await self._brokers.bounds(part)
        low = await self._probe(part, first, end)
        if low is None:
            return Empty(end)
        if low.at > after:
            return low.offset if low.follows is not None and low.follows <= after else Later()
        high, stride = end, NEAR
        while high - stride > low.offset:  # Most look for something near the end.
            tried = await self._probe(part, high - stride, high)
            if tried is not None and tried.at <= after:
                low = tried
                break
            high, stride = high - stride, stride * STRIDE
        while high - low.offset > NEAR:
            middle = (low.offset + high) // 2
            tried = await self._probe(part, middle, high)
            if tried is not None and tried.at <= after:
                low = tried
            else:
                high = middle
        return low.offset

    async def _probe(self, part: TopicPartition, offset: int, before: int) -> Found | None:
        """The first record of ours from `offset` on and before `before`."""
        while offset < before:
            fetched = await self._brokers.at(part, offset, PROBE_BYTES)
            if fetched is None or fetched.next_offset == offset:
                return None
            found = first_of(fetched.records)
            if found is not None:
                return found if found.offset < before else None
            offset = fetched.next_offset
        return None


def first_of(records: Sequence[Any]) -> Found | None:
    """The first that is ours."""
    for record in records:
        try:
            return Found(record.offset, position_of(record.headers), followed_by(record.headers))
        except NotOurRecord:
            continue
    return None
