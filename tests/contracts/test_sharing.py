"""Workers that come, go, are killed or fall asleep while they consume: nothing is lost, nothing is taken in twice."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from signal import SIGCONT, SIGKILL, SIGSTOP

import pytest

from kernel.log import TopicPartition
from kernel.sharing import Share
from runtime.adapters.background import background
from runtime.adapters.kafka.log import open_kafka_log
from runtime.adapters.postgres.flow import PostgresFlow
from runtime.adapters.postgres.pool import open_database
from tests.conftest import runtime_url
from tests.contracts.conftest import Stores
from tests.contracts.consuming import Group, Worker, a_worker, another_process
from tests.contracts.publishing import make_topics, open_publisher
from tests.contracts.shop import BY_WHAT, TotalView, sale
from tests.patience import AT_MOST_S, eventually

pytestmark = pytest.mark.anyio

EVERYTHING: frozenset[TopicPartition] = frozenset(("shop.events", partition) for partition in range(4))
SESSION_S = 2.0


@pytest.fixture(autouse=True)
def missed_soon(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever died in this process' groups is missed after two seconds; other processes keep to six."""
    monkeypatch.setattr("runtime.adapters.kafka.belonging.SESSION_S", SESSION_S)
    monkeypatch.setattr("runtime.adapters.kafka.belonging.HEARTBEAT_S", SESSION_S / 4)


@dataclass
class Shop:
    """Sells all the time, and knows what was sold."""

    stores: Stores
    kafka: str | None
    sold: dict[str, int] = field(default_factory=dict[str, int])
    orders: int = 0

    async def sell(self, orders: int) -> None:
        for _ in range(orders):
            self.orders += 1
            number = self.orders
            whats = (f"w{number % 5}", f"w{number % 3}")
            await self.stores.shop.journal.commit(sale(f"order_{number}", *whats))
            for what in whats:
                self.sold[what] = self.sold.get(what, 0) + 1
        await self.stores.signals.publish(["log:shop"])

    async def all_is_consumed(self) -> None:
        """By the view, which adds, and by the feed, which numbers: each once."""

        async def shown() -> bool:
            rows = await self.stores.shop.views.fetch(TotalView, "select * from totals")
            heads = [await self.stores.shop.views.feed_head(BY_WHAT, what) for what in sorted(self.sold)]
            return {row.what: row.sold for row in rows} == self.sold and heads == [
                self.sold[what] for what in sorted(self.sold)
            ]

        await eventually(shown)


@asynccontextmanager
async def selling(shop: Shop) -> AsyncGenerator[None]:
    """Stopped between two orders, so that what was sold is known."""
    closed = asyncio.Event()

    async def sell() -> None:
        while not closed.is_set():
            await shop.sell(3)
            await asyncio.sleep(0.02)

    async with asyncio.TaskGroup() as group:
        group.create_task(sell())
        yield
        closed.set()


@pytest.fixture
async def shop(stores: Stores, kafka_or_not: str | None) -> AsyncGenerator[Shop]:
    """Over each log, published to all the time where that is Kafka."""
    if kafka_or_not is None:
        yield Shop(stores, None)
        return
    await make_topics(kafka_or_not)
    async with open_publisher(kafka_or_not, stores.log) as publisher, background(publisher.run(), "publisher"):
        yield Shop(stores, kafka_or_not)


async def shared(kafka: str | None, *workers: Worker) -> None:
    """Where workers share at all, each partition has come to one of them."""

    async def settled() -> bool:
        held = [part for worker in workers for part in worker.tail.held]
        return sorted(held) == sorted(EVERYTHING) and all(worker.tail.held for worker in workers)

    if kafka is not None:
        await eventually(settled)


async def test_workers_come_and_go_while_they_consume(shop: Shop) -> None:
    async with AsyncExitStack() as first:
        one = await first.enter_async_context(a_worker(shop.stores, shop.kafka))
        await shared(shop.kafka, one)
        async with a_worker(shop.stores, shop.kafka) as two:
            async with selling(shop):
                await shared(shop.kafka, one, two)
                async with a_worker(shop.stores, shop.kafka) as three:
                    await shared(shop.kafka, one, two, three)
                    await shop.sell(20)
                await first.aclose()
                await shared(shop.kafka, two)
                await shop.sell(20)
            await shop.all_is_consumed()


