"""The events of a delivery: from the kitchen's acceptance to the customer's door.

`offer_id` names the engagement of a courier throughout: chosen, offered, assigned, until it has ended.
"""

from datetime import datetime
from typing import Annotated

from kernel.messages import Event, Personal
from kernel.places import Position, Vehicle
from subgraphs.dispatch.events.terms import (
    Considered,
    DeclineReason,
    DeliveryFailure,
    Dropoff,
    DropoffProof,
    Pickup,
    ReassignmentReason,
    UnassignmentReason,
    UndeliverableReason,
)


class DeliveryNews(Event):
    """What every event of a delivery says."""

    delivery_id: str
    order_id: str


class DeliveryRequested(DeliveryNews):
    """Food will be ready at `ready_by` and has to be fetched; a courier is looked for from `search_at` on."""

    restaurant_id: str
    customer_id: Annotated[str, Personal(subject="customer_id")]
    pickup: Pickup
    dropoff: Annotated[Dropoff, Personal(subject="customer_id")]
    distance_m: int
    """From door to door, as the crow flies."""
    ready_by: datetime
    search_at: datetime
    tip_minor: int = 0
    currency: str | None = None


class DeliveryRescheduled(DeliveryNews):
    """The kitchen needs another time, or is done."""

    ready_by: datetime
    search_at: datetime
    is_ready: bool
    courier_id: str | None = None
    """Whom it is offered or assigned to."""


class CourierSought(DeliveryNews):
    """Couriers near the restaurant are asked for; round after round, wider and wider."""

    round: int
    radius_m: int
    pickup: Position
    excluded: tuple[str, ...] = ()
    """Couriers who are not to be asked again."""


class CourierChosen(DeliveryNews):
    """This courier is to get the next offer, if they can be reserved."""

    round: int
    offer_id: str
    courier_id: str
    ride_seconds: float
    considered: tuple[Considered, ...] = ()
    """All who could still have been chosen, the best first."""


class NobodyFound(DeliveryNews):
    """Nobody is to be had within that radius; the next round goes wider."""

    round: int
    radius_m: int


class OfferMade(DeliveryNews):
    """A courier is asked, and has until `expires_at`."""

    offer_id: str
    courier_id: str
    expires_at: datetime
    ride_seconds: float
    """To the restaurant, along the streets."""
    distance_m: int
    """From the restaurant to the customer, as the crow flies."""
    pickup: Pickup
    customer_id: Annotated[str, Personal(subject="customer_id")]
    dropoff_near: Annotated[Position, Personal(subject="customer_id")]
    """About where it goes: a courier who is only asked is not told the door."""
    vehicle: Vehicle


class OfferDeclined(DeliveryNews):
    """The courier does not want it, and is not asked again for this delivery."""

    offer_id: str
    courier_id: str
    reason: DeclineReason


class OfferLapsed(DeliveryNews):
    """The courier did not answer; asked again only when nobody else is left."""

    offer_id: str
    courier_id: str


class OfferWithdrawn(DeliveryNews):
    """The courier is not to be asked after all, as they went offline."""

    offer_id: str
    courier_id: str


class DeliveryAssigned(DeliveryNews):
    """The courier accepted and is on the way to the restaurant."""

    offer_id: str
    courier_id: str
    vehicle: Vehicle
    pickup_expected_at: datetime


class DeliveryUnassigned(DeliveryNews):
    """The courier will not fetch it after all; another is looked for."""

    offer_id: str
    courier_id: str
    reason: UnassignmentReason
    detail: ReassignmentReason | None = None
    """As whoever asked for it put it."""


class CourierArrived(DeliveryNews):
    """The courier is at the restaurant."""

    courier_id: str


class PickupCodeMistaken(DeliveryNews):
    """A wrong pickup code was entered; after too many no code is accepted until `locked_until`."""

    courier_id: str
    attempts: int
    """Wrong codes in a row since the last lock."""
    locked_until: datetime | None = None


class DeliveryPickedUp(DeliveryNews):
    """The courier has the food."""

    offer_id: str
    courier_id: str


class CourierAtDoor(DeliveryNews):
    """The courier is near the customer's door."""

    courier_id: str


class DropoffPinMistaken(DeliveryNews):
    """A wrong PIN was entered at the door; after too many none is accepted until `locked_until`."""

    courier_id: str
    attempts: int
    locked_until: datetime | None = None


class DeliveryCompleted(DeliveryNews):
    """The customer has the food."""

    offer_id: str
    courier_id: str
    proof: DropoffProof


class DeliveryUndeliverable(DeliveryNews):
    """The food cannot be handed over and goes back to the restaurant."""

    courier_id: str
    reason: UndeliverableReason


class DeliveryReturned(DeliveryNews):
    """The food is back at the restaurant."""

    offer_id: str
    courier_id: str
    reason: UndeliverableReason
    charged: bool
    """Whether the customer pays all the same: it was they who could not be reached."""


class DeliveryFailed(DeliveryNews):
    """The food was lost or spoilt on its way."""

    offer_id: str | None = None
    courier_id: str | None = None
    reason: DeliveryFailure


class DeliveryCancelled(DeliveryNews):
    """The order was called off before the food was fetched."""

    offer_id: str | None = None
    courier_id: str | None = None
    """Whoever was chosen, asked or on the way."""


class DeliveryCancelRefused(DeliveryNews):
    """It is too late to call the order off: the courier has the food."""

    courier_id: str | None = None


class DeliveryAbandoned(DeliveryNews):
    """Nobody was found in time; the order has to end."""

    rounds: int
