"""Belonging: membership of consumer groups, which only says who works on what. Nothing is fetched or committed here."""

import asyncio
import logging
from collections.abc import AsyncGenerator, Callable, Iterable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from aiokafka import ConsumerRebalanceListener
from aiokafka import TopicPartition as Place
from aiokafka.coordinator.assignors.roundrobin import RoundRobinPartitionAssignor
from aiokafka.errors import KafkaError

from kernel.log import TopicPartition
from kernel.sharing import Share
from runtime.adapters.background import ended
from runtime.adapters.kafka.clients import CLOSE_WITHIN_S, LEAVE_WITHIN_S, Consumer

SESSION_S = 6.0
"""A worker that was killed is missed after so long; what it held waits, and nothing else."""
HEARTBEAT_S = 1.5
LOOK_S = 0.5
METADATA_S = 10.0
PAUSE_S = 1.0
_log = logging.getLogger(__name__)


@dataclass(eq=False)
class Portion:
    """A share of some topics."""

    topics: frozenset[str]
    parts: frozenset[TopicPartition]


class Member(ConsumerRebalanceListener):
    """One worker in one group."""

    def __init__(self, servers: str, group: str, wake: Callable[[Iterable[str]], None]) -> None:
        self._servers, self._group, self._wake = servers, group, wake
        self._consumer: Any = None
        self.portions: list[Portion] = []
        self.work: asyncio.Task[None] | None = None

    async def run(self) -> None:
        """Belongs to the group until cancelled; goes on with what was given last while Kafka is away."""
        while True:
            try:
                await self._belong()
            except (KafkaError, OSError, TimeoutError) as error:
                _log.warning("waits to belong to its group", extra={"group": self._group, "error": repr(error)})
            except Exception:  # noqa: BLE001 - aiokafka's own mistakes must not end what merely saves work
                _log.exception("belongs to its group anew", extra={"group": self._group})
            await asyncio.sleep(PAUSE_S)

    async def _belong(self) -> None:
        self._consumer = Consumer(
            bootstrap_servers=self._servers,
            group_id=self._group,
            enable_auto_commit=False,
            session_timeout_ms=int(SESSION_S * 1000),
            rebalance_timeout_ms=int(SESSION_S * 1000),
            heartbeat_interval_ms=int(HEARTBEAT_S * 1000),
            metadata_max_age_ms=int(METADATA_S * 1000),
            partition_assignment_strategy=(RoundRobinPartitionAssignor,),
        )
        wanted: set[str] = set()
        try:
            await self._consumer.start()
            while True:
                topics = {topic for portion in self.portions for topic in portion.topics}
                if topics != wanted:
                    wanted = topics
                    self._consumer.subscribe(sorted(topics), listener=self)
                await self._consumer.getmany(timeout_ms=int(LOOK_S * 1000))  # Says what is wrong with the group.
        finally:
            await self._consumer.stop()

    def on_partitions_revoked(self, revoked: Iterable[Place]) -> None:
        """Nothing: what was given last is kept until the group has given anew."""

    def on_partitions_assigned(self, assigned: Iterable[Place]) -> None:
        """The group has spoken."""
        self._consumer.pause(*assigned)
        parts = {(place.topic, place.partition) for place in assigned}
        _log.info("has its share", extra={"group": self._group, "parts": len(parts)})
        for portion in self.portions:
            portion.parts = frozenset(part for part in parts if part[0] in portion.topics)
            self._wake(portion.topics)


class Groups:
    """The groups that this process belongs to."""

    def __init__(self, servers: str, wake: Callable[[Iterable[str]], None]) -> None:
        """`wake` is called with the topics whose shares have changed."""
        self._servers, self._wake = servers, wake
        self._members: dict[str, Member] = {}

    @asynccontextmanager
    async def share(self, topics: Sequence[str], group: str, parts: Iterable[TopicPartition]) -> AsyncGenerator[Share]:
        """As `EventLog.share`; `parts` is everything, to begin with."""
        portion = Portion(frozenset(topics), frozenset(parts))
        member = self._members.get(group)
        if member is None:
            member = self._members[group] = Member(self._servers, group, self._wake)
            member.work = asyncio.create_task(member.run(), name=f"kafka:group:{group}")
        member.portions.append(portion)
        try:
            yield portion
        finally:
            member.portions.remove(portion)
            if not member.portions and member.work is not None:
                del self._members[group]
                member.work.cancel()
                await asyncio.wait(
                    [member.work], timeout=LEAVE_WITHIN_S + 2 * CLOSE_WITHIN_S
                )  # It says good-bye to its group.
                await ended(member.work)
