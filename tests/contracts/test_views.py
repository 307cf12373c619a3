"""ViewStore and Views: rows and checkpoint in one transaction, rebuilt equals live, numbers without gaps."""

import asyncio
import random
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest

from kernel.committing import Advance, Committed
from kernel.log import START, ConsistencyToken, Position, Recorded
from kernel.projecting import Projection
from tests.contracts.conftest import Stores, open_stores
from tests.contracts.shop import BY_WHAT, CODEC, COUNTERS, NOON, SALES, TOTALS, CounterView, SaleView, TotalView, sale

pytestmark = pytest.mark.anyio


async def news(stores: Stores, partition: int, after: Position, limit: int = 100) -> list[Recorded]:
    return [CODEC.open(sealed) for sealed in await stores.log.read({("shop.events", partition): after}, limit)]


async def catch_up(stores: Stores, name: str, batch: int = 100, first: int = 0) -> None:
    """One worker: every partition from its checkpoint to the head, as often as others are not first."""
    partitions = stores.log.partitions("shop")
    for partition in ((first + number) % partitions for number in range(partitions)):
        while True:
            at = await stores.shop.checkpoints.load(name, "shop.events", partition) or START
            records = await news(stores, partition, at, batch)
            if not records:
                break
            step = Advance(
                consumer=name, topic="shop.events", partition=partition, before=at, after=records[-1].position
            )
            await take(stores, name, records, step)


async def take(stores: Stores, name: str, records: Sequence[Recorded], step: Advance) -> bool:
    if name == BY_WHAT.name:
        return await stores.shop.view_store.feed(BY_WHAT, records, step)
    projections: dict[str, Projection[Any]] = {SALES.view.name: SALES, TOTALS.view.name: TOTALS}
    return await stores.shop.view_store.apply(projections[name], records, step)


async def sell_much(stores: Stores, orders: int = 30) -> int:
    """Sells different things in many streams; returns how many were sold."""
    chance, sold = random.Random(3), 0
    for number in range(orders):
        whats = [chance.choice(("soup", "tea", "bread")) for _ in range(chance.randint(1, 6))]
        await stores.shop.journal.commit(sale(f"order_{number}", *whats))
        sold += len(whats)
    return sold


async def rows(stores: Stores) -> list[SaleView]:
    return list(await stores.shop.views.fetch(SaleView, "select * from sales order by stream"))


async def totals(stores: Stores) -> dict[str, int]:
    return {row.what: row.sold for row in await stores.shop.views.fetch(TotalView, "select * from totals")}


async def test_a_row_comes_back_as_it_was_folded(stores: Stores) -> None:
    await stores.shop.journal.commit(sale("order_1", "Õlut 🍺", 'a "quoted" tea'))
    await catch_up(stores, "sales")
    assert await rows(stores) == [
        SaleView(stream="order_1", sold=2, last='a "quoted" tea', lines=("Õlut 🍺", 'a "quoted" tea'), at=NOON)
    ]
    found = await stores.shop.views.fetch(
        SaleView, "select * from sales where sold = $1 and at = $2 limit 1", 2, datetime(2026, 6, 1, 12, tzinfo=UTC)
    )
    assert len(found) == 1


async def test_folding_none_removes_the_row(stores: Stores) -> None:
    await stores.shop.journal.commit(sale("order_1", "soup"))
    await catch_up(stores, "sales")
    assert len(await rows(stores)) == 1
    await stores.shop.journal.commit(sale("order_1", "tea", "nothing", expected=1))
    await catch_up(stores, "sales")
    assert await rows(stores) == []


async def test_a_record_that_was_consumed_is_not_applied_twice(stores: Stores) -> None:
    await stores.shop.journal.commit(sale("order_1", "soup"))
    partition = (await stores.shop.journal.read("order_1"))[0].partition
    records = await news(stores, partition, START)
    step = Advance(consumer="sales", topic="shop.events", partition=partition, before=START, after=records[-1].position)
    assert await take(stores, "sales", records, step)
    assert not await take(stores, "sales", records, step)
    assert [row.sold for row in await rows(stores)] == [1]


