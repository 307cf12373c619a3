"""What orders does about payments: confirm an order that is paid for, end one whose card was declined."""

from collections.abc import Sequence

from kernel.log import Recorded
from kernel.messages import Command
from kernel.subgraph import Reaction
from subgraphs.orders.commands import ConfirmOrder, FailOrder
from subgraphs.orders.events import FailureReason
from subgraphs.payments.events import PaymentAuthorised, PaymentDeclined


def react(record: Recorded) -> Sequence[Command]:
    """The commands that follow from a payment's event."""
    match record.message:
        case PaymentAuthorised(order_id=order_id, payment_id=payment_id):
            return [ConfirmOrder(order_id=order_id, payment_id=payment_id)]
        case PaymentDeclined(order_id=order_id, reason=reason):
            return [FailOrder(order_id=order_id, reason=FailureReason.PAYMENT_DECLINED, detail=reason)]
        case _:
            return []


REACTIONS = (Reaction(name="orders.of_payments", topics=("payments.events",), react=react, from_start=True),)
