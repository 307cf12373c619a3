"""What topics there are in a Kafka, and how each one is kept."""

from collections.abc import AsyncGenerator, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any

from aiokafka.admin import NewTopic
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from aiokafka.errors import for_code

from kernel.messages import Value
from runtime.adapters.kafka.connecting import open_admin

_CHANGED_ON_THE_TOPIC = 1
"""Where a setting comes from, in Kafka's numbers: this one was given to the topic itself."""


class Topic(Value):
    """A topic as it is to be."""

    name: str
    partitions: int
    replication: int = 1
    settings: Mapping[str, str] = {}
    """What differs from the broker's own, in Kafka's words."""


class Administration:
    """Makes, changes and deletes topics. Every call raises Outage when Kafka does not answer or refuses."""

    def __init__(self, client: Any) -> None:
        self._client = client

    async def partitions(self) -> Mapping[str, int]:
        """Every topic but Kafka's own, and how many partitions it has."""
        found = await self._client.describe_topics()
        return {each["topic"]: len(each["partitions"]) for each in found if not each["is_internal"]}

    async def create(self, topics: Sequence[Topic]) -> None:
        """Makes topics that are not there."""
        made = await self._client.create_topics(
            [
                NewTopic(topic.name, topic.partitions, topic.replication, topic_configs=dict(topic.settings))
                for topic in topics
            ]
        )
        complain(made.topic_errors)

    async def delete(self, names: Iterable[str]) -> None:
        """Takes topics away, and all that is in them."""
        if wanted := list(names):
            complain((await self._client.delete_topics(wanted)).topic_error_codes)

    async def settings(self, names: Sequence[str]) -> Mapping[str, Mapping[str, str]]:
        """What each topic was given; what it takes from the broker is not among them."""
        asked = [ConfigResource(ConfigResourceType.TOPIC, name) for name in names]
        answers = await self._client.describe_configs(asked)
        resources = [resource for answer in answers for resource in answer.resources]
        complain((name, code, text) for code, text, _, name, _ in resources)
        return {
            name: {setting: value for setting, value, _, source, *_ in entries if source == _CHANGED_ON_THE_TOPIC}
            for _, _, _, name, entries in resources
        }

    async def change(self, topics: Sequence[Topic]) -> None:
        """Gives each topic these settings and no others."""
        wanted = [ConfigResource(ConfigResourceType.TOPIC, each.name, dict(each.settings)) for each in topics]
        answers = await self._client.alter_configs(wanted)
        complain((name, code, text) for answer in answers for code, text, _, name in answer.resources)


def complain(results: Iterable[Any]) -> None:
    """Raises the first error among (name, code, perhaps a text)."""
    for name, code, *text in results:
        if code:
            raise for_code(code)(f"{name}: {text[0] if text and text[0] else 'no reason given'}")


@asynccontextmanager
async def open_administration(servers: str) -> AsyncGenerator[Administration]:
    """Connected to whoever of `servers` answers. Raises Outage."""
    async with open_admin(servers) as client:
        yield Administration(client)
