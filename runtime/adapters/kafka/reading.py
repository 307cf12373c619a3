"""Reading: what topics still hold, and in front of their first records the archive that they were made from."""

from collections.abc import Sequence

from kernel.log import START, Position, Sealed, TopicPartition
from kernel.ports import EventLog, Outage
from runtime.adapters.kafka.fetching import Brokers, opened
from runtime.adapters.kafka.following import Following
from runtime.adapters.kafka.seeking import Empty, Later, Seeker

BYTES_PER_RECORD = 1500
"""A guess: what is fetched beyond a limit is fetched again."""
LOOK_BACK = 8


class Reader:
    """Reads on from any place of a journal. A partition read to its end is followed from there."""

    def __init__(self, brokers: Brokers, seeker: Seeker, following: Following, archive: EventLog) -> None:
        self._brokers, self._seeker, self._following, self._archive = brokers, seeker, following, archive

    async def read(self, part: TopicPartition, after: Position, limit: int) -> Sequence[Sealed]:
        """The next `limit` records after the position. Raises Outage."""
        offset = await self._seeker.remembered(part, after)
        if offset is None:
            found = await self._seeker.search(part, after)
            if not isinstance(found, int):
                return await self._read_archive(part, after, limit, found)
            offset = found
        return await self._read_topic(part, offset, after, limit)

    async def last(self, part: TopicPartition) -> Position:
        """The place of the last record; the archive's, when the topic is empty. Raises Outage."""
        first, end = await self._brokers.bounds(part)
        offset = end - 1
        while offset >= first:
            fetched = await self._brokers.at(part, offset, most_bytes=1)
            if fetched is not None and (places := [each.record.at for each in opened(part, fetched)]):
                return max(places)
            offset = max(first, end - (end - offset) * LOOK_BACK) if offset > first else first - 1
        return await self._archive.head(*part)

    async def _read_topic(self, part: TopicPartition, offset: int, after: Position, limit: int) -> Sequence[Sealed]:
        """From an offset that `Seeker` found."""
        records: list[Sealed] = []
        last, seen = after, START
        while (fetched := await self._brokers.at(part, offset, limit * BYTES_PER_RECORD)) is not None:
            for each in opened(part, fetched):
                if each.record.at > last:
                    if each.leaves_out(last):
                        return records or await self._read_archive(part, after, limit, Later())
                    records.append(each.record)
                    last = each.record.at
                if each.record.at > seen:
                    seen = each.record.at
                    self._seeker.remember(part, seen, each.offset)
                if len(records) == limit:
                    return records
            offset = fetched.next_offset
            if offset >= fetched.end:
                self._following.follow(part, offset, seen)
                return records
        raise Outage(f"Kafka: the records of {part} were deleted while they were read")

    async def _read_archive(
        self, part: TopicPartition, after: Position, limit: int, why: Later | Empty
    ) -> Sequence[Sealed]:
        """What the archive holds no more than this of, nobody had published when the topic was found empty."""
        records = await self._archive.read({part: after}, limit)
        if isinstance(why, Empty) and len(records) < limit:
            self._following.follow(part, why.end, records[-1].at if records else after)
        return records
