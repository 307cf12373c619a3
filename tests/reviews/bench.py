"""Reviews and the catalog over one real database: a graph to ask, rows to type, and ratings that follow."""

import asyncio
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from itertools import count
from typing import Any, cast
from uuid import UUID

import asyncpg
from msgspec.structs import replace

from kernel.calling import Call, Outcome
from kernel.codec import Codec
from kernel.committing import Advance
from kernel.consuming import Consumer
from kernel.digesting import Projecting, Reacting
from kernel.equipment import Equipment
from kernel.graph.context import GraphContext
from kernel.handling import Handler
from kernel.ids import typed_id
from kernel.log import START, Position
from kernel.messages import Command, Event, Viewer
from kernel.ports import Views
from kernel.tailing import Tail
from projections import reviews
from projections.staff import OF_REVIEWS
from runtime.adapters.ids import RandomIds
from runtime.adapters.postgres.domain import open_domain
from runtime.adapters.postgres.log import PostgresEventLog
from runtime.adapters.postgres.migrating import migrate
from runtime.adapters.postgres.pool import open_database
from runtime.adapters.postgres.schemas import domain_schemas
from runtime.adapters.postgres.search import PostgresSearch
from runtime.adapters.valkey.signals import open_signals
from subgraphs.catalog.events import StaffChanged, StaffRow
from subgraphs.catalog.subgraph import SUBGRAPH as CATALOG
from subgraphs.catalog.views.documents import SEARCH_PROJECTION
from subgraphs.catalog.views.ratings import RESTAURANT_RATINGS
from subgraphs.reviews.subgraph import SUBGRAPH
from tests.clocks import SettableClock
from tests.conftest import runtime_url, test_settings
from tests.reviews.reviewing import AINO, COOK, RESTAURANT, order
from tests.spelling import AT, recorded, uuid_of

Json = dict[str, Any]
PROJECTIONS = (*reviews.PROJECTIONS, OF_REVIEWS)
SECRET = b"cursors-of-the-tests"
REVIEW_FIELDS = """id stars text mine hidden reviewedAt restaurant { id } order { id } reply { text repliedAt }
    courier { stars text courier { id } } report { reason reportedAt }"""


class CountingViews:
    """Views that count what is asked of them."""

    def __init__(self, views: Views) -> None:
        self._views = views
        self.asked: list[str] = []

    async def fetch(self, row: type[Any], sql: str, *arguments: object) -> Sequence[Any]:
        self.asked.append(sql)
        return await self._views.fetch(row, sql, *arguments)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._views, name)


