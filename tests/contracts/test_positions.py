"""The stream of positions, its index and its table: lossy, latest wins, and back after whatever happened to it."""

import asyncio
import signal
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import pytest

from kernel.places import Position
from kernel.ports import Outage
from runtime.adapters.background import background
from runtime.adapters.kafka.positions import KafkaPositionStream, open_kafka_positions
from runtime.adapters.kafka.topics import POSITIONS, apply_topics, topic
from runtime.adapters.postgres.positions import PostgresCourierPositions
from runtime.adapters.valkey.connecting import connect
from runtime.adapters.valkey.positions import GROUP, SILENCE_S, STREAM, ValkeyPositionStream, open_positions
from runtime.adapters.valkey.signals import open_signals
from runtime.engines.running import running
from runtime.engines.valkey import ValkeyServer
from subgraphs.tracking.positions import Point
from tests.conftest import free_port
from tests.contracts.riders import STATION, north_of, seen
from tests.engines import kafka_broker_in, skip_without
from tests.patience import AT_MOST_S, eventually

pytestmark = pytest.mark.anyio


Positions = ValkeyPositionStream | KafkaPositionStream


@pytest.fixture(params=["valkey", pytest.param("kafka", marks=pytest.mark.engines)])
async def servers(request: pytest.FixtureRequest) -> str | None:
    """None where Valkey carries the stream; else the servers of a Kafka with its topic, empty."""
    if request.param == "valkey":
        return None
    servers: str = request.getfixturevalue("kafka")
    await apply_topics(servers, [topic(POSITIONS, 1)])
    return servers


@asynccontextmanager
async def opened(servers: str | None, valkey_url: str, table: PostgresCourierPositions) -> AsyncGenerator[Positions]:
    async with open_positions(valkey_url, table) as stream:
        if servers is None:
            yield stream
            return
        async with open_kafka_positions(servers, stream) as through_kafka:
            yield through_kafka


@pytest.fixture
async def here(servers: str | None, valkey_url: str, table: PostgresCourierPositions) -> AsyncIterator[Positions]:
    async with opened(servers, valkey_url, table) as stream:
        yield stream


@pytest.fixture
async def elsewhere(servers: str | None, valkey_url: str, table: PostgresCourierPositions) -> AsyncIterator[Positions]:
    async with opened(servers, valkey_url, table) as stream:
        yield stream


@pytest.fixture
async def in_valkey(valkey_url: str, table: PostgresCourierPositions) -> AsyncIterator[ValkeyPositionStream]:
    async with open_positions(valkey_url, table) as stream:
        yield stream


async def taken(stream: Positions, number: int) -> list[Point]:
    """The next points, at least so many."""
    points: list[Point] = []
    async with asyncio.timeout(AT_MOST_S):
        while len(points) < number:
            points += await stream.next()
    return points


async def known(stream: Positions) -> list[str]:
    """Who is in the index."""
    return [point.courier_id for point in await stream.near(STATION, 10_000, seen("any").recorded_at, 100)]


async def test_points_are_taken_whole_and_in_the_order_appended(here: Positions, elsewhere: Positions) -> None:
    first = [seen("otso", second=n, sequence=n, late_s=1.5) for n in range(5)]
    second = [seen("venla", second=n, sequence=n) for n in range(5)]
    for mine, others in zip(first, second, strict=True):
        await here.append("courier_otso", [mine])
        await elsewhere.append("courier_venla", [others])
    await here.append("courier_otso", [seen("otso", second=5), seen("otso", second=6)])
    points = await taken(here, 12)
    assert [point for point in points if point.courier_id == "courier_venla"] == second
    assert [point for point in points if point.courier_id == "courier_otso"][:5] == first
    assert [point.recorded_at.second for point in points if point.courier_id == "courier_otso"][-2:] == [5, 6]


