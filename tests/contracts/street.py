"""One partition from the journal to a reader, and everything that may happen to it on the way."""

import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from itertools import pairwise

from aiokafka import TopicPartition as Place
from aiokafka.admin import RecordsToDelete

from kernel.log import START, Position, Sealed, TopicPartition
from kernel.ports import Outage
from runtime.adapters.kafka.connecting import open_admin
from runtime.adapters.kafka.fetching import open_brokers
from runtime.adapters.kafka.log import KafkaEventLog, open_kafka_log
from tests.contracts.conftest import Stores
from tests.contracts.publishing import Publisher, make_topics, open_publisher
from tests.contracts.shop import fresh, sale
from tests.patience import AT_MOST_S


@dataclass(frozen=True)
class Street:
    """One stream's partition, from the journal to a reader."""

    stores: Stores
    servers: str
    publisher: Publisher
    log: KafkaEventLog
    stream: str = "order_1"

    @property
    def part(self) -> TopicPartition:
        return "shop.events", self.stores.partition(self.stream)

    async def sell(self, count: int) -> None:
        """Commits so many events of the stream; nothing is published."""
        sold = len(await self.stores.shop.journal.read(self.stream))
        for number in range(count):
            await self.stores.shop.journal.commit(sale(self.stream, fresh("what"), expected=sold + number))

    async def truth(self, after: Position = START) -> Sequence[Sealed]:
        return await self.stores.log.read({self.part: after}, 10_000)

    async def rest(self, after: Position, limit: int = 500, log: KafkaEventLog | None = None) -> list[Sealed]:
        """Page by page to the end."""
        found: list[Sealed] = []
        while page := await (log or self.log).read({self.part: found[-1].at if found else after}, limit):
            assert all(earlier.at < later.at for earlier, later in pairwise(page))
            found += page
        return found

    async def bounds(self) -> tuple[int, int]:
        async with open_brokers(self.servers) as brokers:
            return await brokers.bounds(self.part)

    async def delete_before(self, offset: int) -> None:
        """As retention does when time has come."""
        async with open_admin(self.servers) as admin:
            await admin.delete_records({Place(*self.part): RecordsToDelete(offset)})

    async def reads_everything_from_everywhere(self) -> None:
        """The log in use does, and one that knows nothing yet, for each place another."""
        truth = await self.truth()
        places = [START, *(record.at for record in truth)]
        for number, place in enumerate(places):
            assert await self.rest(place) == truth[number:]
            async with open_kafka_log(self.servers, self.stores.log) as newcomer:
                assert await self.rest(place, limit=7, log=newcomer) == truth[number:]


@asynccontextmanager
async def a_street(stores: Stores, servers: str) -> AsyncGenerator[Street]:
    await make_topics(servers)
    async with open_publisher(servers, stores.log) as publisher, open_kafka_log(servers, stores.log) as log:
        yield Street(stores, servers, publisher, log)


async def published_one_by_one(street: Street, records: Sequence[Sealed]) -> None:
    """Each in a batch of its own, so that a probe sees no more than it asked for."""
    places = [START, *(record.at for record in await street.truth())]
    for record in records:
        street.publisher.fall_back({street.part: places[places.index(record.at) - 1]})
        await street.publisher.send([record])


async def out(street: Street, after: Position) -> None:
    """Reads on until that is an outage, as it must be before long."""
    async with asyncio.timeout(AT_MOST_S):
        while True:
            assert await street.log.read({street.part: after}, 10) == []
            await asyncio.sleep(0.05)


async def reads(street: Street, after: Position) -> bool:
    """Whether the log in use reads on as if nothing had been."""
    try:
        found = await street.rest(after)
    except Outage:
        return False
    truth = await street.truth(after)
    assert found == truth[: len(found)]
    return found == truth