@dataclass
class Bench:
    """Reviews over real engines."""

    url: str
    equipment: Equipment
    catalog: Equipment
    handler: Handler
    search: PostgresSearch
    log: PostgresEventLog
    clock: SettableClock
    views: CountingViews
    numbers: "count[int]" = field(default_factory=lambda: count(1))

    def context(self, viewer: Viewer) -> GraphContext:
        return GraphContext(
            viewer=viewer,
            request_id="req_tests",
            traceparent=None,
            consistency_token=None,
            clock=self.clock,
            ids=self.equipment.ids,
            handler=self.handler,
            views=cast("Views", self.views),
            streams=self.equipment.streams,
            signals=self.equipment.signals,
            cursor_secret=SECRET,
            code_secret=SECRET,
        )

    async def try_asking(self, viewer: Viewer, document: str, **variables: object) -> tuple[Json, list[str]]:
        """The answer and the messages of its errors."""
        result = await SUBGRAPH.schema.execute(document, variable_values=variables, context_value=self.context(viewer))
        return result.data or {}, [error.message for error in result.errors or []]

    async def ask(self, viewer: Viewer, document: str, **variables: object) -> Json:
        """The answer; fails on any top-level error."""
        answer, errors = await self.try_asking(viewer, document, **variables)
        assert errors == []
        return answer

    async def entities(self, viewer: Viewer, kind: str, ids: Sequence[str], fields: str) -> list[Json | None]:
        """What the router gets for these references."""
        document = f"query($refs: [_Any!]!) {{ _entities(representations: $refs) {{ ... on {kind} {{ {fields} }} }} }}"
        refs = [{"__typename": kind, "id": each} for each in ids]
        return (await self.ask(viewer, document, refs=refs))["_entities"]

    async def change(
        self, viewer: Viewer, mutation: str, given: Mapping[str, object], fields: str = "", key: UUID | None = None
    ) -> Json:
        """The result of a mutation: its type's name, the review after a success, and what every refusal has."""
        name = mutation[0].upper() + mutation[1:]
        document = (
            f"mutation($input: {name}Input!) {{ {mutation}(input: $input) {{ __typename "
            f"... on {name}Success {{ consistencyToken review {{ {REVIEW_FIELDS} }} }} "
            f"... on UserError {{ code message path }} {fields} }} }}"
        )
        asked = {"idempotencyKey": str(key or uuid_of(next(self.numbers))), **given}
        return (await self.ask(viewer, document, input=asked))[mutation]

    async def do(self, command: Command) -> Outcome:
        """Has the system handle a command, as reactions do."""
        return await self.handler.handle(command, Call(correlation="tests"))

    async def received(self, number: int = 1, **changes: object) -> str:
        """The id of an order that reviews knows as received."""
        order_id = typed_id("order", uuid_of(number))
        row = replace(order, order_id=order_id, **changes)
        names = row.__struct_fields__
        places = ", ".join(f"${n}" for n in range(1, len(names) + 1))
        await self.at_psql(
            f"insert into reviews.reviewable_order ({', '.join(names)}) values ({places})",
            *(getattr(row, name) for name in names),
        )
        return order_id

    async def reviewed(self, number: int = 1, stars: int = 5, viewer: Viewer = AINO, **changes: object) -> str:
        """The id of the review of an order of that number."""
        order_id = await self.received(number, customer_id=viewer.subject, **changes)
        given: Json = {"orderId": order_id, "restaurant": {"stars": stars, "text": f"Number {number}"}}
        if changes.get("courier_id", order.courier_id) is not None:
            given["courier"] = {"stars": 4, "text": "Kind."}
        answer = await self.change(viewer, "reviewOrder", given)
        assert answer["__typename"] == "ReviewOrderSuccess", answer
        return answer["review"]["id"]

    async def tell(self, change: Event, stream: str) -> None:
        """Has the copies hear of something."""
        number = next(self.numbers)
        record = recorded(change, stream, number)
        for projection in PROJECTIONS:
            if projection.domain == "reviews" and projection.keys(record):
                advance = Advance(
                    consumer=f"test_{number}",
                    topic="tests",
                    partition=0,
                    before=START,
                    after=Position(txid=1, position=number),
                )
                assert await self.equipment.view_store.apply(cast("Any", projection), [record], advance)

    async def hire(self, subject: str = COOK.subject, restaurant_id: str = RESTAURANT) -> None:
        """Has the copies hear that somebody works there."""
        row = StaffRow(restaurant_id=restaurant_id, subject=subject, role="staff", revision=1)
        await self.tell(StaffChanged(at=AT, after=row, revision=1), restaurant_id)

    async def at_psql(self, sql: str, *arguments: object) -> None:
        """Types `sql` into psql, so to speak, as the database's owner."""
        connection = await asyncpg.connect(self.url)
        try:
            await connection.execute(sql, *arguments)
        finally:
            await connection.close()

    @asynccontextmanager
    async def following(self, workers: int = 1) -> AsyncGenerator[None]:
        """Ratings follow reviews, and the catalog follows ratings, as workers have it."""
        rated = next(each for each in PROJECTIONS if each.view is RESTAURANT_RATINGS)
        tasks: list[asyncio.Task[None]] = []
        for _ in range(workers):
            tail = Tail(self.log, "reviews", ["reviews.changes"])
            reacting = Reacting(SUBGRAPH.reactions[0], self.handler, self.equipment.checkpoints)
            projecting = Projecting(cast("Any", rated), self.catalog.view_store)
            consumers = (Consumer(reacting, [tail], self.equipment), Consumer(projecting, [tail], self.catalog))
            tasks += [asyncio.create_task(loop.run()) for loop in (tail, *consumers)]
        try:
            yield
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)


async def migrate_reviews(url: str) -> None:
    settings = test_settings(OWNER_DATABASE_URL=url, DATABASE_URL=runtime_url(url))
    await migrate(settings, domain_schemas([CATALOG, SUBGRAPH], [SEARCH_PROJECTION, *PROJECTIONS]))


@asynccontextmanager
async def open_bench(owner_url: str, valkey_url: str, at: datetime = AT) -> AsyncGenerator[Bench]:
    """The bench over a migrated database."""
    codec = Codec([kind for each in (CATALOG, SUBGRAPH) for kind in (*each.commands, *each.events)])
    url, clock = runtime_url(owner_url), SettableClock(at)
    async with (
        open_signals(valkey_url) as signals,
        open_database(url, "", connections=2) as readers,
        open_domain(url, "reviews", codec, connections=5) as store,
        open_domain(url, "catalog", codec, connections=3) as catalog,
    ):
        equipment = store.equipment(signals, clock, RandomIds())
        yield Bench(
            url=owner_url,
            equipment=equipment,
            catalog=catalog.equipment(signals, clock, RandomIds()),
            handler=Handler(SUBGRAPH, equipment),
            search=PostgresSearch(catalog.views),
            log=PostgresEventLog(readers, signals),
            clock=clock,
            views=CountingViews(store.views),
        )
