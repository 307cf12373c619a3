"""What is asked of payments: by id and by order."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated

import msgspec

from kernel.log import Recorded
from kernel.messages import Personal, Row
from kernel.ownership import Action, Parties
from kernel.ports import Views
from kernel.projecting import Key, Projection, View
from subgraphs.payments.domain import PaymentStatus, status_after
from subgraphs.payments.events import (
    AuthorisationRequested,
    PaymentCaptured,
    PaymentDeclined,
    PaymentNews,
    ProviderRefused,
)

SEE_PAYMENT = Action(
    name="see payment",
    relations=frozenset({"customer"}),
    roles=frozenset({"support", "finance", "admin"}),
    scopes=frozenset({"order:create", "order:read"}),
)


class PaymentView(Row):
    """A payment as it is shown."""

    id: str
    order_id: str
    customer_id: Annotated[str, Personal(subject="customer_id")]
    restaurant_id: str
    amount_minor: int
    captured_minor: int = 0
    currency: str
    status: PaymentStatus
    reason: str | None = None
    """The provider's word for a decline or for a capture or void it would not do."""
    requested_at: datetime
    changed_at: datetime

    @property
    def parties(self) -> Parties:
        return {"customer": frozenset({self.customer_id})}


def fold(payment: PaymentView | None, record: Recorded, key: Key) -> PaymentView | None:
    """The view after the record."""
    event = record.message
    if isinstance(event, AuthorisationRequested):
        return PaymentView(
            id=event.payment_id,
            order_id=event.order_id,
            customer_id=event.customer_id,
            restaurant_id=event.restaurant_id,
            amount_minor=event.amount_minor,
            currency=event.currency,
            status=PaymentStatus.AUTHORISING,
            requested_at=event.at,
            changed_at=event.at,
        )
    if payment is None or not isinstance(event, PaymentNews):
        return payment
    return msgspec.structs.replace(
        payment,
        status=status_after(event, payment.status) or payment.status,
        captured_minor=event.amount_minor if isinstance(event, PaymentCaptured) else payment.captured_minor,
        reason=event.reason if isinstance(event, PaymentDeclined | ProviderRefused) else payment.reason,
        changed_at=event.at,
    )


PAYMENTS_VIEW = View(name="payment_view", row=PaymentView, key=("id",), indexes=("(order_id, id)",))

PROJECTIONS = (
    Projection(
        domain="payments",
        view=PAYMENTS_VIEW,
        topics=("payments.events",),
        keys=lambda record: [(record.stream,)],
        fold=fold,
        sharing="stream",
    ),
)


async def payment(views: Views, payment_id: str) -> PaymentView | None:
    """The payment, or None when there is none."""
    found = await views.fetch(PaymentView, "select * from payment_view where id = $1", payment_id)
    return found[0] if found else None


async def payments_of(views: Views, order_ids: Sequence[str]) -> Sequence[Sequence[PaymentView]]:
    """The payments of each order, the oldest first."""
    found = await views.fetch(
        PaymentView, "select * from payment_view where order_id = any($1::text[]) order by id", list(order_ids)
    )
    by_order: dict[str, list[PaymentView]] = {order_id: [] for order_id in order_ids}
    for row in found:
        by_order[row.order_id].append(row)
    return [by_order[order_id] for order_id in order_ids]
