"""Dispatch over real engines: a graph to ask, a clock to set, couriers who stand somewhere, and a worker at work."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, aclosing, asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import count
from math import inf
from pathlib import Path
from typing import Any, cast
from uuid import UUID

import msgspec

from kernel.calling import Accepted, Call, Outcome
from kernel.codec import Codec
from kernel.codes import DROPOFF, PICKUP, handover_code
from kernel.consuming import Consumer
from kernel.digesting import Projecting, Reacting
from kernel.equipment import Equipment
from kernel.graph.context import GraphContext
from kernel.handling import Handler
from kernel.ids import typed_id
from kernel.messages import Command, Viewer
from kernel.performing import Performer
from kernel.places import Position
from kernel.ports import EventLog
from kernel.tailing import Tail
from kernel.ticking import Ticker
from runtime.adapters.couriers import NearbyCouriers, of_the_free
from runtime.adapters.ids import RandomIds
from runtime.adapters.postgres.domain import open_domain
from runtime.adapters.postgres.log import PostgresEventLog
from runtime.adapters.postgres.pool import open_database
from runtime.adapters.postgres.positions import PostgresCourierPositions
from runtime.adapters.streets import StreetTravelTimes
from runtime.adapters.valkey.positions import open_positions
from runtime.adapters.valkey.signals import open_signals
from runtime.settings import Settings
from subgraphs.dispatch.commands import RequestDelivery
from subgraphs.dispatch.effects import EFFECTS, CourierSearch
from subgraphs.dispatch.reactions import react_to_itself
from subgraphs.dispatch.subgraph import SUBGRAPH
from subgraphs.dispatch.views import free
from subgraphs.tracking.positions import Point, PositionStream
from tests.clocks import SettableClock
from tests.dispatch.courses import OTSO, SECRET, courier_of, request
from tests.dispatch.courses import PICKUP as RESTAURANT_DOOR
from tests.patience import eventually
from tests.spelling import AT, uuid_of

Json = dict[str, Any]
TOPIC = "dispatch.events"
DELIVERY = """query($id: ID!) { delivery(id: $id) { id status version order { id } courier { id displayName vehicle }
    pickup { name address position { latitude longitude } } readyBy pickupExpectedAt requestedAt assignedAt pickedUpAt
    completedAt availableActions ended
    dropoff { street houseNumber postalCode city instructions leaveAtDoor position { latitude longitude } } } }"""
MYSELF = """query { courier { id displayName vehicle online shift { startedAt endedAt vehicle }
    delivery { id status version } offers { id status expiresAt rideSeconds distanceM pickup { name }
        dropoffNear { latitude longitude } delivery { id } } } }"""


@dataclass
class Bench:
    """The dispatch domain over real engines."""

    equipment: Equipment
    handler: Handler
    clock: SettableClock
    log: EventLog
    positions: PositionStream
    search: CourierSearch
    keys: "count[int]" = field(default_factory=lambda: count(1))
    orders: "count[int]" = field(default_factory=lambda: count(1))
    points: "count[int]" = field(default_factory=lambda: count(1))

    def context(self, viewer: Viewer, token: str | None = None, remaining_s: float = inf) -> GraphContext:
        return GraphContext(
            viewer=viewer,
            request_id="req_tests",
            traceparent=None,
            consistency_token=token,
            clock=self.clock,
            ids=self.equipment.ids,
            handler=self.handler,
            views=self.equipment.views,
            streams=self.equipment.streams,
            signals=self.equipment.signals,
            cursor_secret=b"cursors-of-the-tests",
            code_secret=SECRET,
            remaining_s=lambda: remaining_s,
        )

    async def ask(self, viewer: Viewer, document: str, token: str | None = None, **variables: object) -> Json:
        """The answer; fails on any top-level error."""
        context = self.context(viewer, token)
        result = await SUBGRAPH.schema.execute(document, variable_values=variables, context_value=context)
        assert result.errors is None, result.errors
        return result.data or {}

    async def change(
        self, viewer: Viewer, mutation: str, fields: str = "", key: UUID | None = None, **given: object
    ) -> Json:
        """The result of a mutation; `fields` are asked of its success."""
        name = mutation[0].upper() + mutation[1:]
        success = f"... on {name}Success {{ {fields} consistencyToken }}"
        document = (
            f"mutation($input: {name}Input!) {{ {mutation}(input: $input) {{ __typename "
            f"... on UserError {{ code message path }} {success} ... on WrongCode {{ attemptsLeft lockedUntil }} "
            "... on CodeLocked { until } ... on TooSoon { until } ... on OfferNotOpen { status } "
            "... on DeliveryInProgress { delivery { id } } ... on DeliveryStatusMismatch { status allowed } } }"
        )
        members = self._members(mutation)
        for fragment in ("WrongCode", "CodeLocked", "TooSoon", "OfferNotOpen", "DeliveryInProgress"):
            if fragment not in members:
                document = _without(document, fragment)
        if "DeliveryStatusMismatch" not in members:
            document = _without(document, "DeliveryStatusMismatch")
        asked = {"idempotencyKey": str(key or uuid_of(next(self.keys))), **given}
        return (await self.ask(viewer, document, input=asked))[mutation]

    def _members(self, mutation: str) -> frozenset[str]:
        fields = cast("Any", SUBGRAPH.schema.core.mutation_type).fields
        kind = fields[mutation].type
        return frozenset(member.name for member in getattr(kind, "of_type", kind).types)

    async def watch(self, viewer: Viewer, document: str, remaining_s: float = inf) -> AsyncGenerator[Json]:
        """What a watcher is told. Raises PermissionError with the message of an error."""
        context = self.context(viewer, remaining_s=remaining_s)
        stream = await SUBGRAPH.schema.subscribe(document, context_value=context)
        assert isinstance(stream, AsyncGenerator), "the document is valid"
        async with aclosing(stream) as results:
            async for result in results:
                if result.errors:
                    raise PermissionError(result.errors[0].message)
                yield next(iter((result.data or {}).values()))

    async def do(self, command: Command) -> Outcome:
        """Has the system handle a command, as reactions and timers do."""
        return await self.handler.handle(command, Call(correlation="tests"))

    async def begin_shift(self, who: Viewer = OTSO, *, metres_north: float = 300.0) -> None:
        """The courier is on a shift, and was seen near the restaurant."""
        result = await self.change(who, "goOnline", vehicle="BICYCLE", displayName=who.subject.title())
        assert result["__typename"] == "GoOnlineSuccess", result
        await self.appear(who, metres_north=metres_north)

        async def shown() -> bool:
            return bool(await free(self.equipment.views, [courier_of(who)]))

        await eventually(shown)

    async def appear(self, who: Viewer = OTSO, *, metres_north: float = 300.0) -> None:
        """The courier is seen so far north of the restaurant."""
        now, door = self.clock.now(), RESTAURANT_DOOR.position
        await self.positions.append(
            courier_of(who),
            [
                Point(
                    courier_id=courier_of(who),
                    latitude=door.latitude + metres_north / 111_195,
                    longitude=door.longitude,
                    accuracy_m=5.0,
                    sequence=next(self.points),
                    recorded_at=now,
                    received_at=now,
                )
            ],
        )

    async def order(self, **changes: object) -> str:
        """The id of a delivery that is requested for food that will be ready in five minutes."""
        number = next(self.orders)
        delivery_id = typed_id("delivery", uuid_of(number))
        wanted: dict[str, object] = {
            "delivery_id": delivery_id,
            "order_id": typed_id("order", uuid_of(number)),
            "ready_by": self.clock.now() + timedelta(minutes=5),
            "at": msgspec.structs.fields(RequestDelivery)[0].default,
            **changes,
        }
        assert isinstance(await self.do(msgspec.structs.replace(request, **wanted)), Accepted)
        return delivery_id

    async def offered(self, who: Viewer = OTSO) -> tuple[str, str]:
        """The ids of a delivery and of the offer that the courier got for it."""
        delivery_id = await self.order()
        return delivery_id, await self.offer_to(who)

    async def offer_to(self, who: Viewer = OTSO) -> str:
        """The id of the courier's open offer, as soon as there is one."""

        async def asked() -> bool:
            return bool((await self._myself(who))["offers"])

        await eventually(asked)
        return (await self._myself(who))["offers"][0]["id"]

    async def _myself(self, who: Viewer) -> Json:
        return (await self.ask(who, MYSELF))["courier"]

    async def assigned(self, who: Viewer = OTSO) -> str:
        """The id of a delivery that the courier has accepted."""
        delivery_id, offer_id = await self.offered(who)
        result = await self.change(who, "acceptOffer", offerId=offer_id)
        assert result["__typename"] == "AcceptOfferSuccess", result
        return delivery_id

    async def picked_up(self, who: Viewer = OTSO) -> str:
        """The id of a delivery whose food the courier has."""
        delivery_id = await self.assigned(who)
        code = code_of(delivery_id, PICKUP)
        result = await self.change(who, "confirmPickup", deliveryId=delivery_id, code=code)
        assert result["__typename"] == "ConfirmPickupSuccess", result
        return delivery_id

    async def shown(self, viewer: Viewer, delivery_id: str, status: str) -> Json:
        """The delivery, as soon as the view shows it in that status."""

        async def there() -> bool:
            found = (await self.ask(viewer, DELIVERY, id=delivery_id))["delivery"]
            return found is not None and found["status"] == status

        await eventually(there)
        return (await self.ask(viewer, DELIVERY, id=delivery_id))["delivery"]

    @asynccontextmanager
    async def working(self) -> AsyncGenerator[None]:
        """Views, dispatch's reaction to itself, its search and its timers run while it is entered."""
        tail = Tail(self.log, "dispatch", [TOPIC])
        store, signals, checkpoints = self.equipment.view_store, self.equipment.signals, self.equipment.checkpoints
        itself = next(each for each in SUBGRAPH.reactions if each.react is react_to_itself)
        digests = [
            *(Projecting(cast("Any", each), store, signals) for each in SUBGRAPH.projections),
            Reacting(itself, self.handler, checkpoints),
        ]
        loops = [
            tail,
            *(Consumer(digest, [tail], self.equipment, from_start=True) for digest in digests),
            Performer(EFFECTS[0], self.search, tail, self.handler, self.equipment),
            Ticker(self.handler, self.equipment),
        ]
        running = [asyncio.create_task(loop.run()) for loop in loops]
        try:
            yield
        finally:
            for task in running:
                task.cancel()
            await asyncio.gather(*running, return_exceptions=True)


