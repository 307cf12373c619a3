"""News of quotes and orders. These names are the storage format; change them only with an upcaster.

Every order event carries the order and its restaurant, so that consumers need no memory to know whom it concerns.
"""

from kernel.messages import Event
from subgraphs.orders.events.carriages import Carriage, DeliveryAddress
from subgraphs.orders.events.news import (
    CancellationRefused,
    CancellationRequested,
    CollectionCodeMistaken,
    CourierAssigned,
    CourierUnassigned,
    OrderAccepted,
    OrderArriving,
    OrderCancelled,
    OrderCompleted,
    OrderConfirmed,
    OrderDelayed,
    OrderDelivered,
    OrderExpired,
    OrderFailed,
    OrderNews,
    OrderPickedUp,
    OrderPlaced,
    OrderReady,
    OrderRejected,
    OrderReturned,
    OrderReturning,
    PreparationStarted,
    QuoteGiven,
)
from subgraphs.orders.events.prices import ChosenOption, Fee, OrderLine, Price, TaxShare
from subgraphs.orders.events.terms import (
    CancellationReason,
    CancelledBy,
    DropoffProof,
    FailureReason,
    FeeKind,
    Fulfilment,
    Handover,
    OrderStatus,
    RejectionReason,
)

__all__ = [
    "EVENTS",
    "ORDER_EVENTS",
    "CancellationReason",
    "CancellationRefused",
    "CancellationRequested",
    "CancelledBy",
    "Carriage",
    "ChosenOption",
    "CollectionCodeMistaken",
    "CourierAssigned",
    "CourierUnassigned",
    "DeliveryAddress",
    "DropoffProof",
    "FailureReason",
    "Fee",
    "FeeKind",
    "Fulfilment",
    "Handover",
    "LaterOrderEvent",
    "OrderAccepted",
    "OrderArriving",
    "OrderCancelled",
    "OrderCompleted",
    "OrderConfirmed",
    "OrderDelayed",
    "OrderDelivered",
    "OrderEvent",
    "OrderExpired",
    "OrderFailed",
    "OrderLine",
    "OrderNews",
    "OrderPickedUp",
    "OrderPlaced",
    "OrderReady",
    "OrderRejected",
    "OrderReturned",
    "OrderReturning",
    "OrderStatus",
    "PreparationStarted",
    "Price",
    "QuoteGiven",
    "RejectionReason",
    "TaxShare",
]

LaterOrderEvent = (
    OrderConfirmed
    | OrderFailed
    | OrderAccepted
    | OrderRejected
    | OrderExpired
    | PreparationStarted
    | OrderDelayed
    | OrderReady
    | CollectionCodeMistaken
    | OrderCompleted
    | CancellationRequested
    | CancellationRefused
    | OrderCancelled
    | CourierAssigned
    | CourierUnassigned
    | OrderPickedUp
    | OrderArriving
    | OrderDelivered
    | OrderReturning
    | OrderReturned
)
"""What may follow once an order is placed."""

OrderEvent = OrderPlaced | LaterOrderEvent

ORDER_EVENTS: tuple[type[OrderEvent], ...] = (
    OrderPlaced,
    OrderConfirmed,
    OrderFailed,
    OrderAccepted,
    OrderRejected,
    OrderExpired,
    PreparationStarted,
    OrderDelayed,
    OrderReady,
    CollectionCodeMistaken,
    OrderCompleted,
    CancellationRequested,
    CancellationRefused,
    OrderCancelled,
    CourierAssigned,
    CourierUnassigned,
    OrderPickedUp,
    OrderArriving,
    OrderDelivered,
    OrderReturning,
    OrderReturned,
)

EVENTS: tuple[type[Event], ...] = (QuoteGiven, *ORDER_EVENTS)
