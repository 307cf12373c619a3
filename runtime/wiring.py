"""The composition root: which domains there are, and which adapter answers each of their needs."""

from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import Any, Protocol

from kernel.clock import Clock
from kernel.codec import Codec
from kernel.equipment import Equipment
from kernel.graph.context import GraphContext
from kernel.handling import Handler
from kernel.places import TravelTimes
from kernel.ports import EventLog, Signals
from kernel.subgraph import Sink, Subgraph
from projections import PROJECTIONS
from runtime.adapters.analytics import FlowProgress, open_analytics
from runtime.adapters.clock import PlatformClock
from runtime.adapters.couriers import NearbyCouriers, Vicinity, of_the_free
from runtime.adapters.ids import RandomIds
from runtime.adapters.payments import payment_provider
from runtime.adapters.postgres.analytics import KEPT
from runtime.adapters.postgres.domain import DomainStore, open_domain
from runtime.adapters.postgres.flow import PostgresFlow
from runtime.adapters.postgres.log import PostgresEventLog
from runtime.adapters.postgres.pool import open_database
from runtime.adapters.postgres.positions import PostgresCourierPositions
from runtime.adapters.postgres.schemas import domain_schemas
from runtime.adapters.postgres.search import PostgresSearch
from runtime.adapters.streets import StreetTravelTimes
from runtime.adapters.tallies import PrometheusPositionTally
from runtime.adapters.valkey.positions import open_positions
from runtime.adapters.valkey.signals import open_signals
from runtime.handling import WatchedHandler
from runtime.health import Check
from runtime.prerequisites import CannotStart
from runtime.serving import Caller, Served
from runtime.settings import Settings
from subgraphs.catalog.subgraph import SUBGRAPH as CATALOG
from subgraphs.catalog.views.search import Search
from subgraphs.dispatch.effects import CourierSearch
from subgraphs.dispatch.subgraph import SUBGRAPH as DISPATCH
from subgraphs.insights.analytics import Analytics, Progress
from subgraphs.insights.reactions import sink_to
from subgraphs.insights.subgraph import SUBGRAPH as INSIGHTS
from subgraphs.orders.subgraph import SUBGRAPH as ORDERS
from subgraphs.payments.effects import PaymentProvider
from subgraphs.payments.subgraph import SUBGRAPH as PAYMENTS
from subgraphs.reviews.subgraph import SUBGRAPH as REVIEWS
from subgraphs.tracking.positions import PositionStream, PositionTally
from subgraphs.tracking.subgraph import SUBGRAPH as TRACKING

SUBGRAPHS: tuple[Subgraph, ...] = (CATALOG, ORDERS, PAYMENTS, DISPATCH, TRACKING, REVIEWS, INSIGHTS)
SCHEMAS = domain_schemas(SUBGRAPHS, PROJECTIONS, kept={"insights": KEPT})
"""What each domain keeps in the database, for migrating."""
READERS = 4
"""Connections of a process beside its domains' own, for reading journals."""


class Builder(Protocol):
    """Builds a copy that an engine keeps, beside the one that serves; readers are not disturbed."""

    @property
    def name(self) -> str:
        """What `python -m runtime rebuild` calls it."""
        ...

    async def run(self) -> None:
        """Builds one whenever there is none, until cancelled; runs in a worker."""
        ...

    async def rebuild(self) -> None:
        """Builds one anew and returns when it serves. Raises `runtime.prerequisites.CannotStart`."""
        ...


class Relay(Protocol):
    """Carries a journal to where consumers read it; several may run, one leads."""

    @property
    def journal(self) -> str: ...
    @property
    def topics(self) -> Sequence[str]:
        """All of the journal's."""
        ...

    async def run(self) -> None:
        """Until cancelled."""
        ...


@dataclass(frozen=True)
class Grown:
    """What a domain gets with an engine that it grew onto."""

    ports: Mapping[type, Any]
    sinks: tuple[Sink[Any], ...] = ()
    builders: tuple[Builder, ...] = ()


