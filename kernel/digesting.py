"""Digests: what projections, feeds, reactions, effects and sinks do with the records they consume."""

from collections.abc import Iterator, Sequence
from typing import Any

import msgspec

from kernel.calling import AlreadyConsumed, Call, Refused
from kernel.committing import Advance
from kernel.handling import Handler
from kernel.ids import derive_id
from kernel.log import Recorded
from kernel.messages import Command, Refusal
from kernel.ports import Checkpoints, Signals, ViewStore
from kernel.projecting import Feed, Projection
from kernel.subgraph import Effect, Reaction, Sink

TOGETHER = 100
"""Commands of a reaction committed at once; more would keep others waiting for their streams."""
Consequence = tuple[Recorded, Sequence[Command]]
"""An event, and what a reaction makes of it."""


class Projecting:
    """Folds records into a view, rows and checkpoint in one transaction, and then wakes the view's watchers."""

    def __init__(self, projection: Projection[Any], store: ViewStore, signals: Signals | None = None) -> None:
        """Without `signals` nobody is woken, as while a view is rebuilt beside the one that is watched."""
        self.name, self.topics = projection.view.name, projection.topics
        self._projection, self._store, self._signals = projection, store, signals

    async def digest(self, records: Sequence[Recorded], advance: Advance) -> bool:
        done = await self._store.apply(self._projection, records, advance)
        if self._signals is not None and (keys := {key for each in records for key in self._projection.wakes(each)}):
            await self._signals.publish(sorted(keys))
        return done


class Feeding:
    """Numbers records in their owners' feeds and wakes the owners' watchers."""

    def __init__(self, feed: Feed, store: ViewStore, signals: Signals) -> None:
        self.name, self.topics = feed.name, feed.topics
        self._feed, self._store, self._signals = feed, store, signals

    async def digest(self, records: Sequence[Recorded], advance: Advance) -> bool:
        done = await self._store.feed(self._feed, records, advance)
        owners = {owner for record in records if (owner := self._feed.owner(record)) is not None}
        if owners:
            await self._signals.publish([feed_key(self._feed.name, owner) for owner in sorted(owners)])
        return done


def feed_key(feed: str, owner: str) -> str:
    """The wake-up key of one owner's feed."""
    return f"feed:{feed}:{owner}"


class Reacting:
    """Turns events into the domain's own commands; their ids are derived, so a repeat is recognised.

    The step past events goes with the commit of what follows from them: who was overtaken meanwhile commits nothing.
    Events that concern streams of their own are settled together; when that cannot be, one by one.
    """

    def __init__(self, reaction: Reaction, handler: Handler, checkpoints: Checkpoints) -> None:
        self.name, self.topics = reaction.name, reaction.topics
        self._reaction, self._handler, self._checkpoints = reaction, handler, checkpoints

    async def digest(self, records: Sequence[Recorded], advance: Advance) -> bool:
        reached = advance.before
        for last, consequences in self._apart(records):
            step = msgspec.structs.replace(advance, before=reached, after=last.position)
            if not await self._settle(consequences, step):
                return False
            reached = step.after
        return True

    def _apart(self, records: Sequence[Recorded]) -> Iterator[tuple[Recorded, Sequence[Consequence]]]:
        """Runs of records, each by its last one, whose commands concern no stream twice; with those that gave any."""
        streams: set[str] = set()
        consequences: list[Consequence] = []
        last: Recorded | None = None
        for record in records:
            commands = self._reaction.react(record)
            concerned = [self._handler.stream(command) for command in commands]
            if last is not None and (len(streams) + len(concerned) > TOGETHER or not streams.isdisjoint(concerned)):
                yield last, consequences
                streams, consequences = set(), []
            streams.update(concerned)
            if commands:
                consequences.append((record, commands))
            last = record
        if last is not None:
            yield last, consequences

    async def _settle(self, consequences: Sequence[Consequence], step: Advance) -> bool:
        if not consequences:
            return await self._checkpoints.advance(step)
        orders = [order for cause, commands in consequences for order in orders_of(self.name, cause, commands)]
        if len(orders) > 1:
            outcome = await self._handler.handle_all(orders, step)
            if outcome is not None:
                return not isinstance(outcome, AlreadyConsumed)
        return await self._one_by_one(consequences, step)

    async def _one_by_one(self, consequences: Sequence[Consequence], step: Advance) -> bool:
        reached = step.before
        for number, (cause, commands) in enumerate(consequences, start=1):
            after = cause.position if number < len(consequences) else step.after
            past = msgspec.structs.replace(step, before=reached, after=after)
            if not await carry_out(self._handler, self.name, cause, commands, past):
                return False
            reached = after
        return True


class Performing:
    """Talks to the outside about records, and hands what it reports to the domain."""

    def __init__(self, effect: Effect[Any], port: object, handler: Handler, checkpoints: Checkpoints) -> None:
        self.name, self.topics = effect.name, effect.topics
        self._effect, self._port, self._handler, self._checkpoints = effect, port, handler, checkpoints

    async def perform(self, record: Recorded) -> None:
        """Has the effect and reports it; the same again when it is repeated."""
        await carry_out(self._handler, self.name, record, await self._effect.perform(record, self._port))

    async def digest(self, records: Sequence[Recorded], advance: Advance) -> bool:
        for record in records:
            await self.perform(record)
        return await self._checkpoints.advance(advance)


class Pouring:
    """Pours records into an engine of its own kind; the step follows the engine's acknowledgement."""

    def __init__(self, sink: Sink[Any], port: object, checkpoints: Checkpoints) -> None:
        self.name, self.topics = sink.name, sink.topics
        self._sink, self._port, self._checkpoints = sink, port, checkpoints

    async def digest(self, records: Sequence[Recorded], advance: Advance) -> bool:
        await self._sink.pour(records, self._port)
        return await self._checkpoints.advance(advance)


class Rejected(Exception):
    """A command of a reaction, an effect or a timer was refused: the domains disagree, somebody has to look."""

    def __init__(self, command: Command, refusal: Refusal) -> None:
        super().__init__(f"{type(command).__name__} was refused: {refusal!r}")


async def carry_out(
    handler: Handler, consumer: str, cause: Recorded, commands: Sequence[Command], advance: Advance | None = None
) -> bool:
    """Handles the commands that `consumer` derived from `cause`, each under its derived id, the last with `advance`.

    Returns False when that step was not to be made any more.

    Raises:
        Rejected: the domain refused one.
    """
    for number, (command, call) in enumerate(orders_of(consumer, cause, commands), start=1):
        going = msgspec.structs.replace(call, advance=advance if number == len(commands) else None)
        outcome = await handler.handle(command, going)
        if isinstance(outcome, Refused):
            raise Rejected(command, outcome.refusal)
        if isinstance(outcome, AlreadyConsumed):
            return False
    return True


def orders_of(consumer: str, cause: Recorded, commands: Sequence[Command]) -> Sequence[tuple[Command, Call]]:
    """Each command with its call, under the id that `consumer` always gives it."""
    return [
        (
            command,
            Call(
                correlation=cause.meta.correlation,
                traceparent=cause.meta.traceparent,
                causation=cause.id,
                command_id=derive_id("cmd", cause.id, f"{consumer}:{number}"),
            ),
        )
        for number, command in enumerate(commands)
    ]
