"""A small subgraph to serve: a parlour where one may ask, say and listen, and where things go wrong on request."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from datetime import UTC, datetime
from typing import Annotated, ClassVar, Self, cast
from uuid import UUID

import strawberry

from kernel.clock import Clock
from kernel.graph.connections import Connection, Page
from kernel.graph.context import GraphContext, Info
from kernel.graph.errors import BadUserInput
from kernel.graph.federation import SubgraphSchema, subgraph_schema
from kernel.graph.refusals import InvalidInput, NotFound, UserError
from kernel.graph.scalars import Locale, MinorUnits, TimeZone
from kernel.graph.subscribing import Source, StreamCursors, follow
from kernel.graph.types import Money, PositionInput
from kernel.handling import Handler
from kernel.ids import Ids
from kernel.ownership import Viewer
from kernel.ports import Outage, Signals, Streams, Views
from runtime.adapters.tokens import InvalidToken
from runtime.serving import Caller, Door, Served

SECRET = "the-router-is-who-it-says"
CURSOR_SECRET = b"cursors-of-the-parlour"
ROUTER = {"x-router-credential": SECRET}


class Flag:
    """A wake-up of one watcher."""

    def __init__(self) -> None:
        self._raised = asyncio.Event()

    def put_up(self) -> None:
        self._raised.set()

    async def wait(self, timeout_s: float) -> bool:
        try:
            async with asyncio.timeout(timeout_s):
                await self._raised.wait()
        except TimeoutError:
            return False
        self._raised.clear()
        return True


class Talk:
    """What was said so far, and who listens. The signals of it can be lost on purpose."""

    def __init__(self) -> None:
        self.said: list[str] = []
        self.watchers: list[Flag] = []
        self.deaf = False
        self.secret = False

    def say(self, *words: str) -> None:
        self.said.extend(words)
        if not self.deaf:
            for watcher in self.watchers:
                watcher.put_up()

    async def publish(self, keys: Sequence[str]) -> None:
        for watcher in self.watchers:
            watcher.put_up()

    @asynccontextmanager
    async def watch(self, keys: Sequence[str]) -> AsyncGenerator[Flag]:
        flag = Flag()
        self.watchers.append(flag)
        try:
            yield flag
        finally:
            self.watchers.remove(flag)

    async def read(self, after: int, limit: int) -> list[tuple[int, str]]:
        await asyncio.sleep(0)
        return [*enumerate(self.said, 1)][after : after + limit]


@strawberry.type
class Word:
    sequence: int
    cursor: str
    text: str
    so_far: list[str]

    @strawberry.field
    def times_asked(self, info: Info) -> int:
        counted = info.context.keep("times asked", lambda: [0])
        counted[0] += 1
        return counted[0]


@strawberry.federation.type(keys=["id"])
class Guest:
    id: strawberry.ID
    name: str
    debt: Money

    @classmethod
    async def resolve_reference(cls, info: Info, id: strawberry.ID) -> Self | None:
        return cast("Self", guest(int(id))) if id.isdigit() else None

    @strawberry.field
    def friends(self, first: int | None = None, after: str | None = None) -> Connection["Guest"]:
        return guests(first, after, "friends")

    @strawberry.field
    def siblings(self) -> list["Guest"]:
        return [guest(1), guest(2)]


def guest(number: int) -> Guest:
    return Guest(id=strawberry.ID(str(number)), name=f"guest {number}", debt=Money.of(number * 100, "EUR"))


def guests(first: int | None, after: str | None, scope: str) -> Connection[Guest]:
    page = Page.read(CURSOR_SECRET, scope, first=first, after=after)
    begin = cast("int", page.keyset[0]) if page.keyset else 0
    rows = [*range(begin + 1, begin + 1 + page.fetch)]
    return page.connection(rows, node=guest, keyset=lambda number: (number,))


@strawberry.type(name="Query")
class PeacefulQuery:
    @strawberry.field
    def hello(self, name: str = "world", locale: Locale | None = None) -> str:
        return f"hello {name}"

    @strawberry.field
    def viewer(self, info: Info) -> str:
        return info.context.viewer.subject

    @strawberry.field
    def guests(self, first: int | None = None, after: str | None = None) -> Connection[Guest]:
        return guests(first, after, "guests")

    @strawberry.field
    def guest(self, id: strawberry.ID) -> Guest | None:
        return guest(int(id)) if id.isascii() and id.isdigit() and len(id) < 5 else None

    @strawberry.field
    def amount(self, minor: MinorUnits, at: datetime, zone: TimeZone, key: UUID) -> MinorUnits:
        return minor

    @strawberry.field
    def required(self, number: int = 5) -> int:
        return number


@strawberry.type
class Grump:
    name: str

    @strawberry.field
    def trouble(self) -> str | None:
        raise RuntimeError("password=hunter2 at db.internal")


@strawberry.type
class Query(PeacefulQuery):
    @strawberry.field
    def grump(self) -> Grump | None:
        return Grump(name="grump")

    @strawberry.field
    async def trouble(self) -> str:
        raise RuntimeError("password=hunter2 at db.internal")

    @strawberry.field
    async def outage(self) -> str:
        raise Outage("no db.internal today")

    @strawberry.field
    async def cut(self) -> str:
        raise ConnectionResetError("no db.internal today")

    @strawberry.field
    async def late(self) -> str:
        raise TimeoutError("db.internal is slow")

    @strawberry.field
    async def endless(self) -> str:
        await asyncio.Event().wait()
        return "never"


@strawberry.type(description="The guest spoke out of turn.")
class SpokeOutOfTurn(UserError):
    sentence: ClassVar[str] = "You spoke {times} times."
    times: int


@strawberry.type
class SaySuccess:
    text: str


@strawberry.input
class SayInput:
    idempotency_key: UUID
    text: str
    times: int = 1
    position: PositionInput | None = None


SayResult = Annotated[SaySuccess | SpokeOutOfTurn | InvalidInput | NotFound, strawberry.union("SayResult")]


@strawberry.type
class Mutation:
    @strawberry.mutation(graphql_type=SayResult)
    async def say(self, info: Info, input: SayInput) -> SaySuccess | UserError:
        if input.position is not None and not input.position.on_earth():
            return InvalidInput(reason="The position is not on Earth.", path=["input", "position"])
        return SpokeOutOfTurn(times=input.times) if input.times > 1 else SaySuccess(text=input.text)


TALKS: dict[str, Talk] = {}


@strawberry.type
class Subscription:
    @strawberry.subscription
    async def words(self, info: Info, talk: str, after: str | None = None) -> AsyncGenerator[Word, None]:
        async for item in follow(info.context, words_of(TALKS[talk], talk), after, poll_s=0.2):
            if isinstance(item, Word):
                yield item
            else:
                yield Word(sequence=0, cursor="", text=f"resync {item.reason.name}", so_far=[])

    @strawberry.subscription
    async def trouble(self) -> AsyncGenerator[str, None]:
        yield "so far so good"
        raise RuntimeError("password=hunter2 at db.internal")

    @strawberry.subscription
    async def flood(self, count: int) -> AsyncGenerator[int, None]:
        if count > 100_000:
            raise BadUserInput("too many")
        for number in range(count):
            yield number


def words_of(talk: Talk, name: str) -> Source[tuple[int, str], Word]:
    cursors = StreamCursors(CURSOR_SECRET, f"words:{name}")

    async def permitted() -> bool:
        return not talk.secret

    async def opening() -> tuple[int, Word]:
        return len(talk.said), Word(
            sequence=len(talk.said), cursor=cursors.at(len(talk.said)), text="so far", so_far=[*talk.said]
        )

    async def item(news: tuple[int, str]) -> Word:
        return Word(sequence=news[0], cursor=cursors.at(news[0]), text=news[1], so_far=talk.said[: news[0]])

    async def holds(sequence: int) -> bool:
        return sequence <= len(talk.said)

    async def ended(sequence: int) -> bool:
        return sequence > 0 and talk.said[sequence - 1] == "goodbye"

    return Source(
        cursors=cursors,
        keys=(f"words:{name}",),
        permitted=permitted,
        opening=opening,
        holds=holds,
        read=talk.read,
        sequence=lambda news: news[0],
        item=item,
        ended=ended,
    )


SCHEMA = subgraph_schema(Query, Mutation, Subscription)
PEACEFUL = subgraph_schema(PeacefulQuery, Mutation)


class Hands:
    """A clock that stands still until it is set; it also counts as real time of the door."""

    rate = 1.0

    def __init__(self) -> None:
        self.seconds = 1_800_000_000.0

    def now(self) -> datetime:
        return datetime.fromtimestamp(self.seconds, UTC)


HANDS = Hands()


def context_of(caller: Caller, signals: Signals | None = None) -> GraphContext:
    absent = cast("object", None)
    return GraphContext(
        viewer=caller.viewer,
        request_id=caller.request_id,
        traceparent=caller.traceparent,
        consistency_token=caller.consistency_token,
        clock=cast("Clock", absent),
        ids=cast("Ids", absent),
        handler=cast("Handler", absent),
        views=cast("Views", absent),
        streams=cast("Streams", absent),
        signals=signals or cast("Signals", absent),
        cursor_secret=CURSOR_SECRET,
        code_secret=CURSOR_SECRET,
        remaining_s=caller.remaining_s,
    )


class EveryTalk:
    """The signals of all talks."""

    async def publish(self, keys: Sequence[str]) -> None:
        for key in keys:
            await TALKS[key.removeprefix("words:")].publish(keys)

    def watch(self, keys: Sequence[str]) -> AbstractAsyncContextManager[Flag]:
        return TALKS[keys[0].removeprefix("words:")].watch(keys)


def parlour(schema: SubgraphSchema = SCHEMA) -> Served:
    signals = EveryTalk()
    return Served(name="parlour", schema=schema, context=lambda caller: context_of(caller, signals))


def door(hands: Hands | None = None) -> Door:
    """Lets `Bearer <name>` in as that person, `Bearer <name>@<seconds>` until then; `forged` and `keyless` fail."""
    clock = hands or Hands()
    verdicts: dict[str, InvalidToken] = {
        "forged": InvalidToken(reason="signature"),
        "expired": InvalidToken(reason="expired"),
        "keyless": InvalidToken(reason="keys_unavailable"),
    }

    async def verify(token: str) -> Viewer | InvalidToken:
        name, _, ends = token.partition("@")
        if name in verdicts:
            return verdicts[name]
        return Viewer(subject=name, expires_at=datetime.fromtimestamp(float(ends), UTC) if ends else None)

    return Door(SECRET, cast("Callable[[str], Awaitable[Viewer | InvalidToken]]", verify), lambda: clock.seconds)


def caller(subject: str = "aino", now: Callable[[], float] | None = None, ends: float | None = None) -> Caller:
    """Somebody who has been let in."""
    expires_at = datetime.fromtimestamp(ends, UTC) if ends is not None else None
    return Caller(
        viewer=Viewer(subject=subject, expires_at=expires_at),
        request_id="request-of-tests",
        traceparent=None,
        consistency_token=None,
        now=now or (lambda: 0.0),
    )
