"""Cancelling: free for the customer until a kitchen has taken the order on."""

from kernel.deciding import Decision
from kernel.messages import Refusal
from subgraphs.orders.commands import CancelOrder
from subgraphs.orders.domain.actions import OrderAction
from subgraphs.orders.domain.admitting import moment, permitted, untimely
from subgraphs.orders.domain.order import Order
from subgraphs.orders.events import CancelledBy, OrderCancelled, OrderStatus


def cancel(command: CancelOrder, order: Order | None) -> Decision:
    """The customer, or support, calls the order off."""
    found = permitted(command, order, OrderAction.CANCEL_ORDER)
    if isinstance(found, Refusal):
        return found
    if found.status is OrderStatus.CANCELLED:
        return []  # Asking twice is not an error: retries must be harmless.
    by = CancelledBy.CUSTOMER if command.viewer.subject == found.customer_id else CancelledBy.SUPPORT
    return untimely(command, found, OrderAction.CANCEL_ORDER) or [
        OrderCancelled(
            at=moment(command, found),
            order_id=found.id,
            restaurant_id=found.restaurant_id,
            by=by,
            reason=command.reason,
            while_status=found.status,
        )
    ]
