"""Digests: what projections, feeds and reactions do with the records they consume."""

from collections.abc import Sequence
from typing import Any

from kernel.calling import Call, Refused
from kernel.committing import Advance
from kernel.handling import Handler
from kernel.ids import derive_id
from kernel.log import Recorded
from kernel.messages import Command, Refusal
from kernel.ports import Checkpoints, Signals, ViewStore
from kernel.projecting import Feed, Projection
from kernel.subgraph import Reaction


class Projecting:
    """Folds records into a view, rows and checkpoint in one transaction."""

    def __init__(self, projection: Projection[Any], store: ViewStore) -> None:
        self.name, self.topics = projection.view.name, projection.topics
        self._projection, self._store = projection, store

    async def digest(self, records: Sequence[Recorded], advance: Advance) -> bool:
        return await self._store.apply(self._projection, records, advance)


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
    """Turns events into the domain's own commands; their ids are derived, so a repeat is recognised."""

    def __init__(self, reaction: Reaction, handler: Handler, checkpoints: Checkpoints) -> None:
        self.name, self.topics = reaction.name, reaction.topics
        self._reaction, self._handler, self._checkpoints = reaction, handler, checkpoints

    async def digest(self, records: Sequence[Recorded], advance: Advance) -> bool:
        for record in records:
            await carry_out(self._handler, self.name, record, self._reaction.react(record))
        return await self._checkpoints.advance(advance)


class Rejected(Exception):
    """A command of a reaction, an effect or a timer was refused: the domains disagree, somebody has to look."""

    def __init__(self, command: Command, refusal: Refusal) -> None:
        super().__init__(f"{type(command).__name__} was refused: {refusal!r}")


async def carry_out(handler: Handler, consumer: str, cause: Recorded, commands: Sequence[Command]) -> None:
    """Handles the commands that `consumer` derived from `cause`, each under its derived id.

    Raises:
        Rejected: the domain refused one.
    """
    for number, command in enumerate(commands):
        call = Call(
            correlation=cause.meta.correlation,
            traceparent=cause.meta.traceparent,
            causation=cause.id,
            command_id=derive_id("cmd", cause.id, f"{consumer}:{number}"),
        )
        outcome = await handler.handle(command, call)
        if isinstance(outcome, Refused):
            raise Rejected(command, outcome.refusal)
