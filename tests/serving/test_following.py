"""A watcher gets everything once and in order, whatever happens to wake-ups, connections and rights."""

import asyncio
import random
from collections.abc import Sequence
from contextlib import aclosing
from dataclasses import replace

import pytest

from kernel.graph.context import GraphContext
from kernel.graph.errors import Forbidden, NoSuchStream, TokenExpired
from kernel.graph.subscribing import Latest, ResyncReason, StreamCursors, follow, follow_latest
from tests.serving.parlour import CURSOR_SECRET, Talk, Word, caller, context_of, words_of

pytestmark = pytest.mark.anyio

POLL_S = 0.05
CURSORS = StreamCursors(CURSOR_SECRET, "words:talk")


def listener(talk: Talk) -> GraphContext:
    return context_of(caller(), talk)


async def heard(talk: Talk, after: str | None, count: int) -> list[tuple[int, str]]:
    """The next `count` items as (sequence, text); a resync is (-1, its reason)."""
    items: list[tuple[int, str]] = []
    async with aclosing(follow(listener(talk), words_of(talk, "talk"), after, POLL_S)) as stream:
        async for item in stream:
            items.append((item.sequence, item.text) if isinstance(item, Word) else (-1, item.reason.name))
            if len(items) == count:
                break
    return items


async def test_the_first_item_shows_everything_so_far(talk: Talk) -> None:
    talk.say("one", "two")
    assert await heard(talk, None, 1) == [(2, "so far")]


async def test_after_a_cursor_everything_missed_comes_first(talk: Talk) -> None:
    talk.say(*(str(number) for number in range(1, 251)))
    assert await heard(talk, CURSORS.at(2), 248) == [(number, str(number)) for number in range(3, 251)]


async def test_from_the_beginning_everything_is_replayed(talk: Talk) -> None:
    talk.say("one", "two")
    assert await heard(talk, CURSORS.at(0), 2) == [(1, "one"), (2, "two")]


@pytest.mark.parametrize(
    ("cursor", "reason"),
    [
        ("", "UNKNOWN"),
        ("nonsense", "UNKNOWN"),
        ("é" * 10, "UNKNOWN"),
        ("x" * 5_000, "UNKNOWN"),
        (CURSORS.at(1)[:-3], "UNKNOWN"),
        ("A" + CURSORS.at(1)[1:], "UNKNOWN"),
        (StreamCursors(b"another secret", "words:talk").at(1), "UNKNOWN"),
        (StreamCursors(CURSOR_SECRET, "words:elsewhere").at(1), "FOREIGN"),
        (CURSORS.at(3), "AHEAD"),
    ],
)
async def test_a_cursor_that_does_not_fit_asks_for_a_resync_and_starts_afresh(
    talk: Talk, cursor: str, reason: str
) -> None:
    talk.say("one", "two")
    assert await heard(talk, cursor, 2) == [(-1, reason), (2, "so far")]


async def test_an_ended_stream_completes_after_its_last_item(talk: Talk) -> None:
    talk.say("hello", "goodbye", "a tip afterwards")
    assert await heard(talk, CURSORS.at(0), 99) == [(1, "hello"), (2, "goodbye")]
    assert await heard(talk, CURSORS.at(2), 99) == []


async def test_news_between_the_opening_and_the_first_wait_is_told(talk: Talk) -> None:
    async with aclosing(follow(listener(talk), words_of(talk, "talk"), None, 60)) as stream:
        await anext(stream)
        talk.say("one")
        assert getattr(await anext(stream), "text", "") == "one"


async def test_a_lost_wake_up_costs_one_poll(talk: Talk) -> None:
    talk.deaf = True
    async with aclosing(follow(listener(talk), words_of(talk, "talk"), None, POLL_S)) as stream:
        await anext(stream)
        waiting = asyncio.ensure_future(anext(stream))
        await asyncio.wait({waiting}, timeout=0.01)
        talk.say("one")
        assert getattr(await waiting, "text", "") == "one"


