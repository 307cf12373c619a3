"""EventLog, over the journals and over Kafka: nothing is skipped and streams keep their order, whoever writes when."""

import asyncio
import random
from collections.abc import AsyncIterator
from zlib import crc32

import asyncpg
import pytest

from kernel.committing import Committed, VersionMoved
from kernel.log import START, ConsistencyToken, Position, Sealed
from kernel.ports import EventLog, TopicPartition
from tests.conftest import PostgresForTests
from tests.contracts.conftest import LogUnderTest, Stores, open_log, open_stores
from tests.contracts.shop import CODEC, NOON, changes, fresh, sale, whats
from tests.patience import AT_MOST_S

pytestmark = pytest.mark.anyio

BY_HAND = (
    "select o_txid as txid, o_position as position from shop.append($1, 0, array[$1 || '-c', $1 || '-e'], "
    "array['shop.commands', 'shop.events'], array['Sell', 'Sold'], array['{}', '{}'], "
    """'{"actor": "hand", "correlation": "r"}', null)"""
)


@pytest.fixture
async def alone(apart_url: str, valkey_url: str) -> AsyncIterator[Stores]:
    """Stores on a server where nobody else writes."""
    async with open_stores(apart_url, valkey_url) as stores:
        yield stores


async def read_on(log: EventLog, at: dict[TopicPartition, Position], limit: int = 500) -> list[Sealed]:
    """Everything new in shop's events; `at` moves on."""
    if not at:
        at.update({("shop.events", partition): START for partition in range(log.partitions("shop"))})
    found: list[Sealed] = []
    while records := await log.read(at, limit):
        for record in records:
            assert record.at > at[record.topic, record.partition]
            at[record.topic, record.partition] = record.at
        found += records
    return found


async def test_a_record_is_read_whole_at_the_place_its_token_names(stores: Stores, shown: LogUnderTest) -> None:
    committed = await stores.shop.journal.commit(sale("order_1", "soup", "tea"))
    assert isinstance(committed, Committed)
    token = ConsistencyToken.parse(committed.token)
    assert token is not None
    await shown.show()
    records = await read_on(shown.log, {})
    assert records == await read_on(stores.log, {})
    assert [record.version for record in records] == [1, 2]
    assert whats(records) == ["soup", "tea"]
    assert CODEC.open(records[0]).message.at == NOON
    assert (records[1].journal, records[1].partition, records[1].at) == ("shop", token.partition, token.at)
    assert await shown.log.head("shop.events", token.partition) == token.at
    commands = await shown.log.read({("shop.commands", token.partition): START}, 10)
    assert [(record.type, record.version, record.stream) for record in commands] == [("Sell", None, "order_1")]


async def test_a_page_ends_where_the_limit_says_and_the_next_one_goes_on(stores: Stores, shown: LogUnderTest) -> None:
    await stores.shop.journal.commit(sale("order_1", *"abcdefg"))
    await shown.show()
    at = dict[TopicPartition, Position]()
    records = await read_on(shown.log, at, limit=2)
    assert [record.version for record in records] == [1, 2, 3, 4, 5, 6, 7]
    (part,) = (part for part, position in at.items() if position != START)
    page = await shown.log.read({part: records[1].at}, 3)
    assert [record.version for record in page] == [3, 4, 5]


async def test_several_topics_are_read_at_once_each_from_its_own_place(stores: Stores, shown: LogUnderTest) -> None:
    await stores.shop.journal.commit(sale("order_1", *"abc"))
    await shown.show()
    partition = stores.partition("order_1")
    (second,) = [record for record in await read_on(shown.log, {}) if record.version == 2]
    records = await shown.log.read({("shop.commands", partition): START, ("shop.events", partition): second.at}, 10)
    assert sorted((record.topic, record.version) for record in records) == [("shop.commands", None), ("shop.events", 3)]


async def test_streams_are_spread_over_partitions_by_a_hash_that_others_can_compute(stores: Stores) -> None:
    rows = await stores.shop.database.fetch(
        "select n::text as stream, platform.partition_of(n::text) as partition from generate_series(1, 200) as n"
    )
    count = stores.log.partitions("shop")
    assert {row["stream"]: row["partition"] for row in rows} == {
        str(n): crc32(str(n).encode()) % count for n in range(1, 201)
    }
    assert {row["partition"] for row in rows} == set(range(count))


async def test_the_head_of_an_empty_partition_is_the_start(shown: LogUnderTest) -> None:
    assert await shown.log.head("shop.events", 0) == START
    assert await shown.log.read({("shop.events", 0): START}, 10) == []
    assert await shown.log.head("shop.events", 0) == START


async def test_a_writer_that_began_first_and_commits_last_is_not_skipped(alone: Stores) -> None:
    slow, at = await alone.owner(), dict[TopicPartition, Position]()
    async with slow.transaction():
        written = await slow.fetchrow(BY_HAND, "slow")
        assert isinstance(await alone.shop.journal.commit(sale("fast", "tea")), Committed)
        assert len(await alone.shop.journal.read("fast")) == 1
        assert await read_on(alone.log, at) == []
    seen = await read_on(alone.log, at)
    assert {record.stream for record in seen} == {"slow", "fast"}
    assert written is not None
    txids = {record.stream: record.at.txid for record in seen}
    assert txids["slow"] == written["txid"] < txids["fast"]