def code_of(delivery_id: str, purpose: str) -> str:
    """The code for that purpose, as the other side knows it."""
    return handover_code(SECRET, delivery_id.replace("delivery", "order", 1), purpose)


def pin_of(delivery_id: str) -> str:
    return code_of(delivery_id, DROPOFF)


def near(position: Position) -> Json:
    """The position in the form of the graph."""
    return {"latitude": position.latitude, "longitude": position.longitude}


def _without(document: str, fragment: str) -> str:
    """The document without what it asks of a refusal that its mutation cannot give."""
    start = document.index(f"... on {fragment} {{")
    depth, place = 0, document.index("{", start)
    while True:
        depth += {"{": 1, "}": -1}.get(document[place], 0)
        place += 1
        if depth == 0:
            return document[:start] + document[place:]


@asynccontextmanager
async def open_bench(settings: Settings) -> AsyncGenerator[Bench]:
    """The bench over a migrated database; rides are guessed from the distance, for want of a map."""
    codec, clock = Codec([*SUBGRAPH.commands, *SUBGRAPH.events]), SettableClock(AT)
    async with AsyncExitStack() as stack:
        signals = await stack.enter_async_context(open_signals(settings.valkey_url))
        readers = await stack.enter_async_context(open_database(settings.database_url, "", connections=1))
        store = await stack.enter_async_context(open_domain(settings.database_url, "dispatch", codec, connections=4))
        seen = await stack.enter_async_context(open_domain(settings.database_url, "tracking", codec, connections=1))
        table = PostgresCourierPositions(seen.database, signals)
        positions = await stack.enter_async_context(open_positions(settings.valkey_url, table))
        times = StreetTravelTimes(Path("no-such-city.json"))
        equipment = store.equipment(signals, clock, RandomIds())
        yield Bench(
            equipment=equipment,
            handler=Handler(SUBGRAPH, equipment),
            clock=clock,
            log=PostgresEventLog(readers, signals),
            positions=positions,
            search=NearbyCouriers(positions, table, times, clock, of_the_free(store.views)),
        )
