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
from kernel.log import START, journal_of
from kernel.ports import Checkpoints, EventLog, Outage
from runtime.adapters.opensearch.connecting import asked, outages, status_of
from runtime.adapters.opensearch.documents import read_ids, read_states
from runtime.adapters.opensearch.indexing import ABSENT, DOCUMENTS, RestaurantIndex, search_sink
from runtime.adapters.opensearch.search import ANSWER_WITHIN_S, INDEX, OpenSearch
from runtime.adapters.opensearch.template import template
from runtime.adapters.postgres.pool import Database
from runtime.adapters.postgres.pool import outages as lost_sessions
from runtime.logs import logger
from runtime.prerequisites import CannotStart

LOOK_AGAIN_S = 2.0
WITHIN_S = 30.0
_LOCK = "select pg_try_advisory_lock(hashtextextended($1, 0))"
_UNLOCK = "select pg_advisory_unlock(hashtextextended($1, 0))"
_logger = logger("indexing")


class BuildInterrupted(CannotStart):
    """Somebody else has begun to build meanwhile, or the engine has lost what was built."""


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
        await self._make_quick(new)
        await self._swap(new)
        _logger.info("built an index", index=new, documents=documents, refused=refused)
        await asyncio.sleep(ANSWER_WITHIN_S)  # whoever still asks the old one gets an answer
        for old in serving:
            await self._ask("DELETE", f"/{old}")

    async def _begin_at_head(self) -> None:
        """A sink never seen begins here, before the rows are read: what comes later is poured, the rest is read."""
        sink = search_sink()
        for topic in sink.topics:
            for partition in range(self._log.partitions(journal_of(topic))):
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

    async def _make_quick(self, new: str) -> None:
        """In one piece, since every piece is searched by itself, and warm. None of it is worth another build."""
        with suppress(Outage):
            await self._ask("POST", f"/{new}/_forcemerge", max_num_segments="1")
        await self._ask("POST", f"/{new}/_refresh")
        with suppress(Outage):
            await OpenSearch(self._client, new).warm()

    async def _swap(self, new: str) -> None:
        """In one moment, and only if the new index is still the next one."""
        actions: list[Mapping[str, object]] = [
            {"remove": {"index": new, "alias": self._index.next_name, "must_exist": True}},
            {"remove": {"index": f"{self._name}-*", "alias": self._name, "must_exist": False}},
            {"add": {"index": new, "alias": self._name}},
        ]
        await self._ask("POST", "/_aliases", {"actions": actions})

    async def _ask(self, method: str, path: str, body: object = None, **params: str) -> Mapping[str, object]:
        with outages():
            try:
                return await asked(self._client, method, path, within_s=WITHIN_S, body=body, **params)
            except TransportError as error:
                if status_of(error) != ABSENT:
                    raise
                took = f"Another builder took over, or the engine lost the index: {error.error}, {path}."
                raise BuildInterrupted(took) from error

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
