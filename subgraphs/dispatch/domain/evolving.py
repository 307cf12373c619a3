"""How news change a delivery. The past is not negotiable: nothing is refused here."""

from collections.abc import Mapping

import msgspec

from subgraphs.dispatch.domain.actions import DeliveryStatus, OfferStatus
from subgraphs.dispatch.domain.delivery import STATUS_AFTER, Delivery, Engagement, Offered, Phase
from subgraphs.dispatch.events import (
    CourierArrived,
    CourierAtDoor,
    CourierChosen,
    CourierSought,
    DeliveryAbandoned,
    DeliveryAssigned,
    DeliveryCancelled,
    DeliveryCancelRefused,
    DeliveryCompleted,
    DeliveryEvent,
    DeliveryFailed,
    DeliveryPickedUp,
    DeliveryRequested,
    DeliveryRescheduled,
    DeliveryReturned,
    DeliveryUnassigned,
    DeliveryUndeliverable,
    DropoffPinMistaken,
    LaterDeliveryEvent,
    NobodyFound,
    OfferDeclined,
    OfferLapsed,
    OfferMade,
    OfferWithdrawn,
    PickupCodeMistaken,
)

SearchEvent = (
    DeliveryRescheduled
    | CourierSought
    | CourierChosen
    | NobodyFound
    | OfferMade
    | OfferDeclined
    | OfferLapsed
    | OfferWithdrawn
)
"""What happens until a courier is found."""
RideEvent = (
    DeliveryAssigned
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
"""What happens with a courier, and how it ends."""


def evolve(delivery: Delivery | None, event: DeliveryEvent) -> Delivery:
    """The delivery after `event`."""
    if isinstance(event, DeliveryRequested):
        return _begun(event)
    assert delivery is not None, "the story of a delivery begins with its request"
    status = STATUS_AFTER.get(type(event), delivery.status)
    return msgspec.structs.replace(delivery, status=status, last_at=event.at, **_told(delivery, event))


def _begun(event: DeliveryRequested) -> Delivery:
    return Delivery(
        id=event.delivery_id,
        order_id=event.order_id,
        customer_id=event.customer_id,
        pickup=event.pickup,
        dropoff=event.dropoff,
        distance_m=event.distance_m,
        ready_by=event.ready_by,
        search_at=event.search_at,
        last_at=event.at,
    )


def _told(delivery: Delivery, event: LaterDeliveryEvent) -> Mapping[str, object]:
    """The fields that this event sets, beside status and time."""
    return _searched(delivery, event) if isinstance(event, SearchEvent) else _carried(delivery, event)


def _searched(delivery: Delivery, event: SearchEvent) -> Mapping[str, object]:  # noqa: C901 - one case per event
    match event:
        case DeliveryRescheduled(ready_by=ready_by, search_at=search_at, is_ready=is_ready):
            return {"ready_by": ready_by, "search_at": search_at, "is_ready": is_ready}
        case CourierSought(at=at, round=number):
            began = at if delivery.phase is Phase.NOT_SEARCHING else delivery.search_began_at
            return {"phase": Phase.SOUGHT, "round": number, "next_best": (), "search_began_at": began}
        case CourierChosen():
            return _chosen(delivery, event)
        case NobodyFound():
            resting = {"phase": Phase.RESTING, "next_best": (), "engagement": None}
            return {**resting, "misses": delivery.misses + 1, "silent": frozenset[str]()}
        case OfferMade():
            return _offered(delivery, event)
        case OfferDeclined(courier_id=courier_id):
            return {**_closed(delivery, OfferStatus.DECLINED), "unwilling": delivery.unwilling | {courier_id}}
        case OfferLapsed(courier_id=courier_id):
            return {**_closed(delivery, OfferStatus.EXPIRED), "silent": delivery.silent | {courier_id}}
        case OfferWithdrawn(courier_id=courier_id):
            return {**_closed(delivery, OfferStatus.WITHDRAWN), "silent": delivery.silent | {courier_id}}


def _carried(delivery: Delivery, event: RideEvent) -> Mapping[str, object]:  # noqa: C901 - one case per event
    match event:
        case DeliveryAssigned():
            return _assigned(delivery, event)
        case DeliveryUnassigned():
            return _unassigned(delivery, event)
        case CourierArrived(at=at):
            return {"arrived_at": at}
        case DeliveryPickedUp(at=at):
            return {"picked_up_at": at, "wrong_codes": 0, "locked_until": None}
        case CourierAtDoor(at=at):
            return {"at_door_at": at}
        case (
            PickupCodeMistaken(attempts=attempts, locked_until=until)
            | DropoffPinMistaken(attempts=attempts, locked_until=until)
        ):
            return {"wrong_codes": attempts if until is None else 0, "locked_until": until}
        case DeliveryUndeliverable(reason=reason):
            return {"return_reason": reason}
        case DeliveryFailed(reason=reason):
            return {**_ended(delivery), "failure": reason}
        case DeliveryCompleted() | DeliveryReturned() | DeliveryCancelled() | DeliveryAbandoned():
            return _ended(delivery)
        case DeliveryCancelRefused():
            return {}


def _assigned(delivery: Delivery, event: DeliveryAssigned) -> Mapping[str, object]:
    return {
        "phase": Phase.NOT_SEARCHING,
        "misses": 0,
        "offers": _with_status(delivery, OfferStatus.ACCEPTED),
        "courier_id": event.courier_id,
        "pickup_expected_at": event.pickup_expected_at,
    }


def _unassigned(delivery: Delivery, event: DeliveryUnassigned) -> Mapping[str, object]:
    return {
        "engagement": None,
        "courier_id": None,
        "pickup_expected_at": None,
        "arrived_at": None,
        "wrong_codes": 0,
        "locked_until": None,
        "unwilling": delivery.unwilling | {event.courier_id},
    }


def _chosen(delivery: Delivery, event: CourierChosen) -> Mapping[str, object]:
    engagement = Engagement(offer_id=event.offer_id, courier_id=event.courier_id, ride_seconds=event.ride_seconds)
    others = tuple(each for each in event.considered if each.courier_id != event.courier_id)
    return {
        "phase": Phase.CHOSEN,
        "choices": delivery.choices + 1,
        "engagement": engagement,
        "next_best": others,
    }


def _offered(delivery: Delivery, event: OfferMade) -> Mapping[str, object]:
    asked = Engagement(
        offer_id=event.offer_id,
        courier_id=event.courier_id,
        ride_seconds=event.ride_seconds,
        expires_at=event.expires_at,
        vehicle=event.vehicle,
    )
    offer = Offered(offer_id=event.offer_id, courier_id=event.courier_id, status=OfferStatus.OPEN)
    return {"engagement": asked, "next_best": (), "offers": (*delivery.offers, offer)}


def _closed(delivery: Delivery, status: OfferStatus) -> Mapping[str, object]:
    """Without its engagement, as when the courier said no."""
    return {"engagement": None, "next_best": (), "offers": _with_status(delivery, status)}


def _ended(delivery: Delivery) -> Mapping[str, object]:
    """Nothing follows: an offer that was open is so no more."""
    offers = _with_status(delivery, OfferStatus.WITHDRAWN) if delivery.status is DeliveryStatus.OFFERED else None
    return {
        "phase": Phase.NOT_SEARCHING,
        "engagement": None,
        "next_best": (),
        "offers": delivery.offers if offers is None else offers,
    }


def _with_status(delivery: Delivery, status: OfferStatus) -> tuple[Offered, ...]:
    live = None if delivery.engagement is None else delivery.engagement.offer_id
    return tuple(
        msgspec.structs.replace(each, status=status) if each.offer_id == live else each for each in delivery.offers
    )