@dataclass(frozen=True)
class Platform:
    """The domains with their engines, as one process uses them."""

    settings: Settings
    subgraphs: tuple[Subgraph, ...]
    """Those that this process serves or works for; the stores are those of all."""
    stores: Mapping[str, DomainStore]
    equipment: Mapping[str, Equipment]
    handlers: Mapping[str, Handler]
    log: EventLog
    """What consumers read."""
    journals: PostgresEventLog
    """What all records were written to, whatever carries them on."""
    flow: PostgresFlow
    ports: Mapping[type, Any]
    """The adapter for each protocol that a domain declares."""
    sinks: tuple[tuple[str, Sink[Any]], ...]
    """Domain and sink, of those that an adapter needs and its domain knows nothing of."""
    builders: tuple[tuple[str, Builder], ...]
    """Domain and builder, of what is kept in engines and can be built anew."""
    relays: tuple[Relay, ...]
    """Of each journal one, where the log is not the journals themselves."""
    checks: Mapping[str, Check]
    """What must answer for this process to be ready."""

    def served(self, subgraph: Subgraph) -> Served:
        """`subgraph` as it is served: each caller gets a context over the domain's own ports."""
        equipment, handler, settings = self.equipment[subgraph.name], self.handlers[subgraph.name], self.settings

        def context(caller: Caller) -> GraphContext:
            return GraphContext(
                viewer=caller.viewer,
                request_id=caller.request_id,
                traceparent=caller.traceparent,
                consistency_token=caller.consistency_token,
                clock=equipment.clock,
                ids=equipment.ids,
                handler=handler,
                views=equipment.views,
                streams=equipment.streams,
                signals=equipment.signals,
                cursor_secret=settings.cursor_secret.encode(),
                code_secret=settings.code_secret.encode(),
                ports=self.ports,
                remaining_s=caller.remaining_s,
            )

        return Served(name=subgraph.name, schema=subgraph.schema, context=context)


def chosen(names: Sequence[str]) -> tuple[Subgraph, ...]:
    """The named subgraphs, all without a name. Raises CannotStart."""
    known = [subgraph.name for subgraph in SUBGRAPHS]
    for name in names:
        if name not in known:
            raise CannotStart(f"There is no subgraph {name!r}, only {', '.join(known)}.")
    return tuple(subgraph for subgraph in SUBGRAPHS if not names or subgraph.name in names)


@asynccontextmanager
async def open_platform(settings: Settings, names: Sequence[str] = ()) -> AsyncGenerator[Platform]:
    """Connects this process to its engines, for the named subgraphs or all; everything is closed at the end.

    Other domains' stores are there too, and take no connection before one of the ports asks them. Raises CannotStart.
    """
    subgraphs = chosen(names)
    async with AsyncExitStack() as stack:
        signals = await stack.enter_async_context(open_signals(settings.valkey_url))
        readers = await stack.enter_async_context(open_database(settings.database_url, "", connections=READERS))
        stores = await _open_stores(stack, settings, subgraphs)
        clock = PlatformClock(settings.clock_origin, settings.clock_started, settings.clock_rate)
        equipment = {name: store.equipment(signals, clock, RandomIds()) for name, store in stores.items()}
        journals = PostgresEventLog(readers, signals)
        log = await stack.enter_async_context(_open_log(settings, journals))
        search = await stack.enter_async_context(_open_search(settings, stores["catalog"], journals))
        insights = open_analytics(settings.analytics_url, stores["insights"].database, clock)
        analytics = await stack.enter_async_context(insights)
        flow = PostgresFlow(readers)
        ports = await stack.enter_async_context(_open_ports(settings, stores, signals, clock))
        yield Platform(
            settings=settings,
            subgraphs=subgraphs,
            stores=stores,
            equipment=equipment,
            handlers={subgraph.name: WatchedHandler(subgraph, equipment[subgraph.name]) for subgraph in SUBGRAPHS},
            log=log,
            journals=journals,
            flow=flow,
            ports={**ports, **search.ports, Analytics: analytics, Progress: FlowProgress(flow)},
            sinks=(*(("catalog", sink) for sink in search.sinks), ("insights", sink_to(analytics.engine))),
            builders=tuple(("catalog", builder) for builder in search.builders),
            relays=_relays(settings, journals, equipment),
            checks={"database": lambda: readers.fetch("select 1")},
        )


