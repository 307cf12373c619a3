"""The enumerations of orders in the graph; clients must expect values that are not listed yet."""

from collections.abc import Mapping
from enum import Enum

import strawberry

from kernel.graph.describing import describe_values
from subgraphs.orders.domain.actions import OrderAction
from subgraphs.orders.events import (
    CancellationReason,
    CancellationRefused,
    CancellationRequested,
    CancelledBy,
    CollectionCodeMistaken,
    CourierAssigned,
    CourierUnassigned,
    FailureReason,
    FeeKind,
    Fulfilment,
    Handover,
    OrderAccepted,
    OrderArriving,
    OrderCancelled,
    OrderCompleted,
    OrderConfirmed,
    OrderDelayed,
    OrderDelivered,
    OrderEvent,
    OrderExpired,
    OrderFailed,
    OrderPickedUp,
    OrderPlaced,
    OrderReady,
    OrderRejected,
    OrderReturned,
    OrderReturning,
    OrderStatus,
    PreparationStarted,
    RejectionReason,
)

__all__ = [
    "EVENT_TYPES",
    "CancellationReason",
    "CancelledBy",
    "FailureReason",
    "FeeKind",
    "Fulfilment",
    "Handover",
    "OrderAction",
    "OrderEventType",
    "OrderStatus",
    "RejectionReason",
]

_MORE = "Clients must expect values that are not listed yet."

strawberry.enum(Fulfilment, description=f"How the food reaches the customer. {_MORE}")
strawberry.enum(OrderStatus, description=f"Where an order stands in its life. {_MORE}")
describe_values(
    OrderStatus,
    {
        OrderStatus.PLACED: "Its payment is being authorised; the kitchen has not heard of it.",
        OrderStatus.CONFIRMED: "It will be paid for; the kitchen is asked.",
        OrderStatus.ACCEPTED: "The kitchen has taken it on.",
        OrderStatus.PREPARING: "The kitchen cooks.",
        OrderStatus.READY_FOR_PICKUP: "The food waits, for its customer or a courier.",
        OrderStatus.PICKED_UP: "A courier has the food.",
        OrderStatus.ARRIVING: "The courier is near the customer's door.",
        OrderStatus.DELIVERED: "The customer has had it brought. Nothing follows.",
        OrderStatus.RETURNING: "It could not be handed over and goes back.",
        OrderStatus.RETURNED: "The food is back at the restaurant. Nothing follows.",
        OrderStatus.COMPLETED: "Its customer has collected it, or never came. Nothing follows.",
        OrderStatus.REJECTED: "The kitchen has refused it. Nothing follows.",
        OrderStatus.CANCEL_PENDING: "Somebody wants to call it off; it is being found out whether a courier has it.",
        OrderStatus.CANCELLED: "It was called off. Nothing follows.",
        OrderStatus.EXPIRED: "Nobody answered in time. Nothing follows.",
        OrderStatus.FAILED: "It could not be paid for, or the food was lost. Nothing follows.",
    },
)
strawberry.enum(OrderAction, description=f"Something that may be done to an order: a mutation's name. {_MORE}")
strawberry.enum(FeeKind, description=f"What a fee is for. {_MORE}")
strawberry.enum(
    FailureReason,
    description=f"Why an order failed: it could not be paid for, or the food was lost on its way. {_MORE}",
)
describe_values(
    FailureReason,
    {
        FailureReason.PAYMENT_DECLINED: "The payment was not authorised.",
        FailureReason.DELIVERY_FAILED: "The food was lost or spoilt on its way.",
    },
)
strawberry.enum(RejectionReason, description=f"Why a kitchen refused an order. {_MORE}")
describe_values(
    RejectionReason,
    {
        RejectionReason.TOO_BUSY: "The kitchen has too much to do.",
        RejectionReason.ITEMS_UNAVAILABLE: "Something ordered has run out.",
        RejectionReason.CLOSING: "The kitchen is about to close.",
        RejectionReason.OTHER: "Something else.",
    },
)
strawberry.enum(CancellationReason, description=f"Why an order was called off. {_MORE}")
describe_values(
    CancellationReason,
    {
        CancellationReason.CHANGED_MIND: "The customer does not want it any more.",
        CancellationReason.ORDERED_BY_MISTAKE: "It was never meant to be ordered, or not so.",
        CancellationReason.WAIT_TOO_LONG: "It takes the customer too long.",
        CancellationReason.SUSPECTED_FRAUD: "It looked like fraud.",
        CancellationReason.ITEMS_UNAVAILABLE: "Something ordered has run out.",
        CancellationReason.TOO_BUSY: "The kitchen has too much to do after all.",
        CancellationReason.CLOSING: "The kitchen closes.",
        CancellationReason.KITCHEN_SILENT: "The kitchen forgot it: it was not ready even an hour late.",
        CancellationReason.NO_COURIER: "Nobody was found in time to deliver it.",
        CancellationReason.OTHER: "Something else.",
    },
)
strawberry.enum(CancelledBy, description=f"Who called an order off. {_MORE}")
strawberry.enum(Handover, description=f"How an order that was ready came to its end. {_MORE}")


