"""Building the index: a new one beside the one that serves, filled from the rows, swapped in by its alias.

What changes meanwhile is put into both (`indexing.RestaurantIndex`), readers go on with the old one until one request
moves the alias, and whatever an interrupted build left is removed by the next.
"""

import asyncio
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager, suppress
from uuid import uuid4

import msgspec
from msgspec import Struct
from opensearchpy.exceptions import TransportError

from kernel.committing import Advance
from kernel.log import START
from kernel.messages import UNSTAMPED
from kernel.ports import Checkpoints, EventLog, Outage
from runtime.adapters.opensearch.connecting import asked, outages, status_of
from runtime.adapters.opensearch.documents import read_ids, read_states
from runtime.adapters.opensearch.indexing import DOCUMENTS, RestaurantIndex, search_sink
from runtime.adapters.opensearch.search import ANSWER_WITHIN_S, INDEX, OpenSearch
from runtime.adapters.opensearch.template import template
from runtime.adapters.postgres.pool import Database
from runtime.adapters.postgres.pool import outages as lost_sessions
from runtime.logs import logger
from runtime.prerequisites import CannotStart
from subgraphs.catalog.views.search import Near, Sort, Wanted

LOOK_AGAIN_S = 2.0
WARM_QUESTIONS = 3
WITHIN_S = 30.0
_LOCK = "select pg_try_advisory_lock(hashtextextended($1, 0))"
_UNLOCK = "select pg_advisory_unlock(hashtextextended($1, 0))"
_logger = logger("indexing")


class BuildInterrupted(CannotStart):
    """Somebody else has begun to build meanwhile, or the engine has lost what was built."""


class NotThere(Exception):
    """There is no such index, or no such alias."""


class Aliases(Struct):
    """What an index is called beside its name."""

    aliases: dict[str, object]


class IndexBuilder:
    """Builds the restaurants' index, one builder at a time; runs in a worker to build one where there is none."""

    def __init__(self, index: RestaurantIndex, database: Database, log: EventLog, checkpoints: Checkpoints) -> None:
        self._index, self._database = index, database
        self._log, self._checkpoints = log, checkpoints
        self._client, self._name = index.client, index.name
        self.name = INDEX

    async def run(self) -> None:
        """Builds an index whenever there is none, until cancelled; outages are waited out."""
        while True:
            try:
                if not await self._serves():
                    await self._build_alone()
            except (Outage, BuildInterrupted) as trouble:
                _logger.warning("no index could be built", reason=str(trouble))
            await asyncio.sleep(LOOK_AGAIN_S)

    async def rebuild(self) -> None:
        """Builds one anew, and returns when it serves.

        Raises:
            BuildInterrupted: another builder is at it, or came in between.
            Outage: the engine or the database is away.
        """
        async with self._alone() as is_alone:
            if not is_alone:
                raise BuildInterrupted("Another process is building this index.")
            await self._build()

    async def _build_alone(self) -> None:
        async with self._alone() as is_alone:
            if is_alone and not await self._serves():
                await self._build()

    async def _serves(self) -> bool:
        with outages():
            return bool(await asked(self._client, "HEAD", f"/_alias/{self._name}", within_s=WITHIN_S))

    async def _build(self) -> None:
        await self._begin_at_head()
        await self._ask("PUT", f"/_index_template/{self._name}", template(self._name))
        known = msgspec.convert(await self._ask("GET", f"/{self._name}-*/_alias"), dict[str, Aliases])
        serving = [index for index, named in known.items() if self._name in named.aliases]
        for left in known.keys() - serving:
            await self._ask("DELETE", f"/{left}")
        new = f"{self._name}-{uuid4().hex}"
        await self._ask("PUT", f"/{new}", {"aliases": {self._index.next_name: {}}})
        _logger.info("builds an index", index=new)
        documents, refused = await self._fill()
        await self._ask("POST", f"/{new}/_refresh")
        await self._warm(new)
        await self._swap(new)
        _logger.info("built an index", index=new, documents=documents, refused=refused)
        await asyncio.sleep(ANSWER_WITHIN_S)  # whoever still asks the old one gets an answer
        for old in serving:
            await self._ask("DELETE", f"/{old}")

    async def _begin_at_head(self) -> None:
        """A sink never seen begins here, before the rows are read: what comes later is poured, the rest is read."""
        sink = search_sink()
        for topic in sink.topics:
            for partition in range(self._log.partitions(topic.partition(".")[0])):
                if await self._checkpoints.load(sink.name, topic, partition) is None:
                    head = await self._log.head(topic, partition)
                    begin = Advance(consumer=sink.name, topic=topic, partition=partition, before=START, after=head)
                    await self._checkpoints.advance(begin)

    async def _fill(self) -> tuple[int, int]:
        """Puts every restaurant into the next index; how many there are, and how many the engine refused."""
        after, documents, refusals = "", 0, 0
        while ids := await read_ids(self._index.views, after, DOCUMENTS):
            states = await read_states(self._index.views, ids)
            refused = await self._index.write(states, (self._index.next_name,), refresh="false")
            for restaurant_id, reason in refused.items():
                _logger.error("left out of the index", restaurant=restaurant_id, reason=reason)
            after, documents, refusals = ids[-1], documents + len(ids), refusals + len(refused)
        return documents, refusals

    async def _warm(self, new: str) -> None:
        """Asks what takes scripts, so that no client is the first to: an engine that has just started needs seconds."""
        near = Near(latitude=0, longitude=0)
        wanted = Wanted(
            at=UNSTAMPED, near=near, words=("warm",), max_distance_m=1, delivers_here=True, sort=Sort.RELEVANCE
        )
        for _ in range(WARM_QUESTIONS):
            with suppress(Outage):
                await OpenSearch(self._client, new).find(wanted, 1)

    async def _swap(self, new: str) -> None:
        """In one moment, and only if the new index is still the next one."""
        actions: list[Mapping[str, object]] = [
            {"remove": {"index": new, "alias": self._index.next_name, "must_exist": True}},
            {"remove": {"index": f"{self._name}-*", "alias": self._name, "must_exist": False}},
            {"add": {"index": new, "alias": self._name}},
        ]
        try:
            await self._ask("POST", "/_aliases", {"actions": actions})
        except NotThere as error:
            raise BuildInterrupted(f"Another builder took over, or the engine lost the index: {error}.") from error

    async def _ask(self, method: str, path: str, body: object = None) -> Mapping[str, object]:
        with outages():
            try:
                return await asked(self._client, method, path, within_s=WITHIN_S, body=body)
            except TransportError as error:
                if status_of(error) == 404:
                    raise NotThere(f"{error.error}: {path}") from error
                raise

    @asynccontextmanager
    async def _alone(self) -> AsyncGenerator[bool]:
        """Whether nobody else builds; the lock ends with our session, however we end."""
        key = f"building {self._name}"
        with lost_sessions():
            async with self._database.pool.acquire(timeout=WITHIN_S) as session:
                is_ours = bool(await session.fetchval(_LOCK, key))
                try:
                    yield is_ours
                finally:
                    if is_ours and not session.is_closed():
                        await session.execute(_UNLOCK, key)
