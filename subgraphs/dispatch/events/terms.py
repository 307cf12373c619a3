"""The words in which dispatch tells its news: places, kinds and reasons."""

from enum import Enum

from kernel.messages import Value
from kernel.places import Position


class Pickup(Value):
    """The restaurant's door."""

    name: str
    address: str = ""
    position: Position


class Dropoff(Value):
    """The customer's door, and what the courier should know of it."""

    street: str
    house_number: str
    postal_code: str = ""
    city: str = ""
    position: Position
    instructions: str = ""
    leave_at_door: bool = False
    """Whether the customer wants the food left there, without anybody naming a PIN."""


class Considered(Value):
    """A courier who could have been chosen, and how far away they were: why it was this one."""

    courier_id: str
    ride_seconds: float


class Unavailability(Enum):
    """Why a courier could not be reserved."""

    OFFLINE = "OFFLINE"
    ENGAGED = "ENGAGED"


class DeclineReason(Enum):
    TOO_FAR = "TOO_FAR"
    TOO_BUSY = "TOO_BUSY"
    BREAK = "BREAK"
    OTHER = "OTHER"


class UnassignmentReason(Enum):
    """Who or what took a delivery from its courier."""

    COURIER_ASKED = "COURIER_ASKED"
    DISPATCHER = "DISPATCHER"
    NO_SHOW = "NO_SHOW"


class ReassignmentReason(Enum):
    """Why somebody wants another courier for a delivery."""

    BREAKDOWN = "BREAKDOWN"
    TOO_LATE = "TOO_LATE"
    BREAK = "BREAK"
    OTHER = "OTHER"


class DropoffProof(Enum):
    """How a courier showed that the food has arrived."""

    PIN = "PIN"
    LEFT_AT_DOOR = "LEFT_AT_DOOR"


class UndeliverableReason(Enum):
    CUSTOMER_UNREACHABLE = "CUSTOMER_UNREACHABLE"
    ADDRESS_WRONG = "ADDRESS_WRONG"
    REFUSED_BY_CUSTOMER = "REFUSED_BY_CUSTOMER"
    FOOD_DAMAGED = "FOOD_DAMAGED"


class DeliveryFailure(Enum):
    """Why food that was on its way will reach nobody."""

    FOOD_DAMAGED = "FOOD_DAMAGED"
    COURIER_LOST = "COURIER_LOST"
