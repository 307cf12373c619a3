"""What topics there are in a Kafka, and how each one is kept."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any

from aiokafka.admin import NewTopic
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from aiokafka.errors import TopicAlreadyExistsError, for_code

from kernel.messages import Value
from runtime.adapters.kafka.connecting import open_admin, outages

SEEN_WITHIN_S = 10.0
LOOK_AGAIN_S = 0.02
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
        """Makes those topics that are not there; returns when they can be seen."""
        if not topics:
            return
        made = await self._client.create_topics(
            [
                NewTopic(topic.name, topic.partitions, topic.replication, topic_configs=dict(topic.settings))
                for topic in topics
            ]
        )
        complain(each for each in made.topic_errors if each[1] != TopicAlreadyExistsError.errno)
        names = {topic.name for topic in topics}

        async def there() -> bool:
            return names <= (await self.partitions()).keys()

        await self._seen(there)

    async def delete(self, names: Iterable[str]) -> None:
        """Takes topics away, and all that is in them; returns when they can be seen no more."""
        if wanted := set(names):
            complain((await self._client.delete_topics(sorted(wanted))).topic_error_codes)

            async def gone() -> bool:
                return wanted.isdisjoint(await self.partitions())

            await self._seen(gone)

    async def settings(self, names: Sequence[str]) -> Mapping[str, Mapping[str, str]]:
        """What each topic was given; what it takes from the broker is not among them."""
        if not names:
            return {}
        asked = [ConfigResource(ConfigResourceType.TOPIC, name) for name in names]
        answers = await self._client.describe_configs(asked)
        resources = [resource for answer in answers for resource in answer.resources]
        complain((name, code, text) for code, text, _, name, _ in resources)
        return {
            name: {setting: value for setting, value, _, source, *_ in entries if source == _CHANGED_ON_THE_TOPIC}
            for _, _, _, name, entries in resources
        }

    async def change(self, topics: Sequence[Topic]) -> None:
        """Gives each topic these settings and no others; returns when they can be seen."""
        if not topics:
            return
        wanted = [ConfigResource(ConfigResourceType.TOPIC, each.name, dict(each.settings)) for each in topics]
        answers = await self._client.alter_configs(wanted)
        complain((name, code, text) for answer in answers for code, text, _, name in answer.resources)
        settings = {topic.name: topic.settings for topic in topics}

        async def changed() -> bool:
            return await self.settings(list(settings)) == settings

        await self._seen(changed)

    async def _seen(self, is_so: Callable[[], Awaitable[bool]]) -> None:
        """A broker learns of what the controller has decided a moment later."""
        with outages():
            async with asyncio.timeout(SEEN_WITHIN_S):
                while not await is_so():  # noqa: ASYNC110  (another process sets no event of ours)
                    await asyncio.sleep(LOOK_AGAIN_S)


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
