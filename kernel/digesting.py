"""Digests: what projections, feeds, reactions, effects and sinks do with the records they consume."""

from collections.abc import Sequence
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

    The step past an event goes with the last of its commands: who was overtaken meanwhile commits nothing.
    """

    def __init__(self, reaction: Reaction, handler: Handler, checkpoints: Checkpoints) -> None:
        self.name, self.topics = reaction.name, reaction.topics
        self._reaction, self._handler, self._checkpoints = reaction, handler, checkpoints

    async def digest(self, records: Sequence[Recorded], advance: Advance) -> bool:
        reached = advance.before
        for record in records:
            commands = self._reaction.react(record)
            if not commands:
                continue
            step = msgspec.structs.replace(advance, before=reached, after=record.position)
            if not await carry_out(self._handler, self.name, record, commands, step):
                return False
            reached = record.position
        if reached == advance.after:
            return True
        return await self._checkpoints.advance(msgspec.structs.replace(advance, before=reached))


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
    for number, command in enumerate(commands, start=1):
        call = Call(
            correlation=cause.meta.correlation,
            traceparent=cause.meta.traceparent,
            causation=cause.id,
            command_id=derive_id("cmd", cause.id, f"{consumer}:{number - 1}"),
            advance=advance if number == len(commands) else None,
        )
        outcome = await handler.handle(command, call)
        if isinstance(outcome, Refused):
            raise Rejected(command, outcome.refusal)
        if isinstance(outcome, AlreadyConsumed):
            return False
    return True
