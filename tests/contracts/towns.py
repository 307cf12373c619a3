"""Towns to be searched: restaurants in a database, and both ways of searching them side by side."""

import asyncio
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import asyncpg
import msgspec

from kernel.codec import Codec
from kernel.consuming import Consumer
from kernel.digesting import Pouring, Projecting
from kernel.equipment import Equipment
from kernel.log import ConsistencyToken, journal_of
from kernel.messages import Row
from kernel.tailing import Tail
from projections.reviews import PROJECTIONS as REVIEW_PROJECTIONS
from runtime.adapters.ids import RandomIds
from runtime.adapters.opensearch.indexing import search_sink
from runtime.adapters.opensearch.opening import OpenedSearch
from runtime.adapters.opensearch.search import INDEX
from runtime.adapters.postgres.domain import DomainStore, open_domain
from runtime.adapters.postgres.log import PostgresEventLog
from runtime.adapters.postgres.migrating import migrate
from runtime.adapters.postgres.pool import open_database
from runtime.adapters.postgres.schemas import domain_schemas
from runtime.adapters.postgres.search import PostgresSearch
from runtime.adapters.valkey.signals import open_signals
from subgraphs.catalog.events import MenuItemRow, RestaurantRow
from subgraphs.catalog.subgraph import SUBGRAPH as CATALOG
from subgraphs.catalog.views.documents import SEARCH_PROJECTION
from subgraphs.catalog.views.search import Near, Search, Sort, Wanted
from subgraphs.reviews.events import RatingRow
from subgraphs.reviews.subgraph import SUBGRAPH as REVIEWS
from tests.clocks import SettableClock
from tests.conftest import runtime_url, test_settings

NOON = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
"""A Friday; in Helsinki it is two in the afternoon."""
CENTRE = Near(latitude=60.1688, longitude=24.9448)
RATINGS = next(each for each in REVIEW_PROJECTIONS if each.domain == "catalog")


def place(number: int | str, **changes: Any) -> RestaurantRow:
    """A restaurant in the centre that is always open."""
    plain: dict[str, Any] = {
        "id": f"restaurant_{number}",
        "name": f"Place {number}",
        "latitude": CENTRE.latitude,
        "longitude": CENTRE.longitude,
        "time_zone": "Europe/Helsinki",
        "opening_hours": "24/7",
        "delivery_radius_m": 3000,
        "currency": "EUR",
        "prep_minutes": 20,
        "registered_at": NOON,
    }
    return RestaurantRow(**{**plain, **changes})


def dish(restaurant_id: str, name: str) -> MenuItemRow:
    item = f"item_{restaurant_id}_{name}"
    return MenuItemRow(
        id=item,
        restaurant_id=restaurant_id,
        category_id="category_1",
        external_id=item,
        name=name,
        price_minor=100,
        currency="EUR",
        tax_rate_bp=1350,
    )


def wanted(**asked: Any) -> Wanted:
    given: dict[str, Any] = {"at": NOON, "sort": Sort.NAME, **asked}
    return Wanted(**given)


class Written(Row):
    """The last change of a partition."""

    topic: str
    partition: int
    txid: int
    position: int


async def migrate_towns(url: str) -> None:
    settings = test_settings(OWNER_DATABASE_URL=url, DATABASE_URL=runtime_url(url))
    await migrate(settings, domain_schemas([CATALOG, REVIEWS], [SEARCH_PROJECTION, RATINGS]))


