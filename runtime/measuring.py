"""What the worker measures about itself: how far each consumer is behind, and what waits for somebody to look."""

import asyncio
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from prometheus_client import Gauge

from kernel.log import Sealed
from kernel.ports import Outage, TopicPartition

if TYPE_CHECKING:
    from runtime.wiring import Platform
    from runtime.working import Work

EVERY_S = 5.0
STUCK_S = 30.0
"""A consumer that works on the same record for so long is stuck; one that catches up is not, however far behind."""

BEHIND = Gauge(
    "consumer_behind_seconds", "Age of the oldest record a consumer is working on; 0 at the head.", ["consumer"]
)
PARKED = Gauge("consumer_parked_keys", "Keys with dead letters: `python -m runtime letters` shows them.", ["consumer"])
UNDER_WAY = Gauge("effects_under_way", "Effects begun and not done.", ["effect"])
OUTAGES = Gauge("effect_outages", "Attempts of an effect that ended in an outage, since the start.", ["effect"])
TIMERS_OVERDUE = Gauge("timer_overdue_seconds", "How long the earliest timer is overdue; 0 when none is.", ["domain"])
HORIZON = Gauge("journal_horizon_age_seconds", "Age of the oldest writing transaction, which hides newer records.")


class ConsumersStuck(Exception):
    """Some consumers do not get on; the text names them."""


class WorkMeter:
    """Sets the gauges every few seconds."""

    def __init__(self, platform: "Platform", work: "Work", now_s: Callable[[], float] = time.monotonic) -> None:
        self._platform, self._work, self._now_s = platform, work, now_s
        self._working_on: dict[str, tuple[frozenset[str], float]] = {}

    async def run(self) -> None:
        """Measures until cancelled; what cannot be asked now is asked again later."""
        while True:
            try:
                await self.measure()
            except Outage:
                HORIZON.set(-1)
            await asyncio.sleep(EVERY_S)

    async def flowing(self) -> None:
        """A readiness check. Effects are not asked: one may rightly wait for a provider that is away.

        Raises:
            ConsumersStuck: for half a minute and more.
        """
        self._look()
        since = self._now_s() - STUCK_S
        stuck = sorted(name for name, (records, begun) in self._working_on.items() if records and begun < since)
        if stuck:
            raise ConsumersStuck(", ".join(stuck))

    def _look(self) -> None:
        """Notes since when each consumer has worked on what it works on."""
        for consumer in self._work.consumers:
            records = frozenset(record.id for record in consumer.oldest_unread.values())
            if records != self._working_on.get(consumer.name, (None,))[0]:
                self._working_on[consumer.name] = (records, self._now_s())

    async def measure(self) -> None:
        """Sets them all now."""
        self._look()
        for loop in (*self._work.consumers, *self._work.performers):
            BEHIND.labels(loop.name).set(_age_s(loop.oldest_unread))
        for performer in self._work.performers:
            OUTAGES.labels(performer.name).set(performer.outages)
            UNDER_WAY.labels(performer.name).set(performer.under_way)
        for name, each in self._work.everyone().items():
            letters = self._platform.equipment[each.domain].dead_letters
            PARKED.labels(name).set(len(await letters.parked(name)))
        for name, equipment in self._platform.equipment.items():
            earliest = await equipment.timers.next_at()
            overdue = 0.0 if earliest is None else (equipment.clock.now() - earliest).total_seconds()
            TIMERS_OVERDUE.labels(name).set(max(overdue / equipment.clock.rate, 0.0))
        HORIZON.set(await self._platform.log.horizon_age_s())


def _age_s(oldest: Mapping[TopicPartition, Sealed]) -> float:
    recorded = [record.recorded_at for record in oldest.values()]
    return (datetime.now(UTC) - min(recorded)).total_seconds() if recorded else 0.0
