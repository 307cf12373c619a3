"""Insights over a real database: facts to record, a graph to ask, and an engine that may be away."""

from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from kernel.codec import Codec
from kernel.graph.context import GraphContext
from kernel.handling import Handler
from kernel.ids import person_id, typed_id
from kernel.messages import ANONYMOUS, Viewer
from kernel.ports import Outage
from projections.insights import PROJECTIONS
from projections.staff import OF_INSIGHTS
from runtime.adapters.ids import RandomIds
from runtime.adapters.postgres.analytics import KEPT
from runtime.adapters.postgres.domain import DomainStore, open_domain
from runtime.adapters.postgres.migrating import migrate
from runtime.adapters.postgres.pool import Database
from runtime.adapters.postgres.schemas import domain_schemas
from runtime.adapters.valkey.signals import open_signals
from subgraphs.insights.analytics import Analytics, Progress
from subgraphs.insights.facts import OrderFact
from subgraphs.insights.subgraph import SUBGRAPH
from subgraphs.insights.views import COUNTED_RESTAURANTS, INSIGHT_STAFF
from tests.clocks import SettableClock
from tests.conftest import runtime_url, test_settings
from tests.spelling import AT, uuid_of

Json = dict[str, Any]

RESTAURANT, OTHER_RESTAURANT = typed_id("restaurant", uuid_of(1)), typed_id("restaurant", uuid_of(2))
COOK = Viewer(subject="cook", roles=frozenset({"restaurant"}))
RIVAL = Viewer(subject="rival", roles=frozenset({"restaurant"}))
AINO = Viewer(subject="aino", roles=frozenset({"customer"}))
OTSO = Viewer(subject="otso", roles=frozenset({"courier"}))
KARHU = Viewer(subject="karhu", roles=frozenset({"courier"}))
SANNA = Viewer(subject="sanna", roles=frozenset({"support"}))
DISPATCHER = Viewer(subject="dispatch", roles=frozenset({"dispatcher"}))
FIA = Viewer(subject="fia", roles=frozenset({"finance"}))
ADMIN = Viewer(subject="admin", roles=frozenset({"admin"}))
PARTNER = Viewer(subject="partner-demo", roles=frozenset({"partner"}), scopes=frozenset({"order:read"}))
EVERYBODY = (AINO, COOK, RIVAL, OTSO, KARHU, SANNA, DISPATCHER, FIA, ADMIN, PARTNER, ANONYMOUS)
COURIER = person_id("courier", OTSO.subject)


class Away:
    """An engine that does not answer."""

    engine = "postgresql"

    def __getattr__(self, name: str) -> Any:
        async def fail(*_: object) -> None:
            raise Outage(name)

        return fail


@dataclass
class Behind:
    """A consumer so many seconds behind."""

    seconds: float = 0.0
    asked: list[str] = field(default_factory=list[str])

    async def behind_s(self, consumer: str, topics: Sequence[str]) -> float:
        self.asked.append(consumer)
        return self.seconds