async def test_who_waits_gets_what_comes(here: Positions, elsewhere: Positions) -> None:
    await here.append("courier_otso", [seen("otso")])
    await taken(here, 1)
    waiting = asyncio.create_task(taken(here, 1))
    await elsewhere.append("courier_otso", [seen("otso", second=1)])
    assert await waiting == [seen("otso", second=1)]


async def test_several_workers_share_what_comes(here: Positions, elsewhere: Positions) -> None:
    points: list[Point] = []

    async def collect(stream: Positions) -> None:
        while True:
            points.extend(await stream.next())

    async def has(courier_id: str, number: int) -> bool:
        return len(points) >= number and courier_id in {point.courier_id for point in points}

    couriers = [f"courier_{number}" for number in range(100)]
    async with background(collect(here), "here"), background(collect(elsewhere), "elsewhere"):
        for courier_id in couriers:
            await here.append(courier_id, [seen(courier_id.removeprefix("courier_"))])
        await eventually(lambda: has(couriers[-1], 100))
        await here.append("courier_last", [seen("last")])
        await eventually(lambda: has("courier_last", 101))
    assert sorted(point.courier_id for point in points) == sorted([*couriers, "courier_last"])


async def test_no_points_are_nothing_to_append(here: Positions) -> None:
    await here.append("courier_otso", [])
    assert await here.last("courier_otso") is None


async def test_the_last_point_is_the_latest_recorded(here: Positions) -> None:
    assert await here.last("courier_otso") is None
    await here.append("courier_otso", [seen("otso", second=1), seen("otso", second=2, late_s=0.25)])
    await here.append("courier_venla", [seen("venla", second=9)])
    await here.append("courier_otso", [seen("otso", second=1.5)])
    await here.append("courier_otso", [seen("otso", STATION, second=2, sequence=7)])
    assert await here.last("courier_otso") == seen("otso", second=2, late_s=0.25)


async def test_an_index_that_knows_nothing_lets_the_table_tell(here: Positions) -> None:
    await here.save([seen("otso")], wake=[])
    assert await here.last("courier_otso") == seen("otso")
    await here.append("courier_otso", [seen("otso", second=1)])
    assert await here.last("courier_otso") == seen("otso", second=1)


async def test_who_is_too_slow_misses_the_oldest(valkey_url: str, table: PostgresCourierPositions) -> None:
    async with open_positions(valkey_url, table) as waking:
        await waking.append("courier_early", [seen("early")])
        await taken(waking, 1)
    stream = ValkeyPositionStream(valkey_url, table, kept=100)
    for number in range(0, 1000, 10):
        await stream.append("courier_otso", [seen("otso", second=number + n) for n in range(10)])
    points = await taken(stream, 100)
    assert 100 <= len(points) < 400
    assert points[-1] == seen("otso", second=999)
    await stream.aclose()


async def test_who_is_silent_for_long_is_forgotten(here: Positions) -> None:
    await here.append("courier_silent", [seen("silent")])
    await here.append("courier_steady", [seen("steady", second=1)])
    await here.append("courier_otso", [seen("otso", second=SILENCE_S)])
    assert sorted(await known(here)) == ["courier_otso", "courier_silent", "courier_steady"]
    await here.append("courier_otso", [seen("otso", second=SILENCE_S + 0.5)])
    assert sorted(await known(here)) == ["courier_otso", "courier_steady"]
    assert await here.last("courier_silent") is None
    before_all_that = seen("silent", second=-1, late_s=SILENCE_S + 2)
    await here.append("courier_silent", [before_all_that])
    assert await here.last("courier_silent") == before_all_that
    assert sorted(await known(here)) == ["courier_otso", "courier_silent", "courier_steady"]


@pytest.mark.parametrize("latitude", [90.0, -90.0, 85.06])
async def test_nobody_is_too_far_north_to_be_heard(here: Positions, latitude: float) -> None:
    pole = Position(latitude=latitude, longitude=-180)
    await here.append("courier_otso", [seen("otso", pole)])
    assert await here.last("courier_otso") == seen("otso", pole)


