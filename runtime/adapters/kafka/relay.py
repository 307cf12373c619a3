"""The relay: one for each journal, publishes its records in reading order, every one at least once."""

import asyncio
import logging
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from functools import partial

from kernel.committing import Advance
from kernel.log import START, Position
from kernel.ports import Checkpoints, EventLog, Outage, TopicPartition, Wakeup
from runtime.adapters.kafka.publishing import Publisher, open_publisher
from runtime.adapters.postgres.leading import SILENT_S, Lease, open_lease

CONSUMER = "relay"
"""The name of its checkpoints in the journal's domain: everything up to them is in Kafka."""
READ_AT_ONCE = 500
SAVE_EVERY_S = 0.2
GATHER_S = 0.005
"""Who is woken waits a little for more to come: a round costs the same for one record as for many."""
FIRST_POLL_S = 0.01
IDLE_POLL_S = 1.0
OUTAGE_PAUSE_S = 1.0
TRY_AGAIN_S = 30.0
_log = logging.getLogger(__name__)


class Overtaken(Exception):
    """Another relay moved the checkpoint: it leads now, and whoever did is to step down."""


class Relay:
    """Leads or stands by. Several of one journal may run anywhere: a lock in Postgres lets one publish, and the
    checkpoints, which only move from where they were loaded, stop one that was asleep and still believes that it leads.

    Whoever publishes has begun at saved checkpoints and left nothing out, so a second one can only repeat records.
    """

    def __init__(
        self,
        journal: str,
        topics: Sequence[str],
        log: EventLog,
        checkpoints: Checkpoints,
        *,
        servers: str,
        lease: Callable[[], AbstractAsyncContextManager[Lease]],
    ) -> None:
        """`topics` are those of `journal`, `log` reads the journal itself, `checkpoints` are its domain's, `lease` is
        as `lease_of` makes it."""
        self.journal, self.topics, self._log, self._checkpoints = journal, tuple(topics), log, checkpoints
        self._servers, self._lease = servers, lease
        self.leading = False
        self.published = 0
        """Records since this process began, repetitions included; for metrics."""

    async def run(self) -> None:
        """Until cancelled; outages of Kafka and of Postgres are waited out."""
        while True:
            try:
                async with self._lease() as lease:
                    self.leading = True
                    await self._lead_on(lease)
            except Outage as outage:
                self._wait_out(outage)
            except Overtaken:
                _log.warning("steps down: another relay went on", extra={"journal": self.journal})
            finally:
                self.leading = False
            await asyncio.sleep(OUTAGE_PAUSE_S)

    async def _lead_on(self, lease: Lease) -> None:
        """Through outages of Kafka; one of Postgres ends it."""
        while True:
            try:
                await self._lead(lease)
            except Outage as outage:
                self._wait_out(outage)
            await asyncio.sleep(OUTAGE_PAUSE_S)
            await lease.renew()

    def _wait_out(self, outage: Outage) -> None:
        _log.warning("waits out an outage", extra={"journal": self.journal, "error": str(outage)})

    async def _lead(self, lease: Lease) -> None:
        parts = [(topic, number) for topic in self.topics for number in range(self._log.partitions(self.journal))]
        async with open_publisher(self._servers) as publisher, self._log.watch(self.topics) as wakeup:
            progress = Progress(self._checkpoints, await self._load(parts))
            _log.info("leads", extra={"journal": self.journal})
            pause = IDLE_POLL_S
            while True:
                more = await self._publish(publisher, progress)
                if progress.is_due():
                    await progress.save()
                    await lease.renew()
                if not more:
                    pause = await rest(wakeup, min(pause, SAVE_EVERY_S) if progress.unsaved else pause)

    async def _load(self, parts: Sequence[TopicPartition]) -> dict[TopicPartition, Position]:
        return {part: await self._checkpoints.load(CONSUMER, *part) or START for part in parts}

    async def _publish(self, publisher: Publisher, progress: "Progress") -> bool:
        """Whether there was anything to publish."""
        after = progress.open_parts()
        records = await self._log.read(after, READ_AT_ONCE)
        if not records:
            return False
        published = await publisher.publish(records, after)
        progress.move(published.reached)
        self.published += published.count
        for part, record in published.refused.items():
            progress.stop(part)
            size = len(record.data)
            _log.error("stands still: Kafka refuses a record", extra={"topic": part[0], "id": record.id, "bytes": size})
        return True


def lease_of(
    journal: str, database_url: str, silent_s: float = SILENT_S
) -> Callable[[], AbstractAsyncContextManager[Lease]]:
    """What lets one relay of the journal lead; all of them give the same role's URL."""
    return partial(open_lease, database_url, f"{CONSUMER} of {journal}", silent_s)


async def rest(wakeup: Wakeup, pause: float) -> float:
    """How long to rest next. A wake-up can come before its record clears the horizon: look again, ever later."""
    if await wakeup.wait(pause):
        await asyncio.sleep(GATHER_S)
        return FIRST_POLL_S
    return min(pause * 3, IDLE_POLL_S)


class Progress:
    """How far a relay has come, and how much of that is saved."""

    def __init__(self, checkpoints: Checkpoints, at: dict[TopicPartition, Position]) -> None:
        self._checkpoints, self._at, self._saved = checkpoints, at, dict(at)
        self._stopped: dict[TopicPartition, float] = {}
        self._saved_at = self._now()

    def open_parts(self) -> dict[TopicPartition, Position]:
        """Where to read on; a part that stands still is tried again after a while."""
        return {part: at for part, at in self._at.items() if self._stopped.get(part, 0.0) <= self._now()}

    def move(self, reached: Mapping[TopicPartition, Position]) -> None:
        self._at.update(reached)

    def stop(self, part: TopicPartition) -> None:
        self._stopped[part] = self._now() + TRY_AGAIN_S

    @property
    def unsaved(self) -> bool:
        return self._at != self._saved

    def is_due(self) -> bool:
        """Whether to save, and to be heard of: often while there is anything new, every second otherwise."""
        return self._now() - self._saved_at >= (SAVE_EVERY_S if self.unsaved else IDLE_POLL_S)

    async def save(self) -> None:
        """Raises Overtaken when a checkpoint is not where it was left."""
        moved = [part for part, at in self._at.items() if at != self._saved[part]]
        done = await asyncio.gather(*(self._advance(part) for part in moved))
        self._saved_at = self._now()
        if not all(done):
            raise Overtaken

    async def _advance(self, part: TopicPartition) -> bool:
        topic, partition = part
        before, after = self._saved[part], self._at[part]
        advance = Advance(consumer=CONSUMER, topic=topic, partition=partition, before=before, after=after)
        self._saved[part] = after
        return await self._checkpoints.advance(advance)

    @staticmethod
    def _now() -> float:
        return asyncio.get_running_loop().time()
