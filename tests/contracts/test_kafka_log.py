"""KafkaEventLog: whatever is doubled, deleted, made anew or away, each place of a journal is read on from in order."""

import random
from collections.abc import AsyncIterator
from pathlib import Path
from signal import SIGCONT, SIGKILL, SIGSTOP

import pytest

from kernel.log import START
from kernel.ports import Outage
from runtime.adapters.kafka.administering import open_administration
from runtime.adapters.kafka.log import open_kafka_log
from runtime.engines.running import running
from tests.contracts.conftest import Stores
from tests.contracts.publishing import TOPICS, make_topics
from tests.contracts.street import Street, a_street, out, published_one_by_one, reads
from tests.engines import kafka_broker_in, skip_without
from tests.patience import AT_MOST_S, eventually

pytestmark = pytest.mark.anyio


@pytest.fixture
async def street(stores: Stores, kafka: str) -> AsyncIterator[Street]:
    async with a_street(stores, kafka) as opened:
        yield opened


@pytest.fixture
def searches(monkeypatch: pytest.MonkeyPatch) -> None:
    """A search goes on to the very record."""
    monkeypatch.setattr("runtime.adapters.kafka.seeking.NEAR", 1)


@pytest.mark.usefixtures("searches")
@pytest.mark.parametrize("seed", range(4))
async def test_what_a_relay_doubles_is_read_once_from_every_place(street: Street, seed: int) -> None:
    chance = random.Random(seed)
    await street.sell(24)
    truth = await street.truth()
    at = 0
    while at < len(truth):
        end = min(len(truth), at + chance.randrange(1, 9))
        await published_one_by_one(street, truth[at:end])
        at = end if end == len(truth) or chance.random() < 0.4 else chance.randrange(0, end)
    await street.reads_everything_from_everywhere()


async def test_who_asks_for_all_partitions_at_once_hears_of_all(street: Street) -> None:
    await street.sell(3)
    await published_one_by_one(street, await street.truth())
    every = {(topic, number): START for topic in TOPICS for number in range(street.log.partitions("shop"))}
    for _ in range(20):
        async with open_kafka_log(street.servers, street.stores.log) as newcomer:
            told = [record.topic for record in await newcomer.read(every, 10)]
            assert sorted(told) == ["shop.commands"] * 3 + ["shop.events"] * 3  # the commands from the archive


@pytest.mark.usefixtures("searches")
@pytest.mark.parametrize("seed", range(4))
async def test_what_two_relays_publish_at_once_is_read_in_order_from_every_place(street: Street, seed: int) -> None:
    """One of them was asleep while the other went on, wakes and believes that it leads: both are behind somewhere."""
    chance = random.Random(seed)
    await street.sell(24)
    truth = await street.truth()
    at = [0, 0]
    while min(at) < len(truth):
        one = chance.choice([relay for relay in (0, 1) if at[relay] < len(truth)])
        if at[one] == max(at) and chance.random() < 0.3:
            at[1 - one] = chance.randrange(0, at[one] + 1)  # The other one begins again where a checkpoint was.
        end = min(len(truth), at[one] + chance.randrange(1, 7))
        await published_one_by_one(street, truth[at[one] : end])
        at[one] = end
    await street.reads_everything_from_everywhere()


@pytest.mark.usefixtures("searches")
async def test_a_search_that_ends_between_two_relays_skips_nothing(street: Street) -> None:
    """The third record's double lies where a search looks, and behind it the seventh: four to six came before it."""
    await street.sell(10)
    truth = await street.truth()
    await published_one_by_one(street, [*truth[:6], truth[2], truth[6], *truth[3:]])
    await street.reads_everything_from_everywhere()


@pytest.mark.usefixtures("searches")
async def test_what_is_missing_in_a_topic_is_read_from_the_archive(street: Street) -> None:
    await street.sell(20)
    truth = await street.truth()
    await street.rest(START)  # followed from an empty topic on
    await published_one_by_one(street, [*truth[:4], *truth[7:11], truth[14], truth[19]])
    await street.reads_everything_from_everywhere()
    await street.sell(4)
    await published_one_by_one(street, (await street.truth())[21:])
    await eventually(lambda: reads(street, truth[-1].at))
    await street.reads_everything_from_everywhere()


@pytest.mark.usefixtures("searches")
async def test_a_journal_published_anew_from_its_beginning_is_read_once(street: Street) -> None:
    await street.sell(20)
    for _ in range(3):
        await street.publisher.publish()
        street.publisher.fall_back()
    await street.reads_everything_from_everywhere()
    await street.sell(2)
    await street.publisher.publish()
    await street.reads_everything_from_everywhere()


@pytest.mark.usefixtures("searches")
async def test_what_somebody_else_wrote_is_passed_over(street: Street) -> None:
    await street.sell(6)
    for record in await street.truth():
        await street.publisher.send_rubbish(street.part)
        await published_one_by_one(street, [record])
    await street.publisher.send_rubbish(street.part)
    await street.reads_everything_from_everywhere()
    assert await street.log.head(*street.part) == (await street.truth())[-1].at