async def test_a_killed_server_is_an_outage_and_whatever_is_lost_comes_back_with_the_next_reports(
    tmp_path: Path, table: PostgresCourierPositions
) -> None:
    server = ValkeyServer(folder=tmp_path / "valkey", port=free_port(), durable=False)
    async with open_positions(server.url(), table) as stream:
        with running(server) as process:
            await stream.append("courier_otso", [seen("otso")])
            assert await taken(stream, 1) == [seen("otso")]
            waiting = asyncio.create_task(stream.next())
            await asyncio.sleep(0)
            process.send_signal(signal.SIGKILL)
            await asyncio.to_thread(process.wait, 20)
            with pytest.raises(Outage):
                await waiting
            await stream.save([seen("otso", second=1)], wake=[])
            for attempt in (stream.append("courier_otso", [seen("otso")]), stream.next(), known(stream)):
                with pytest.raises(Outage):
                    await attempt
            assert await stream.last("courier_otso") == seen("otso", second=1)
        with running(server):
            assert await known(stream) == []
            assert await stream.last("courier_otso") == seen("otso", second=1)
            await stream.append("courier_otso", [seen("otso", second=2)])
            assert await known(stream) == ["courier_otso"]
            assert await stream.last("courier_otso") == seen("otso", second=2)
            assert await taken(stream, 1) == [seen("otso", second=2)]


async def test_a_server_that_was_away_between_two_calls_is_not_missed(
    tmp_path: Path, table: PostgresCourierPositions
) -> None:
    server = ValkeyServer(folder=tmp_path / "valkey", port=free_port(), durable=False)
    async with open_positions(server.url(), table) as stream:
        for second in range(3):
            with running(server) as process:
                await stream.append("courier_otso", [seen("otso", second=second)])
                assert await taken(stream, 1) == [seen("otso", second=second)]
                process.send_signal(signal.SIGKILL)
                await asyncio.to_thread(process.wait, 20)


async def test_a_frozen_server_is_an_outage_in_time(tmp_path: Path, table: PostgresCourierPositions) -> None:
    server = ValkeyServer(folder=tmp_path / "valkey", port=free_port(), durable=False)
    async with open_positions(server.url(), table) as stream:
        with running(server) as process:
            await stream.append("courier_otso", [seen("otso")])
            await stream.save([seen("otso", second=1)], wake=[])
            process.send_signal(signal.SIGSTOP)
            try:
                async with asyncio.timeout(AT_MOST_S):
                    with pytest.raises(Outage):
                        await stream.append("courier_otso", [seen("otso", second=2)])
                async with asyncio.timeout(AT_MOST_S):
                    assert await stream.last("courier_otso") == seen("otso", second=1)
                async with asyncio.timeout(AT_MOST_S):
                    with pytest.raises(Outage):
                        await stream.next()
            finally:
                process.send_signal(signal.SIGCONT)
            await stream.append("courier_otso", [seen("otso", second=3)])
            assert await stream.last("courier_otso") == seen("otso", second=3)


async def test_nothing_that_was_taken_is_kept_for_whoever_took_it(
    in_valkey: ValkeyPositionStream, valkey_url: str
) -> None:
    await in_valkey.append("courier_otso", [seen("otso")])
    await taken(in_valkey, 1)
    client = connect(valkey_url, answer_timeout_s=1)
    assert (await client.xpending(STREAM, GROUP))["pending"] == 0
    await client.aclose()


async def test_a_stream_that_somebody_emptied_is_taken_from_again(
    in_valkey: ValkeyPositionStream, valkey_url: str
) -> None:
    await in_valkey.append("courier_otso", [seen("otso")])
    await taken(in_valkey, 1)
    client = connect(valkey_url, answer_timeout_s=1)
    await client.delete(STREAM)
    await client.aclose()
    await in_valkey.append("courier_otso", [seen("otso", second=1)])
    assert await taken(in_valkey, 1) == [seen("otso", second=1)]


