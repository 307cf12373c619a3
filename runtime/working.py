"""The worker: projections, feeds, reactions, effects and timers of every domain, in one process."""

import asyncio
from collections.abc import Sequence

from kernel.consuming import Consumer, Digest
from kernel.digesting import Feeding, Projecting, Reacting
from kernel.performing import Performer
from kernel.tailing import Tail
from kernel.ticking import Ticker
from projections import FEEDS, PROJECTIONS
from runtime.health import health_app, listening
from runtime.logs import logger
from runtime.measuring import WorkMeter
from runtime.settings import Settings
from runtime.wiring import Platform, open_platform


class Work:
    """Everything one worker runs, assembled from the domains' declarations."""

    def __init__(self, platform: Platform) -> None:
        self._platform = platform
        digests = self._digests()
        wanted = {topic for _, digest in digests for topic in digest.topics}
        wanted |= {topic for subgraph in platform.subgraphs for effect in subgraph.effects for topic in effect.topics}
        self.tails = self._tails(wanted)
        self.consumers = [
            Consumer(digest, self._tails_of(digest.topics), platform.equipment[domain]) for domain, digest in digests
        ]
        self.performers = self._performers()
        self.tickers = [
            Ticker(platform.handlers[subgraph.name], platform.equipment[subgraph.name])
            for subgraph in platform.subgraphs
        ]

    def _digests(self) -> Sequence[tuple[str, Digest]]:
        equipment, handlers = self._platform.equipment, self._platform.handlers
        found: list[tuple[str, Digest]] = [
            (projection.domain, Projecting(projection, equipment[projection.domain].view_store))
            for projection in PROJECTIONS
        ]
        found += [
            (feed.domain, Feeding(feed, equipment[feed.domain].view_store, equipment[feed.domain].signals))
            for feed in FEEDS
        ]
        for subgraph in self._platform.subgraphs:
            name = subgraph.name
            found += [
                (name, Reacting(reaction, handlers[name], equipment[name].checkpoints))
                for reaction in subgraph.reactions
            ]
        return found

    def _tails(self, topics: set[str]) -> dict[str, Tail]:
        journals = sorted({topic.partition(".")[0] for topic in topics})
        return {
            journal: Tail(
                self._platform.log, journal, sorted(topic for topic in topics if topic.startswith(f"{journal}."))
            )
            for journal in journals
        }

    def _tails_of(self, topics: Sequence[str]) -> Sequence[Tail]:
        return [self.tails[journal] for journal in sorted({topic.partition(".")[0] for topic in topics})]

    def _performers(self) -> Sequence[Performer]:
        return [
            Performer(
                effect,
                self._platform.ports[effect.port],
                tail,
                self._platform.handlers[subgraph.name],
                self._platform.equipment[subgraph.name],
            )
            for subgraph in self._platform.subgraphs
            for effect in subgraph.effects
            for tail in self._tails_of(effect.topics)
        ]

    async def run(self) -> None:
        """Works until cancelled; a bug ends the process, and the supervisor starts it again."""
        async with asyncio.TaskGroup() as group:
            for loop in (*self.tails.values(), *self.consumers, *self.performers, *self.tickers):
                group.create_task(loop.run(), name=type(loop).__name__)


async def run(settings: Settings) -> None:
    """The role `work`: until cancelled."""
    async with open_platform(settings) as platform:
        work = Work(platform)
        meter = WorkMeter(platform, work)
        async with listening(health_app(platform.checks), settings.host, settings.work_port):
            logger("work").info("working", consumers=[consumer.name for consumer in work.consumers])
            async with asyncio.TaskGroup() as group:
                group.create_task(meter.run())
                group.create_task(work.run())
