"""Orders, payments, dispatch and tracking in memory, as they are wired, with nobody in between but chance.

It keeps what the kernel promises and nothing more: the news of one stream come to each consumer in their order, at
least once and as late as chance likes; a command that has written something is known by its id; an effect may be had
again, and its report may come twice and late; timers ring late or on time, never early.
"""

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import msgspec

from kernel.deciding import Decider, Later
from kernel.ids import derive_id
from kernel.log import Meta, Position, Recorded
from kernel.messages import Command, Event, Refusal, Viewer
from kernel.ports import Outage
from kernel.projecting import Projection
from kernel.subgraph import Effect, Reaction, Subgraph
from projections import PROJECTIONS
from subgraphs.dispatch.subgraph import SUBGRAPH as DISPATCH
from subgraphs.orders.subgraph import SUBGRAPH as ORDERS
from subgraphs.payments.subgraph import SUBGRAPH as PAYMENTS
from subgraphs.tracking.subgraph import SUBGRAPH as TRACKING
from tests.sagas.choices import Choices
from tests.sagas.doubles import Bank, Shown, Streets, done
from tests.spelling import AT

SUBGRAPHS: tuple[Subgraph, ...] = (ORDERS, PAYMENTS, DISPATCH, TRACKING)
TOPICS = frozenset(f"{part.name}.events" for part in SUBGRAPHS)
_META = Meta(actor="tests", correlation="tests")


@dataclass
class Follower:
    """A consumer of the log: how far it has come in each stream."""

    name: str
    topics: frozenset[str]
    digest: Callable[[Recorded], Sequence[Command]]
    """What follows from a record; raises Outage."""
    repeats: bool = True
    """Whether a record may be digested again: not where rows and checkpoint go in one transaction."""
    reports: bool = False
    """Whether what follows may be handed in by somebody who was overtaken: outside any transaction."""
    reached: dict[str, int] = field(default_factory=lambda: defaultdict(int))


@dataclass
class Timer:
    id: str
    at: datetime
    command: Command