@dataclass
class Town:
    """The catalog's database with its projections at work; `opened` once an engine has joined."""

    url: str
    catalog: DomainStore
    equipment: Equipment
    log: PostgresEventLog
    postgres: PostgresSearch
    tasks: list[asyncio.Task[None]] = field(default_factory=list[asyncio.Task[None]])
    opened: OpenedSearch | None = None

    @property
    def search(self) -> Search:
        return self.postgres if self.opened is None else self.opened.search

    async def type(self, sql: str, *arguments: object) -> None:
        """Types `sql` into psql, so to speak, as the database's owner."""
        owner = await asyncpg.connect(self.url)
        try:
            await owner.execute(sql, *arguments)
        finally:
            await owner.close()

    async def register(self, *rows: RestaurantRow) -> None:
        await self.type("select catalog.save_restaurants($1::jsonb)", msgspec.json.encode(rows).decode())

    async def cook(self, *rows: MenuItemRow) -> None:
        await self.type("select catalog.save_menu_items($1::jsonb)", msgspec.json.encode(rows).decode())

    async def rate(self, restaurant_id: str, distribution: Sequence[int], as_of: int = 1) -> None:
        stars = (distribution[0], distribution[1], distribution[2], distribution[3], distribution[4])
        row = RatingRow(target=restaurant_id, distribution=stars, as_of=as_of)
        await self.type("select reviews.save_ratings($1::jsonb)", msgspec.json.encode([row]).decode())

    async def settled(self, within_s: float = 30.0) -> None:
        """Until whatever was written is found."""
        consumers: dict[str, tuple[str, ...]] = {
            SEARCH_PROJECTION.view.name: ("catalog.changes",),
            RATINGS.view.name: ("reviews.changes",),
        }
        if self.opened is not None:
            consumers[INDEX] = ("catalog.changes", "reviews.changes")
        written = [each for domain in ("catalog", "reviews") for each in await self._written(domain)]
        async with asyncio.timeout(within_s):
            for consumer, topics in consumers.items():
                for last in written:
                    if last.topic in topics:
                        token = ConsistencyToken(
                            journal=journal_of(last.topic),
                            partition=last.partition,
                            txid=last.txid,
                            position=last.position,
                        )
                        assert await self.catalog.views.reached(consumer, topics, token, within_s)

    async def _written(self, domain: str) -> Sequence[Written]:
        owner = await asyncpg.connect(self.url)
        rows = await owner.fetch(
            f"select distinct on (topic, partition) topic, partition, txid, position from {domain}.journal "
            f"where topic = '{domain}.changes' order by topic, partition, txid desc, position desc"
        )
        await owner.close()
        return [Written(**{name: row[name] for name in Written.__struct_fields__}) for row in rows]

    def start(self, *loops: Any) -> None:
        self.tasks += [asyncio.create_task(loop.run()) for loop in loops]

    async def stop(self) -> None:
        for task in self.tasks:
            task.cancel()
        await asyncio.gather(*self.tasks, return_exceptions=True)
        self.tasks.clear()

    def tails(self) -> Mapping[str, Tail]:
        return {domain: Tail(self.log, domain, [f"{domain}.changes"]) for domain in ("catalog", "reviews")}

    def project(self) -> None:
        """Starts what keeps words and ratings in Postgres."""
        tails, store = self.tails(), self.equipment.view_store
        words: Any = Projecting(SEARCH_PROJECTION, store)
        ratings: Any = Projecting(RATINGS, store)
        consumers = [
            Consumer(words, [tails["catalog"]], self.equipment),
            Consumer(ratings, [tails["reviews"]], self.equipment),
        ]
        self.start(*tails.values(), *consumers)

    def index(self, opened: OpenedSearch) -> None:
        """Starts what keeps the engine's index, and searches there from now on."""
        self.opened = opened
        self.start(*self.indexing(opened))

    def indexing(self, opened: OpenedSearch) -> Sequence[Any]:
        sink, tails = search_sink(), self.tails()
        pouring = Pouring(sink, opened.index, self.equipment.checkpoints)
        return (*tails.values(), Consumer(pouring, [*tails.values()], self.equipment, from_start=sink.from_start))


@asynccontextmanager
async def open_town(owner_url: str, valkey_url: str) -> AsyncGenerator[Town]:
    """An empty town in a migrated database."""
    codec = Codec([*CATALOG.commands, *CATALOG.events, *REVIEWS.commands, *REVIEWS.events])
    url = runtime_url(owner_url)
    async with AsyncExitStack() as stack:
        signals = await stack.enter_async_context(open_signals(valkey_url))
        readers = await stack.enter_async_context(open_database(url, "", connections=3))
        catalog = await stack.enter_async_context(open_domain(url, "catalog", codec))
        town = Town(
            url=owner_url,
            catalog=catalog,
            equipment=catalog.equipment(signals, SettableClock(), RandomIds()),
            log=PostgresEventLog(readers, signals),
            postgres=PostgresSearch(catalog.views),
        )
        town.project()
        try:
            yield town
        finally:
            await town.stop()
