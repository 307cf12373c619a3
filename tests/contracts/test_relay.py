"""The relay: every record at least once, in order, whatever is killed, stopped or doubled."""

import asyncio
import logging
import os
import random
import signal
import subprocess
from collections.abc import AsyncGenerator, AsyncIterator, Generator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from itertools import count
from pathlib import Path

import pytest

from kernel.log import START
from runtime.adapters.background import background
from runtime.adapters.kafka.publishing import open_publisher
from runtime.adapters.kafka.relay import CONSUMER, Overtaken, Progress, Relay
from runtime.adapters.kafka.topics import GREATEST_RECORD_BYTES, apply_topics, topic
from runtime.engines.kafka import KafkaBroker
from runtime.engines.running import running
from tests.conftest import runtime_url
from tests.contracts.conftest import Stores
from tests.contracts.relaying import (
    PARTS,
    TOPICS,
    all_is_relayed,
    first_ones,
    journaled,
    open_relay,
    published,
    relaying,
)
from tests.contracts.shop import sale
from tests.engines import kafka_broker_in, skip_without
from tests.patience import eventually

pytestmark = [pytest.mark.anyio, pytest.mark.timeout(300)]
DEATHS = 10
_versions = count(1)


@pytest.fixture
async def topics(kafka: str) -> str:
    """Servers of a Kafka with the shop's topics."""
    await apply_topics(kafka, [topic(name, 1) for name in TOPICS])
    return kafka


@pytest.fixture
async def relay(topics: str, stores: Stores, valkey_url: str) -> AsyncIterator[Relay]:
    async with open_relay(topics, runtime_url(stores.url), valkey_url) as made:
        yield made


async def sell(stores: Stores, streams: int, events: int = 2) -> None:
    """So many commits, each of a stream of its own."""
    for _ in range(streams):
        await stores.shop.journal.commit(sale(f"order_{next(_versions)}", *["tea"] * events))
    await stores.signals.publish(["log:shop"])


async def sell_on(stores: Stores) -> None:
    """Streams that grow, until cancelled."""
    versions = dict.fromkeys([f"growing_{next(_versions)}" for _ in range(40)], 0)
    chance = random.Random(7)
    while True:
        stream = chance.choice(list(versions))
        await stores.shop.journal.commit(sale(stream, "tea", "cake", expected=versions[stream]))
        versions[stream] += 2
        await stores.signals.publish(["log:shop"])


@asynccontextmanager
async def selling(stores: Stores, workers: int = 3) -> AsyncGenerator[None]:
    async with AsyncExitStack() as stack:
        for number in range(workers):
            await stack.enter_async_context(background(sell_on(stores), f"seller {number}"))
        yield


async def check(stores: Stores, servers: str) -> int:
    """Every record is there, and those seen first are in order, each equal to the journal's; how many are doubled."""
    await eventually(lambda: all_is_relayed(stores))
    wanted, found = await journaled(stores), await published(servers)
    for part in PARTS:
        assert first_ones(found[part]) == wanted[part]
    return sum(len(found[part]) - len(wanted[part]) for part in PARTS)


async def test_what_is_committed_arrives_once_and_soon(relay: Relay, stores: Stores, topics: str) -> None:
    await sell(stores, 20)
    async with background(relay.run(), "relay"):
        await eventually(lambda: all_is_relayed(stores))
        await sell(stores, 20)
        assert await check(stores, topics) == 0
        assert relay.leading
        assert relay.published == 40 * 3


async def test_killed_at_any_moment_it_leaves_nothing_out_and_swaps_nothing(
    stores: Stores, topics: str, valkey_url: str
) -> None:
    chance = random.Random(11)
    async with selling(stores):
        for _ in range(DEATHS):
            before = await reached(stores)
            with relaying(topics, runtime_url(stores.url), valkey_url):
                await eventually(lambda before=before: has_moved(stores, before))
                await asyncio.sleep(chance.uniform(0, 0.4))
    async with open_relay(topics, runtime_url(stores.url), valkey_url) as last, background(last.run(), "last"):
        doubled = await check(stores, topics)
    print(f"{doubled} records were doubled by {DEATHS} deaths")


async def reached(stores: Stores) -> object:
    return [await stores.shop.checkpoints.load(CONSUMER, *part) for part in PARTS]


async def has_moved(stores: Stores, before: object) -> bool:
    return await reached(stores) != before


