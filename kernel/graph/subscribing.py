"""Subscriptions without gaps: register interest, read from where the client stands, then again whenever woken.

Nothing is queued: a watcher's mailbox is one dirty flag, and what it has missed is read from the stream itself. A slow
poll covers lost wake-ups. A resolver describes its stream and hands the watching over:

    @strawberry.subscription
    async def order_updates(self, info: Info, order_id: strawberry.ID, after: str | None = None)
            -> AsyncGenerator[OrderStreamItem, None]:
        async for item in follow(info.context, order_source(info.context, order_id), after):
            yield item

`stories.Story` gives most of a source over an event stream: `holds`, and the state as it was at each version.
"""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from enum import Enum
from typing import Generic, TypeVar

import strawberry

from kernel.graph.context import GraphContext
from kernel.graph.cursors import BadCursor, open_cursor, seal_cursor
from kernel.graph.errors import Forbidden, NoSuchStream, TokenExpired
from kernel.ports import Wakeup

POLL_S = 5.0
PAGE = 100

NewsT = TypeVar("NewsT")
ItemT = TypeVar("ItemT")
StateT = TypeVar("StateT")


@strawberry.enum(description="Why a stream could not be resumed from the cursor.")
class ResyncReason(Enum):
    UNKNOWN = "unknown"
    FOREIGN = "foreign"
    AHEAD = "ahead"


@strawberry.federation.type(
    shareable=True, description="The stream cannot be resumed from that cursor; its first item follows at once."
)
class ResyncRequired:
    reason: ResyncReason = strawberry.field(
        description="UNKNOWN: not a cursor of ours; FOREIGN: of another stream; AHEAD: beyond the stream's end."
    )


@dataclass(frozen=True)
class StreamCursors:
    """The cursors of one stream; a query over the same stream that uses them too can be mixed with it."""

    secret: bytes
    scope: str
    """The stream's name in the graph and its id: `orderUpdates:order_01…`."""

    def at(self, sequence: int) -> str:
        """The cursor to resume after `sequence` with."""
        return seal_cursor(self.secret, self.scope, (sequence,))

    def read(self, cursor: str) -> int | ResyncReason:
        """The sequence that `cursor` stands for."""
        keyset = open_cursor(self.secret, self.scope, cursor)
        if isinstance(keyset, BadCursor):
            return ResyncReason(keyset.value)
        sequence = keyset[0]
        return sequence if isinstance(sequence, int) else ResyncReason.UNKNOWN


@dataclass(frozen=True)
class Source(Generic[NewsT, ItemT]):
    """A stream numbered 1, 2, 3 … without holes, and what its watchers are told."""

    cursors: StreamCursors
    keys: Sequence[str]
    """The wake-up signals that may mean news."""
    permitted: Callable[[], Awaitable[bool]]
    """Whether the viewer may watch it, asked first of all and again before each batch."""
    opening: Callable[[], Awaitable[tuple[int, ItemT]]]
    """The first item, which shows everything up to the sequence it comes with."""
    holds: Callable[[int], Awaitable[bool]]
    """Whether the stream has got as far as this sequence."""
    read: Callable[[int, int], Awaitable[Sequence[NewsT]]]
    """(after, limit) → the news after that sequence, in order; must really await."""
    sequence: Callable[[NewsT], int]
    item: Callable[[NewsT], Awaitable[ItemT]]
    """What watchers are told of one piece of news; called in order."""
    ended: Callable[[int], Awaitable[bool]]
    """Whether nothing more is told after this sequence; asked in order too."""


async def follow(
    context: GraphContext, source: Source[NewsT, ItemT], after: str | None, poll_s: float | None = None
) -> AsyncGenerator[ItemT | ResyncRequired, None]:
    """Everything after the cursor, once and in order; without one the first item and everything after that.

    Raises:
        NoSuchStream: the viewer may not watch this.
        Forbidden: the viewer lost the right on the way.
        TokenExpired: the viewer's token ended on the way.
    """
    async with context.signals.watch(source.keys) as wakeup:
        if not await source.permitted():
            raise NoSuchStream("There is no such stream for you.")
        sent = await _resumed(source, after)
        if not isinstance(sent, int):
            if sent is not None:
                yield ResyncRequired(reason=sent)
            sent, first = await source.opening()
            yield first
        if await source.ended(sent):
            return
        while True:
            async with aclosing(_news(context, source, sent)) as told:
                async for sent, item in told:
                    yield item
                    if await source.ended(sent):
                        return
            await _news_awaited(context, wakeup, poll_s or POLL_S)


async def _resumed(source: Source[NewsT, ItemT], after: str | None) -> int | ResyncReason | None:
    if after is None:
        return None
    sequence = source.cursors.read(after)
    if isinstance(sequence, int) and sequence > 0 and not await source.holds(sequence):
        return ResyncReason.AHEAD
    return sequence


async def _news(
    context: GraphContext, source: Source[NewsT, ItemT], sent: int
) -> AsyncGenerator[tuple[int, ItemT], None]:
    while True:
        # A watcher may have been slow to take the item before: its rights are looked at now, not when it came.
        await _still_welcome(context, source.permitted)
        page = await source.read(sent, PAGE)
        for news in page:
            sent = source.sequence(news)
            yield sent, await source.item(news)
            _unexpired(context)
        if len(page) < PAGE:
            return  # Whatever came since has raised the dirty flag.
        # A replay must leave the loop to others, so that a watcher that has gone is noticed.
        await asyncio.sleep(0)


async def _news_awaited(context: GraphContext, wakeup: Wakeup, poll_s: float) -> None:
    await wakeup.wait(max(0.0, min(poll_s, context.remaining_s())))


async def _still_welcome(context: GraphContext, permitted: Callable[[], Awaitable[bool]]) -> None:
    _unexpired(context)
    if not await permitted():
        raise Forbidden("You may no longer watch this.")


def _unexpired(context: GraphContext) -> None:
    if context.remaining_s() <= 0:
        raise TokenExpired("The token has expired: connect again with a fresh one and resume with the last cursor.")


@dataclass(frozen=True)
class Latest(Generic[StateT, ItemT]):
    """Something without a sequence: only how it is now matters, and what was in between may be skipped."""

    keys: Sequence[str]
    permitted: Callable[[], Awaitable[bool]]
    read: Callable[[], Awaitable[StateT]]
    """How it is now."""
    items: Callable[[StateT | None, StateT], Sequence[ItemT]]
    """(what the watcher knows, how it is now) → what to tell; from None the first item, from the same nothing."""
    ended: Callable[[StateT], bool] = lambda _: False


async def follow_latest(
    context: GraphContext, source: Latest[StateT, ItemT], interval_s: float = 0.0, poll_s: float | None = None
) -> AsyncGenerator[ItemT, None]:
    """How it is, then every later state that is not outdated before it can be told, at most one per `interval_s`.

    Raises as `follow` does.
    """
    async with context.signals.watch(source.keys) as wakeup:
        if not await source.permitted():
            raise NoSuchStream("There is no such stream for you.")
        known: StateT | None = None
        while True:
            state = await source.read()
            for item in source.items(known, state):
                yield item
            known = state
            if source.ended(state):
                return
            await asyncio.sleep(interval_s)
            await _news_awaited(context, wakeup, poll_s or POLL_S)
            await _still_welcome(context, source.permitted)