async def test_nothing_of_a_batch_is_seen_when_its_checkpoint_had_moved(stores: Stores) -> None:
    await stores.shop.journal.commit(sale("order_1", "soup"))
    partition = (await stores.shop.journal.read("order_1"))[0].partition
    records = await news(stores, partition, START)
    wrong = Advance(
        consumer="sales",
        topic="shop.events",
        partition=partition,
        before=Position(txid=1, position=1),
        after=records[-1].position,
    )
    assert not await take(stores, "sales", records, wrong)
    assert not await take(stores, "by_what", records, msgspec.structs.replace(wrong, consumer="by_what"))
    assert await rows(stores) == []
    assert await stores.shop.views.feed_head(BY_WHAT, "soup") == 0


@pytest.mark.parametrize("batch", [1, 7, 1000])
async def test_rebuilt_equals_live_whatever_the_batches(stores: Stores, batch: int) -> None:
    for _ in range(3):
        await sell_more(stores)
        await asyncio.gather(*(catch_up(stores, name) for name in ("sales", "totals")))
    live = (await rows(stores), await totals(stores))
    owner = await stores.owner()
    await owner.execute("delete from shop.checkpoints; truncate shop.sales, shop.totals")
    for name in ("totals", "sales"):
        await catch_up(stores, name, batch)
    assert (await rows(stores), await totals(stores)) == live


@pytest.mark.parametrize("seed", range(4))
async def test_topics_may_interleave_as_they_like(stores: Stores, seed: int) -> None:
    chance, projection = random.Random(seed), COUNTERS
    await shelve(stores)
    for expected in range(5):
        await stores.shop.journal.commit(sale("rest_1", "soup", expected=expected))
    parts = [(topic, n) for topic in projection.topics for n in range(stores.log.partitions("shop"))]
    at = dict.fromkeys(parts, START)
    while parts:
        part = chance.choice(parts)
        sealed = await stores.log.read({part: at[part]}, chance.randint(1, 3))
        if not sealed:
            parts.remove(part)
            continue
        step = Advance(consumer="counters", topic=part[0], partition=part[1], before=at[part], after=sealed[-1].at)
        assert await stores.shop.view_store.apply(projection, [CODEC.open(record) for record in sealed], step)
        at[part] = sealed[-1].at
    rows = await stores.shop.views.fetch(CounterView, "select * from counters")
    assert rows == [CounterView(restaurant_id="rest_1", sold=5, labels={"a": "Vesi 3", "b": "Vesi 2"})]


async def shelve(stores: Stores) -> None:
    owner = await stores.owner()
    for shelf in ("a", "b"):
        await owner.execute(
            "insert into pantry.shelves (id, restaurant_id, label, tags, retired) "
            "values ($1, 'rest_1', 'Õlut', '[]', false)",
            shelf,
        )
    await owner.execute("update pantry.shelves set label = 'Maito' where id = 'a'")
    await owner.execute("update pantry.shelves set label = 'Vesi'")


async def sell_more(stores: Stores) -> None:
    """Another sale in each of some streams."""
    for number in range(8):
        expected = len(await stores.shop.journal.read(f"order_{number}"))
        await stores.shop.journal.commit(sale(f"order_{number}", "soup", f"tea {number % 3}", expected=expected))


async def test_several_workers_lose_and_double_nothing_in_shared_rows(stores: Stores) -> None:
    sold = await sell_much(stores)
    await asyncio.gather(*(catch_up(stores, "totals", batch=3, first=first) for first in range(4)))
    assert sum((await totals(stores)).values()) == sold


async def test_a_feed_under_two_workers_has_no_gap_and_no_double(stores: Stores) -> None:
    sold = await sell_much(stores)
    await asyncio.gather(*(catch_up(stores, "by_what", batch=2, first=first) for first in range(2)))
    owners = ("soup", "tea", "bread")
    items = {owner: await stores.shop.views.feed(BY_WHAT, owner, 0, 1000) for owner in owners}
    assert sum(len(found) for found in items.values()) == sold
    for owner, found in items.items():
        assert [item.sequence for item in found] == list(range(1, len(found) + 1))
        assert await stores.shop.views.feed_head(BY_WHAT, owner) == len(found)
        assert len({(item.stream, item.version) for item in found}) == len(found)
    for stream in {item.stream for found in items.values() for item in found}:
        for owner in owners:
            versions = [item.version for item in items[owner] if item.stream == stream]
            assert versions == sorted(versions)