async def test_whoever_may_not_watch_is_told_that_there_is_nothing(talk: Talk) -> None:
    talk.secret = True
    with pytest.raises(NoSuchStream):
        await heard(talk, None, 1)
    assert talk.watchers == []


async def test_whoever_loses_the_right_is_told_so(talk: Talk) -> None:
    async with aclosing(follow(listener(talk), words_of(talk, "talk"), None, POLL_S)) as stream:
        await anext(stream)
        talk.secret = True
        talk.say("none of your business")
        with pytest.raises(Forbidden):
            await anext(stream)
    assert talk.watchers == []


async def test_a_stream_ends_with_its_token_even_when_it_is_quiet(talk: Talk) -> None:
    ends = iter([60.0, 0.01, -1.0])
    context = replace(listener(talk), remaining_s=ends.__next__)
    async with aclosing(follow(context, words_of(talk, "talk"), None, 60)) as stream:
        await anext(stream)
        with pytest.raises(TokenExpired):
            await anext(stream)
    assert talk.watchers == []


async def test_a_slow_reader_gets_nothing_after_its_token(talk: Talk) -> None:
    talk.say("one", "two")
    ends = iter([60.0, -1.0])
    context = replace(listener(talk), remaining_s=ends.__next__)
    async with aclosing(follow(context, words_of(talk, "talk"), CURSORS.at(0), 60)) as stream:
        await anext(stream)
        with pytest.raises(TokenExpired):
            await anext(stream)


async def test_three_hundred_reconnects_lose_and_repeat_nothing(talk: Talk) -> None:
    """While the talk goes on, some wake-ups are lost and each watcher comes and goes at random."""
    chance = random.Random(7)

    async def speaker() -> None:
        for number in range(1, 400):
            talk.deaf = chance.random() < 0.2
            talk.say(str(number))
            await asyncio.sleep(0)
        talk.deaf = False
        talk.say("goodbye")

    async def watcher() -> list[int]:
        seen: list[int] = []
        cursor = CURSORS.at(0)
        for _ in range(10):
            for sequence, _ in await heard(talk, cursor, chance.randint(1, 30)):
                seen.append(sequence)
                cursor = CURSORS.at(sequence)
        return [*seen, *(sequence for sequence, _ in await heard(talk, cursor, 1_000))]

    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(speaker())
        watchers = [tasks.create_task(watcher()) for _ in range(30)]
    assert all(watched.result() == [*range(1, 401)] for watched in watchers)
    assert talk.watchers == []


def count_of(talk: Talk) -> Latest[int, str]:
    async def permitted() -> bool:
        return not talk.secret

    async def read() -> int:
        return len(talk.said)

    def items(known: int | None, now: int) -> Sequence[str]:
        return [f"{now} words"] if now != known else []

    return Latest(keys=("words:talk",), permitted=permitted, read=read, items=items, ended=lambda now: now >= 10)


async def test_of_something_without_a_sequence_only_the_latest_matters(talk: Talk) -> None:
    async with aclosing(follow_latest(listener(talk), count_of(talk), poll_s=POLL_S)) as stream:
        assert await anext(stream) == "0 words"
        talk.say("one")
        talk.say("two")
        assert await anext(stream) == "2 words"
        await talk.publish(())
        talk.say(*"12345678")
        assert [item async for item in stream] == ["10 words"]


async def test_the_latest_is_not_told_to_whoever_lost_the_right(talk: Talk) -> None:
    async with aclosing(follow_latest(listener(talk), count_of(talk), poll_s=POLL_S)) as stream:
        await anext(stream)
        talk.secret = True
        with pytest.raises(Forbidden):
            await anext(stream)
    with pytest.raises(NoSuchStream):
        await anext(follow_latest(listener(talk), count_of(talk)))


def test_cursors_belong_to_their_stream_and_their_secret() -> None:
    assert CURSORS.read(CURSORS.at(41)) == 41
    assert StreamCursors(b"x", "words:talk").read(CURSORS.at(41)) is ResyncReason.UNKNOWN
    assert StreamCursors(CURSOR_SECRET, "words").read(CURSORS.at(41)) is ResyncReason.FOREIGN