async def _open_stores(
    stack: AsyncExitStack, settings: Settings, subgraphs: Sequence[Subgraph]
) -> Mapping[str, DomainStore]:
    url, most = settings.database_url, settings.database_connections
    codec = Codec([kind for subgraph in SUBGRAPHS for kind in (*subgraph.commands, *subgraph.events)])
    return {
        each.name: await stack.enter_async_context(
            open_domain(url, each.name, codec, most, least=int(each in subgraphs))
        )
        for each in SUBGRAPHS
    }


# The clients of the larger engines are imported only where a setting asks for them: they cost memory and time.


@asynccontextmanager
async def _open_log(settings: Settings, journals: PostgresEventLog) -> AsyncGenerator[EventLog]:
    if settings.event_log_url.startswith("journal:"):
        yield journals
        return
    from runtime.adapters.kafka.connecting import servers_of
    from runtime.adapters.kafka.log import open_kafka_log

    async with open_kafka_log(servers_of(settings.event_log_url), journals) as log:
        yield log


def _relays(settings: Settings, journals: EventLog, equipment: Mapping[str, Equipment]) -> tuple[Relay, ...]:
    if settings.event_log_url.startswith("journal:"):
        return ()
    from runtime.adapters.kafka.connecting import servers_of
    from runtime.adapters.kafka.relay import Relay as KafkaRelay
    from runtime.adapters.kafka.relay import lease_of
    from runtime.adapters.kafka.topics import journal_topics

    servers = servers_of(settings.event_log_url)
    return tuple(
        KafkaRelay(
            each.name,
            journal_topics(each),
            journals,
            equipment[each.name].checkpoints,
            servers=servers,
            lease=lease_of(each.name, settings.database_url),
        )
        for each in SUBGRAPHS
    )


@asynccontextmanager
async def _open_search(settings: Settings, catalog: DomainStore, log: EventLog) -> AsyncGenerator[Grown]:
    own = PostgresSearch(catalog.views)
    if not settings.search_url.startswith("opensearch"):
        yield Grown(ports={Search: own})
        return
    from runtime.adapters.opensearch.indexing import RestaurantIndex, search_sink
    from runtime.adapters.opensearch.opening import open_search

    async with open_search(settings.search_url, own, catalog, log) as opened:
        ports = {Search: opened.search, RestaurantIndex: opened.index}
        yield Grown(ports=ports, sinks=(search_sink(),), builders=(opened.builder,))


class Positions(PositionStream, Vicinity, Protocol):
    """Couriers' positions: their stream, and the index by which couriers are sought."""


@asynccontextmanager
async def _open_positions(settings: Settings, table: PostgresCourierPositions) -> AsyncGenerator[Positions]:
    async with open_positions(settings.valkey_url, table) as indexed:
        if settings.positions_url.startswith("valkey:"):
            yield indexed
            return
        from runtime.adapters.kafka.connecting import servers_of
        from runtime.adapters.kafka.positions import open_kafka_positions

        async with open_kafka_positions(servers_of(settings.positions_url), indexed) as streamed:
            yield streamed


@asynccontextmanager
async def _open_ports(
    settings: Settings, stores: Mapping[str, DomainStore], signals: Signals, clock: Clock
) -> AsyncGenerator[Mapping[type, Any]]:
    """The adapters of the domains' own ports."""
    table = PostgresCourierPositions(stores["tracking"].database, signals)
    times = StreetTravelTimes(settings.city_file)

    async with (
        payment_provider(settings.provider_url, settings.provider_secret) as provider,
        _open_positions(settings, table) as positions,
    ):
        yield {
            PaymentProvider: provider,
            TravelTimes: times,
            PositionStream: positions,
            PositionTally: PrometheusPositionTally(),
            CourierSearch: NearbyCouriers(positions, table, times, clock, of_the_free(stores["dispatch"].views)),
        }
