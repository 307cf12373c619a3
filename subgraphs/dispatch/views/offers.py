"""An offer as shown: the one fold of its events, and its table."""

from datetime import datetime
from typing import Annotated

import msgspec

from kernel.ids import person_id
from kernel.log import Recorded
from kernel.messages import Personal, Row, Viewer
from kernel.ownership import Parties
from kernel.places import Position
from kernel.projecting import Key, Projection, View
from subgraphs.dispatch.domain.actions import HIMSELF, OfferStatus
from subgraphs.dispatch.events import (
    DeclineReason,
    DeliveryAssigned,
    DeliveryCancelled,
    OfferDeclined,
    OfferLapsed,
    OfferMade,
    OfferWithdrawn,
    Pickup,
)

OfferEvent = OfferMade | OfferDeclined | OfferLapsed | OfferWithdrawn | DeliveryAssigned | DeliveryCancelled
"""What an offer learns of its delivery."""


class OfferView(Row):
    """An offer as shown."""

    id: str
    delivery_id: str
    order_id: str
    courier_id: str
    status: OfferStatus = OfferStatus.OPEN
    made_at: datetime
    expires_at: datetime
    answered_at: datetime | None = None
    """When it ceased to be open, whoever answered."""
    decline_reason: DeclineReason | None = None
    ride_seconds: float
    distance_m: int
    pickup: Pickup
    customer_id: Annotated[str, Personal(subject="customer_id")]
    dropoff_near: Annotated[Position, Personal(subject="customer_id")]

    def parties(self, viewer: Viewer) -> Parties:
        """Who stands in which relation to it, as far as `viewer` is concerned."""
        himself = self.courier_id == person_id("courier", viewer.subject)
        return {HIMSELF: frozenset({viewer.subject}) if himself else frozenset[str]()}


def offer_after(offer: OfferView | None, event: object) -> OfferView | None:
    """The offer after `event` of its delivery; another courier's is none of its business."""
    if offer is None or not isinstance(event, OfferEvent) or event.offer_id != offer.id:
        return offer
    if offer.status is not OfferStatus.OPEN:
        return offer  # What becomes of the delivery later is the delivery's story.
    match event:
        case OfferMade():
            return offer
        case DeliveryAssigned(at=at):
            return msgspec.structs.replace(offer, status=OfferStatus.ACCEPTED, answered_at=at)
        case OfferDeclined(at=at, reason=reason):
            return msgspec.structs.replace(offer, status=OfferStatus.DECLINED, answered_at=at, decline_reason=reason)
        case OfferLapsed(at=at):
            return msgspec.structs.replace(offer, status=OfferStatus.EXPIRED, answered_at=at)
        case OfferWithdrawn(at=at) | DeliveryCancelled(at=at):
            return msgspec.structs.replace(offer, status=OfferStatus.WITHDRAWN, answered_at=at)


def offer_made(event: OfferMade) -> OfferView:
    """The offer as it begins."""
    return OfferView(
        id=event.offer_id,
        delivery_id=event.delivery_id,
        order_id=event.order_id,
        courier_id=event.courier_id,
        made_at=event.at,
        expires_at=event.expires_at,
        ride_seconds=event.ride_seconds,
        distance_m=event.distance_m,
        pickup=event.pickup,
        customer_id=event.customer_id,
        dropoff_near=event.dropoff_near,
    )


def fold_offer(offer: OfferView | None, record: Recorded, key: Key) -> OfferView | None:
    """The view after the record."""
    event = record.message
    return offer_made(event) if isinstance(event, OfferMade) else offer_after(offer, event)


def _offers(record: Recorded) -> list[Key]:
    event = record.message
    return [(event.offer_id,)] if isinstance(event, OfferEvent) and event.offer_id is not None else []


OFFER_VIEW = View(name="offer_view", row=OfferView, key=("id",), indexes=("(courier_id, id desc)",))

OFFER_PROJECTION = Projection(
    domain="dispatch",
    view=OFFER_VIEW,
    topics=("dispatch.events",),
    keys=_offers,
    fold=fold_offer,
    sharing="stream",
)
