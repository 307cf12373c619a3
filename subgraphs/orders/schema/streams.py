"""Watching orders: one order, or all of a kitchen; without gaps, and resumed by cursor."""

from collections.abc import AsyncGenerator, Sequence
from typing import Annotated

import strawberry

from kernel.digesting import feed_key
from kernel.graph.connections import Connection, Page
from kernel.graph.context import GraphContext, Info
from kernel.graph.stories import Story
from kernel.graph.subscribing import ResyncRequired, Source, StreamCursors, follow
from kernel.ids import parse_id
from kernel.log import Recorded
from kernel.projecting import FeedItem
from subgraphs.orders import views
from subgraphs.orders.domain.order import ENDED
from subgraphs.orders.schema.access import may_see, may_see_kitchen, order_now
from subgraphs.orders.schema.orders import Order
from subgraphs.orders.schema.telling import OpenOrders, OrderEvent, OrderSnapshot, Telling, tell
from subgraphs.orders.views import KITCHEN_FEED, OrderView

OrderStreamItem = Annotated[
    OrderSnapshot | OrderEvent | ResyncRequired,
    strawberry.union("OrderStreamItem", description="What a watcher of an order is told."),
]
KitchenStreamItem = Annotated[
    OpenOrders | OrderEvent | ResyncRequired,
    strawberry.union("KitchenStreamItem", description="What a watcher of a kitchen is told."),
]


def order_cursors(context: GraphContext, order_id: str) -> StreamCursors:
    """The cursors of an order's events: those of the subscription and of the query are the same."""
    return StreamCursors(secret=context.cursor_secret, scope=f"orderUpdates:{order_id}")


class OrderWatch:
    """One viewer watching one order."""

    def __init__(self, context: GraphContext, order_id: str) -> None:
        self._context, self._order_id = context, order_id
        self._story: Story[Telling] = Story(context.streams, order_id, tell)
        self._cursors = order_cursors(context, order_id)
        self._known: OrderView | None = None

    def source(self) -> Source[Recorded, OrderSnapshot | OrderEvent]:
        return Source(
            cursors=self._cursors,
            keys=(self._order_id,),
            permitted=self._permitted,
            opening=self._opening,
            holds=self._story.holds,
            read=self._read,
            sequence=lambda recorded: recorded.version or 0,
            item=self._item,
            ended=self._ended,
        )

    async def _permitted(self) -> bool:
        if parse_id("order", self._order_id) is None:
            return False
        if self._known is None or not self._known.in_kitchen:  # after that its parties no longer change
            self._known = await order_now(self._context, self._order_id)
        return self._known is not None and await may_see(self._context, self._known, fresh=True)

    async def _opening(self) -> tuple[int, OrderSnapshot]:
        version, telling = await self._story.latest()
        assert telling is not None, "an order that was seen has a story"
        return version, OrderSnapshot(sequence=version, cursor=self._cursors.at(version), order=Order.of(telling.view))

    async def _read(self, after: int, limit: int) -> Sequence[Recorded]:
        return await self._context.streams.read(self._order_id, after, limit)

    async def _item(self, recorded: Recorded) -> OrderEvent:
        telling = await self._story.tell(recorded)
        assert telling is not None, "it was just told"
        return OrderEvent.of(telling, self._cursors.at(telling.view.version))

    async def _ended(self, sequence: int) -> bool:
        telling = await self._story.at(sequence)
        return telling is not None and telling.view.status in ENDED


class KitchenWatch:
    """One viewer watching one kitchen."""

    def __init__(self, context: GraphContext, restaurant_id: str) -> None:
        self._context, self._restaurant_id = context, restaurant_id
        self._cursors = StreamCursors(secret=context.cursor_secret, scope=f"restaurantOrderUpdates:{restaurant_id}")

    def source(self) -> Source[FeedItem, OpenOrders | OrderEvent]:
        return Source(
            cursors=self._cursors,
            keys=(feed_key(KITCHEN_FEED.name, self._restaurant_id),),
            permitted=self._permitted,
            opening=self._opening,
            holds=self._holds,
            read=self._read,
            sequence=lambda item: item.sequence,
            item=self._item,
            ended=self._ended,
        )

    async def _permitted(self) -> bool:
        if parse_id("restaurant", self._restaurant_id) is None:
            return False
        return await may_see_kitchen(self._context, self._restaurant_id, fresh=True)

    async def _opening(self) -> tuple[int, OpenOrders]:
        place, rows = await views.open_kitchen(self._context.views, self._restaurant_id)
        return place, OpenOrders(cursor=self._cursors.at(place), orders=[Order.of(row) for row in rows])

    async def _holds(self, sequence: int) -> bool:
        return sequence <= await self._context.views.feed_head(KITCHEN_FEED, self._restaurant_id)

    async def _read(self, after: int, limit: int) -> Sequence[FeedItem]:
        return await self._context.views.feed(KITCHEN_FEED, self._restaurant_id, after, limit)

    async def _item(self, item: FeedItem) -> OrderEvent:
        telling = await Story(self._context.streams, item.stream, tell).at(item.version)
        assert telling is not None, "what is in the feed is in the log"
        return OrderEvent.of(telling, self._cursors.at(item.sequence))

    async def _ended(self, _: int) -> bool:
        return False  # A kitchen goes on for as long as it is watched.


async def order_events(context: GraphContext, order_id: str, page: Page) -> Connection[OrderEvent]:
    """The page of an order's events, read from its own stream."""
    cursors = order_cursors(context, order_id)
    story: Story[Telling] = Story(context.streams, order_id, tell)
    after = page.keyset[0] if page.keyset is not None else 0
    start = after if isinstance(after, int) else 0
    await story.at(start)
    told: list[OrderEvent] = []
    for recorded in await context.streams.read(order_id, start, page.fetch):
        telling = await story.tell(recorded)
        if telling is not None:
            told.append(OrderEvent.of(telling, cursors.at(telling.view.version)))
    return page.connection(told, node=lambda event: event, keyset=lambda event: (event.sequence,))


@strawberry.type
class Subscription:
    @strawberry.subscription(
        description="First the order as it is, then each of its events once and in order, with the order as it then "
        "was; completes when the order has ended. With `after` only what came after that cursor, without gap or "
        "repeat. After `ResyncRequired` it starts over with the order as it is."
    )
    async def order_updates(
        self, info: Info, order_id: strawberry.ID, after: str | None = None
    ) -> AsyncGenerator[OrderStreamItem, None]:
        async for item in follow(info.context, OrderWatch(info.context, order_id).source(), after):
            yield item

    @strawberry.subscription(
        description="First the kitchen's open orders, then every event of every order that it was asked about, in the "
        "kitchen's own order; `cursor` is the kitchen's, `sequence` the order's. An event may show an order as it was "
        "before the first item: keep the greater sequence. With `after` only what came after that cursor, without "
        "gap or repeat. Never completes by itself."
    )
    async def restaurant_order_updates(
        self, info: Info, restaurant_id: strawberry.ID, after: str | None = None
    ) -> AsyncGenerator[KitchenStreamItem, None]:
        async for item in follow(info.context, KitchenWatch(info.context, restaurant_id).source(), after):
            yield item
