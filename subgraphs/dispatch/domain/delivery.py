"""A delivery as deciding sees it, and which status each of its news leads to."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from enum import Enum

from kernel.messages import Value
from kernel.places import Vehicle
from subgraphs.dispatch.domain.actions import DeliveryStatus, OfferStatus
from subgraphs.dispatch.events import (
    Considered,
    CourierArrived,
    CourierAtDoor,
    CourierSought,
    DeliveryAbandoned,
    DeliveryAssigned,
    DeliveryCancelled,
    DeliveryCompleted,
    DeliveryEvent,
    DeliveryFailed,
    DeliveryFailure,
    DeliveryPickedUp,
    DeliveryRequested,
    DeliveryReturned,
    DeliveryUnassigned,
    DeliveryUndeliverable,
    Dropoff,
    OfferDeclined,
    OfferLapsed,
    OfferMade,
    OfferWithdrawn,
    Pickup,
    UndeliverableReason,
)

SEARCH_LIMIT = timedelta(minutes=25)
"""After that long without a courier nobody is looked for any more, counted from when the food is to be ready."""

STATUS_AFTER: Mapping[type[DeliveryEvent], DeliveryStatus] = {
    DeliveryRequested: DeliveryStatus.SCHEDULED,
    CourierSought: DeliveryStatus.SEARCHING,
    OfferMade: DeliveryStatus.OFFERED,
    OfferDeclined: DeliveryStatus.SEARCHING,
    OfferLapsed: DeliveryStatus.SEARCHING,
    OfferWithdrawn: DeliveryStatus.SEARCHING,
    DeliveryAssigned: DeliveryStatus.ASSIGNED,
    DeliveryUnassigned: DeliveryStatus.SEARCHING,
    CourierArrived: DeliveryStatus.AT_RESTAURANT,
    DeliveryPickedUp: DeliveryStatus.PICKED_UP,
    CourierAtDoor: DeliveryStatus.AT_DOOR,
    DeliveryCompleted: DeliveryStatus.DELIVERED,
    DeliveryUndeliverable: DeliveryStatus.RETURNING,
    DeliveryReturned: DeliveryStatus.RETURNED,
    DeliveryFailed: DeliveryStatus.FAILED,
    DeliveryCancelled: DeliveryStatus.CANCELLED,
    DeliveryAbandoned: DeliveryStatus.ABANDONED,
}
"""The status an event leads to; the others leave it as it is."""


class Phase(Enum):
    """How far a search has come: what it waits for."""

    NOT_SEARCHING = "NOT_SEARCHING"
    SOUGHT = "SOUGHT"
    """For the couriers near."""
    CHOSEN = "CHOSEN"
    """For the chosen one to be reserved."""
    RESTING = "RESTING"
    """For the next round."""


class Engagement(Value):
    """The one courier who is chosen, asked or assigned."""

    offer_id: str
    courier_id: str
    ride_seconds: float
    expires_at: datetime | None = None
    """Once asked."""
    vehicle: Vehicle | None = None


class Offered(Value):
    """A courier who was asked at some time, and what came of it."""

    offer_id: str
    courier_id: str
    status: OfferStatus


class Delivery(Value):
    """What decisions about a delivery depend on."""

    id: str
    order_id: str
    customer_id: str
    pickup: Pickup
    dropoff: Dropoff
    distance_m: int
    ready_by: datetime
    is_ready: bool = False
    """Then `ready_by` is when it became so."""
    search_at: datetime
    last_at: datetime
    status: DeliveryStatus = DeliveryStatus.SCHEDULED
    phase: Phase = Phase.NOT_SEARCHING
    search_began_at: datetime | None = None
    """Of the search that goes on, or the last one."""
    round: int = 0
    misses: int = 0
    """Rounds of this search that found nobody: each widens the next."""
    next_best: tuple[Considered, ...] = ()
    """Who else could be chosen in this round."""
    unwilling: frozenset[str] = frozenset()
    """Couriers who declined it or lost it: not asked again."""
    silent: frozenset[str] = frozenset()
    """Couriers who did not answer, or could not: asked again when nobody else is left."""
    choices: int = 0
    """How many couriers were ever chosen: the number of the last offer."""
    offers: tuple[Offered, ...] = ()
    engagement: Engagement | None = None
    courier_id: str | None = None
    """Who accepted it; kept when it has ended, forgotten when it is taken from them."""
    pickup_expected_at: datetime | None = None
    arrived_at: datetime | None = None
    picked_up_at: datetime | None = None
    at_door_at: datetime | None = None
    wrong_codes: int = 0
    """In a row, since the last lock; of the pickup code first, of the PIN later."""
    locked_until: datetime | None = None
    return_reason: UndeliverableReason | None = None
    failure: DeliveryFailure | None = None

    @property
    def deadline(self) -> datetime:
        """Until when a courier is looked for."""
        began = self.search_began_at or self.search_at
        return max(self.ready_by, began) + SEARCH_LIMIT

    @property
    def asked_courier_id(self) -> str | None:
        """Whom it is offered or assigned to; None as long as somebody is only chosen."""
        engagement = self.engagement
        return None if engagement is None or engagement.expires_at is None else engagement.courier_id

    def awaits_reservation_of(self, offer_id: str) -> bool:
        """Whether the courier chosen for that offer is being reserved."""
        chosen = self.status is DeliveryStatus.SEARCHING and self.phase is Phase.CHOSEN
        return chosen and self.engagement is not None and self.engagement.offer_id == offer_id
