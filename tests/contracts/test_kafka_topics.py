"""The topics: declared in one file, made and mended by migrating, and never divided anew."""

from collections.abc import Sequence

import pytest
from msgspec.structs import replace

from runtime.adapters.kafka.administering import Administration, Topic, open_administration
from runtime.adapters.kafka.topics import POSITIONS, TopicsRefused, apply_topics, topics_of
from runtime.adapters.postgres.log import PARTITIONS
from runtime.migrating import run, wanted_topics
from runtime.prerequisites import CannotStart
from runtime.wiring import SUBGRAPHS
from tests.conftest import free_port, runtime_url, test_settings

pytestmark = pytest.mark.anyio
TOPICS = topics_of(SUBGRAPHS)


async def found(kafka: Administration, topics: Sequence[Topic]) -> dict[str, tuple[int, object]]:
    partitions, settings = await kafka.partitions(), await kafka.settings([topic.name for topic in topics])
    return {name: (partitions[name], settings[name]) for name in partitions}


def declared(topics: Sequence[Topic]) -> dict[str, tuple[int, object]]:
    return {topic.name: (topic.partitions, topic.settings) for topic in topics}


def test_every_journal_and_the_positions_have_their_topics() -> None:
    names = {topic.name for topic in TOPICS}
    assert names >= {
        "orders.commands",
        "orders.events",
        "payments.events",
        "dispatch.events",
        "tracking.events",
        "catalog.commands",
        "catalog.changes",
        "reviews.changes",
        "tracking.positions",
    }
    assert not names & {"catalog.events", "orders.changes"}
    assert {topic.partitions for topic in TOPICS} == {PARTITIONS}
    assert not [topic.name for topic in TOPICS if "compact" in topic.settings["cleanup.policy"]]


def test_replicas_are_asked_for_and_all_but_one_must_have_a_record() -> None:
    assert {topic.settings["min.insync.replicas"] for topic in topics_of(SUBGRAPHS, 3)} == {"2"}
    assert {topic.replication for topic in topics_of(SUBGRAPHS, 3)} == {3}
    assert {topic.settings["min.insync.replicas"] for topic in TOPICS} == {"1"}


async def test_what_is_declared_is_made_and_made_once(kafka: str) -> None:
    for _ in range(2):
        await apply_topics(kafka, TOPICS)
        async with open_administration(kafka) as there:
            assert await found(there, TOPICS) == declared(TOPICS)


async def test_a_setting_that_was_changed_is_mended_and_a_stranger_is_left_alone(kafka: str) -> None:
    stranger = Topic(name="somebody.elses", partitions=1, settings={"retention.ms": "5"})
    async with open_administration(kafka) as there:
        await apply_topics(kafka, TOPICS)
        await there.create([stranger])
        await there.change([replace(TOPICS[0], settings={"retention.ms": "1000", "segment.bytes": "1048576"})])
        await apply_topics(kafka, TOPICS)
        assert await found(there, [*TOPICS, stranger]) == declared([*TOPICS, stranger])


async def test_another_number_of_partitions_is_refused_before_anything_is_made(kafka: str) -> None:
    async with open_administration(kafka) as there:
        await there.create([Topic(name=TOPICS[-2].name, partitions=8)])
        with pytest.raises(TopicsRefused, match=f"{TOPICS[-2].name} has 8 partitions in Kafka and 4 in the journal"):
            await apply_topics(kafka, TOPICS)
        assert await there.partitions() == {TOPICS[-2].name: 8}


async def test_migrating_makes_the_topics_of_those_streams_that_go_through_kafka(kafka: str, migrated_url: str) -> None:
    urls = {"OWNER_DATABASE_URL": migrated_url, "DATABASE_URL": runtime_url(migrated_url)}
    await run(test_settings(**urls))
    async with open_administration(kafka) as there:
        assert await there.partitions() == {}
        await run(test_settings(**urls, POSITIONS_URL=f"kafka://{kafka}"))
        assert await there.partitions() == {POSITIONS: PARTITIONS}
        await run(test_settings(**urls, EVENT_LOG_URL=f"kafka://{kafka}"))
        assert await found(there, TOPICS) == declared(TOPICS)


def test_positions_may_go_through_another_kafka() -> None:
    settings = test_settings(EVENT_LOG_URL="kafka://one:9092,two:9092", POSITIONS_URL="kafka://three:9092")
    wanted = wanted_topics(settings)
    assert [topic.name for topic in wanted["three:9092"]] == [POSITIONS]
    assert len(wanted["one:9092,two:9092"]) == len(TOPICS) - 1


async def test_kafka_away_is_one_sentence() -> None:
    with pytest.raises(CannotStart, match=r"The topics at 127\.0\.0\.1:\d+ cannot be made or mended: Kafka: "):
        await apply_topics(f"127.0.0.1:{free_port()}", TOPICS)
