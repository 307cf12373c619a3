"""Orders over real engines: a graph to ask, a clock to set, and projections that catch up when they are told to."""

import asyncio
from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from itertools import count
from math import inf
from typing import Any, cast
from uuid import UUID

import msgspec

from kernel.calling import Accepted, Call, Outcome
from kernel.codec import Codec
from kernel.committing import Advance
from kernel.consuming import Digest
from kernel.digesting import Feeding, Projecting
from kernel.equipment import Equipment
from kernel.graph.context import GraphContext
from kernel.graph.stories import Story
from kernel.graph.subscribing import StreamCursors
from kernel.handling import Handler
from kernel.log import START
from kernel.messages import Command, Event, Row, Viewer
from kernel.ports import EventLog
from kernel.ticking import Ticker
from projections.kitchens import PROJECTIONS as COPIES
from runtime.adapters.ids import RandomIds
from runtime.adapters.postgres.domain import open_domain
from runtime.adapters.postgres.log import PostgresEventLog
from runtime.adapters.postgres.pool import open_database
from runtime.adapters.valkey.signals import open_signals
from runtime.settings import Settings
from subgraphs.catalog.events import (
    MenuItemChanged,
    RestaurantChanged,
    StaffChanged,
    StaffRow,
)
from subgraphs.orders.commands import ConfirmOrder
from subgraphs.orders.events import OrderStatus
from subgraphs.orders.subgraph import SUBGRAPH
from subgraphs.orders.views import KITCHEN_FEED, ORDER_PROJECTION, fold_order
from tests.clocks import SettableClock
from tests.orders.menu import KITCHEN, MENU, an_item, told
from tests.orders.ordering import (
    AINO,
    COOK,
    RESTAURANT,
    SALMON,
    SECRET,
)
from tests.patience import eventually
from tests.spelling import AT, uuid_of

Json = dict[str, Any]
TOPIC = "orders.events"
CURSOR_SECRET = b"cursors-of-the-tests"


class Counted(Row):
    events: int


class Kept(Row):
    text: str