async def test_a_writer_with_the_lower_xid_and_the_higher_number_is_not_skipped(alone: Stores) -> None:
    hand = await alone.owner()
    partition = await hand.fetchval("select platform.partition_of('rest_1')")
    async with hand.transaction():
        await hand.execute("select pg_current_xact_id()")  # SQL by hand may own an xid long before it writes a row
        other = await alone.owner()
        await other.execute("insert into pantry.shelves (id, restaurant_id, label, tags, retired) values "
                            "('b', 'rest_1', 'B', '[]', false)")  # fmt: skip
        assert await alone.log.read({("pantry.changes", partition): START}, 10) == []
        await hand.execute("insert into pantry.shelves (id, restaurant_id, label, tags, retired) values "
                           "('a', 'rest_1', 'A', '[]', false)")  # fmt: skip
    records = await alone.log.read({("pantry.changes", partition): START}, 10)
    assert [change.after and change.after.id for change in changes(records)] == ["a", "b"]
    assert records[0].at.position > records[1].at.position
    assert records[0].at.txid < records[1].at.txid


async def test_a_stuck_writer_shows_and_nobody_skips_it(alone: Stores) -> None:
    stuck, at = await alone.owner(), dict[TopicPartition, Position]()
    assert await alone.log.horizon_age_s() < 1
    async with stuck.transaction():
        await stuck.execute(BY_HAND, "stuck")
        await alone.shop.journal.commit(sale("order_1", "tea"))
        await stuck.execute("select pg_sleep(0.3)")
        assert await alone.log.horizon_age_s() >= 0.3
        assert await read_on(alone.log, at) == []
    assert {record.stream for record in await read_on(alone.log, at)} == {"stuck", "order_1"}
    assert await alone.log.horizon_age_s() < 0.3


async def test_a_writer_in_another_database_hides_records_too(alone: Stores, apart: PostgresForTests) -> None:
    elsewhere = await asyncpg.connect(apart.create_database())
    async with elsewhere.transaction():
        await elsewhere.execute("select pg_current_xact_id()")
        await alone.shop.journal.commit(sale("order_1", "tea"))
        assert await read_on(alone.log, {}) == []
        assert await alone.log.horizon_age_s() > 0
    assert len(await read_on(alone.log, {})) == 1
    await elsewhere.close()


async def test_runtime_roles_cannot_hold_the_horizon_for_long(alone: Stores) -> None:
    async with alone.shop.database.pool.acquire() as connection:
        assert await connection.fetchval("show transaction_timeout") == "5s"
        assert await connection.fetchval("show idle_in_transaction_session_timeout") == "5s"


async def sell_once(stores: Stores, stream: str, what: str) -> None:
    """As handling does: load, decide, commit, and again from the beginning when somebody else was first."""
    while True:
        version = len(await stores.shop.journal.read(stream))
        if not isinstance(await stores.shop.journal.commit(sale(stream, what, expected=version)), VersionMoved):
            return


async def hold(stores: Stores, chance: random.Random) -> None:
    """Transactions that stay open for a while after they have written."""
    session = await stores.owner()
    for number in range(25):
        async with session.transaction():
            await session.execute(BY_HAND, f"held-{id(session)}-{number}")
            await session.execute("select pg_sleep($1)", chance.random() / 50)


async def test_a_reader_beside_many_writers_gets_every_event_once_and_streams_in_order(
    alone: Stores, kafka_or_not: str | None
) -> None:
    chance, streams = random.Random(7), [fresh("order") for _ in range(6)]
    at, seen = dict[TopicPartition, Position](), list[Sealed]()
    async with open_log(alone, kafka_or_not) as shown:
        async with asyncio.TaskGroup() as writers:
            work = [writers.create_task(sell_once(alone, chance.choice(streams), str(n))) for n in range(150)]
            work += [writers.create_task(hold(alone, chance)) for _ in range(2)]
            while not all(task.done() for task in work):
                await shown.show()
                seen += await read_on(shown.log, at, limit=7)
        await shown.show()
        everything = await alone.shop.database.fetch("select id from shop.journal where topic = 'shop.events'")
        while len(seen) < len(everything):
            seen += await read_on(shown.log, at)
    assert sorted(record.id for record in seen) == sorted(row["id"] for row in everything)
    for stream in streams:
        versions = [record.version for record in seen if record.stream == stream]
        assert versions == list(range(1, len(versions) + 1))


async def test_watching_topics_wakes_for_news_of_theirs(stores: Stores, shown: LogUnderTest) -> None:
    at = dict[TopicPartition, Position]()
    async with shown.log.watch(["shop.events"]) as wakeup:
        await read_on(shown.log, at)
        assert not await wakeup.wait(0.01) or not await wakeup.wait(0.01)  # at most one for having just connected
        await stores.shop.journal.commit(sale("order_1", "soup"))
        await shown.show()
        assert await wakeup.wait(AT_MOST_S)
        assert whats(await read_on(shown.log, at)) == ["soup"]


async def test_a_worker_that_is_alone_gets_every_partition(shown: LogUnderTest) -> None:
    everything = {("shop.events", partition) for partition in range(shown.log.partitions("shop"))}
    async with shown.log.share(["shop.events"], fresh("group")) as share:
        assert share.parts == everything
