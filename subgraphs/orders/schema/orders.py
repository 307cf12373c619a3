"""Quotes, orders and what orders adds to restaurants, in the graph."""

import dataclasses
from datetime import datetime
from typing import Any, Self

import strawberry

from kernel.codes import COLLECTION, DROPOFF, PICKUP, handover_code
from kernel.graph.connections import Listing, Page, shown_until
from kernel.graph.context import Info
from kernel.ids import parse_id
from kernel.ownership import may
from subgraphs.orders import views
from subgraphs.orders.domain.actions import (
    SEE_ADDRESS,
    SEE_CODE,
    SEE_DECLINE,
    SEE_DROPOFF_PIN,
    SEE_PICKUP_CODE,
    available_actions,
)
from subgraphs.orders.events import QuoteGiven
from subgraphs.orders.schema.access import kitchen, may_see_kitchen, visible_order, visible_quote, workplaces
from subgraphs.orders.schema.addresses import DeliveryAddress
from subgraphs.orders.schema.enums import (
    CancellationReason,
    CancelledBy,
    FailureReason,
    Fulfilment,
    Handover,
    OrderAction,
    OrderStatus,
    RejectionReason,
)
from subgraphs.orders.schema.prices import OrderLine, OrderPrice, lines_of
from subgraphs.orders.views import HAS_DROPOFF_PIN, HAS_PICKUP_CODE, OPEN_IN_KITCHEN, ORDER_PROJECTION, OrderView


@strawberry.federation.type(keys=["id"], description="A restaurant; orders adds what its kitchen has to do.")
class Restaurant:
    id: strawberry.ID

    @classmethod
    def resolve_reference(cls, info: Info, id: strawberry.ID) -> Self | None:
        return cls(id=id) if parse_id("restaurant", id) is not None else None

    @strawberry.field(
        description="Whether an order would be taken now: the restaurant is open and not paused. It may change before "
        "you order. Null while orders has not heard of the restaurant."
    )
    async def accepting_orders(self, info: Info) -> bool | None:
        row = await kitchen(info.context, self.id)
        return None if row is None else row.takes_orders(info.context.clock.now())

    @strawberry.field(
        description="The orders its kitchen was asked about, the latest first; null for viewers who do not work there."
    )
    async def orders(
        self,
        info: Info,
        status: list[OrderStatus] | None = None,
        first: int | None = None,
        after: str | None = None,
        last: int | None = None,
        before: str | None = None,
    ) -> Listing["Order"] | None:
        secret, scope = info.context.cursor_secret, f"restaurant.orders:{self.id}"
        page = Page.read(secret, scope, first=first, after=after, last=last, before=before)
        await info.context.reached(ORDER_PROJECTION.view.name, ORDER_PROJECTION.topics)
        if not await may_see_kitchen(info.context, self.id):
            return None
        until = await shown_until(info, ORDER_PROJECTION)
        rows = await views.orders_of_kitchen(info.context.views, self.id, status, page)
        return page.listing(rows, until, node=Order.of, keyset=views.keyset)


@strawberry.federation.type(keys=["id"], description="A price that is bound for one customer until it expires.")
class Quote:
    id: strawberry.ID
    restaurant: Restaurant | None
    fulfilment: Fulfilment
    lines: list[OrderLine]
    price: OrderPrice
    expires_at: datetime = strawberry.field(description="Until then `placeOrder` takes it at this price.")

    @classmethod
    def of(cls, quote: QuoteGiven) -> Self:
        return cls(
            id=strawberry.ID(quote.quote_id),
            restaurant=Restaurant(id=strawberry.ID(quote.restaurant_id)),
            fulfilment=quote.fulfilment,
            lines=lines_of(quote.price),
            price=OrderPrice.of(quote.price),
            expires_at=quote.expires_at,
        )

    @classmethod
    async def resolve_reference(cls, info: Info, id: strawberry.ID) -> Self | None:
        quote = await visible_quote(info.context, id)
        return None if quote is None else cls.of(quote)


