"""The worker: projections, feeds, reactions, effects, sinks, intakes and timers of every domain, in one process."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Protocol

from kernel.consuming import Consumer, Digest
from kernel.digesting import Feeding, Performing, Pouring, Projecting, Reacting
from kernel.log import Recorded, by_journal
from kernel.messages import Command
from kernel.performing import Performer
from kernel.subgraph import Effect, Reaction, Sink
from kernel.tailing import Tail
from kernel.taking import Taker
from kernel.ticking import Firing, Ticker
from projections import FEEDS, PROJECTIONS
from runtime.health import health_app, listening
from runtime.logs import logger, request_context, trace_of
from runtime.measuring import WorkMeter
from runtime.settings import Settings
from runtime.wiring import SUBGRAPHS, Platform, Relay, open_platform


@dataclass(frozen=True)
class Consuming:
    """One consumer of a domain: what it does with records, and where it begins when it is new."""

    domain: str
    digest: Digest
    from_start: bool = True
    gather_s: float = 0.0


class Work:
    """Everything one worker runs, assembled from the domains' declarations."""

    def __init__(self, platform: Platform) -> None:
        self._platform = platform
        self._domains = frozenset(subgraph.name for subgraph in platform.subgraphs)
        consuming = self._consuming()
        wanted = {topic for each in consuming for topic in each.digest.topics}
        wanted |= {topic for _, effect in self._effects() for topic in effect.topics}
        self.tails = self._tails(wanted)
        self.consumers = [
            Consumer(
                each.digest,
                self._tails_of(each.digest.topics),
                platform.equipment[each.domain],
                from_start=each.from_start,
                gather_s=each.gather_s,
            )
            for each in consuming
        ]
        self.performers = self._performers()
        self.takers = [
            Taker(intake, platform.ports[intake.port], platform.handlers[each.name], platform.equipment[each.name])
            for each in platform.subgraphs
            for intake in each.intakes
        ]
        self.tickers = [
            Ticker(platform.handlers[subgraph.name], platform.equipment[subgraph.name])
            for subgraph in platform.subgraphs
        ]
        self.builders = [builder for domain, builder in platform.builders if domain in self._domains]

    def everyone(self) -> Mapping[str, Consuming]:
        """Whoever may leave letters behind, by name, as they are digested again."""
        handlers, equipment, ports = self._platform.handlers, self._platform.equipment, self._platform.ports
        effects = [
            Consuming(domain, Performing(effect, ports[effect.port], handlers[domain], equipment[domain].checkpoints))
            for domain, effect in self._effects()
        ]
        timers = [Consuming(domain, Firing(handlers[domain])) for domain in sorted(self._domains)]
        return {each.digest.name: each for each in (*self._consuming(), *effects, *timers)}

    def _consuming(self) -> Sequence[Consuming]:
        equipment, handlers = self._platform.equipment, self._platform.handlers
        projections = [
            Consuming(each.domain, Projecting(each, equipment[each.domain].view_store, equipment[each.domain].signals))
            for each in PROJECTIONS
            if each.domain in self._domains
        ]
        feeds = [
            Consuming(feed.domain, Feeding(feed, equipment[feed.domain].view_store, equipment[feed.domain].signals))
            for feed in FEEDS
            if feed.domain in self._domains
        ]
        reactions = [
            Consuming(name, Reacting(reaction, handlers[name], equipment[name].checkpoints), reaction.from_start)
            for name, reaction in self._reactions()
        ]
        sinks = [
            Consuming(
                name,
                Pouring(sink, self._platform.ports[sink.port], equipment[name].checkpoints),
                sink.from_start,
                sink.gather_s,
            )
            for name, sink in self._sinks()
        ]
        return (*projections, *feeds, *reactions, *sinks)

    def _reactions(self) -> Sequence[tuple[str, Reaction]]:
        return [(each.name, reaction) for each in self._platform.subgraphs for reaction in each.reactions]

    def _sinks(self) -> Sequence[tuple[str, Sink[Any]]]:
        own = [(each.name, sink) for each in self._platform.subgraphs for sink in each.sinks]
        return [*own, *((domain, sink) for domain, sink in self._platform.sinks if domain in self._domains)]

    def _effects(self) -> Sequence[tuple[str, Effect[Any]]]:
        return [(each.name, told(effect)) for each in self._platform.subgraphs for effect in each.effects]

    def _tails(self, topics: set[str]) -> dict[str, Tail]:
        """Of each journal one. Workers for the same domains run the same consumers: they share the partitions."""
        group = ".".join(("work", *sorted(self._domains)))
        return {
            journal: Tail(self._platform.log, journal, of_journal, group)
            for journal, of_journal in by_journal(topics).items()
        }

    def _tails_of(self, topics: Sequence[str]) -> Sequence[Tail]:
        return [self.tails[journal] for journal in by_journal(topics)]

    def _performers(self) -> Sequence[Performer]:
        return [
            Performer(
                effect,
                self._platform.ports[effect.port],
                tail,
                self._platform.handlers[domain],
                self._platform.equipment[domain],
            )
            for domain, effect in self._effects()
            for tail in self._tails_of(effect.topics)
        ]

    @property
    def relays(self) -> Sequence[Relay]:
        """Whoever works for all domains carries their journals too; otherwise the role `relay` does."""
        return self._platform.relays if len(self._domains) == len(SUBGRAPHS) else ()

    async def run(self) -> None:
        """Works until cancelled; a bug ends the process, and the supervisor starts it again."""
        async with asyncio.TaskGroup() as group:
            consuming = (*self.tails.values(), *self.consumers, *self.performers)
            for loop in (*consuming, *self.takers, *self.tickers, *self.builders, *self.relays):
                group.create_task(for_good(loop), name=type(loop).__name__)


class Loop(Protocol):
    """What a worker runs until it is cancelled."""

    async def run(self) -> None: ...


class LoopEnded(Exception):
    """A loop ended that never should: unnoticed, its consumer would stand still while the process looks well."""


async def for_good(loop: Loop) -> None:
    """Runs it; when it ends, even by a cancellation that nobody here asked for, so does the process."""
    try:
        await loop.run()
    except asyncio.CancelledError:
        task = asyncio.current_task()
        if task is not None and task.cancelling():
            raise
    raise LoopEnded(type(loop).__name__)


def told(effect: Effect[Any]) -> Effect[Any]:
    """The effect with the request and trace of what it is about in every line that it logs."""

    async def perform(record: Recorded, port: object) -> Sequence[Command]:
        with request_context(record.meta.correlation, trace_of(record.meta.traceparent)):
            return await effect.perform(record, port)

    return replace(effect, perform=perform)


async def run(settings: Settings, names: Sequence[str] = ()) -> None:
    """The role `work`, of the named domains or all: until cancelled."""
    async with open_platform(settings, names) as platform:
        work = Work(platform)
        meter = WorkMeter(platform, work)
        async with listening(
            health_app({**platform.checks, "consumers": meter.flowing}), settings.host, settings.work_port
        ):
            logger("work").info("working", consumers=[consumer.name for consumer in work.consumers])
            async with asyncio.TaskGroup() as group:
                group.create_task(meter.run())
                group.create_task(work.run())