async def test_a_row_is_replaced_by_what_was_recorded_later_only(table: PostgresCourierPositions) -> None:
    await table.save([seen("otso", second=5), seen("venla", second=5)], wake=[])
    moved = north_of(STATION, 100)
    await table.save(
        [seen("otso", moved, second=4), seen("venla", moved, second=6, sequence=3, late_s=0.5), seen("aatu")], wake=[]
    )
    await table.save([seen("otso", moved, second=5)], wake=[])
    assert await table.last("courier_otso") == seen("otso", second=5)
    assert await table.last("courier_venla") == seen("venla", moved, second=6, sequence=3, late_s=0.5)
    assert await table.last("courier_aatu") == seen("aatu")
    assert await table.last("courier_nobody") is None


async def test_watchers_are_woken_once_the_rows_are_there(table: PostgresCourierPositions, valkey_url: str) -> None:
    async with open_signals(valkey_url) as signals, signals.watch(["trip_1"]) as wakeup:
        while await wakeup.wait(0.05):
            pass  # the subscription's own mark
        await table.save([seen("otso")], wake=["trip_1"])
        assert await wakeup.wait(AT_MOST_S)
        assert await table.last("courier_otso") == seen("otso")


async def test_batches_that_share_couriers_do_not_lock_each_other_out(table: PostgresCourierPositions) -> None:
    couriers = [f"{number:03}" for number in range(200)]
    for second in range(20):
        one = [seen(courier, second=second) for courier in couriers]
        await asyncio.gather(table.save(one, wake=[]), table.save(one[::-1], wake=[]), table.save(one, wake=[]))
    assert await table.last("courier_199") == seen("199", second=19)


async def test_a_batch_of_nobody_is_nothing_to_save(table: PostgresCourierPositions) -> None:
    await table.save([], wake=[])


async def test_who_fell_far_behind_in_kafka_goes_on_with_what_is_newer(
    kafka: str, valkey_url: str, table: PostgresCourierPositions
) -> None:
    await apply_topics(kafka, [topic(POSITIONS, 1)])
    async with open_positions(valkey_url, table) as index:
        stream = KafkaPositionStream(kafka, index, kept=100)
        for number in range(0, 2000, 50):
            await stream.append("courier_otso", [seen("otso", second=number + n) for n in range(50)])
        points = await taken(stream, 1)
        while points[-1] != seen("otso", second=1999):
            points += await stream.next()
        assert len(points) < 700
        await stream.aclose()


@pytest.mark.engines
async def test_a_killed_kafka_is_an_outage_and_the_index_goes_on(
    tmp_path: Path, valkey_url: str, table: PostgresCourierPositions
) -> None:
    skip_without("kafka")
    broker = kafka_broker_in(tmp_path / "broker")
    async with (
        AsyncExitStack() as brokers,
        open_positions(valkey_url, table) as index,
        open_kafka_positions(broker.servers, index) as stream,
    ):
        with pytest.raises(Outage):
            await stream.append("courier_otso", [seen("otso")])
        with running(broker, within_seconds=90) as process:
            await apply_topics(broker.servers, [topic(POSITIONS, 1)])
            await eventually(lambda: goes_through(stream, second=1))
            process.kill()
            await asyncio.to_thread(process.wait, 20)
            for attempt in (stream.append("courier_otso", [seen("otso", second=900)]), stream.next()):
                with pytest.raises(Outage):
                    await attempt
            assert await stream.last("courier_otso") == seen("otso", second=900)
        brokers.enter_context(running(broker, within_seconds=90))
        await eventually(lambda: goes_through(stream, second=1000))


async def goes_through(stream: Positions, second: int) -> bool:
    """Whether a point that is appended now is taken."""
    try:
        await stream.append("courier_otso", [seen("otso", second=second)])
        return seen("otso", second=second) in await stream.next()
    except Outage:
        return False
