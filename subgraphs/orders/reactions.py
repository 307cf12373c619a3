"""What orders does about others' news: about the money, and about the courier on the way."""

from collections.abc import Sequence

from kernel.log import Recorded
from kernel.messages import Command
from kernel.subgraph import Reaction
from subgraphs.dispatch.events import (
    CourierAtDoor,
    DeliveryAbandoned,
    DeliveryAssigned,
    DeliveryCancelled,
    DeliveryCancelRefused,
    DeliveryCompleted,
    DeliveryFailed,
    DeliveryPickedUp,
    DeliveryReturned,
    DeliveryUnassigned,
    DeliveryUndeliverable,
)
from subgraphs.orders.commands import (
    AbandonOrder,
    AnnounceOrder,
    ConfirmOrder,
    DeliverOrder,
    DropOrderCourier,
    FailOrder,
    GrantCancellation,
    NameOrderCourier,
    PickUpOrder,
    RefuseCancellation,
    ReturnOrder,
    TurnOrderBack,
)
from subgraphs.orders.events import DropoffProof, FailureReason
from subgraphs.payments.events import PaymentAuthorised, PaymentDeclined


def of_payments(record: Recorded) -> Sequence[Command]:
    """The commands that follow from a payment's event."""
    match record.message:
        case PaymentAuthorised(order_id=order_id, payment_id=payment_id):
            return [ConfirmOrder(order_id=order_id, payment_id=payment_id)]
        case PaymentDeclined(order_id=order_id, reason=reason):
            return [FailOrder(order_id=order_id, reason=FailureReason.PAYMENT_DECLINED, detail=reason)]
        case _:
            return []


def of_dispatch(record: Recorded) -> Sequence[Command]:  # noqa: C901 - one case per event
    """The commands that follow from a delivery's event; those before somebody is assigned are dispatch's own affair.

    That the door is near is heard from dispatch too, not from tracking: here it comes after the pickup, whatever lags.
    """
    match record.message:
        case DeliveryAssigned(order_id=order_id, courier_id=courier_id):
            return [NameOrderCourier(order_id=order_id, courier_id=courier_id)]
        case DeliveryUnassigned(order_id=order_id, courier_id=courier_id):
            return [DropOrderCourier(order_id=order_id, courier_id=courier_id)]
        case DeliveryPickedUp(order_id=order_id, courier_id=courier_id):
            return [PickUpOrder(order_id=order_id, courier_id=courier_id)]
        case CourierAtDoor(order_id=order_id):
            return [AnnounceOrder(order_id=order_id)]
        case DeliveryCompleted(order_id=order_id, courier_id=courier_id, proof=proof):
            return [DeliverOrder(order_id=order_id, courier_id=courier_id, proof=DropoffProof(proof.value))]
        case DeliveryUndeliverable(order_id=order_id, reason=reason):
            return [TurnOrderBack(order_id=order_id, reason=reason.value)]
        case DeliveryReturned(order_id=order_id, reason=reason, charged=charged):
            return [ReturnOrder(order_id=order_id, reason=reason.value, charged=charged)]
        case DeliveryFailed(order_id=order_id, reason=reason):
            return [FailOrder(order_id=order_id, reason=FailureReason.DELIVERY_FAILED, detail=reason.value)]
        case DeliveryCancelled(order_id=order_id):
            return [GrantCancellation(order_id=order_id)]
        case DeliveryCancelRefused(order_id=order_id):
            return [RefuseCancellation(order_id=order_id)]
        case DeliveryAbandoned(order_id=order_id):
            return [AbandonOrder(order_id=order_id)]
        case _:
            return []


REACTIONS = (
    Reaction(name="orders.of_payments", topics=("payments.events",), react=of_payments, from_start=True),
    Reaction(name="orders.of_dispatch", topics=("dispatch.events",), react=of_dispatch, from_start=True),
)