@strawberry.enum(description=f"What happened to an order. {_MORE}")
class OrderEventType(Enum):
    PLACED = "PLACED"
    CONFIRMED = "CONFIRMED"
    FAILED = "FAILED"
    ACCEPTED = "ACCEPTED"
    REJECTED = "REJECTED"
    EXPIRED = "EXPIRED"
    PREPARATION_STARTED = "PREPARATION_STARTED"
    DELAYED = "DELAYED"
    READY = "READY"
    COLLECTION_CODE_MISTAKEN = "COLLECTION_CODE_MISTAKEN"
    COMPLETED = "COMPLETED"
    CANCELLATION_REQUESTED = "CANCELLATION_REQUESTED"
    CANCELLATION_REFUSED = "CANCELLATION_REFUSED"
    CANCELLED = "CANCELLED"
    COURIER_ASSIGNED = "COURIER_ASSIGNED"
    COURIER_UNASSIGNED = "COURIER_UNASSIGNED"
    PICKED_UP = "PICKED_UP"
    ARRIVING = "ARRIVING"
    DELIVERED = "DELIVERED"
    RETURNING = "RETURNING"
    RETURNED = "RETURNED"


describe_values(
    OrderEventType,
    {
        OrderEventType.PLACED: "The customer ordered; the payment is being authorised.",
        OrderEventType.CONFIRMED: "The payment is authorised; the kitchen is asked.",
        OrderEventType.FAILED: "It could not be paid for, or the food was lost on its way. Nothing follows.",
        OrderEventType.ACCEPTED: "The kitchen took it on and said when it will be ready.",
        OrderEventType.REJECTED: "The kitchen refused it. Nothing follows.",
        OrderEventType.EXPIRED: "Nobody answered in time. Nothing follows.",
        OrderEventType.PREPARATION_STARTED: "The kitchen began to cook.",
        OrderEventType.DELAYED: "The kitchen said that it will be ready at another time.",
        OrderEventType.READY: "The food is ready.",
        OrderEventType.COLLECTION_CODE_MISTAKEN: "A wrong collection code was entered.",
        OrderEventType.COMPLETED: "The customer collected it, or did not come. Nothing follows.",
        OrderEventType.CANCELLATION_REQUESTED: "Somebody wants to call it off; dispatch is asked.",
        OrderEventType.CANCELLATION_REFUSED: "It is too late to call it off: it goes on as before.",
        OrderEventType.CANCELLED: "It was called off. Nothing follows.",
        OrderEventType.COURIER_ASSIGNED: "A courier agreed to bring it.",
        OrderEventType.COURIER_UNASSIGNED: "That courier does not bring it after all; another is looked for.",
        OrderEventType.PICKED_UP: "The courier has the food.",
        OrderEventType.ARRIVING: "The courier is near the customer's door.",
        OrderEventType.DELIVERED: "The customer has the food. Nothing follows.",
        OrderEventType.RETURNING: "It could not be handed over and goes back.",
        OrderEventType.RETURNED: "The food is back at the restaurant. Nothing follows.",
    },
)

EVENT_TYPES: Mapping[type[OrderEvent], OrderEventType] = {
    OrderPlaced: OrderEventType.PLACED,
    OrderConfirmed: OrderEventType.CONFIRMED,
    OrderFailed: OrderEventType.FAILED,
    OrderAccepted: OrderEventType.ACCEPTED,
    OrderRejected: OrderEventType.REJECTED,
    OrderExpired: OrderEventType.EXPIRED,
    PreparationStarted: OrderEventType.PREPARATION_STARTED,
    OrderDelayed: OrderEventType.DELAYED,
    OrderReady: OrderEventType.READY,
    CollectionCodeMistaken: OrderEventType.COLLECTION_CODE_MISTAKEN,
    OrderCompleted: OrderEventType.COMPLETED,
    CancellationRequested: OrderEventType.CANCELLATION_REQUESTED,
    CancellationRefused: OrderEventType.CANCELLATION_REFUSED,
    OrderCancelled: OrderEventType.CANCELLED,
    CourierAssigned: OrderEventType.COURIER_ASSIGNED,
    CourierUnassigned: OrderEventType.COURIER_UNASSIGNED,
    OrderPickedUp: OrderEventType.PICKED_UP,
    OrderArriving: OrderEventType.ARRIVING,
    OrderDelivered: OrderEventType.DELIVERED,
    OrderReturning: OrderEventType.RETURNING,
    OrderReturned: OrderEventType.RETURNED,
}
