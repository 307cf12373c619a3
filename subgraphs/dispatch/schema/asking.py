"""What clients ask of dispatch."""

import strawberry

from kernel.graph.connections import Connection, Listing, Page, shown_until
from kernel.graph.context import Info
from kernel.ids import parse_id, sibling_id
from kernel.ownership import may
from subgraphs.dispatch import views
from subgraphs.dispatch.domain.actions import SEE_COURIER_NEWS, SEE_WAITING
from subgraphs.dispatch.schema.access import viewers_courier_id, visible_delivery
from subgraphs.dispatch.schema.entities import Courier, Delivery
from subgraphs.dispatch.schema.standing import courier_now
from subgraphs.dispatch.schema.telling import CourierEvent, DeliveryEvent, courier_events, delivery_events
from subgraphs.dispatch.views import DELIVERY_PROJECTION


@strawberry.type
class Query:
    @strawberry.field(description="The viewer as a courier; null for who was never online.")
    async def courier(self, info: Info) -> Courier | None:
        view = await courier_now(info.context, viewers_courier_id(info.context))
        return None if view is None else Courier.of(view)

    @strawberry.field(description="A delivery; null when there is none that the viewer may see.")
    async def delivery(self, info: Info, id: strawberry.ID) -> Delivery | None:
        return await Delivery.resolve_reference(info, id)

    @strawberry.field(
        description="The events of an order's delivery, the oldest first; null when there is none that the viewer may "
        "see."
    )
    async def delivery_events(
        self, info: Info, order_id: strawberry.ID, first: int | None = None, after: str | None = None
    ) -> Connection[DeliveryEvent] | None:
        context = info.context
        page = Page.read(context.cursor_secret, f"deliveryEvents:{order_id}", first=first, after=after)
        delivery_id = sibling_id("delivery", "order", order_id)
        view = None if delivery_id is None else await visible_delivery(context, delivery_id)
        return None if view is None else await delivery_events(context, view, page)

    @strawberry.field(
        description="The events of a courier, the oldest first: shifts, and engagements one after the other. Null but "
        "for dispatchers."
    )
    async def courier_events(
        self, info: Info, courier_id: strawberry.ID, first: int | None = None, after: str | None = None
    ) -> Connection[CourierEvent] | None:
        context = info.context
        page = Page.read(context.cursor_secret, f"courierEvents:{courier_id}", first=first, after=after)
        if parse_id("courier", courier_id) is None or not may(context.viewer, SEE_COURIER_NEWS, {}):
            return None
        return await courier_events(context, courier_id, page)

    @strawberry.field(
        description="The deliveries for which a courier is looked for, the oldest first; null but for dispatchers."
    )
    async def waiting_deliveries(
        self, info: Info, first: int | None = None, after: str | None = None
    ) -> Listing[Delivery] | None:
        context = info.context
        page = Page.read(context.cursor_secret, "waitingDeliveries", first=first, after=after)
        if not may(context.viewer, SEE_WAITING, {}):
            return None
        await context.reached(DELIVERY_PROJECTION.view.name, DELIVERY_PROJECTION.topics)
        until = await shown_until(info, DELIVERY_PROJECTION)
        rows = await views.waiting(context.views, page)
        return page.listing(rows, until, node=Delivery.of, keyset=views.keyset)