async def test_a_topic_nobody_has_published_to_is_read_from_the_archive_and_then_followed(street: Street) -> None:
    await street.sell(7)
    assert await street.rest(START, limit=3) == await street.truth()
    head = await street.log.head(*street.part)
    assert head == (await street.truth())[-1].at
    await street.sell(2)
    async with street.log.watch([street.part[0]]) as wakeup:
        await street.publisher.publish()
        assert await wakeup.wait(AT_MOST_S)
    assert await street.rest(head) == await street.truth(head)
    await street.reads_everything_from_everywhere()


@pytest.mark.parametrize("left", [5, 1, 0])
@pytest.mark.usefixtures("searches")
async def test_what_has_expired_is_read_from_the_archive(street: Street, left: int) -> None:
    await street.sell(12)
    await published_one_by_one(street, await street.truth())
    await street.reads_everything_from_everywhere()
    _, end = await street.bounds()
    await street.delete_before(end - left)
    await street.reads_everything_from_everywhere()
    street.publisher.fall_back({street.part: (await street.truth())[-1].at})
    await street.sell(3)
    await street.publisher.publish()
    await street.reads_everything_from_everywhere()


@pytest.mark.usefixtures("searches")
async def test_what_has_expired_but_for_its_doubles_is_read_once(street: Street) -> None:
    await street.sell(9)
    truth = await street.truth()
    await published_one_by_one(street, [*truth[:6], *truth[2:6], *truth[1:]])
    for offset in range(1, 18):
        await street.delete_before(offset)
        await street.reads_everything_from_everywhere()


async def test_records_that_expire_before_they_were_followed_are_not_skipped(street: Street) -> None:
    await street.sell(3)
    await street.publisher.publish()
    last = (await street.rest(START))[-1].at
    await street.log.read({street.part: last}, 10)  # followed from here
    await street.sell(4)
    await street.publisher.publish()
    _, end = await street.bounds()
    await street.delete_before(end)
    await street.sell(1)
    await street.publisher.publish()
    assert await street.rest(last) == await street.truth(last)


async def test_a_topic_made_anew_under_its_readers_costs_them_nothing(street: Street) -> None:
    await street.sell(8)
    await street.publisher.publish()
    truth = await street.truth()
    assert await street.rest(START, limit=2) == truth
    async with open_administration(street.servers) as kafka:
        await kafka.delete(await kafka.partitions())
    await make_topics(street.servers)
    await street.sell(8)
    await published_one_by_one(street, (await street.truth())[5:])

    async def right() -> bool:
        try:
            await street.reads_everything_from_everywhere()
        except Outage:
            return False  # who followed the old topic has to hear of the new one first
        return True

    await eventually(right)


async def test_a_topic_that_is_not_there_is_an_outage_until_it_is_made(stores: Stores, kafka: str) -> None:
    async with open_kafka_log(kafka, stores.log) as log:
        with pytest.raises(Outage, match=r"shop\.events"):
            await log.read({("shop.events", 0): START}, 10)
        await make_topics(kafka)
        assert await log.read({("shop.events", 0): START}, 10) == []


async def test_a_reader_far_behind_the_live_end_misses_nothing(street: Street, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("runtime.adapters.kafka.following.KEPT", 3)
    await street.sell(2)
    await street.publisher.publish()
    last = (await street.rest(START))[-1].at
    for _ in range(5):
        await street.sell(8)
        await street.publisher.publish()
        assert await street.rest((await street.truth())[-1].at) == []
    assert await street.rest(last, limit=5) == await street.truth(last)
    await street.reads_everything_from_everywhere()


async def test_what_nobody_reads_is_followed_no_longer(street: Street, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("runtime.adapters.kafka.following.UNREAD_S", 0.5)
    await street.sell(2)
    await street.publisher.publish()
    await street.rest(START)
    assert street.log.followed == {street.part}

    async def none() -> bool:
        return not street.log.followed

    await eventually(none)
    await street.sell(2)
    await street.publisher.publish()
    await street.reads_everything_from_everywhere()


async def test_a_kafka_that_is_killed_is_an_outage_and_comes_back_without_a_loss(
    stores: Stores, tmp_path: Path
) -> None:
    skip_without("kafka")
    broker = kafka_broker_in(tmp_path / "broker")
    with running(broker, within_seconds=90) as process:
        async with a_street(stores, broker.servers) as street:
            await street.sell(5)
            await street.publisher.publish()
            last = (await street.rest(START))[-1].at
            process.send_signal(SIGKILL)
            process.wait()
            with pytest.raises(Outage):
                await out(street, last)
            await street.sell(3)
            with running(broker, within_seconds=90):
                await street.publisher.publish()
                await eventually(lambda: reads(street, last))
                await street.reads_everything_from_everywhere()


async def test_a_kafka_that_hangs_is_an_outage_and_goes_on_without_a_loss(
    stores: Stores, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("runtime.adapters.kafka.fetching.ANSWER_TIMEOUT_S", 1.0)
    skip_without("kafka")
    broker = kafka_broker_in(tmp_path / "broker")
    with running(broker, within_seconds=90) as process:
        async with a_street(stores, broker.servers) as street:
            await street.sell(5)
            await street.publisher.publish()
            last = (await street.rest(START))[-1].at
            process.send_signal(SIGSTOP)
            try:
                with pytest.raises(Outage):
                    await out(street, last)
            finally:
                process.send_signal(SIGCONT)
            await street.sell(3)
            await street.publisher.publish()
            await eventually(lambda: reads(street, last))
            await street.reads_everything_from_everywhere()
