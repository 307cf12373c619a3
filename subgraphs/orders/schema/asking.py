"""What clients ask of orders."""

import strawberry

from kernel.graph.connections import Connection, Listing, Page, shown_until
from kernel.graph.context import Info
from kernel.ids import parse_id
from subgraphs.orders import views
from subgraphs.orders.schema.access import may_list, order_now
from subgraphs.orders.schema.enums import OrderStatus
from subgraphs.orders.schema.orders import Order, Quote
from subgraphs.orders.schema.streams import order_cursors, order_events
from subgraphs.orders.schema.telling import OrderEvent
from subgraphs.orders.views import ORDER_PROJECTION


@strawberry.type
class Query:
    @strawberry.field(description="An order; null when there is none that the viewer may see.")
    async def order(self, info: Info, id: strawberry.ID) -> Order | None:
        return await Order.resolve_reference(info, id)

    @strawberry.field(
        description="The viewer's own orders, the latest first; in any of `status`, or all. Null for "
        "partners whose token lacks the scope."
    )
    async def orders(
        self,
        info: Info,
        status: list[OrderStatus] | None = None,
        first: int | None = None,
        after: str | None = None,
        last: int | None = None,
        before: str | None = None,
    ) -> Listing[Order] | None:
        context = info.context
        page = Page.read(
            context.cursor_secret,
            f"orders:{context.viewer.subject}",
            first=first,
            after=after,
            last=last,
            before=before,
        )
        await context.reached(ORDER_PROJECTION.view.name, ORDER_PROJECTION.topics)
        if not may_list(context.viewer):
            return None
        until = await shown_until(info, ORDER_PROJECTION)
        rows = await views.orders_of_customer(context.views, context.viewer.subject, status, page)
        return page.listing(rows, until, node=Order.of, keyset=views.keyset)

    @strawberry.field(description="A quote that was given to the viewer; null when there is none.")
    async def quote(self, info: Info, id: strawberry.ID) -> Quote | None:
        return await Quote.resolve_reference(info, id)

    @strawberry.field(
        description="The events of an order, the oldest first; null when there is none that the viewer may see. Its "
        "cursors are those of `orderUpdates`."
    )
    async def order_events(
        self, info: Info, order_id: strawberry.ID, after: str | None = None, first: int | None = None
    ) -> Connection[OrderEvent] | None:
        context = info.context
        page = Page.read(context.cursor_secret, order_cursors(context, order_id).scope, first=first, after=after)
        if parse_id("order", order_id) is None or await order_now(context, order_id) is None:
            return None
        return await order_events(context, order_id, page)
