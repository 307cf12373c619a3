"""The catalog over a real database and Valkey: its commands, its graph and its search."""

import asyncio
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import asyncpg
from strawberry.types import ExecutionResult

from kernel.codec import Codec
from kernel.consuming import Consumer
from kernel.digesting import Projecting
from kernel.equipment import Equipment
from kernel.graph.context import GraphContext
from kernel.handling import Handler
from kernel.messages import Viewer
from kernel.ports import Signals
from kernel.tailing import Tail
from runtime.adapters.ids import RandomIds
from runtime.adapters.postgres.domain import open_domain
from runtime.adapters.postgres.log import PostgresEventLog
from runtime.adapters.postgres.migrating import migrate
from runtime.adapters.postgres.pool import open_database
from runtime.adapters.postgres.schemas import domain_schemas
from runtime.adapters.postgres.search import PostgresSearch
from runtime.adapters.valkey.signals import open_signals
from subgraphs.catalog.subgraph import SUBGRAPH
from subgraphs.catalog.views.documents import SEARCH_PROJECTION
from subgraphs.catalog.views.search import Search
from tests.catalog.premises import OWNER
from tests.clocks import SettableClock
from tests.conftest import runtime_url, test_settings

SECRET = b"cursor-secret-of-tests"


@dataclass
class Bench:
    """The catalog, ready to be asked."""

    url: str
    equipment: Equipment
    handler: Handler
    log: PostgresEventLog
    search: Search
    clock: SettableClock
    requests: int = field(default=0)

    def context(self, viewer: Viewer = OWNER, token: str | None = None) -> GraphContext:
        """A request's context."""
        self.requests += 1
        return GraphContext(
            viewer=viewer,
            request_id=f"request_{self.requests}",
            traceparent=None,
            consistency_token=token,
            clock=self.clock,
            ids=self.equipment.ids,
            handler=self.handler,
            views=self.equipment.views,
            streams=self.equipment.streams,
            signals=self.signals,
            cursor_secret=SECRET,
            code_secret=SECRET,
            ports={Search: self.search},
        )

    @property
    def signals(self) -> Signals:
        return self.equipment.signals

    async def execute(
        self,
        document: str,
        variables: Mapping[str, Any] | None = None,
        viewer: Viewer = OWNER,
        token: str | None = None,
    ) -> ExecutionResult:
        """The answer, errors included."""
        return await SUBGRAPH.schema.execute(document, dict(variables or {}), context_value=self.context(viewer, token))

    async def ask(
        self,
        document: str,
        variables: Mapping[str, Any] | None = None,
        viewer: Viewer = OWNER,
        token: str | None = None,
    ) -> Any:
        """The data of an answer without errors."""
        answer = await self.execute(document, variables, viewer, token)
        assert answer.errors is None, answer.errors
        return answer.data

    async def do(self, mutation: str, given: Mapping[str, Any], viewer: Viewer = OWNER, fields: str = "") -> Any:
        """The result of one mutation: its type's name, the asked-for `fields` and those of refusals."""
        kind = mutation[0].upper() + mutation[1:]
        document = f"""mutation($input: {kind}Input!) {{ answer: {mutation}(input: $input) {{
            __typename ... on {kind}Success {{ consistencyToken {fields} }} ... on UserError {{ code message path }}
        }} }}"""
        return (await self.ask(document, {"input": given}, viewer))["answer"]

    @asynccontextmanager
    async def indexing(self) -> AsyncGenerator[Consumer]:
        """The search projection at work, as the worker runs it."""
        tail = Tail(self.log, "catalog", ["catalog.changes"])
        consumer = Consumer(Projecting(SEARCH_PROJECTION, self.equipment.view_store), [tail], self.equipment)
        tasks = [asyncio.create_task(tail.run()), asyncio.create_task(consumer.run())]
        try:
            yield consumer
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def type(self, sql: str, *arguments: object) -> None:
        """Types `sql` into psql, so to speak, as the database's owner."""
        connection = await asyncpg.connect(self.url)
        try:
            await connection.execute(sql, *arguments)
        finally:
            await connection.close()


async def migrate_catalog(url: str) -> None:
    settings = test_settings(OWNER_DATABASE_URL=url, DATABASE_URL=runtime_url(url))
    await migrate(settings, domain_schemas([SUBGRAPH], [SEARCH_PROJECTION]))


@asynccontextmanager
async def open_bench(owner_url: str, valkey_url: str) -> AsyncGenerator[Bench]:
    """The bench over a migrated database."""
    codec = Codec([*SUBGRAPH.commands, *SUBGRAPH.events])
    url, clock = runtime_url(owner_url), SettableClock()
    async with (
        open_signals(valkey_url) as signals,
        open_database(url, "", connections=3) as readers,
        open_domain(url, "catalog", codec) as store,
    ):
        equipment = store.equipment(signals, clock, RandomIds())
        yield Bench(
            url=owner_url,
            equipment=equipment,
            handler=Handler(SUBGRAPH, equipment),
            log=PostgresEventLog(readers, signals),
            search=PostgresSearch(store.views),
            clock=clock,
        )
