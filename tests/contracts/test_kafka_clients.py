"""Kafka's clients: cut off at whatever moment, none leaves a socket or any work behind, and all end before long."""

import asyncio
import gc
import warnings
from collections.abc import Callable, Generator
from contextlib import contextmanager, suppress
from itertools import count
from pathlib import Path
from signal import SIGCONT, SIGKILL, SIGSTOP
from subprocess import Popen
from typing import Any

import pytest
from aiokafka.errors import KafkaError

from runtime.adapters.kafka.administering import Topic, open_administration
from runtime.adapters.kafka.clients import Client, Consumer, Producer
from runtime.engines.running import running
from tests.engines import kafka_broker_in, skip_without
from tests.patience import AT_MOST_S, eventually

pytestmark = [pytest.mark.anyio, pytest.mark.timeout(300)]
TOPIC = "somebody.writes"
MOMENT_S = 0.001


class Plain(Client):
    """A client by itself, with a consumer's verbs."""

    async def start(self) -> None:
        await self.bootstrap()

    async def stop(self) -> None:
        await self.close()


MAKERS: dict[str, Callable[[str], Any]] = {
    "client": lambda servers: Plain(bootstrap_servers=servers),
    "producer": lambda servers: Producer(
        bootstrap_servers=servers, enable_idempotence=True, max_request_size=2**20, max_batch_size=2**20
    ),
    "consumer": lambda servers: Consumer(TOPIC, bootstrap_servers=servers, group_id="readers"),
}
kinds = pytest.mark.parametrize("make", MAKERS.values(), ids=MAKERS)


def sockets() -> set[str]:
    """All that this process holds, as the system calls them."""
    found: set[str] = set()
    for descriptor in Path("/proc/self/fd").iterdir():
        with suppress(FileNotFoundError):
            found.add(str(descriptor.readlink()))
    return {each for each in found if each.startswith("socket:")}


@contextmanager
def nothing_is_lost() -> Generator[None]:
    """What is dropped within is closed already: the garbage collector would warn."""
    gc.collect()
    with warnings.catch_warnings(record=True) as seen:
        warnings.simplefilter("always")
        yield
        gc.collect()
    assert [str(each.message) for each in seen] == []


async def all_has_ended(sockets_before: set[str], tasks_before: set[asyncio.Task[Any]]) -> None:
    async def ended() -> bool:
        return sockets() <= sockets_before and asyncio.all_tasks() <= tasks_before

    await eventually(ended)


async def make_topic(servers: str) -> None:
    async with open_administration(servers) as there:
        await there.create([Topic(name=TOPIC, partitions=2)])


@kinds
async def test_a_start_that_is_cancelled_at_any_moment_leaves_nothing_behind(
    kafka: str, make: Callable[[str], Any]
) -> None:
    await make_topic(kafka)
    before = sockets(), asyncio.all_tasks()
    with nothing_is_lost():
        for moments in count():
            client = make(kafka)
            starting = asyncio.create_task(client.start())
            await asyncio.wait([starting], timeout=moments * MOMENT_S)
            has_started = not starting.cancel()
            await asyncio.wait([starting])
            await client.stop()
            await all_has_ended(*before)
            if has_started:
                starting.result()
                break


@pytest.mark.parametrize("blow", [SIGKILL, SIGSTOP])
@pytest.mark.engines
async def test_in_the_middle_of_an_outage_each_ends_and_leaves_nothing_behind(tmp_path: Path, blow: int) -> None:
    skip_without("kafka")
    broker = kafka_broker_in(tmp_path / "broker")
    with running(broker, within_seconds=90) as process:
        await make_topic(broker.servers)
        before = sockets(), asyncio.all_tasks()
        with nothing_is_lost():
            await struck_while_they_work([make(broker.servers) for make in MAKERS.values()], process, blow)
            await all_has_ended(*before)
        process.send_signal(SIGCONT)


async def struck_while_they_work(clients: list[Any], process: "Popen[bytes]", blow: int) -> None:
    """Each ends before long, and fails whoever waits for it."""
    for client in clients:
        await client.start()
    process.send_signal(blow)
    working = [asyncio.create_task(work) for client in clients for work in work_of(client)]
    await asyncio.wait(working, timeout=0.2)  # What can be written is.
    async with asyncio.timeout(AT_MOST_S):
        for client in clients:
            await client.stop()
    for each in working:
        each.cancel()
    await asyncio.wait(working)
    for each in working:
        assert each.cancelled() or isinstance(each.exception(), KafkaError | None)


def work_of(client: Any) -> list[Any]:
    if hasattr(client, "getmany"):
        return [client.getmany(timeout_ms=60_000)]
    if hasattr(client, "ready"):
        return [client.ready(1), client.ready(1, group=1), client.fetch_all_metadata()]
    return [client.send_and_wait(TOPIC, b"x" * 2**19, partition=number % 2) for number in range(40)]
