"""The enumerations of dispatch in the graph; clients must expect values that are not listed yet."""

from collections.abc import Mapping
from enum import Enum

import strawberry

from kernel.graph.describing import describe_values
from kernel.places import Vehicle
from subgraphs.dispatch.domain.actions import DeliveryAction, DeliveryStatus, OfferStatus
from subgraphs.dispatch.events import (
    CourierArrived,
    CourierAtDoor,
    CourierChosen,
    CourierEvent,
    CourierReleased,
    CourierReserved,
    CourierSought,
    CourierUnavailable,
    CourierWentOffline,
    CourierWentOnline,
    DeclineReason,
    DeliveryAbandoned,
    DeliveryAssigned,
    DeliveryCancelled,
    DeliveryCancelRefused,
    DeliveryCompleted,
    DeliveryEvent,
    DeliveryFailed,
    DeliveryFailure,
    DeliveryPickedUp,
    DeliveryRequested,
    DeliveryRescheduled,
    DeliveryReturned,
    DeliveryUnassigned,
    DeliveryUndeliverable,
    DropoffPinMistaken,
    DropoffProof,
    NobodyFound,
    OfferDeclined,
    OfferLapsed,
    OfferMade,
    OfferWithdrawn,
    PickupCodeMistaken,
    ReassignmentReason,
    UndeliverableReason,
)

__all__ = [
    "COURIER_EVENT_TYPES",
    "DELIVERY_EVENT_TYPES",
    "CourierEventType",
    "DeclineReason",
    "DeliveryAction",
    "DeliveryEventType",
    "DeliveryFailure",
    "DeliveryStatus",
    "DropoffProof",
    "OfferStatus",
    "ReassignmentReason",
    "UndeliverableReason",
    "Vehicle",
]

_MORE = "Clients must expect values that are not listed yet."

strawberry.enum(Vehicle, description=f"What a courier rides. {_MORE}")
strawberry.enum(DeliveryStatus, description=f"Where a delivery stands in its life. {_MORE}")
describe_values(
    DeliveryStatus,
    {
        DeliveryStatus.SCHEDULED: "It is too early to look for a courier.",
        DeliveryStatus.SEARCHING: "A courier is looked for.",
        DeliveryStatus.OFFERED: "A courier is asked.",
        DeliveryStatus.ASSIGNED: "Its courier is on the way to the restaurant.",
        DeliveryStatus.AT_RESTAURANT: "Its courier is at the restaurant.",
        DeliveryStatus.PICKED_UP: "Its courier has the food and is on the way to the customer.",
        DeliveryStatus.AT_DOOR: "Its courier is near the customer's door.",
        DeliveryStatus.RETURNING: "It could not be handed over and goes back.",
        DeliveryStatus.DELIVERED: "The customer has the food. Nothing follows.",
        DeliveryStatus.RETURNED: "The food is back at the restaurant. Nothing follows.",
        DeliveryStatus.CANCELLED: "Its order was called off in time. Nothing follows.",
        DeliveryStatus.ABANDONED: "Nobody was found to carry it. Nothing follows.",
        DeliveryStatus.FAILED: "The food was lost or spoilt on the way. Nothing follows.",
    },
)
strawberry.enum(DeliveryAction, description=f"Something that may be done to a delivery: a mutation's name. {_MORE}")
strawberry.enum(OfferStatus, description=f"What became of an offer. {_MORE}")
describe_values(
    OfferStatus,
    {
        OfferStatus.OPEN: "It can be answered.",
        OfferStatus.ACCEPTED: "The courier took it.",
        OfferStatus.DECLINED: "The courier said no.",
        OfferStatus.EXPIRED: "The courier did not answer in time.",
        OfferStatus.WITHDRAWN: "It was taken back: the order was called off, or the courier's shift has ended.",
    },
)
strawberry.enum(DeclineReason, description=f"Why a courier does not want a delivery. {_MORE}")
strawberry.enum(ReassignmentReason, description=f"Why somebody else is to carry a delivery. {_MORE}")
strawberry.enum(DropoffProof, description=f"How a courier showed that the food has arrived. {_MORE}")
strawberry.enum(UndeliverableReason, description=f"Why food could not be handed over. {_MORE}")
strawberry.enum(DeliveryFailure, description=f"Why food that was on its way reached nobody. {_MORE}")


