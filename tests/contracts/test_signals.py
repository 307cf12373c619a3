"""Signals: wake-ups come to whoever watches, may be merged, survive a lost server, and never block or raise."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from runtime.adapters.valkey.signals import ValkeySignals, open_signals
from runtime.engines.running import running
from runtime.engines.valkey import ValkeyServer
from tests.conftest import free_port
from tests.patience import AT_MOST_S

pytestmark = pytest.mark.anyio


@pytest.fixture
async def here(valkey_url: str) -> AsyncIterator[ValkeySignals]:
    async with open_signals(valkey_url) as signals:
        yield signals


@pytest.fixture
async def elsewhere(valkey_url: str) -> AsyncIterator[ValkeySignals]:
    async with open_signals(valkey_url) as signals:
        yield signals


async def connected(signals: ValkeySignals) -> None:
    """Returns when the server has confirmed a subscription and what that marked is read: from then on it is quiet."""
    async with signals.watch(["settled"]) as wakeup:
        while await wakeup.wait(0.05):
            pass


async def test_a_wake_up_comes_from_another_process(here: ValkeySignals, elsewhere: ValkeySignals) -> None:
    await connected(here)
    async with here.watch(["order_1"]) as wakeup:
        await elsewhere.publish(["order_1"])
        assert await wakeup.wait(AT_MOST_S)
        assert not await wakeup.wait(0.02)


async def test_news_before_the_wait_is_not_lost_and_many_are_one(here: ValkeySignals, elsewhere: ValkeySignals) -> None:
    await connected(here)
    async with here.watch(["order_1", "order_2"]) as wakeup, here.watch(["last"]) as last:
        for _ in range(50):
            await elsewhere.publish(["order_1", "order_2"])
        await elsewhere.publish(["last"])
        assert await last.wait(AT_MOST_S)  # whatever was published before has arrived, too
        assert await wakeup.wait(0)
        assert not await wakeup.wait(0.02)


async def test_only_watched_keys_wake(here: ValkeySignals, elsewhere: ValkeySignals) -> None:
    await connected(here)
    async with here.watch(["order_1"]) as one, here.watch(["order_2"]) as two:
        await elsewhere.publish(["order_1", "order_3"])
        assert await one.wait(AT_MOST_S)
        assert not await two.wait(0.02)


async def test_of_two_watchers_of_one_key_the_other_stays_when_one_leaves(
    here: ValkeySignals, elsewhere: ValkeySignals
) -> None:
    await connected(here)
    async with here.watch(["order_1"]) as staying:
        async with here.watch(["order_1"]) as leaving:
            await elsewhere.publish(["order_1"])
            assert await leaving.wait(AT_MOST_S)
        assert await staying.wait(AT_MOST_S)
        await elsewhere.publish(["order_1"])
        assert await staying.wait(AT_MOST_S)


async def test_a_key_can_be_watched_again(here: ValkeySignals, elsewhere: ValkeySignals) -> None:
    await connected(here)
    for _ in range(20):
        async with here.watch(["order_1"]) as wakeup:
            await elsewhere.publish(["order_1"])
            assert await wakeup.wait(AT_MOST_S)


async def test_own_watchers_are_woken_without_a_server() -> None:
    async with open_signals(f"redis://127.0.0.1:{free_port()}/0") as signals, signals.watch(["order_1"]) as wakeup:
        await signals.publish(["order_1"])
        assert await wakeup.wait(0)


async def test_publishing_without_a_server_neither_raises_nor_waits() -> None:
    async with open_signals(f"redis://127.0.0.1:{free_port()}/0") as signals:
        async with asyncio.timeout(AT_MOST_S):
            for number in range(1000):
                await signals.publish([f"order_{number}"])


async def test_a_lost_server_marks_every_watcher_and_is_found_again(tmp_path: Path) -> None:
    server = ValkeyServer(folder=tmp_path / "valkey", port=free_port(), durable=False)
    async with open_signals(server.url()) as here, open_signals(server.url()) as elsewhere:
        with running(server):
            await connected(here)
            async with here.watch(["order_1"]) as wakeup:
                await elsewhere.publish(["order_1"])
                assert await wakeup.wait(AT_MOST_S)
        async with here.watch(["order_2"]) as during:  # entered while there is no server
            while await during.wait(0):
                pass
            with running(server):
                assert await during.wait(AT_MOST_S)  # whatever was published meanwhile may be lost: look again
                await connected(here)
                await elsewhere.publish(["order_2"])
                assert await during.wait(AT_MOST_S)


async def test_leaving_leaves_nothing_behind(here: ValkeySignals) -> None:
    before = len(asyncio.all_tasks())
    for _ in range(20):
        async with here.watch(["order_1", "order_2"]):
            pass
    assert len(asyncio.all_tasks()) == before
    assert here.watched() == frozenset()
