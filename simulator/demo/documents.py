"""What is asked of the graph when the evening is over."""

from typing import Generic, TypeVar

from msgspec import Struct

from simulator.demo.facts import CourierEvent, DeliveryEvent, Identified, OrderEvent, Payment, Story
from simulator.graph import Operation, Outage

NodeT = TypeVar("NodeT")


class Money(Struct, frozen=True):
    minor: int


class ShownPayment(Struct, frozen=True):
    status: str
    amount: Money
    captured: Money


class ShownOrder(Struct, frozen=True):
    id: str
    status: str
    restaurant: Identified | None
    payments: tuple[ShownPayment, ...] | None

    def story(self, events: tuple[OrderEvent, ...], delivery: tuple[DeliveryEvent, ...]) -> Story:
        """Raises Outage while payments cannot be reached."""
        if self.payments is None or self.restaurant is None:
            raise Outage("A part of the order cannot be reached.")
        payments = tuple(Payment(paid.status, paid.amount.minor, paid.captured.minor) for paid in self.payments)
        return Story(self.id, self.restaurant.id, self.status, events, payments, delivery)


class Found(Struct, frozen=True):
    order: ShownOrder | None


class PageInfo(Struct, frozen=True, rename="camel"):
    has_next_page: bool
    end_cursor: str | None = None


class Page(Struct, Generic[NodeT], frozen=True, rename="camel"):
    nodes: tuple[NodeT, ...]
    page_info: PageInfo


class Paged(Struct, Generic[NodeT], frozen=True):
    """The data of a document with one list, called `page` in it; null when there is nothing to list."""

    page: Page[NodeT] | None


PAGE_INFO = "pageInfo { hasNextPage endCursor }"
ORDER = Operation(
    "query Story($id: ID!) { order(id: $id) {"
    " id status restaurant { id } payments { status amount { minor } captured { minor } } } }",
    Found,
)
EVENTS = Operation(
    "query Events($id: ID!, $after: String) { page: orderEvents(orderId: $id, first: 100, after: $after) {"
    f" nodes {{ sequence type occurredAt }} {PAGE_INFO} }} }}",
    Paged[OrderEvent],
)
DELIVERY = Operation(
    "query Delivery($id: ID!, $after: String) { page: deliveryEvents(orderId: $id, first: 100, after: $after) {"
    f" nodes {{ sequence type occurredAt offerId courier {{ id }} }} {PAGE_INFO} }} }}",
    Paged[DeliveryEvent],
)
COURIER = Operation(
    "query Courier($id: ID!, $after: String) { page: courierEvents(courierId: $id, first: 100, after: $after) {"
    f" nodes {{ sequence type occurredAt deliveryId offerId }} {PAGE_INFO} }} }}",
    Paged[CourierEvent],
)
