"""Commits made together: all of them with their step or none, each stream in its order, nobody waiting in a circle."""

import asyncio
from collections import defaultdict
from datetime import timedelta
from random import Random

import asyncpg
import pytest

from kernel.committing import Advance, CheckpointMoved, Commit, NewTimer, VersionMoved
from kernel.log import START, Position
from tests.contracts.conftest import Stores, open_stores
from tests.contracts.shop import CODEC, NOON, Sell, sale, whats, with_parts
from tests.patience import eventually

pytestmark = pytest.mark.anyio

STEP = Advance(consumer="sales", topic="shop.events", partition=0, before=START, after=Position(txid=3, position=1))


async def checkpoint(stores: Stores) -> Position | None:
    return await stores.shop.checkpoints.load("sales", "shop.events", 0)


async def is_empty(stores: Stores, *streams: str) -> bool:
    """And nobody has gone on."""
    read = [await stores.shop.journal.read(stream) for stream in streams]
    return not any(read) and await checkpoint(stores) is None


def timer(number: int) -> NewTimer:
    return NewTimer(id=f"timer_{number}", at=NOON, type="Sell", data=CODEC.seal(Sell(what="tea")))


async def test_all_of_them_are_committed_with_the_step(stores: Stores) -> None:
    journal = stores.shop.journal
    await journal.commit(sale("order_1", "soup"))
    commits = [
        with_parts(sale("order_2", "bread", "butter", command_id="cmd_2"), timers=(timer(2),)),
        with_parts(sale("order_1", "tea", expected=1, command_id="cmd_1"), timers=(timer(1),)),
    ]
    assert await journal.commit_all(commits, STEP) is None
    assert whats(await journal.read("order_1")) == ["soup", "tea"]
    assert whats(await journal.read("order_2")) == ["bread", "butter"]
    assert [record.version for record in await journal.read("order_2")] == [1, 2]
    assert [due.id for due in await stores.shop.timers.due(NOON + timedelta(days=1), 9)] == ["timer_1", "timer_2"]
    assert await checkpoint(stores) == STEP.after
    known = await journal.known("cmd_2")
    assert known is not None
    assert known.version == 2
    commands = await stores.log.read({("shop.commands", stores.partition("order_2")): START}, 10)
    assert [(record.id, record.version) for record in commands if record.stream == "order_2"] == [("cmd_2", None)]


async def test_of_those_that_decided_nothing_only_the_step_is_left(stores: Stores) -> None:
    assert await stores.shop.journal.commit_all([sale("order_1"), sale("order_2")], STEP) is None
    assert await stores.shop.journal.read("order_1") == []
    assert await checkpoint(stores) == STEP.after


async def test_nothing_is_written_when_one_stream_has_moved(stores: Stores) -> None:
    await stores.shop.journal.commit(sale("order_2", "soup"))
    commits = [sale("order_1", "tea"), sale("order_2", "tea"), sale("order_3", "tea")]
    assert await stores.shop.journal.commit_all(commits, STEP) == VersionMoved()
    assert await is_empty(stores, "order_1", "order_3")


async def test_nothing_is_written_when_one_stream_is_not_as_far_as_was_thought(stores: Stores) -> None:
    commits = [sale("order_1", "tea"), sale("order_2", "tea", expected=5)]
    assert await stores.shop.journal.commit_all(commits, STEP) == VersionMoved()
    assert await is_empty(stores, "order_1", "order_2")


async def test_nothing_is_written_when_one_command_is_known(stores: Stores) -> None:
    await stores.shop.journal.commit(sale("order_2", "soup", command_id="cmd_known"))
    commits = [sale("order_1", "tea"), sale("order_2", "tea", expected=1, command_id="cmd_known")]
    assert await stores.shop.journal.commit_all(commits, STEP) == VersionMoved()
    assert await is_empty(stores, "order_1")


