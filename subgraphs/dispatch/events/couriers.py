"""The events of a courier: shifts, and the one engagement a courier has at a time."""

from typing import Annotated

from kernel.messages import Event, Personal
from kernel.places import Vehicle
from subgraphs.dispatch.events.terms import Unavailability


class CourierNews(Event):
    """What every event of a courier says."""

    courier_id: str


class CourierWentOnline(CourierNews):
    """A courier began a shift, or goes on with it under another name or on another vehicle."""

    subject: Annotated[str, Personal(subject="subject")]
    vehicle: Vehicle
    display_name: Annotated[str, Personal(subject="subject")]


class CourierWentOffline(CourierNews):
    """A courier ended the shift; an offer that is open is withdrawn, a delivery under way is brought to its end."""

    delivery_id: str | None = None
    offer_id: str | None = None
    """What the courier was engaged for; None for a courier who was free."""


class CourierReserved(CourierNews):
    """From here on the courier is engaged, for this offer alone, until released from it."""

    delivery_id: str
    offer_id: str
    vehicle: Vehicle


class CourierUnavailable(CourierNews):
    """The courier could not be engaged for that offer."""

    delivery_id: str
    offer_id: str
    reason: Unavailability


class CourierReleased(CourierNews):
    """The courier is free again: the offer, or the delivery it led to, has ended."""

    delivery_id: str
    offer_id: str
