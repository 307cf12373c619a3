"""What the worker measures: how far each consumer is behind, and what waits for somebody to look."""

import asyncio
import time
from collections import defaultdict
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from prometheus_client import Counter, Gauge

from kernel.equipment import Equipment
from kernel.ports import Outage
from kernel.ticking import Firing
from runtime.adapters.postgres.flow import Backlog, Letters

if TYPE_CHECKING:
    from runtime.wiring import Platform, Relay
    from runtime.working import Work

EVERY_S = 5.0
STUCK_S = 30.0
"""A consumer that works on the same record for so long is stuck; one that catches up is not, however far behind."""
UNKNOWN = -1.0
RELAY = "relay"
"""The consumer that carries a journal to another log; it has one in each domain."""

BEHIND = Gauge("consumer_behind_seconds", "Age of the oldest record not consumed yet; 0 at the head.", ["consumer"])
BEHIND_EVENTS = Gauge("consumer_behind_events", "Records not consumed yet, up to 2,500 per partition.", ["consumer"])
PARKED = Gauge("consumer_parked_keys", "Keys with dead letters: `python -m runtime letters` shows them.", ["consumer"])
LETTERS = Gauge("consumer_dead_letters", "Dead letters, with what queues behind them.", ["consumer"])
LETTER_AGE = Gauge("consumer_dead_letter_age_seconds", "How long the oldest dead letter has waited.", ["consumer"])
UNDER_WAY = Gauge("effects_under_way", "Effects begun and not done.", ["effect"])
OUTAGES = Counter("effect_outages", "Attempts of an effect that ended in an outage.", ["effect"])
TIMERS_DUE = Gauge("timers_due", "Timers that are due and not handled, up to 2,500.", ["domain"])
TIMERS_OVERDUE = Gauge("timer_overdue_seconds", "How long the earliest timer is overdue; 0 when none is.", ["domain"])
HORIZON = Gauge(
    "journal_horizon_age_seconds", "Age of the oldest writing transaction, which hides newer records; -1: unknown."
)


class ConsumersStuck(Exception):
    """Some consumers do not get on; the text names them."""


class WorkMeter:
    """Sets the gauges every few seconds."""

    def __init__(self, platform: "Platform", work: "Work", now_s: Callable[[], float] = time.monotonic) -> None:
        self._platform, self._work, self._now_s = platform, work, now_s
        self._working_on: dict[str, tuple[frozenset[str], float]] = {}
        self._outages: dict[str, int] = {}

    async def run(self) -> None:
        """Measures until cancelled; what cannot be asked now is asked again later."""
        while True:
            try:
                await self.measure()
            except Outage:
                HORIZON.set(UNKNOWN)
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
        self._measure_effects()
        everyone: dict[str, dict[str, tuple[str, ...]]] = defaultdict(dict)
        for name, each in self._work.everyone().items():
            everyone[each.domain][name] = () if isinstance(each.digest, Firing) else each.digest.topics
        for domain, consumers in everyone.items():
            await self._measure_consumers(domain, consumers)
            await self._measure_timers(domain, self._platform.equipment[domain])
        for relay in self._platform.relays:
            if relay.journal in everyone:
                await self._measure_relay(relay)
        HORIZON.set(await self._platform.journals.horizon_age_s())

    def _measure_effects(self) -> None:
        under_way: dict[str, int] = defaultdict(int)
        outages: dict[str, int] = defaultdict(int)
        for performer in self._work.performers:
            under_way[performer.name] += performer.under_way
            outages[performer.name] += performer.outages
        for name, number in under_way.items():
            UNDER_WAY.labels(name).set(number)
            OUTAGES.labels(name).inc(outages[name] - self._outages.get(name, 0))
        self._outages = outages

    async def _measure_consumers(self, domain: str, consumers: Mapping[str, tuple[str, ...]]) -> None:
        flow = self._platform.flow
        backlogs = await flow.backlogs(domain, {name: topics for name, topics in consumers.items() if topics})
        letters = await flow.letters(domain)
        for name, backlog in backlogs.items():
            _set_backlog(name, backlog)
        for name in consumers:
            _set_letters(name, letters.get(name, Letters()))

    async def _measure_relay(self, relay: "Relay") -> None:
        backlogs = await self._platform.flow.backlogs(relay.journal, {RELAY: relay.topics})
        _set_backlog(f"{RELAY}.{relay.journal}", backlogs[RELAY])

    async def _measure_timers(self, domain: str, equipment: Equipment) -> None:
        now = equipment.clock.now()
        timers = await self._platform.flow.timers(domain, now)
        overdue_s = 0.0 if timers.earliest is None else (now - timers.earliest).total_seconds()
        TIMERS_DUE.labels(domain).set(timers.due)
        TIMERS_OVERDUE.labels(domain).set(max(overdue_s / equipment.clock.rate, 0.0))


def _set_backlog(consumer: str, backlog: Backlog) -> None:
    BEHIND.labels(consumer).set(_age_s(backlog.oldest_at))
    BEHIND_EVENTS.labels(consumer).set(backlog.events)


def _set_letters(consumer: str, letters: Letters) -> None:
    PARKED.labels(consumer).set(letters.keys)
    LETTERS.labels(consumer).set(letters.letters)
    LETTER_AGE.labels(consumer).set(_age_s(letters.oldest_at))


def _age_s(since: datetime | None) -> float:
    return 0.0 if since is None else max((datetime.now(UTC) - since).total_seconds(), 0.0)