async def test_a_worker_that_is_killed_is_replaced(shop: Shop, valkey_url: str) -> None:
    async with a_worker(shop.stores, shop.kafka) as survivor:
        with another_process(shop.stores.url, valkey_url, shop.kafka) as other:
            if shop.kafka is not None:
                await eventually(lambda: holds(survivor, 2))
            async with selling(shop):
                await shop.sell(30)
                other.send_signal(SIGKILL)
                other.wait()
                await shop.sell(30)
            await shop.all_is_consumed()
            await eventually(lambda: holds(survivor, 4))


async def test_a_worker_that_is_killed_and_started_again_does_not_wait_to_be_missed(
    shop: Shop, valkey_url: str
) -> None:
    group = Group("work.forgetful", missed_after_s=10 * AT_MOST_S)
    with another_process(shop.stores.url, valkey_url, shop.kafka, group) as other:
        await shop.sell(5)
        other.send_signal(SIGKILL)
        other.wait()
    await shop.sell(5)
    async with a_worker(shop.stores, shop.kafka, group.name):
        await shop.all_is_consumed()


async def test_a_worker_that_sleeps_and_wakes_takes_nothing_twice(shop: Shop, valkey_url: str) -> None:
    async with a_worker(shop.stores, shop.kafka) as awake:
        with another_process(shop.stores.url, valkey_url, shop.kafka) as sleeper:
            async with selling(shop):
                sleeper.send_signal(SIGSTOP)
                try:
                    await eventually(lambda: holds(awake, 4))  # it is missed
                    await shop.sell(20)
                finally:
                    sleeper.send_signal(SIGCONT)
                await shop.sell(20)
            await shop.all_is_consumed()


async def test_how_far_everybody_is_behind_is_counted_alike_whatever_is_published(shop: Shop) -> None:
    async with open_database(runtime_url(shop.stores.url), "") as readers:

        async def behind() -> int:
            backlogs = await PostgresFlow(readers).backlogs(
                "shop", {"totals": ("shop.events",), "by_what": ("shop.events",)}
            )
            assert all((backlog.events > 0) == (backlog.oldest_at is not None) for backlog in backlogs.values())
            return sum(backlog.events for backlog in backlogs.values())

        async def none() -> bool:
            return await behind() == 0

        await shop.sell(10)
        assert await behind() == 2 * 20
        async with a_worker(shop.stores, shop.kafka):
            await eventually(none)
        await shop.sell(1)
        assert await behind() == 2 * 2


async def holds(worker: Worker, parts: int) -> bool:
    return len(worker.tail.held) == parts


async def test_shares_change_as_members_come_and_go_and_each_change_wakes(stores: Stores, kafka: str) -> None:
    await make_topics(kafka)
    archive = stores.log
    async with open_kafka_log(kafka, archive) as one, open_kafka_log(kafka, archive) as other:
        async with one.share(["shop.events"], "g") as mine, one.watch(["shop.events"]) as wakeup:
            assert mine.parts == EVERYTHING
            async with other.share(["shop.events"], "g") as theirs:
                await eventually(lambda: halved(mine, theirs))
                assert await wakeup.wait(AT_MOST_S)
            await eventually(lambda: whole(mine))
        async with one.share(["shop.events"], "g") as mine, other.share(["shop.events"], "another") as theirs:
            await eventually(lambda: whole(mine))
            await eventually(lambda: whole(theirs))


async def halved(mine: Share, theirs: Share) -> bool:
    return len(mine.parts) == len(theirs.parts) == 2 and mine.parts | theirs.parts == EVERYTHING


async def whole(share: Share) -> bool:
    return share.parts == EVERYTHING


async def test_a_worker_shares_all_its_topics_in_one_group(stores: Stores, kafka: str) -> None:
    await make_topics(kafka)
    archive = stores.log
    async with open_kafka_log(kafka, archive) as one, open_kafka_log(kafka, archive) as other:  # noqa: SIM117
        async with (  # each process has one log
            one.share(["shop.events", "shop.commands"], "g") as mine,
            one.share(["pantry.changes"], "g") as mine_too,
            other.share(["shop.events", "shop.commands"], "g") as theirs,
            other.share(["pantry.changes"], "g") as theirs_too,
        ):

            async def settled() -> bool:
                shares = [mine.parts, mine_too.parts, theirs.parts, theirs_too.parts]
                together = mine.parts | mine_too.parts | theirs.parts | theirs_too.parts
                return [len(parts) for parts in shares] == [4, 2, 4, 2] and len(together) == 12

            await eventually(settled)