@dataclass
class Bench:
    """Insights over real engines."""

    store: DomainStore
    context: GraphContext
    clock: SettableClock
    progress: Behind
    ports: dict[type, object]

    @property
    def analytics(self) -> Analytics:
        found: Any = self.ports[Analytics]
        return found

    async def try_asking(self, viewer: Viewer, document: str, **variables: object) -> tuple[Json, list[Any]]:
        """The answer and its errors."""
        mine = replace(self.context, viewer=viewer, kept={})
        result = await SUBGRAPH.schema.execute(document, variable_values=variables, context_value=mine)
        return result.data or {}, [*(result.errors or [])]

    async def ask(self, viewer: Viewer, document: str, **variables: object) -> Json:
        """The answer; fails on any top-level error."""
        answer, errors = await self.try_asking(viewer, document, **variables)
        assert errors == []
        return answer

    async def entity(self, viewer: Viewer, kind: str, id_: str, fields: str) -> Any:
        """What the router gets for a reference."""
        return (await self.ask(viewer, of_entity(kind, fields), refs=[{"__typename": kind, "id": id_}]))["_entities"][0]

    async def hire(self, viewer: Viewer, restaurant_id: str = RESTAURANT, *, retired: bool = False) -> None:
        """Has somebody work there."""
        sql = (
            f"insert into {INSIGHT_STAFF.name} (restaurant_id, subject, retired, revision) values ($1, $2, $3, 1) "
            "on conflict (restaurant_id, subject) do update set retired = excluded.retired"
        )
        await self.database.fetch(sql, restaurant_id, viewer.subject, retired)

    async def open(self, restaurant_id: str = RESTAURANT, time_zone: str = "Europe/Helsinki") -> None:
        """Has insights know a restaurant."""
        sql = (
            f"insert into {COUNTED_RESTAURANTS.name} (restaurant_id, time_zone, currency, revision) "
            "values ($1, $2, 'EUR', 1) on conflict (restaurant_id) do update set time_zone = excluded.time_zone"
        )
        await self.database.fetch(sql, restaurant_id, time_zone)

    @property
    def database(self) -> Database:
        return self.store.database


def of_entity(kind: str, fields: str) -> str:
    return f"query($refs: [_Any!]!) {{ _entities(representations: $refs) {{ ... on {kind} {{ {fields} }} }} }}"


def sale(number: int, placed_at: datetime = AT, **changes: object) -> OrderFact:
    """A delivery order, brought by otso within half an hour, as one fact tells it all."""
    given: Mapping[str, object] = {
        "restaurant_id": RESTAURANT,
        "placed_at": placed_at,
        "currency": "EUR",
        "food_minor": 2000,
        "delivery_fee_minor": 390,
        "tip_minor": 200,
        "paid_minor": 2590,
        "lines": (),
        "confirmed_at": placed_at,
        "promised_at": placed_at + timedelta(minutes=15),
        "ready_at": placed_at + timedelta(minutes=17),
        "picked_up_at": placed_at + timedelta(minutes=20),
        "courier_id": COURIER,
        "delivered_at": placed_at + timedelta(minutes=30),
        "sold_at": placed_at + timedelta(minutes=30),
    }
    ids = {"event_id": f"evt_{number}", "order_id": typed_id("order", uuid_of(number))}
    return OrderFact(at=placed_at, **ids, **{**given, **changes})  # pyright: ignore[reportArgumentType]  (by name)


async def migrate_insights(url: str) -> None:
    settings = test_settings(OWNER_DATABASE_URL=url, DATABASE_URL=runtime_url(url))
    await migrate(settings, domain_schemas([SUBGRAPH], [*PROJECTIONS, OF_INSIGHTS], kept={"insights": KEPT}))


@asynccontextmanager
async def open_bench(owner_url: str, valkey_url: str, analytics: Analytics) -> AsyncGenerator[Bench]:
    """The bench over a migrated database."""
    clock, progress = SettableClock(), Behind()
    ports: dict[type, object] = {Analytics: analytics, Progress: progress}
    async with (
        open_signals(valkey_url) as signals,
        open_domain(runtime_url(owner_url), "insights", Codec([]), connections=3) as store,
    ):
        equipment = store.equipment(signals, clock, RandomIds())
        context = GraphContext(
            viewer=ANONYMOUS,
            request_id="req_tests",
            traceparent=None,
            consistency_token=None,
            clock=clock,
            ids=equipment.ids,
            handler=Handler(SUBGRAPH, equipment),
            views=equipment.views,
            streams=equipment.streams,
            signals=signals,
            cursor_secret=b"cursors-of-the-tests",
            code_secret=b"codes-of-the-tests",
            ports=ports,
        )
        yield Bench(store=store, context=context, clock=clock, progress=progress, ports=ports)
