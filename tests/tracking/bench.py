"""Tracking over real engines: a graph to ask, a clock to set, news to tell and an intake to run."""

from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass, field
from itertools import count
from math import inf
from pathlib import Path
from typing import Any

from kernel.codec import Codec
from kernel.committing import Advance
from kernel.digesting import Projecting
from kernel.equipment import Equipment
from kernel.graph.context import GraphContext
from kernel.handling import Handler
from kernel.log import START, Position
from kernel.messages import Event, Viewer
from kernel.places import Position as Place
from kernel.places import TravelTimes
from kernel.taking import Taker
from projections.trips import PROJECTIONS
from runtime.adapters.ids import RandomIds
from runtime.adapters.postgres.domain import open_domain
from runtime.adapters.postgres.migrating import migrate
from runtime.adapters.postgres.positions import PostgresCourierPositions
from runtime.adapters.postgres.schemas import domain_schemas
from runtime.adapters.streets import StreetTravelTimes
from runtime.adapters.valkey.positions import open_positions
from runtime.adapters.valkey.signals import open_signals
from subgraphs.dispatch.events import DeliveryNews
from subgraphs.orders.events import OrderNews
from subgraphs.tracking.effects import INTAKES
from subgraphs.tracking.events import TripEvent
from subgraphs.tracking.positions import Point, PositionStream, PositionTally
from subgraphs.tracking.subgraph import SUBGRAPH
from subgraphs.tracking.views.couriers import CourierPositionRow, courier_positions
from tests.clocks import SettableClock
from tests.conftest import runtime_url, test_settings
from tests.spelling import recorded
from tests.tracking.riding import COURIER, TRIP, after

Json = dict[str, Any]
SECRET = b"a secret of tests"
REPORT = """mutation($input: ReportPositionsInput!) { reportPositions(input: $input) { __typename
    ... on ReportPositionsSuccess { accepted dropped { reason count } }
    ... on UserError { code message path } } }"""


@dataclass
class Tally:
    """What became of reported positions altogether."""

    accepted: int = 0
    dropped: dict[str, int] = field(default_factory=dict[str, int])

    def count(self, accepted: int, dropped: dict[str, int]) -> None:
        self.accepted += accepted
        for reason, number in dropped.items():
            self.dropped[reason] = self.dropped.get(reason, 0) + number


@dataclass
class Bench:
    """Tracking over real engines."""

    equipment: Equipment
    handler: Handler
    clock: SettableClock
    stream: PositionStream
    taker: Taker
    times: StreetTravelTimes
    tally: Tally = field(default_factory=Tally)
    told: "count[int]" = field(default_factory=lambda: count(1))
    sequence: "count[int]" = field(default_factory=lambda: count(1))

    def context(self, viewer: Viewer, remaining_s: float = inf) -> GraphContext:
        return GraphContext(
            viewer=viewer,
            request_id="req_tests",
            traceparent=None,
            consistency_token=None,
            clock=self.clock,
            ids=self.equipment.ids,
            handler=self.handler,
            views=self.equipment.views,
            streams=self.equipment.streams,
            signals=self.equipment.signals,
            cursor_secret=SECRET,
            code_secret=SECRET,
            remaining_s=lambda: remaining_s,
            ports={PositionStream: self.stream, PositionTally: self.tally, TravelTimes: self.times},
        )

    async def ask(self, viewer: Viewer, document: str, **variables: object) -> Json:
        """The answer; fails on any top-level error."""
        result = await SUBGRAPH.schema.execute(document, variable_values=variables, context_value=self.context(viewer))
        assert result.errors is None, result.errors
        return result.data or {}

    async def watch(
        self, viewer: Viewer, document: str, remaining_s: float = inf, **variables: object
    ) -> AsyncGenerator[Json]:
        """What a watcher is told. Ends with the stream; raises PermissionError with the code of an error."""
        context = self.context(viewer, remaining_s)
        stream = await SUBGRAPH.schema.subscribe(document, variable_values=variables, context_value=context)
        assert isinstance(stream, AsyncGenerator), "the document is valid"
        async with aclosing(stream) as results:
            async for result in results:
                if result.errors:
                    raise PermissionError((result.errors[0].extensions or {})["code"])
                yield next(iter((result.data or {}).values()))

    async def tell(self, *events: Event) -> None:
        """Has the view hear of news, as a worker that has caught up."""
        (projection,) = PROJECTIONS
        for event in events:
            number = next(self.told)
            topic = "orders.events" if isinstance(event, OrderNews) else "dispatch.events"
            stream = event.order_id if isinstance(event, OrderNews | DeliveryNews) else ""
            advance = Advance(
                consumer=f"tests_{number}", topic=topic, partition=0, before=START, after=Position(txid=1, position=1)
            )
            digest = Projecting(projection, self.equipment.view_store, self.equipment.signals)
            assert await digest.digest([recorded(event, stream, number, topic)], advance)

    async def report(self, viewer: Viewer, *points: Point) -> Json:
        """What `reportPositions` answers."""
        positions = [
            {
                "latitude": point.latitude,
                "longitude": point.longitude,
                "accuracyM": point.accuracy_m,
                "sequence": point.sequence,
                "recordedAt": point.recorded_at.isoformat(),
            }
            for point in points
        ]
        return (await self.ask(viewer, REPORT, input={"positions": positions}))["reportPositions"]

    async def ride(self, viewer: Viewer, place: Place, minutes: float) -> None:
        """The courier is there at that time, says so, and the intake has taken it."""
        self.clock.at = after(minutes)
        point = Point(
            courier_id="",
            latitude=place.latitude,
            longitude=place.longitude,
            accuracy_m=10,
            sequence=next(self.sequence),
            recorded_at=after(minutes),
            received_at=after(minutes),
        )
        answer = await self.report(viewer, point)
        assert answer == {"__typename": "ReportPositionsSuccess", "accepted": 1, "dropped": []}
        await self.taker.take_next()

    async def point(self, courier_id: str = COURIER) -> CourierPositionRow | None:
        """The courier's row."""
        return (await courier_positions(self.equipment.views, [courier_id])).get(courier_id)

    async def trip_events(self) -> Sequence[TripEvent]:
        """What the trip has told."""
        found = [record.message for record in await self.equipment.streams.read(TRIP, 0)]
        return [event for event in found if isinstance(event, TripEvent)]


async def migrate_tracking(url: str) -> None:
    settings = test_settings(OWNER_DATABASE_URL=url, DATABASE_URL=runtime_url(url))
    await migrate(settings, domain_schemas([SUBGRAPH], PROJECTIONS))


@asynccontextmanager
async def open_bench(owner_url: str, valkey_url: str) -> AsyncGenerator[Bench]:
    """The bench over a migrated database; rides are guessed from the distance, for want of a map."""
    codec, clock = Codec([*SUBGRAPH.commands, *SUBGRAPH.events]), SettableClock()
    async with (
        open_signals(valkey_url) as signals,
        open_domain(runtime_url(owner_url), "tracking", codec) as store,
        open_positions(valkey_url, PostgresCourierPositions(store.database, signals)) as stream,
    ):
        equipment = store.equipment(signals, clock, RandomIds())
        handler = Handler(SUBGRAPH, equipment)
        yield Bench(
            equipment=equipment,
            handler=handler,
            clock=clock,
            stream=stream,
            taker=Taker(INTAKES[0], stream, handler, equipment),
            times=StreetTravelTimes(Path("no-such-city.json")),
        )