@dataclass
class Bench:
    """The orders domain over real engines."""

    equipment: Equipment
    handler: Handler
    clock: SettableClock
    log: EventLog
    keys: "count[int]" = field(default_factory=lambda: count(1))
    told: "count[int]" = field(default_factory=lambda: count(1))
    digested: dict[str, int] = field(default_factory=dict[str, int])

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
            cursor_secret=CURSOR_SECRET,
            code_secret=SECRET,
            remaining_s=lambda: remaining_s,
        )

    async def ask(self, viewer: Viewer, document: str, token: str | None = None, **variables: object) -> Json:
        """The answer; fails on any top-level error."""
        answer, errors = await self.try_asking(viewer, document, token, **variables)
        assert errors == []
        return answer

    async def try_asking(
        self, viewer: Viewer, document: str, token: str | None = None, **variables: object
    ) -> tuple[Json, list[str]]:
        """The answer and the messages of its errors."""
        result = await SUBGRAPH.schema.execute(
            document, variable_values=variables, context_value=self.context(viewer, token)
        )
        return result.data or {}, [error.message for error in result.errors or []]

    async def change(
        self, viewer: Viewer, mutation: str, given: Mapping[str, object], fields: str = "", key: UUID | None = None
    ) -> Json:
        """The result of a mutation; `fields` are asked beside its type name and what every refusal has."""
        name = mutation[0].upper() + mutation[1:]
        document = (
            f"mutation($input: {name}Input!) {{ {mutation}(input: $input) {{ __typename "
            f"... on UserError {{ code message path }} {fields} }} }}"
        )
        asked = {"idempotencyKey": str(key or uuid_of(next(self.keys))), **given}
        return (await self.ask(viewer, document, input=asked))[mutation]

    async def watch(
        self, viewer: Viewer, document: str, remaining_s: float = inf, **variables: object
    ) -> AsyncGenerator[Json]:
        """What a watcher is told. Ends with the stream; raises PermissionError with the message of an error."""
        context = self.context(viewer, remaining_s=remaining_s)
        stream = await SUBGRAPH.schema.subscribe(document, variable_values=variables, context_value=context)
        assert isinstance(stream, AsyncGenerator), "the document is valid"
        async with aclosing(stream) as results:
            async for result in results:
                if result.errors:
                    raise PermissionError(result.errors[0].message)
                yield next(iter((result.data or {}).values()))

    async def do(self, command: Command) -> Outcome:
        """Has the system handle a command, as reactions and timers do."""
        return await self.handler.handle(command, Call(correlation="tests"))

    async def tell(self, *changes: Event) -> None:
        """Has the copies of the catalog hear of changes."""
        for change in changes:
            record = told(change, next(self.told))
            for copy in COPIES:
                if copy.keys(record):
                    advance = Advance(
                        consumer=record.id, topic="tests", partition=0, before=START, after=record.position
                    )
                    assert await self.equipment.view_store.apply(cast("Any", copy), [record], advance)

    async def catch_up(self, *, orders: bool = True, feed: bool = True) -> None:
        """Has the projections hear of everything that has happened to orders."""
        store, signals = self.equipment.view_store, self.equipment.signals
        digests: list[Digest] = []
        if orders:
            digests.append(Projecting(cast("Any", ORDER_PROJECTION), store))
        if feed:
            digests.append(Feeding(KITCHEN_FEED, store, signals))
        for digest in digests:
            await eventually(lambda digest=digest: self._digest(digest))

    async def _digest(self, digest: Digest) -> bool:
        for partition in range(self.log.partitions("orders")):
            at = await self.equipment.checkpoints.load(digest.name, TOPIC, partition) or START
            records = await self.log.read({(TOPIC, partition): at}, 500)
            if records:
                advance = Advance(
                    consumer=digest.name, topic=TOPIC, partition=partition, before=at, after=records[-1].at
                )
                opened = [self.equipment.codec.open(record) for record in records]
                assert await digest.digest(opened, advance)
                self.digested[digest.name] = self.digested.get(digest.name, 0) + len(records)
        stored = await self.equipment.views.fetch(
            Counted, "select count(*) as events from journal where topic = 'orders.events'"
        )
        return self.digested.get(digest.name, 0) == stored[0].events

    async def quote(self, viewer: Viewer = AINO) -> str:
        """The id of a quote for a salmon."""
        given = {"restaurantId": RESTAURANT, "lines": [{"itemId": SALMON, "quantity": 1}]}
        result = await self.change(viewer, "quoteOrder", given, "... on QuoteOrderSuccess { quote { id } }")
        assert result["__typename"] == "QuoteOrderSuccess", result
        return result["quote"]["id"]

    async def place(self, viewer: Viewer = AINO) -> str:
        """The id of an order for a salmon."""
        given = {"quoteId": await self.quote(viewer), "paymentToken": "tok_visa"}
        result = await self.change(viewer, "placeOrder", given, "... on PlaceOrderSuccess { order { id } }")
        assert result["__typename"] == "PlaceOrderSuccess", result
        return result["order"]["id"]

    async def confirmed(self, viewer: Viewer = AINO) -> str:
        """The id of an order that is paid for."""
        order_id = await self.place(viewer)
        await self.pay(order_id)
        return order_id

    async def pay(self, order_id: str) -> None:
        """Has the payment of the order be authorised."""
        payment_id = order_id.replace("order", "payment", 1)
        assert isinstance(await self.do(ConfirmOrder(order_id=order_id, payment_id=payment_id)), Accepted)

    async def kitchen_does(self, order_id: str, mutation: str, **given: object) -> Json:
        """What the kitchen's mutation of the order answers."""
        return await self.change(COOK, mutation, {"orderId": order_id, **given})

    async def up_to_ready(self, viewer: Viewer = AINO) -> str:
        """The id of an order that waits to be collected."""
        order_id = await self.confirmed(viewer)
        await self.kitchen_does(order_id, "acceptOrder", prepMinutes=20)
        await self.kitchen_does(order_id, "startPreparing")
        await self.kitchen_does(order_id, "markOrderReady")
        return order_id

    async def dismiss(self, subject: str) -> None:
        """Has the copies hear that somebody no longer works here."""
        after = StaffRow(restaurant_id=RESTAURANT, subject=subject, role="owner", retired=True)
        await self.tell(StaffChanged(at=AT, after=after, revision=next(self.told) + 1))

    async def raw_journal(self, stream: str) -> str:
        """Everything the journal keeps about a stream, commands included."""
        rows = await self.equipment.views.fetch(
            Kept, "select string_agg(data::text || meta::text, ' ') as text from journal where stream = $1", stream
        )
        return rows[0].text

    async def status(self, order_id: str) -> OrderStatus | None:
        """The order's status, by its own stream."""
        _, view = await Story(self.equipment.streams, order_id, fold_order).latest()
        return None if view is None else view.status

    async def until_status(self, order_id: str, status: OrderStatus) -> None:
        """Waits until the order has got there."""

        async def arrived() -> bool:
            return await self.status(order_id) is status

        await eventually(arrived)

    def kitchen_cursor(self, restaurant_id: str, sequence: int) -> str:
        """The cursor of a place in a kitchen's feed, whether it is there or not."""
        return StreamCursors(secret=CURSOR_SECRET, scope=f"restaurantOrderUpdates:{restaurant_id}").at(sequence)

    @asynccontextmanager
    async def ticking(self) -> AsyncGenerator[None]:
        """Timers ring while it is entered."""
        ticking = asyncio.create_task(Ticker(self.handler, self.equipment).run())
        try:
            yield
        finally:
            ticking.cancel()
            await asyncio.gather(ticking, return_exceptions=True)

    def set_clock(self, at: datetime) -> None:
        self.clock.at = at

    async def close_kitchen(self, **changes: object) -> None:
        """Has the copies hear that the restaurant has changed."""
        after = msgspec.structs.replace(KITCHEN, **changes)
        await self.tell(RestaurantChanged(at=AT, after=after, revision=next(self.told) + 1))

    async def take_off(self, item_id: str, **changes: object) -> None:
        """Has the copies hear that the salmon has changed."""
        after = msgspec.structs.replace(an_item(item_id, "Salmon on a plank", 2450), **changes)
        await self.tell(MenuItemChanged(at=AT, after=after, revision=next(self.told) + 1))


@asynccontextmanager
async def open_bench(settings: Settings) -> AsyncGenerator[Bench]:
    """The bench over a migrated database, with one kitchen and its menu."""
    codec = Codec([*SUBGRAPH.commands, *SUBGRAPH.events])
    clock = SettableClock(AT)
    async with (
        open_signals(settings.valkey_url) as signals,
        open_database(settings.database_url, "", connections=1) as readers,
        open_domain(settings.database_url, "orders", codec, connections=3) as store,
    ):
        equipment = store.equipment(signals, clock, RandomIds())
        log = PostgresEventLog(readers, signals)
        bench = Bench(equipment=equipment, handler=Handler(SUBGRAPH, equipment), clock=clock, log=log)
        await bench.tell(*MENU)
        yield bench
