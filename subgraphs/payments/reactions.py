"""What payments does about orders: authorise when placed, capture when completed, void on every other way out."""

from collections.abc import Sequence

from kernel.ids import sibling_id
from kernel.log import Recorded
from kernel.messages import Command
from kernel.subgraph import Reaction
from subgraphs.orders.events import (
    OrderCancelled,
    OrderCompleted,
    OrderExpired,
    OrderPlaced,
    OrderRejected,
)
from subgraphs.payments.commands import RequestAuthorisation, RequestCapture, RequestVoid


def payment_of(order_id: str) -> str:
    """The id of an order's payment: both share their UUID."""
    payment_id = sibling_id("payment", "order", order_id)
    if payment_id is None:
        raise ValueError(f"{order_id} is not the id of an order")
    return payment_id


def react(record: Recorded) -> Sequence[Command]:
    """The commands that follow from an order's event. `OrderFailed` needs none: a declined card holds nothing."""
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
        case OrderCompleted() as completed:
            return [RequestCapture(payment_id=payment_of(completed.order_id))]
        case OrderRejected() | OrderExpired() | OrderCancelled() as ended:
            return [RequestVoid(payment_id=payment_of(ended.order_id))]
        case _:
            return []


REACTIONS = (Reaction(name="payments.of_orders", topics=("orders.events",), react=react, from_start=True),)