@strawberry.enum(description=f"What happened to a delivery. {_MORE}")
class DeliveryEventType(Enum):
    REQUESTED = "REQUESTED"
    RESCHEDULED = "RESCHEDULED"
    COURIER_SOUGHT = "COURIER_SOUGHT"
    COURIER_CHOSEN = "COURIER_CHOSEN"
    NOBODY_FOUND = "NOBODY_FOUND"
    OFFER_MADE = "OFFER_MADE"
    OFFER_DECLINED = "OFFER_DECLINED"
    OFFER_EXPIRED = "OFFER_EXPIRED"
    OFFER_WITHDRAWN = "OFFER_WITHDRAWN"
    ASSIGNED = "ASSIGNED"
    UNASSIGNED = "UNASSIGNED"
    COURIER_AT_RESTAURANT = "COURIER_AT_RESTAURANT"
    PICKUP_CODE_MISTAKEN = "PICKUP_CODE_MISTAKEN"
    PICKED_UP = "PICKED_UP"
    COURIER_AT_DOOR = "COURIER_AT_DOOR"
    DROPOFF_PIN_MISTAKEN = "DROPOFF_PIN_MISTAKEN"
    DELIVERED = "DELIVERED"
    UNDELIVERABLE = "UNDELIVERABLE"
    RETURNED = "RETURNED"
    FAILED = "FAILED"
    CANCELLED = "CANCELLED"
    CANCEL_REFUSED = "CANCEL_REFUSED"
    ABANDONED = "ABANDONED"


@strawberry.enum(description=f"What happened to a courier. {_MORE}")
class CourierEventType(Enum):
    WENT_ONLINE = "WENT_ONLINE"
    WENT_OFFLINE = "WENT_OFFLINE"
    RESERVED = "RESERVED"
    UNAVAILABLE = "UNAVAILABLE"
    RELEASED = "RELEASED"


DELIVERY_EVENT_TYPES: Mapping[type[DeliveryEvent], DeliveryEventType] = {
    DeliveryRequested: DeliveryEventType.REQUESTED,
    DeliveryRescheduled: DeliveryEventType.RESCHEDULED,
    CourierSought: DeliveryEventType.COURIER_SOUGHT,
    CourierChosen: DeliveryEventType.COURIER_CHOSEN,
    NobodyFound: DeliveryEventType.NOBODY_FOUND,
    OfferMade: DeliveryEventType.OFFER_MADE,
    OfferDeclined: DeliveryEventType.OFFER_DECLINED,
    OfferLapsed: DeliveryEventType.OFFER_EXPIRED,
    OfferWithdrawn: DeliveryEventType.OFFER_WITHDRAWN,
    DeliveryAssigned: DeliveryEventType.ASSIGNED,
    DeliveryUnassigned: DeliveryEventType.UNASSIGNED,
    CourierArrived: DeliveryEventType.COURIER_AT_RESTAURANT,
    PickupCodeMistaken: DeliveryEventType.PICKUP_CODE_MISTAKEN,
    DeliveryPickedUp: DeliveryEventType.PICKED_UP,
    CourierAtDoor: DeliveryEventType.COURIER_AT_DOOR,
    DropoffPinMistaken: DeliveryEventType.DROPOFF_PIN_MISTAKEN,
    DeliveryCompleted: DeliveryEventType.DELIVERED,
    DeliveryUndeliverable: DeliveryEventType.UNDELIVERABLE,
    DeliveryReturned: DeliveryEventType.RETURNED,
    DeliveryFailed: DeliveryEventType.FAILED,
    DeliveryCancelled: DeliveryEventType.CANCELLED,
    DeliveryCancelRefused: DeliveryEventType.CANCEL_REFUSED,
    DeliveryAbandoned: DeliveryEventType.ABANDONED,
}
COURIER_EVENT_TYPES: Mapping[type[CourierEvent], CourierEventType] = {
    CourierWentOnline: CourierEventType.WENT_ONLINE,
    CourierWentOffline: CourierEventType.WENT_OFFLINE,
    CourierReserved: CourierEventType.RESERVED,
    CourierUnavailable: CourierEventType.UNAVAILABLE,
    CourierReleased: CourierEventType.RELEASED,
}
