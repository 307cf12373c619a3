"""News of couriers and deliveries. These names are the storage format; change them only with an upcaster.

Every delivery event carries the delivery and its order, so that consumers need no memory to know whom it concerns.
"""

from subgraphs.dispatch.events.couriers import (
    CourierNews,
    CourierReleased,
    CourierReserved,
    CourierUnavailable,
    CourierWentOffline,
    CourierWentOnline,
)
from subgraphs.dispatch.events.deliveries import (
    CourierArrived,
    CourierAtDoor,
    CourierChosen,
    CourierSought,
    DeliveryAbandoned,
    DeliveryAssigned,
    DeliveryCancelled,
    DeliveryCancelRefused,
    DeliveryCompleted,
    DeliveryFailed,
    DeliveryNews,
    DeliveryPickedUp,
    DeliveryRequested,
    DeliveryRescheduled,
    DeliveryReturned,
    DeliveryUnassigned,
    DeliveryUndeliverable,
    DropoffPinMistaken,
    NobodyFound,
    OfferDeclined,
    OfferLapsed,
    OfferMade,
    OfferWithdrawn,
    PickupCodeMistaken,
)
from subgraphs.dispatch.events.terms import (
    Considered,
    DeclineReason,
    DeliveryFailure,
    Dropoff,
    DropoffProof,
    Pickup,
    ReassignmentReason,
    UnassignmentReason,
    Unavailability,
    UndeliverableReason,
)

__all__ = [
    "COURIER_EVENTS",
    "DELIVERY_EVENTS",
    "EVENTS",
    "Considered",
    "CourierArrived",
    "CourierAtDoor",
    "CourierChosen",
    "CourierEvent",
    "CourierNews",
    "CourierReleased",
    "CourierReserved",
    "CourierSought",
    "CourierUnavailable",
    "CourierWentOffline",
    "CourierWentOnline",
    "DeclineReason",
    "DeliveryAbandoned",
    "DeliveryAssigned",
    "DeliveryCancelRefused",
    "DeliveryCancelled",
    "DeliveryCompleted",
    "DeliveryEvent",
    "DeliveryFailed",
    "DeliveryFailure",
    "DeliveryNews",
    "DeliveryPickedUp",
    "DeliveryRequested",
    "DeliveryRescheduled",
    "DeliveryReturned",
    "DeliveryUnassigned",
    "DeliveryUndeliverable",
    "Dropoff",
    "DropoffPinMistaken",
    "DropoffProof",
    "LaterDeliveryEvent",
    "NobodyFound",
    "OfferDeclined",
    "OfferLapsed",
    "OfferMade",
    "OfferWithdrawn",
    "Pickup",
    "PickupCodeMistaken",
    "ReassignmentReason",
    "UnassignmentReason",
    "Unavailability",
    "UndeliverableReason",
]

CourierEvent = CourierWentOnline | CourierWentOffline | CourierReserved | CourierUnavailable | CourierReleased

LaterDeliveryEvent = (
    DeliveryRescheduled
    | CourierSought
    | CourierChosen
    | NobodyFound
    | OfferMade
    | OfferDeclined
    | OfferLapsed
    | OfferWithdrawn
    | DeliveryAssigned
    | DeliveryUnassigned
    | CourierArrived
    | PickupCodeMistaken
    | DeliveryPickedUp
    | CourierAtDoor
    | DropoffPinMistaken
    | DeliveryCompleted
    | DeliveryUndeliverable
    | DeliveryReturned
    | DeliveryFailed
    | DeliveryCancelled
    | DeliveryCancelRefused
    | DeliveryAbandoned
)
"""What may follow once a delivery is requested."""

DeliveryEvent = DeliveryRequested | LaterDeliveryEvent

COURIER_EVENTS: tuple[type[CourierEvent], ...] = (
    CourierWentOnline,
    CourierWentOffline,
    CourierReserved,
    CourierUnavailable,
    CourierReleased,
)

DELIVERY_EVENTS: tuple[type[DeliveryEvent], ...] = (
    DeliveryRequested,
    DeliveryRescheduled,
    CourierSought,
    CourierChosen,
    NobodyFound,
    OfferMade,
    OfferDeclined,
    OfferLapsed,
    OfferWithdrawn,
    DeliveryAssigned,
    DeliveryUnassigned,
    CourierArrived,
    PickupCodeMistaken,
    DeliveryPickedUp,
    CourierAtDoor,
    DropoffPinMistaken,
    DeliveryCompleted,
    DeliveryUndeliverable,
    DeliveryReturned,
    DeliveryFailed,
    DeliveryCancelled,
    DeliveryCancelRefused,
    DeliveryAbandoned,
)

EVENTS: tuple[type[CourierEvent | DeliveryEvent], ...] = (*COURIER_EVENTS, *DELIVERY_EVENTS)
