"""Carrying: to the restaurant, and with the food to the customer's door."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from kernel.deciding import Decision, Later
from kernel.messages import Event, Refusal
from subgraphs.dispatch.commands import (
    ConfirmDropoff,
    ConfirmPickup,
    GiveUpOnCourier,
    LoseCourier,
    ReassignDelivery,
    RecordArrival,
    RecordNearDoor,
)
from subgraphs.dispatch.domain.actions import ON_THE_WAY, DeliveryAction, DeliveryStatus
from subgraphs.dispatch.domain.admitting import is_viewers, moment, permitted, untimely
from subgraphs.dispatch.domain.delivery import Delivery
from subgraphs.dispatch.domain.evolving import evolve
from subgraphs.dispatch.domain.refusals import CodeLocked, PinRequired
from subgraphs.dispatch.domain.searching import begun
from subgraphs.dispatch.domain.waiting import waits
from subgraphs.dispatch.events import (
    CourierArrived,
    CourierAtDoor,
    DeliveryCompleted,
    DeliveryPickedUp,
    DeliveryUnassigned,
    DropoffPinMistaken,
    DropoffProof,
    PickupCodeMistaken,
    ReassignmentReason,
    UnassignmentReason,
)

CODE_ATTEMPTS = 5
CODE_LOCK = timedelta(minutes=10)
LOSS_WAIT = timedelta(hours=2)
"""Food that was fetched so long ago will not arrive any more."""


def arrive(command: RecordArrival, delivery: Delivery | None) -> Decision:
    """The courier is at the restaurant."""
    if delivery is None or delivery.status is not DeliveryStatus.ASSIGNED or delivery.courier_id != command.courier_id:
        return []  # They had come before, or are no longer the one.
    arrived = CourierArrived(
        at=moment(command, delivery),
        delivery_id=delivery.id,
        order_id=delivery.order_id,
        courier_id=command.courier_id,
    )
    return [arrived, *waits(evolve(delivery, arrived))]


def near_door(command: RecordNearDoor, delivery: Delivery | None) -> Decision:
    """The courier is near the customer's door."""
    if delivery is None or delivery.status is not DeliveryStatus.PICKED_UP or delivery.courier_id != command.courier_id:
        return []
    return [
        CourierAtDoor(
            at=moment(command, delivery),
            delivery_id=delivery.id,
            order_id=delivery.order_id,
            courier_id=command.courier_id,
        )
    ]


def reassign(command: ReassignDelivery, delivery: Delivery | None) -> Decision:
    """The courier, or a dispatcher, wants somebody else to do it."""
    found = permitted(command, delivery, DeliveryAction.REASSIGN_DELIVERY)
    if isinstance(found, Refusal):
        return found
    own = is_viewers(command, found.courier_id)
    reason = UnassignmentReason.COURIER_ASKED if own else UnassignmentReason.DISPATCHER
    return untimely(command, found, DeliveryAction.REASSIGN_DELIVERY) or _taken_away(
        found, moment(command, found), reason, command.reason
    )


def give_up(command: GiveUpOnCourier, delivery: Delivery | None) -> Decision:
    """The food waits, and its courier does not take it: another one."""
    if delivery is None or delivery.engagement is None or delivery.engagement.offer_id != command.offer_id:
        return []
    waited_in = DeliveryStatus.AT_RESTAURANT if command.arrived else DeliveryStatus.ASSIGNED
    if delivery.status is not waited_in:
        return []  # They came, or have the food.
    return _taken_away(delivery, moment(command, delivery), UnassignmentReason.NO_SHOW)


def _taken_away(
    delivery: Delivery, at: datetime, reason: UnassignmentReason, detail: ReassignmentReason | None = None
) -> Sequence[Event | Later]:
    assert delivery.engagement is not None, "a courier is on the way"
    unassigned = DeliveryUnassigned(
        at=at,
        delivery_id=delivery.id,
        order_id=delivery.order_id,
        offer_id=delivery.engagement.offer_id,
        courier_id=delivery.engagement.courier_id,
        reason=reason,
        detail=detail,
    )
    return [unassigned, *begun(evolve(delivery, unassigned), at)]


def confirm_pickup(command: ConfirmPickup, delivery: Delivery | None) -> Decision:
    """The food goes to the courier who named the right code. A wrong one is news too: it counts against guessing."""
    found = permitted(command, delivery, DeliveryAction.CONFIRM_PICKUP)
    if isinstance(found, Refusal):
        return found
    if found.status in ON_THE_WAY:
        return []  # Asking twice is not an error: retries must be harmless.
    refusal = untimely(command, found, DeliveryAction.CONFIRM_PICKUP) or _locked(found, moment(command, found))
    if refusal is not None:
        return refusal
    return _picked_up(command, found) if command.code_is_right else [_mistaken(PickupCodeMistaken, command, found)]


def _picked_up(command: ConfirmPickup, delivery: Delivery) -> Sequence[Event | Later]:
    assert delivery.engagement is not None, "a courier is on the way"
    at, offer_id = moment(command, delivery), delivery.engagement.offer_id
    picked_up = DeliveryPickedUp(
        at=at,
        delivery_id=delivery.id,
        order_id=delivery.order_id,
        offer_id=offer_id,
        courier_id=delivery.engagement.courier_id,
    )
    return [picked_up, Later(at=at + LOSS_WAIT, command=LoseCourier(delivery_id=delivery.id, offer_id=offer_id))]


def confirm_dropoff(command: ConfirmDropoff, delivery: Delivery | None) -> Decision:
    """The customer has the food, or finds it at the door as they wished."""
    found = permitted(command, delivery, DeliveryAction.CONFIRM_DROPOFF)
    if isinstance(found, Refusal):
        return found
    if found.status is DeliveryStatus.DELIVERED:
        return []  # Asking twice is not an error: retries must be harmless.
    refusal = untimely(command, found, DeliveryAction.CONFIRM_DROPOFF)
    if refusal is not None:
        return refusal
    if command.pin_is_right is None:
        return [_completed(command, found, DropoffProof.LEFT_AT_DOOR)] if found.dropoff.leave_at_door else PinRequired()
    refusal = _locked(found, moment(command, found))
    if refusal is not None:
        return refusal
    if command.pin_is_right:
        return [_completed(command, found, DropoffProof.PIN)]
    return [_mistaken(DropoffPinMistaken, command, found)]


def _completed(command: ConfirmDropoff, delivery: Delivery, proof: DropoffProof) -> DeliveryCompleted:
    assert delivery.engagement is not None, "a courier has the food"
    return DeliveryCompleted(
        at=moment(command, delivery),
        delivery_id=delivery.id,
        order_id=delivery.order_id,
        offer_id=delivery.engagement.offer_id,
        courier_id=delivery.engagement.courier_id,
        proof=proof,
    )


def _locked(delivery: Delivery, at: datetime) -> Refusal | None:
    if delivery.locked_until is None or at >= delivery.locked_until:
        return None
    return CodeLocked(until=delivery.locked_until)


def _mistaken(
    news: type[PickupCodeMistaken] | type[DropoffPinMistaken],
    command: ConfirmPickup | ConfirmDropoff,
    delivery: Delivery,
) -> PickupCodeMistaken | DropoffPinMistaken:
    assert delivery.engagement is not None, "a courier entered it"
    attempts, at = delivery.wrong_codes + 1, moment(command, delivery)
    return news(
        at=at,
        delivery_id=delivery.id,
        order_id=delivery.order_id,
        courier_id=delivery.engagement.courier_id,
        attempts=attempts,
        locked_until=at + CODE_LOCK if attempts >= CODE_ATTEMPTS else None,
    )