async def test_nothing_is_written_when_another_worker_was_first(stores: Stores) -> None:
    assert await stores.shop.checkpoints.advance(STEP)
    commits = [sale("order_1", "tea"), sale("order_2", "tea")]
    assert await stores.shop.journal.commit_all(commits, STEP) == CheckpointMoved()
    assert await stores.shop.journal.read("order_1") == await stores.shop.journal.read("order_2") == []


async def test_streams_are_waited_for_in_their_order_and_not_in_that_of_the_commits(
    apart_url: str, valkey_url: str
) -> None:
    async with open_stores(apart_url, valkey_url) as stores:
        elsewhere = await stores.owner()
        async with asyncio.TaskGroup() as group, elsewhere.transaction():
            await elsewhere.execute(BY_HAND, "order_1")
            together = group.create_task(
                stores.shop.journal.commit_all([sale("order_2", "tea"), sale("order_1", "tea")], STEP)
            )
            await eventually(lambda: somebody_waits(stores))
            impatient = await stores.owner()
            await impatient.execute("set lock_timeout = '1s'")
            await impatient.execute(BY_HAND, "order_2")
        assert together.result() == VersionMoved()
        assert [record.id for record in await stores.shop.journal.read("order_2")] == ["order_2 by hand"]


async def test_who_waits_in_a_circle_writes_nothing_and_is_told_to_decide_again(
    apart_url: str, valkey_url: str
) -> None:
    async with open_stores(apart_url, valkey_url) as stores:
        elsewhere = await stores.owner()
        await elsewhere.execute("set deadlock_timeout = '1min'")  # It is not this one that gives up.
        async with asyncio.TaskGroup() as group, elsewhere.transaction():
            await elsewhere.execute(BY_HAND, "order_2")
            together = group.create_task(
                stores.shop.journal.commit_all([sale("order_1", "tea"), sale("order_2", "tea")], STEP)
            )
            await eventually(lambda: somebody_waits(stores))
            await elsewhere.execute(BY_HAND, "order_1")
        assert together.result() == VersionMoved()
        assert await checkpoint(stores) is None
        assert [record.id for record in await stores.shop.journal.read("order_1")] == ["order_1 by hand"]


BY_HAND = """
insert into shop.journal (partition, topic, stream, version, id, type, data, meta)
values (platform.partition_of($1), 'shop.events', $1, 1, $1 || ' by hand', 'Sold', '{}',
        '{"actor": "aino", "correlation": "r"}')
"""


async def somebody_waits(stores: Stores) -> bool:
    watching = await asyncpg.connect(stores.url)
    try:
        return await watching.fetchval("select exists (select from pg_locks where not granted)")
    finally:
        await watching.close()


async def test_each_stream_is_read_in_its_order_whoever_writes_it(stores: Stores) -> None:
    streams = [f"order_{number}" for number in range(6)]
    journal = stores.shop.journal

    async def appended(stream: str) -> Commit:
        past = await journal.read(stream)
        return sale(stream, "tea", expected=len(past))

    async def together(seed: int) -> None:
        chance, at = Random(seed), START
        for number in range(1, 16):
            step = Advance(
                consumer=f"sales_{seed}",
                topic="shop.events",
                partition=0,
                before=at,
                after=Position(txid=number, position=number),
            )
            commits = [await appended(stream) for stream in chance.sample(streams, 3)]
            at = step.after if await journal.commit_all(commits, step) is None else at

    async def alone(seed: int) -> None:
        chance = Random(seed)
        for _ in range(30):
            await journal.commit(await appended(chance.choice(streams)))

    await asyncio.gather(*(work(seed) for seed in range(3) for work in (together, alone)))
    versions: dict[str, list[int | None]] = defaultdict(list)
    for partition in range(stores.log.partitions("shop")):
        for record in await stores.log.read({("shop.events", partition): START}, 1000):
            versions[record.stream].append(record.version)
    assert {*versions} == {*streams}
    assert all(seen == list(range(1, len(seen) + 1)) for seen in versions.values())
