"""Streams: the reads of one moment are one query, and each gets its own answer."""

import asyncio

import pytest

from kernel.codec import Codec, Undecodable
from kernel.ports import Outage
from runtime.adapters.postgres.pool import Database
from runtime.adapters.postgres.streams import PostgresStreams
from tests.contracts.conftest import Stores
from tests.contracts.shop import CODEC, Sell, Sold, sale
from tests.patience import AT_MOST_S

pytestmark = pytest.mark.anyio


class CountedDatabase(Database):
    """The database itself, counting."""

    queries = 0

    async def fetch(self, sql: str, *arguments: object):
        self.queries += 1
        return await super().fetch(sql, *arguments)


async def test_each_reader_gets_its_own_stream_after_its_own_place(stores: Stores) -> None:
    for number in range(20):
        await stores.shop.journal.commit(sale(f"order_{number}", *[f"{number}.{n}" for n in range(number + 1)]))
    database = CountedDatabase(stores.shop.database.pool)
    async with PostgresStreams("shop", database, CODEC).running() as streams:
        found = await asyncio.gather(*(streams.read(f"order_{n}", after=n // 2) for n in range(20)))
        assert database.queries <= 2
    for number, records in enumerate(found):
        assert [record.version for record in records] == list(range(number // 2 + 1, number + 2))
        messages = [record.message for record in records]
        assert all(isinstance(message, Sold) and message.what.startswith(f"{number}.") for message in messages)


async def test_the_same_question_of_many_watchers_is_asked_once(stores: Stores) -> None:
    await stores.shop.journal.commit(sale("order_1", "soup"))
    found = await asyncio.gather(*(stores.shop.streams.read("order_1", after=0) for _ in range(500)))
    assert all(records is found[0] for records in found)


async def test_more_readers_than_fit_into_one_query_are_all_answered(stores: Stores) -> None:
    await stores.shop.journal.commit(sale("order_7", "soup"))
    async with asyncio.timeout(AT_MOST_S):
        found = await asyncio.gather(*(stores.shop.streams.read(f"order_{n}", after=0) for n in range(1200)))
    assert [len(records) for records in found] == [1 if n == 7 else 0 for n in range(1200)]


async def test_a_page_has_its_limit(stores: Stores) -> None:
    await stores.shop.journal.commit(sale("order_1", *"abcdef"))
    wide, narrow = await asyncio.gather(
        stores.shop.streams.read("order_1", after=0), stores.shop.streams.read("order_1", after=0, limit=2)
    )
    assert (len(wide), len(narrow)) == (6, 2)


async def test_one_reader_who_leaves_takes_nothing_from_the_others(stores: Stores) -> None:
    await stores.shop.journal.commit(sale("order_1", "soup"))
    leaving = asyncio.create_task(stores.shop.streams.read("order_1", after=0))
    staying = asyncio.create_task(stores.shop.streams.read("order_1", after=0))
    await asyncio.sleep(0)
    leaving.cancel()
    assert len(await staying) == 1


async def test_a_record_that_cannot_be_decoded_fails_its_own_reader_alone(stores: Stores) -> None:
    await stores.shop.journal.commit(sale("order_1", "soup"))
    await stores.shop.journal.commit(sale("order_2"))
    async with PostgresStreams("shop", stores.shop.database, Codec((Sell,))).running() as streams:
        poisoned, empty = await asyncio.gather(
            streams.read("order_1", after=0), streams.read("order_2", after=0), return_exceptions=True
        )
    assert isinstance(poisoned, Undecodable)
    assert empty == []


async def test_an_outage_is_told_to_all_and_reading_goes_on(stores: Stores) -> None:
    await stores.shop.journal.commit(sale("order_1", "soup"))
    owner = await stores.owner()
    await owner.execute("revoke select on shop.journal from shop")
    answers = await asyncio.gather(
        *(stores.shop.streams.read(f"order_{n}", after=0) for n in range(3)), return_exceptions=True
    )
    assert [type(answer) for answer in answers] == [Outage] * 3
    await owner.execute("grant select on shop.journal to shop")
    assert len(await stores.shop.streams.read("order_1", after=0)) == 1
