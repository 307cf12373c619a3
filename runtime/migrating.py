"""The role `migrate`: brings the database to this version, and Kafka to the topics of this version."""

from collections.abc import Mapping, Sequence

from runtime.adapters.kafka.administering import Topic
from runtime.adapters.kafka.connecting import SCHEME, servers_of
from runtime.adapters.kafka.topics import POSITIONS, apply_topics, topics_of
from runtime.adapters.postgres.migrating import migrate
from runtime.settings import Settings
from runtime.wiring import SCHEMAS, SUBGRAPHS


async def run(settings: Settings) -> None:
    """Quick when nothing differs. Raises CannotStart."""
    await migrate(settings, SCHEMAS)
    for servers, topics in wanted_topics(settings).items():
        await apply_topics(servers, topics)


def wanted_topics(settings: Settings) -> Mapping[str, Sequence[Topic]]:
    """Which topics each Kafka needs; positions may go through another one than the journals, or through none."""
    topics = topics_of(SUBGRAPHS, settings.kafka_replication)
    wanted: dict[str, list[Topic]] = {}
    for topic in topics:
        url = settings.positions_url if topic.name == POSITIONS else settings.event_log_url
        if url.startswith(SCHEME):
            wanted.setdefault(servers_of(url), []).append(topic)
    return wanted
