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
describe_values(
    DeclineReason,
    {
        DeclineReason.TOO_FAR: "The way is too long.",
        DeclineReason.TOO_BUSY: "The courier has too much to do.",
        DeclineReason.BREAK: "The courier takes a break.",
        DeclineReason.OTHER: "Something else.",
    },
)
strawberry.enum(ReassignmentReason, description=f"Why somebody else is to carry a delivery. {_MORE}")
describe_values(
    ReassignmentReason,
    {
        ReassignmentReason.BREAKDOWN: "The courier or the vehicle cannot go on.",
        ReassignmentReason.TOO_LATE: "The courier would come too late.",
        ReassignmentReason.BREAK: "The courier takes a break.",
        ReassignmentReason.OTHER: "Something else, or nothing was said.",
    },
)
strawberry.enum(DropoffProof, description=f"How a courier showed that the food has arrived. {_MORE}")
strawberry.enum(UndeliverableReason, description=f"Why food could not be handed over. {_MORE}")
describe_values(
    UndeliverableReason,
    {
        UndeliverableReason.CUSTOMER_UNREACHABLE: "Nobody opened or answered.",
        UndeliverableReason.ADDRESS_WRONG: "The customer is not to be found at the address.",
        UndeliverableReason.REFUSED_BY_CUSTOMER: "The customer did not want it any more.",
        UndeliverableReason.FOOD_DAMAGED: "It was spoilt on the way: it goes nowhere and the customer pays nothing.",
    },
)
strawberry.enum(DeliveryFailure, description=f"Why food that was on its way reached nobody. {_MORE}")
describe_values(
    DeliveryFailure,
    {
        DeliveryFailure.FOOD_DAMAGED: "It was spoilt on the way.",
        DeliveryFailure.COURIER_LOST: "It was neither handed over nor brought back in time.",
    },
)


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


describe_values(
    DeliveryEventType,
    {
        DeliveryEventType.REQUESTED: "The kitchen accepted the order, which has to be delivered.",
        DeliveryEventType.RESCHEDULED: "The food will be ready at another time, or is ready.",
        DeliveryEventType.COURIER_SOUGHT: "A round of the search began.",
        DeliveryEventType.COURIER_CHOSEN: "The best of those near is to be asked, if still free.",
        DeliveryEventType.NOBODY_FOUND: "A round of the search found nobody; the next looks further.",
        DeliveryEventType.OFFER_MADE: "A courier was asked.",
        DeliveryEventType.OFFER_DECLINED: "The courier said no.",
        DeliveryEventType.OFFER_EXPIRED: "The courier did not answer in time.",
        DeliveryEventType.OFFER_WITHDRAWN: "The offer was taken back.",
        DeliveryEventType.ASSIGNED: "A courier accepted and goes to the restaurant.",
        DeliveryEventType.UNASSIGNED: "The courier will not fetch it after all; another is looked for.",
        DeliveryEventType.COURIER_AT_RESTAURANT: "The courier reached the restaurant.",
        DeliveryEventType.PICKUP_CODE_MISTAKEN: "A wrong pickup code was entered.",
        DeliveryEventType.PICKED_UP: "The courier has the food.",
        DeliveryEventType.COURIER_AT_DOOR: "The courier came near the customer's door.",
        DeliveryEventType.DROPOFF_PIN_MISTAKEN: "A wrong PIN was entered at the door.",
        DeliveryEventType.DELIVERED: "The customer has the food. Nothing follows.",
        DeliveryEventType.UNDELIVERABLE: "It could not be handed over and goes back.",
        DeliveryEventType.RETURNED: "The food is back at the restaurant. Nothing follows.",
        DeliveryEventType.FAILED: "The food was lost or spoilt on its way. Nothing follows.",
        DeliveryEventType.CANCELLED: "The order was called off in time. Nothing follows.",
        DeliveryEventType.CANCEL_REFUSED: "It was too late to call the order off: the courier has the food.",
        DeliveryEventType.ABANDONED: "Nobody was found in time. Nothing follows.",
    },
)


@strawberry.enum(description=f"What happened to a courier. {_MORE}")
class CourierEventType(Enum):
    WENT_ONLINE = "WENT_ONLINE"
    WENT_OFFLINE = "WENT_OFFLINE"
    RESERVED = "RESERVED"
    UNAVAILABLE = "UNAVAILABLE"
    RELEASED = "RELEASED"


describe_values(
    CourierEventType,
    {
        CourierEventType.WENT_ONLINE: "A shift began.",
        CourierEventType.WENT_OFFLINE: "The shift ended.",
        CourierEventType.RESERVED: "The courier was engaged for one offer, and can have no other.",
        CourierEventType.UNAVAILABLE: "The courier was wanted, but off shift or engaged.",
        CourierEventType.RELEASED: "The engagement ended; the courier can be asked again.",
    },
)


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
