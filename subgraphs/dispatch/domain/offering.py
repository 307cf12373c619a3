"""Offering: one courier is asked at a time, and answers in time or is not asked any more."""

from datetime import datetime, timedelta
from math import cos, radians

from kernel.deciding import Decision, Later
from kernel.messages import Refusal
from kernel.places import EARTH_RADIUS_M, Position
from subgraphs.dispatch.commands import (
    AcceptOffer,
    DeclineOffer,
    LapseOffer,
    MakeOffer,
    OfferCommand,
    WithdrawOffer,
)
from subgraphs.dispatch.domain.actions import FETCHING, DeliveryStatus, OfferStatus
from subgraphs.dispatch.domain.admitting import is_viewers, moment
from subgraphs.dispatch.domain.delivery import Delivery, Engagement
from subgraphs.dispatch.domain.evolving import evolve
from subgraphs.dispatch.domain.refusals import CourierOffline, NotFound, OfferNotOpen
from subgraphs.dispatch.domain.searching import sought_on
from subgraphs.dispatch.domain.waiting import waits
from subgraphs.dispatch.events import (
    DeliveryAssigned,
    OfferDeclined,
    OfferLapsed,
    OfferMade,
    OfferWithdrawn,
)

OFFER_LIFE = timedelta(seconds=45)
GRID_M = 500
"""How coarse a place is told to a courier who is only asked."""


def make(command: MakeOffer, delivery: Delivery | None) -> Decision:
    """The chosen courier is reserved: now they are asked."""
    if delivery is None or not delivery.awaits_reservation_of(command.offer_id):
        return []  # Nobody is needed any more; whoever ended the choice has the courier released.
    chosen = delivery.engagement
    assert chosen is not None, "a reservation is awaited"
    at = moment(command, delivery)
    made = OfferMade(
        at=at,
        delivery_id=delivery.id,
        order_id=delivery.order_id,
        offer_id=chosen.offer_id,
        courier_id=chosen.courier_id,
        expires_at=at + OFFER_LIFE,
        ride_seconds=chosen.ride_seconds,
        distance_m=delivery.distance_m,
        pickup=delivery.pickup,
        customer_id=delivery.customer_id,
        dropoff_near=about(delivery.dropoff.position),
        vehicle=command.vehicle,
    )
    lapse = LapseOffer(delivery_id=delivery.id, offer_id=chosen.offer_id)
    return [made, Later(at=made.expires_at, command=lapse)]


def about(place: Position) -> Position:
    """The middle of the square of the grid that `place` lies in."""
    step = GRID_M / radians(1) / EARTH_RADIUS_M
    latitude = (place.latitude // step + 0.5) * step
    # Squares get as many degrees wider towards the poles as keeps their sides alike.
    across = step / max(cos(radians(latitude)), 0.01)
    longitude = (place.longitude // across + 0.5) * across
    return Position(latitude=round(latitude, 6), longitude=round(longitude, 6))


def accept(command: AcceptOffer, delivery: Delivery | None) -> Decision:
    """The courier takes it on."""
    found = _asked(command, delivery)
    if isinstance(found, Refusal):
        return found
    at, status = moment(command, found), _status(command, found)
    if status is OfferStatus.ACCEPTED and found.status in FETCHING and _is_live(command, found):
        return []  # Asking twice is not an error: retries must be harmless.
    if status is not OfferStatus.OPEN or found.engagement is None:
        return OfferNotOpen(status=status)
    if not command.online:
        return CourierOffline()
    assigned = _assigned(found, found.engagement, at)
    return [assigned, *waits(evolve(found, assigned))]


def decline(command: DeclineOffer, delivery: Delivery | None) -> Decision:
    """The courier does not want it: the search goes on without them."""
    found = _asked(command, delivery)
    if isinstance(found, Refusal):
        return found
    status = _status(command, found)
    if status is OfferStatus.DECLINED:
        return []  # Asking twice is not an error: retries must be harmless.
    if status is not OfferStatus.OPEN or found.engagement is None:
        return OfferNotOpen(status=status)
    at = moment(command, found)
    declined = OfferDeclined(
        at=at,
        delivery_id=found.id,
        order_id=found.order_id,
        offer_id=command.offer_id,
        courier_id=found.engagement.courier_id,
        reason=command.reason,
    )
    return [declined, *sought_on(evolve(found, declined), at)]


def lapse(command: LapseOffer, delivery: Delivery | None) -> Decision:
    """The courier did not answer: the search goes on, and comes back to them only when nobody else is left."""
    if delivery is None or delivery.status is not DeliveryStatus.OFFERED:
        return []  # It was answered, or nobody is needed any more.
    asked = delivery.engagement
    if asked is None or asked.offer_id != command.offer_id:
        return []
    at = moment(command, delivery)
    lapsed = OfferLapsed(
        at=at,
        delivery_id=delivery.id,
        order_id=delivery.order_id,
        offer_id=asked.offer_id,
        courier_id=asked.courier_id,
    )
    return [lapsed, *sought_on(evolve(delivery, lapsed), at)]


def withdraw(command: WithdrawOffer, delivery: Delivery | None) -> Decision:
    """The courier ended the shift before they answered. Whoever has accepted brings it to its end nevertheless."""
    if delivery is None or delivery.engagement is None or delivery.engagement.offer_id != command.offer_id:
        return []
    if delivery.status not in {DeliveryStatus.SEARCHING, DeliveryStatus.OFFERED}:
        return []
    at, asked = moment(command, delivery), delivery.engagement
    withdrawn = OfferWithdrawn(
        at=at,
        delivery_id=delivery.id,
        order_id=delivery.order_id,
        offer_id=asked.offer_id,
        courier_id=asked.courier_id,
    )
    return [withdrawn, *sought_on(evolve(delivery, withdrawn), at)]


def _asked(command: OfferCommand, delivery: Delivery | None) -> Delivery | Refusal:
    """The delivery, when the viewer was ever asked by that offer."""
    if delivery is not None and any(
        each.offer_id == command.offer_id and is_viewers(command, each.courier_id) for each in delivery.offers
    ):
        return delivery
    return NotFound(path=("offerId",))


def _status(command: OfferCommand, delivery: Delivery) -> OfferStatus:
    """How the offer stands at the command's time: the timer that closes it may come a moment late."""
    status = next(each.status for each in delivery.offers if each.offer_id == command.offer_id)
    asked = delivery.engagement
    late = asked is not None and asked.expires_at is not None and moment(command, delivery) >= asked.expires_at
    return OfferStatus.EXPIRED if status is OfferStatus.OPEN and late else status


def _is_live(command: OfferCommand, delivery: Delivery) -> bool:
    return delivery.engagement is not None and delivery.engagement.offer_id == command.offer_id


def _assigned(delivery: Delivery, asked: Engagement, at: datetime) -> DeliveryAssigned:
    assert asked.vehicle is not None, "an offer says with which vehicle"
    return DeliveryAssigned(
        at=at,
        delivery_id=delivery.id,
        order_id=delivery.order_id,
        offer_id=asked.offer_id,
        courier_id=asked.courier_id,
        vehicle=asked.vehicle,
        pickup_expected_at=at + timedelta(seconds=asked.ride_seconds),
    )