@strawberry.federation.type(keys=["id"], description="An order, as it is or as it was at `version`.")
class Order:
    view: strawberry.Private[OrderView]
    id: strawberry.ID
    order_number: str = strawberry.field(description="For people to name it by; short, and not unique for ever.")
    version: int = strawberry.field(description="How many events it has had; give it back as `expectedVersion`.")
    status: OrderStatus
    fulfilment: Fulfilment
    restaurant: Restaurant | None
    lines: list[OrderLine]
    price: OrderPrice
    placed_at: datetime
    changed_at: datetime = strawberry.field(description="When its last event happened.")
    confirmed_at: datetime | None = strawberry.field(description="When its payment was authorised.")
    accept_by: datetime | None = strawberry.field(description="When it expires unless the kitchen has answered.")
    accepted_at: datetime | None
    prep_minutes: int | None = strawberry.field(description="How long the kitchen said it would take.")
    ready_by: datetime | None = strawberry.field(description="When it will be ready, as the kitchen last said.")
    preparing_at: datetime | None = strawberry.field(description="When the kitchen began to cook.")
    ready_at: datetime | None
    collect_by: datetime | None = strawberry.field(description="Until when it waits to be collected.")
    picked_up_at: datetime | None = strawberry.field(description="When a courier took the food from the restaurant.")
    delivered_at: datetime | None
    returned_at: datetime | None = strawberry.field(
        description="When the food, which could not be handed over, was back at the restaurant."
    )
    ended_at: datetime | None = strawberry.field(description="When it was completed, or ended early; nothing follows.")
    failure_reason: FailureReason | None
    rejection_reason: RejectionReason | None
    rejected_lines: list[OrderLine] = strawberry.field(
        description="The lines that the kitchen said it could not make when it refused."
    )
    expired_while: OrderStatus | None = strawberry.field(description="What it waited in when nobody answered in time.")
    cancellation_requested_at: datetime | None = strawberry.field(
        description="While CANCEL_PENDING, and once cancelled that way: when that was asked for. Dispatch answers."
    )
    cancelled_by: CancelledBy | None
    cancellation_reason: CancellationReason | None
    handover: Handover | None = strawberry.field(description="Once completed: whether somebody came for it.")
    code_locked_until: datetime | None = strawberry.field(
        description="After too many wrong collection codes: when the next one is taken."
    )

    @strawberry.field(description="What this viewer may do to it now: names of mutations.")
    async def available_actions(self, info: Info) -> list[OrderAction]:
        viewer, view = info.context.viewer, self.view
        standing = view.parties(viewer, await workplaces(info.context))
        return [*available_actions(viewer, standing, view.status, view.fulfilment)]

    @strawberry.field(
        description="What the customer says to be handed the food; null for everybody else, and before and after."
    )
    def collection_code(self, info: Info) -> str | None:
        viewer, view = info.context.viewer, self.view
        due = view.status in OPEN_IN_KITCHEN and view.fulfilment is Fulfilment.TAKEAWAY
        if not due or not may(viewer, SEE_CODE, view.parties(viewer, frozenset())):
            return None
        return handover_code(info.context.code_secret, view.id, COLLECTION)

    @strawberry.field(
        description="What the kitchen tells the courier to confirm the pickup with; for staff, while the food is there."
    )
    async def pickup_code(self, info: Info) -> str | None:
        viewer, view = info.context.viewer, self.view
        if view.fulfilment is not Fulfilment.DELIVERY or view.status not in HAS_PICKUP_CODE:
            return None
        if not may(viewer, SEE_PICKUP_CODE, view.parties(viewer, await workplaces(info.context))):
            return None
        return handover_code(info.context.code_secret, view.id, PICKUP)

    @strawberry.field(
        description="What the customer says to the courier at the door; null for everybody else, and before and after."
    )
    def dropoff_pin(self, info: Info) -> str | None:
        viewer, view = info.context.viewer, self.view
        due = view.status in HAS_DROPOFF_PIN and view.fulfilment is Fulfilment.DELIVERY
        if not due or not may(viewer, SEE_DROPOFF_PIN, view.parties(viewer, frozenset())):
            return None
        return handover_code(info.context.code_secret, view.id, DROPOFF)

    @strawberry.field(
        description="Where it goes; for its customer, support, dispatchers and administrators. Null for takeaway, and "
        "for others."
    )
    def delivery_address(self, info: Info) -> DeliveryAddress | None:
        viewer, view = info.context.viewer, self.view
        if view.delivery_address is None or not may(viewer, SEE_ADDRESS, view.parties(viewer, frozenset())):
            return None
        return DeliveryAddress.of(view.delivery_address)

    @strawberry.field(description="The payment provider's word for a decline; null for the kitchen.")
    def failure_detail(self, info: Info) -> str | None:
        viewer = info.context.viewer
        return self.view.failure_detail if may(viewer, SEE_DECLINE, self.view.parties(viewer, frozenset())) else None

    @classmethod
    def of(cls, view: OrderView) -> Self:
        alike: dict[str, Any] = {name: getattr(view, name) for name in _ALIKE}
        return cls(
            view=view,
            id=strawberry.ID(view.id),
            order_number=view.number,
            restaurant=Restaurant(id=strawberry.ID(view.restaurant_id)),
            lines=lines_of(view.price),
            price=OrderPrice.of(view.price),
            rejected_lines=rejected_of(view),
            **alike,
        )

    @classmethod
    async def resolve_reference(cls, info: Info, id: strawberry.ID) -> Self | None:
        view = await visible_order(info.context, id)
        return None if view is None else cls.of(view)


def rejected_of(view: OrderView) -> list[OrderLine]:
    """The lines whose item the kitchen turned out not to have."""
    return [line for line in lines_of(view.price) if line.item and line.item.id in view.unavailable_items]


_SHOWN = {field.name for field in dataclasses.fields(Order) if field.init}
_ALIKE = (_SHOWN & {*OrderView.__struct_fields__}) - {"id", "price"}
"""The fields that are shown as the view has them."""