class World:
    """Everything that has happened, and what is still to follow from it."""

    def __init__(self, choices: Choices, couriers: Sequence[str]) -> None:
        self.now = AT
        self.log: list[Recorded] = []
        self.streams: dict[str, list[Recorded]] = defaultdict(list)
        self.timers: list[Timer] = []
        self.waiting: list[tuple[Follower, str]] = []
        """Consumers, and the streams in which they have something to read."""
        self.reports: list[tuple[str, Command]] = []
        """What a worker that was overtaken may still report, under the command's id."""
        self.bank, self.streets, self.shown = Bank(choices), Streets(choices, couriers), Shown()
        self._states: dict[str, Any] = {}
        self._known: set[str] = set()
        self._asked = 0
        self._deciders = {
            kind: (part, each) for part in SUBGRAPHS for each in part.aggregates for kind in each.commands
        }
        self._followers = self._employed()

    def _employed(self) -> Sequence[Follower]:
        ports = {"payments.provider": self.bank, "dispatch.search": self.streets}
        return [
            *(_reacting(each) for part in SUBGRAPHS for each in part.reactions),
            *(_performing(each, ports[each.name]) for part in SUBGRAPHS for each in part.effects),
            *(_folding(each, self.shown) for each in PROJECTIONS if TOPICS.issuperset(each.topics)),
        ]

    def state(self, stream: str) -> Any:
        """What deciding knows of the stream; None when nothing has happened there."""
        return self._states.get(stream)

    def ask(self, command: Command, viewer: Viewer) -> Refusal | None:
        """Somebody in front of a screen wants something."""
        self._asked += 1
        return self.handle(command, f"cmd_asked_{self._asked}", viewer)

    def report(self, command: Command) -> None:
        """What positions tell."""
        self._asked += 1
        self._carry_out(command, f"cmd_told_{self._asked}")

    def handle(self, command: Command, command_id: str, viewer: Viewer | None = None) -> Refusal | None:
        """As the kernel does: with facts, and once per id that has written something."""
        if command_id in self._known:
            return None
        subgraph, decider = self._deciders[type(command)]
        assert isinstance(decider, Decider)
        stamped = msgspec.structs.replace(command, at=self.now, viewer=viewer or command.viewer)
        facts = DISPATCH.facts.get(type(command))
        informed = stamped if facts is None else done(_informed(facts(stamped, self.shown)))
        if isinstance(informed, Refusal):
            return informed
        stream = decider.stream(informed)
        decision = decider.decide(informed, self._states.get(stream, decider.initial))
        if isinstance(decision, Refusal):
            return decision
        self._write(subgraph.name, decider, stream, command_id, decision)
        return None

    def _write(
        self, domain: str, decider: Decider[Any, Any, Any], stream: str, command_id: str, decision: Sequence[object]
    ) -> None:
        for number, item in enumerate(decision):
            if isinstance(item, Event):
                self._known.add(command_id)
                self._states[stream] = decider.evolve(self._states.get(stream, decider.initial), item)
                self._tell(domain, stream, item)
            if isinstance(item, Later):
                self.timers.append(Timer(derive_id("timer", command_id, f"{number}"), item.at, item.command))

    def _tell(self, domain: str, stream: str, event: Event) -> None:
        told, topic = self.streams[stream], f"{domain}.events"
        record = Recorded(
            journal=domain,
            partition=0,
            position=Position(txid=len(self.log) + 1, position=1),
            topic=topic,
            stream=stream,
            version=len(told) + 1,
            id=f"evt_{stream}_{len(told) + 1}",
            message=event,
            meta=_META,
            recorded_at=self.now,
        )
        self.log.append(record)
        told.append(record)
        for follower in self._followers:
            if topic in follower.topics and follower.reached[stream] == len(told) - 1:
                self.waiting.append((follower, stream))

    # What follows by itself.

    def follow(self, number: int, *, again: bool = False) -> None:
        """One of the consumers takes the next record of a stream; `again`: and dies before it can say so."""
        place = number % len(self.waiting)
        follower, stream = self.waiting[place]
        if again and not follower.repeats:
            return
        record = self.streams[stream][follower.reached[stream]]
        try:
            commands = follower.digest(record)
        except Outage:
            return
        for position, command in enumerate(commands):
            command_id = derive_id("cmd", record.id, f"{follower.name}:{position}")
            if again and follower.reports:
                self.reports.append((command_id, command))
            else:
                self._carry_out(command, command_id)
        if not again:
            follower.reached[stream] += 1
            if follower.reached[stream] == len(self.streams[stream]):
                self.waiting.pop(place)

    def report_late(self, number: int) -> None:
        """A worker that was overtaken reports what an effect came to."""
        command_id, command = self.reports.pop(number % len(self.reports))
        self._carry_out(command, command_id)

    @property
    def has_due(self) -> bool:
        return any(each.at <= self.now for each in self.timers)

    def ring(self, number: int) -> None:
        """One of the timers that are due rings; when none is, time passes until the next one is."""
        self.now = max(self.now, min(each.at for each in self.timers))
        due = [each for each in self.timers if each.at <= self.now]
        timer = due[number % len(due)]
        self._carry_out(timer.command, derive_id("cmd", timer.id, "fired"))
        self.timers.remove(timer)

    def _carry_out(self, command: Command, command_id: str) -> None:
        refusal = self.handle(command, command_id)
        assert refusal is None, f"a dead letter: {command} was refused: {refusal}"

    def settle(self, *deaf: str) -> None:
        """All news are heard, by all but these consumers."""
        while heard := [place for place, (each, _) in enumerate(self.waiting) if each.name not in deaf]:
            self.follow(heard[0])

    def come_to_rest(self, at_most: int = 20_000) -> None:
        """Nobody does anything any more; news are heard, timers ring."""
        for _ in range(at_most):
            if self.waiting:
                self.follow(0)
            elif self.timers:
                self.ring(0)
            else:
                return
        raise AssertionError("it never comes to rest")


def _reacting(reaction: Reaction) -> Follower:
    return Follower(reaction.name, frozenset(reaction.topics), reaction.react)


def _performing(effect: Effect[Any], port: object) -> Follower:
    async def had(record: Recorded) -> Sequence[Command]:
        return await effect.perform(record, port)

    return Follower(effect.name, frozenset(effect.topics), lambda record: done(had(record)), reports=True)


def _folding(projection: Projection[Any], shown: Shown) -> Follower:
    rows = shown.rows[projection.view.name]

    def fold(record: Recorded) -> Sequence[Command]:
        for key in projection.keys(record):
            row = projection.fold(rows.get(key), record, key)
            if row is None:
                rows.pop(key, None)
            else:
                rows[key] = row
        return ()

    return Follower(projection.view.name, frozenset(projection.topics), fold, repeats=False)


async def _informed(facts: Any) -> Command | Refusal:
    return await facts
