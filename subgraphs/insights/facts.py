"""Facts: what single events tell, small and without personal data, as engines for analytics keep them.

A fact is as much of a life, an order's, an offer's or a delivery's, as one event tells, and names that event. It fills
the fields that its event knows and leaves the others None, so that joining a life's facts gives the same life in
whatever order and however often they come.
"""

from collections.abc import Mapping
from datetime import datetime
from enum import Enum

from kernel.messages import Row, Value


class Fault(Enum):
    """Whose fault it was that an order came to nothing."""

    CUSTOMER = "CUSTOMER"
    RESTAURANT = "RESTAURANT"
    COURIER = "COURIER"
    PLATFORM = "PLATFORM"


class Line(Value):
    """One line of an order."""

    line: int
    item_id: str
    name: str
    quantity: int
    total_minor: int
    """Options and tax included."""


class OrderLife(Row):
    """An order as its facts tell it so far."""

    order_id: str
    restaurant_id: str
    placed_at: datetime | None = None
    currency: str | None = None
    food_minor: int | None = None
    """The lines, without fees and tip."""
    delivery_fee_minor: int | None = None
    tip_minor: int | None = None
    paid_minor: int | None = None
    """What the customer pays when the order is sold: lines, fees and tip."""
    lines: tuple[Line, ...] | None = None
    confirmed_at: datetime | None = None
    """When the kitchen was asked."""
    promised_at: datetime | None = None
    """When it was to be ready, as the kitchen said when it accepted: a later delay takes no promise back."""
    ready_at: datetime | None = None
    picked_up_at: datetime | None = None
    courier_id: str | None = None
    delivered_at: datetime | None = None
    sold_at: datetime | None = None
    """When it ended so that its customer pays."""
    lost_at: datetime | None = None
    """When it ended so that nobody pays."""
    fault: Fault | None = None
    """With `lost_at`."""


class OfferLife(Row):
    """An offer, and the engagement it leads to."""

    offer_id: str
    delivery_id: str
    courier_id: str | None = None
    made_at: datetime | None = None
    assigned_at: datetime | None = None
    declined_at: datetime | None = None
    lapsed_at: datetime | None = None
    released_at: datetime | None = None
    """When the courier had nothing more to do with it, whatever came of it."""


class DeliveryLife(Row):
    """A delivery's search for a courier."""

    delivery_id: str
    sought_at: datetime | None = None
    """When a courier was looked for: of several times the first counts."""
    ended_at: datetime | None = None


class OrderFact(OrderLife):
    """What one event tells of an order."""

    event_id: str
    at: datetime
    """Platform time of the event, as in every fact."""


class OfferFact(OfferLife):
    """What one event tells of an offer."""

    event_id: str
    at: datetime


class DeliveryFact(DeliveryLife):
    """What one event tells of a delivery."""

    event_id: str
    at: datetime


class ShiftFact(Row):
    """A courier went online or offline: each is a life of its own."""

    event_id: str
    at: datetime
    courier_id: str
    version: int
    """Orders what happened to the courier within the same microsecond."""
    online: bool


AnyFact = OrderFact | OfferFact | DeliveryFact | ShiftFact
AnyLife = OrderLife | OfferLife | DeliveryLife | ShiftFact
LIVES: Mapping[type[AnyFact], type[AnyLife]] = {
    OrderFact: OrderLife,
    OfferFact: OfferLife,
    DeliveryFact: DeliveryLife,
    ShiftFact: ShiftFact,
}
"""What each kind of fact is joined to."""