async def test_a_reader_of_a_feed_never_sees_a_later_number_before_an_earlier(stores: Stores) -> None:
    await sell_much(stores, orders=40)
    async with asyncio.TaskGroup() as group:
        work = [group.create_task(catch_up(stores, "by_what", batch=1, first=n)) for n in range(2)]
        while not all(task.done() for task in work):
            seen = await stores.shop.views.feed(BY_WHAT, "tea", 0, 1000)
            assert [item.sequence for item in seen] == list(range(1, len(seen) + 1))
    page = await stores.shop.views.feed(BY_WHAT, "tea", 2, 3)
    assert [item.sequence for item in page] == [3, 4, 5]


async def test_a_view_has_reached_a_token_when_its_consumer_has(stores: Stores) -> None:
    views, topics = stores.shop.views, ("shop.events",)
    committed = await stores.shop.journal.commit(sale("order_1", "soup"))
    assert isinstance(committed, Committed)
    token = ConsistencyToken.parse(committed.token)
    assert token is not None
    assert not await views.reached("sales", topics, token, wait_s=0.02)
    waiting = asyncio.create_task(views.reached("sales", topics, token, wait_s=5))
    await catch_up(stores, "sales")
    assert await waiting
    assert await views.reached("sales", topics, token, wait_s=0)
    assert not await views.reached("totals", topics, token, wait_s=0)
    later = await stores.shop.journal.commit(sale("order_1", "tea", expected=1))
    assert isinstance(later, Committed)
    newer = ConsistencyToken.parse(later.token)
    assert newer is not None
    assert not await views.reached("sales", topics, newer, wait_s=0)
    assert await views.reached("sales", topics, token, wait_s=0)
    assert await views.reached("totals", ("pantry.changes",), token, wait_s=0)
    nothing = ConsistencyToken(journal="shop", partition=0, txid=0, position=0)
    assert await views.reached("totals", topics, nothing, wait_s=0)


async def test_views_read_nothing_of_other_domains(stores: Stores) -> None:
    with pytest.raises(Exception, match="permission denied"):
        await stores.shop.views.fetch(TotalView, "select id as what, 1 as sold from pantry.shelves")


async def test_a_view_is_as_far_behind_as_its_oldest_unread_record_is_old(stores: Stores) -> None:
    views, topics = stores.shop.views, ("shop.events",)
    assert await views.behind_s("sales", topics) == 0
    committed = await sell_much(stores)
    assert committed
    await age(stores, "order_3", timedelta(hours=2))
    await age(stores, "order_4", timedelta(hours=1))
    assert 7200 <= await views.behind_s("sales", topics) < 7260
    await catch_up(stores, "sales")
    assert await views.behind_s("sales", topics) == 0
    assert await views.behind_s("totals", topics) >= 7200, "each consumer is as far as it is itself"
    await stores.shop.journal.commit(sale("order_late", "tea"))
    assert 0 < await views.behind_s("sales", topics) < 60


async def age(stores: Stores, stream: str, by: timedelta) -> None:
    """Has the stream's records have been recorded so much earlier."""
    owner = await stores.owner()
    sql = "update shop.journal set recorded_at = recorded_at - $2::interval where stream = $1"
    await owner.execute(sql, stream, by)


async def test_a_view_is_behind_a_record_that_no_consumer_may_see_yet(apart_url: str, valkey_url: str) -> None:
    async with open_stores(apart_url, valkey_url) as stores:
        writer = await stores.owner()
        await writer.execute("begin; select pg_current_xact_id()")
        await stores.shop.journal.commit(sale("order_1", "soup"))
        await catch_up(stores, "sales")
        assert await rows(stores) == []
        assert await stores.shop.views.behind_s("sales", ("shop.events",)) > 0
        await writer.execute("commit")


async def test_a_view_does_not_know_how_far_other_journals_are(stores: Stores) -> None:
    with pytest.raises(ValueError, match=r"shop may not read pantry\.changes"):
        await stores.shop.views.behind_s("counters", COUNTERS.topics)
