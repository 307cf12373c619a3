"""Payments in the graph: what an order's customer, support and finance may see of its money."""

from datetime import datetime
from typing import Annotated, Self

import strawberry
from strawberry.dataloader import DataLoader

from kernel.graph.audiences import Audience
from kernel.graph.context import GraphContext, Info
from kernel.graph.federation import subgraph_schema
from kernel.graph.types import Money
from kernel.ids import parse_id
from kernel.ownership import may
from subgraphs.payments import views
from subgraphs.payments.domain import PaymentStatus
from subgraphs.payments.views import SEE_PAYMENT, PaymentView

strawberry.enum(
    PaymentStatus,
    description="Where a payment stands. Clients must expect values that are not listed yet.",
)


@strawberry.federation.type(
    keys=["id"], description="The money of an order: authorised first, then captured or voided."
)
class Payment:
    id: strawberry.ID
    order: Annotated["Order", strawberry.lazy("subgraphs.payments.schema")] | None = strawberry.field(
        description="What it pays for; null when orders cannot be reached."
    )
    status: PaymentStatus
    amount: Money = strawberry.field(description="What is or was to be authorised.")
    captured: Money = strawberry.field(description="What has been taken from the customer; zero until captured.")
    reason: str | None = strawberry.field(
        description="The provider's word for a decline, or for a capture or void it would not do."
    )
    requested_at: datetime = strawberry.field(description="When the authorisation was asked for.")
    changed_at: datetime = strawberry.field(description="When the status last changed.")

    @classmethod
    def of(cls, view: PaymentView) -> Self:
        return cls(
            id=strawberry.ID(view.id),
            order=Order(id=strawberry.ID(view.order_id)),
            status=view.status,
            amount=Money.of(view.amount_minor, view.currency),
            captured=Money.of(view.captured_minor, view.currency),
            reason=view.reason,
            requested_at=view.requested_at,
            changed_at=view.changed_at,
        )

    @classmethod
    async def resolve_reference(cls, info: Info, id: strawberry.ID) -> Self | None:
        if parse_id("payment", id) is None:
            return None
        found = await views.payment(info.context.views, id)
        return cls.of(found) if found is not None and may(info.context.viewer, SEE_PAYMENT, found.parties) else None


@strawberry.federation.type(keys=["id"], description="An order; payments adds its money.")
class Order:
    id: strawberry.ID

    @classmethod
    def resolve_reference(cls, info: Info, id: strawberry.ID) -> Self | None:
        return cls(id=id) if parse_id("order", id) is not None else None

    @strawberry.field(
        description="The order's payments, the oldest first; empty for viewers who may not see them. "
        "They follow the order's own events within moments. Null only while payments cannot be reached."
    )
    async def payments(self, info: Info) -> list[Payment] | None:
        found = await _payments_by_order(info.context).load(self.id)
        return [Payment.of(view) for view in found if may(info.context.viewer, SEE_PAYMENT, view.parties)]


def _payments_by_order(context: GraphContext) -> DataLoader[str, list[PaymentView]]:
    async def load(order_ids: list[str]) -> list[list[PaymentView]]:
        return [list(found) for found in await views.payments_of(context.views, order_ids)]

    return context.keep("payments by order", lambda: DataLoader(load_fn=load))


@strawberry.type
class Query:
    @strawberry.field(description="A payment; null when there is none that the viewer may see.")
    async def payment(self, info: Info, id: strawberry.ID) -> Payment | None:
        return await Payment.resolve_reference(info, id)


PARTNER = Audience("partner", fields=("Order.payments",))
SCHEMA = subgraph_schema(Query, types=(Order, Payment), audiences=(PARTNER,))
