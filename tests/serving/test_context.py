"""The context: one viewer, one request, and what resolvers ask of it."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import cast
from uuid import UUID

import pytest

from kernel.calling import Accepted, Call, Outcome
from kernel.graph.context import GraphContext
from kernel.graph.errors import BadUserInput
from kernel.graph.stories import Story
from kernel.handling import Handler
from kernel.log import ConsistencyToken, Meta, Position, Recorded
from kernel.messages import Command, Event
from kernel.ports import Streams, Views
from runtime.serving.measuring import Labels
from tests.serving.parlour import SayInput, caller, context_of

pytestmark = pytest.mark.anyio

KEY = UUID("018f3f5e-8f0a-7c3e-9d59-3a1f2f7c1b2d")


class Nod(Command):
    pass


class Counted(Event):
    number: int


class Listening:
    """Takes commands down."""

    def __init__(self) -> None:
        self.calls: list[Call] = []

    async def handle(self, command: Command, call: Call) -> Outcome:
        self.calls.append(call)
        return Accepted(stream="s", version=1, token=None)


class Waiting:
    """Views that have got as far as position 5."""

    async def reached(self, consumer: str, topics: Sequence[str], token: ConsistencyToken, wait_s: float = 0.5) -> bool:
        return token.position <= 5


class Shelf:
    """A stream of numbers, and how many reads it took."""

    def __init__(self, length: int) -> None:
        self.length, self.reads = length, 0

    async def read(self, stream: str, after: int, limit: int = 100) -> Sequence[Recorded]:
        self.reads += 1
        return [recorded(number) for number in range(after + 1, min(self.length, after + limit) + 1)]


def recorded(number: int) -> Recorded:
    return Recorded(
        journal="j",
        partition=0,
        position=Position(),
        topic="j.events",
        stream="s",
        version=number,
        id=f"evt_{number}",
        message=Counted(at=datetime(2026, 1, 1, tzinfo=UTC), number=number),
        meta=Meta(actor="a", correlation="c"),
        recorded_at=datetime(2026, 1, 1, tzinfo=UTC),
    )


def total(state: int | None, record: Recorded) -> int:
    assert isinstance(record.message, Counted)
    return (state or 0) + record.message.number


async def handled(listening: Listening, given: object, key: UUID | None = KEY) -> Call:
    context = replace(context_of(caller()), handler=cast("Handler", listening))
    await context.handle(Nod(), mutation="say", key=key, given=given)
    return listening.calls[-1]


async def test_a_command_is_handed_over_in_the_viewers_name() -> None:
    call = await handled(Listening(), None, None)
    assert (call.viewer.subject, call.correlation, call.request) == ("aino", "request-of-tests", None)


async def test_the_same_input_has_the_same_fingerprint_and_another_has_another() -> None:
    listening = Listening()

    async def fingerprint(**members: object) -> str:
        given = SayInput(idempotency_key=KEY, text="hi", **members)  # pyright: ignore[reportArgumentType]  # as asked
        request = (await handled(listening, given)).request
        assert request is not None
        assert (request.actor, request.mutation, request.key) == ("aino", "say", str(KEY))
        return request.fingerprint

    assert await fingerprint() == await fingerprint()
    assert await fingerprint() == await fingerprint(times=1)
    assert await fingerprint() != await fingerprint(times=2)


def waiting(token: str | None) -> GraphContext:
    return replace(context_of(caller()), views=cast("Views", Waiting()), consistency_token=token)


async def test_a_consistency_token_is_waited_for() -> None:
    assert await waiting(None).reached("view", ("topic",))
    for position, reached in ((5, True), (6, False)):
        token = ConsistencyToken(journal="j", partition=0, txid=1, position=position).text()
        assert await waiting(token).reached("view", ("topic",)) is reached


@pytest.mark.parametrize("token", ["x", "", "é", "WzFd", "x" * 10_000])
async def test_a_consistency_token_that_is_none_is_bad_input(token: str) -> None:
    with pytest.raises(BadUserInput):
        await waiting(token).reached("view", ("topic",))


async def test_what_is_kept_is_made_once() -> None:
    context = context_of(caller())
    assert context.keep("list", list[int]) is context.keep("list", list[int])
    assert context.keep("another", list[int]) is not context.keep("list", list[int])


async def test_a_story_folds_each_event_once_and_only_forwards() -> None:
    shelf = Shelf(250)
    story = Story(cast("Streams", shelf), "s", total)
    assert await story.at(3) == 6
    assert await story.tell(recorded(4)) == 10
    assert shelf.reads == 1
    assert await story.tell(recorded(10)) == 55
    assert await story.latest() == (250, 31_375)
    assert await story.holds(250)
    assert not await story.holds(251)
    with pytest.raises(ValueError, match="told up to 250"):
        await story.at(249)


async def test_a_story_that_is_known_up_to_a_version_reads_only_what_came_since() -> None:
    shelf = Shelf(6)
    story = Story(cast("Streams", shelf), "s", total, (4, 1_000))
    assert await story.latest() == (6, 1_011)
    assert shelf.reads == 1
    assert await Story(cast("Streams", shelf), "s", total, (6, 7)).latest() == (6, 7)


def test_clients_cannot_make_up_labels_without_end() -> None:
    labels = Labels(most=100)
    assert {labels.of(f"Operation{number}") for number in range(500)} == {
        *(f"Operation{number}" for number in range(100)),
        "other",
    }
    assert labels.of("Operation7") == "Operation7"
    assert labels.of(None) == labels.of("no name") == labels.of("x" * 65) == "unnamed"