async def test_of_two_one_leads_and_the_other_takes_over(
    relay: Relay, stores: Stores, topics: str, valkey_url: str
) -> None:
    async with open_relay(topics, runtime_url(stores.url), valkey_url) as other:
        async with background(other.run(), "other"):
            await eventually(lambda: leads(other))
            async with background(relay.run(), "relay"):
                await sell(stores, 50)
                assert await check(stores, topics) == 0
                assert (relay.leading, relay.published) == (False, 0)
        async with background(relay.run(), "relay"):
            await sell(stores, 50)
            assert await check(stores, topics) == 0
            assert relay.published == 50 * 3


async def leads(relay: Relay, wanted: bool = True) -> bool:
    return relay.leading is wanted


async def test_one_that_slept_repeats_what_another_published_and_steps_down(
    relay: Relay, stores: Stores, topics: str, valkey_url: str
) -> None:
    async with selling(stores):
        with relaying(topics, runtime_url(stores.url), valkey_url) as sleeper:
            for _ in range(4):
                before = await reached(stores)
                await eventually(lambda before=before: has_moved(stores, before))
                os.kill(sleeper, signal.SIGSTOP)
                async with background(relay.run(), "relay"):
                    await eventually(lambda: leads(relay))
                    before = await reached(stores)
                    await eventually(lambda before=before: has_moved(stores, before))
                    os.kill(sleeper, signal.SIGCONT)
                    await sell(stores, 20)
    async with background(relay.run(), "relay"):
        print(f"{await check(stores, topics)} records were doubled")


async def test_two_who_both_believe_they_lead_repeat_and_one_is_overtaken(stores: Stores, topics: str) -> None:
    await sell(stores, 30)
    records = await stores.log.read(dict.fromkeys(PARTS, START), 500)
    async with open_publisher(topics) as one, open_publisher(topics) as other:
        mine = Progress(stores.shop.checkpoints, dict.fromkeys(PARTS, START))
        theirs = Progress(stores.shop.checkpoints, dict.fromkeys(PARTS, START))
        theirs.move((await other.publish(records)).reached)
        await theirs.save()
        mine.move((await one.publish(records)).reached)
        with pytest.raises(Overtaken):
            await mine.save()
    assert await check(stores, topics) == len(records)


async def test_a_session_that_ends_costs_a_moment(relay: Relay, stores: Stores, topics: str) -> None:
    owner = await stores.owner()
    async with background(relay.run(), "relay"):
        await sell(stores, 5)
        await eventually(lambda: all_is_relayed(stores))
        ended = await owner.fetch(
            "select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'relay of shop'"
        )
        assert len(ended) == 1
        await eventually(lambda: leads(relay, False))
        await sell(stores, 5)
        assert await check(stores, topics) == 0


@contextmanager
def started(broker: KafkaBroker) -> Generator[None]:
    """Not waiting until it is ready."""
    with subprocess.Popen(broker.command(), stdout=subprocess.DEVNULL, start_new_session=True) as process:
        try:
            yield
        finally:
            process.kill()


@pytest.mark.engines
async def test_kafka_killed_and_back_costs_a_delay(stores: Stores, valkey_url: str, tmp_path: Path) -> None:
    skip_without("kafka")
    broker = kafka_broker_in(tmp_path / "broker")
    with running(broker, within_seconds=90) as process:
        await apply_topics(broker.servers, [topic(name, 1) for name in TOPICS])
        async with (
            open_relay(broker.servers, runtime_url(stores.url), valkey_url) as relay,
            background(relay.run(), "relay"),
            AsyncExitStack() as stack,
        ):
            async with selling(stores):
                before = await reached(stores)
                await eventually(lambda: has_moved(stores, before))
                process.kill()
                await asyncio.to_thread(process.wait, 20)
                await sell(stores, 200)
                assert relay.leading
                stack.enter_context(started(broker))
                await sell(stores, 100)
            doubled = await check(stores, broker.servers)
            print(f"{doubled} records were doubled")


async def test_a_record_too_large_stops_its_own_partition_and_says_so(
    relay: Relay, stores: Stores, topics: str, caplog: pytest.LogCaptureFixture
) -> None:
    await stores.shop.journal.commit(sale("order_large", "x" * GREATEST_RECORD_BYTES))
    stopped = stores.partition("order_large")
    await sell(stores, 40)
    with caplog.at_level(logging.ERROR):
        async with background(relay.run(), "relay"):
            await eventually(lambda: others_are_relayed(stores, stopped))
    assert "stands still: Kafka refuses a record" in caplog.text
    found, wanted = await published(topics), await journaled(stores)
    for part in PARTS:
        assert found[part] == ([] if part[1] == stopped else wanted[part])


async def others_are_relayed(stores: Stores, stopped: int) -> bool:
    return await all_is_relayed(stores, [part for part in PARTS if part[1] != stopped])
