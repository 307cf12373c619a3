"""What payments does about orders: authorise when placed, capture what is fulfilled, void on every other way out."""

from collections.abc import Sequence

from kernel.ids import sibling_id
from kernel.log import Recorded
from kernel.messages import Command
from kernel.subgraph import Reaction
from subgraphs.orders.events import (
    FailureReason,
    OrderCancelled,
    OrderCompleted,
    OrderDelivered,
    OrderExpired,
    OrderFailed,
    OrderPlaced,
    OrderRejected,
    OrderReturned,
)
from subgraphs.payments.commands import RequestAuthorisation, RequestCapture, RequestVoid


def payment_of(order_id: str) -> str:
    """The id of an order's payment: both share their UUID."""
    payment_id = sibling_id("payment", "order", order_id)
    if payment_id is None:
        raise ValueError(f"{order_id} is not the id of an order")
    return payment_id


def react(record: Recorded) -> Sequence[Command]:
    """The commands that follow from an order's event. Who was at fault pays for what comes back; a declined card, for
    which an order fails too, holds nothing."""
    match record.message:
        case OrderPlaced() as placed:
            return [
                RequestAuthorisation(
                    payment_id=payment_of(placed.order_id),
                    order_id=placed.order_id,
                    customer_id=placed.customer_id,
                    restaurant_id=placed.restaurant_id,
                    amount_minor=placed.total_minor,
                    currency=placed.currency,
                    payment_token=placed.payment_token,
                )
            ]
        case OrderCompleted() | OrderDelivered() | OrderReturned(charged=True) as fulfilled:
            return [RequestCapture(payment_id=payment_of(fulfilled.order_id))]
        case OrderRejected() | OrderExpired() | OrderCancelled() | OrderReturned() as ended:
            return [RequestVoid(payment_id=payment_of(ended.order_id))]
        case OrderFailed(reason=FailureReason.DELIVERY_FAILED) as lost:
            return [RequestVoid(payment_id=payment_of(lost.order_id))]
        case _:
            return []


REACTIONS = (Reaction(name="payments.of_orders", topics=("orders.events",), react=react, from_start=True),)
