"""Ending without a customer who eats: called off, undeliverable, returned, lost."""

from datetime import datetime, timedelta

from kernel.deciding import Decision, Later
from kernel.messages import Refusal
from subgraphs.dispatch.commands import CancelDelivery, ConfirmReturn, LoseCourier, ReportUndeliverable
from subgraphs.dispatch.domain.actions import ENDED, FETCHING, LOOKING, ON_THE_WAY, DeliveryAction, DeliveryStatus
from subgraphs.dispatch.domain.admitting import mismatch, moment, permitted, untimely
from subgraphs.dispatch.domain.carrying import LOSS_WAIT
from subgraphs.dispatch.domain.delivery import Delivery
from subgraphs.dispatch.domain.refusals import TooSoon
from subgraphs.dispatch.events import (
    DeliveryCancelled,
    DeliveryCancelRefused,
    DeliveryFailed,
    DeliveryFailure,
    DeliveryReturned,
    DeliveryUndeliverable,
    UndeliverableReason,
)

DOOR_WAIT = timedelta(minutes=5)
"""How long a courier waits at the door before the customer is given up."""
RIDE_WAIT = timedelta(minutes=30)
"""Where no position told of the door: how long after the food was fetched."""


def cancel(command: CancelDelivery, delivery: Delivery | None) -> Decision:
    """The order is to be called off: possible until a courier has the food."""
    if delivery is None or delivery.status in ENDED:
        return []  # How it ended tells the order what it asks.
    at, engagement = moment(command, delivery), delivery.engagement
    if delivery.status in LOOKING | FETCHING:
        return [
            DeliveryCancelled(
                at=at,
                delivery_id=delivery.id,
                order_id=delivery.order_id,
                offer_id=None if engagement is None else engagement.offer_id,
                courier_id=None if engagement is None else engagement.courier_id,
            )
        ]
    if not command.asked:
        return []
    return [
        DeliveryCancelRefused(
            at=at, delivery_id=delivery.id, order_id=delivery.order_id, courier_id=delivery.courier_id
        )
    ]


def report_undeliverable(command: ReportUndeliverable, delivery: Delivery | None) -> Decision:
    """Nobody takes the food: it goes back. Spoilt food goes nowhere."""
    found = permitted(command, delivery, DeliveryAction.REPORT_UNDELIVERABLE)
    if isinstance(found, Refusal):
        return found
    if _is_reported(found, command.reason):
        return []  # Asking twice is not an error: retries must be harmless.
    refusal = untimely(command, found, DeliveryAction.REPORT_UNDELIVERABLE)
    if refusal is not None:
        return refusal
    at = moment(command, found)
    if command.reason is UndeliverableReason.FOOD_DAMAGED:
        return [_failed(found, at, DeliveryFailure.FOOD_DAMAGED)]
    if found.status is DeliveryStatus.RETURNING:
        return mismatch(command, found)  # It goes back already; it can only be spoilt on that way.
    return _too_soon(found, at) or _sent_back(found, at, command.reason)


def _is_reported(delivery: Delivery, reason: UndeliverableReason) -> bool:
    if reason is UndeliverableReason.FOOD_DAMAGED:
        return delivery.failure is DeliveryFailure.FOOD_DAMAGED
    return delivery.status is DeliveryStatus.RETURNING and delivery.return_reason is reason


def confirm_return(command: ConfirmReturn, delivery: Delivery | None) -> Decision:
    """The food is back at the restaurant; the customer, whom it was brought to, pays."""
    found = permitted(command, delivery, DeliveryAction.CONFIRM_RETURN)
    if isinstance(found, Refusal):
        return found
    if found.status is DeliveryStatus.RETURNED:
        return []  # Asking twice is not an error: retries must be harmless.
    refusal = untimely(command, found, DeliveryAction.CONFIRM_RETURN)
    if refusal is not None:
        return refusal
    assert found.engagement is not None, "a courier is bringing it back"
    assert found.return_reason is not None, "somebody said why"
    return [
        DeliveryReturned(
            at=moment(command, found),
            delivery_id=found.id,
            order_id=found.order_id,
            offer_id=found.engagement.offer_id,
            courier_id=found.engagement.courier_id,
            reason=found.return_reason,
            charged=True,
        )
    ]


def lose(command: LoseCourier, delivery: Delivery | None) -> Decision:
    """The courier has had the food for far too long: nobody will eat it."""
    if delivery is None or delivery.engagement is None or delivery.engagement.offer_id != command.offer_id:
        return []
    if delivery.status not in ({DeliveryStatus.RETURNING} if command.returning else ON_THE_WAY):
        return []  # On its way back it has time again.
    return [_failed(delivery, moment(command, delivery), DeliveryFailure.COURIER_LOST)]


def _too_soon(delivery: Delivery, at: datetime) -> Refusal | None:
    assert delivery.picked_up_at is not None, "the food was fetched"
    until = delivery.picked_up_at + RIDE_WAIT
    if delivery.at_door_at is not None:
        until = min(until, delivery.at_door_at + DOOR_WAIT)
    return TooSoon(until=until) if at < until else None


def _sent_back(delivery: Delivery, at: datetime, reason: UndeliverableReason) -> Decision:
    assert delivery.engagement is not None, "a courier has the food"
    engagement = delivery.engagement
    undeliverable = DeliveryUndeliverable(
        at=at,
        delivery_id=delivery.id,
        order_id=delivery.order_id,
        courier_id=engagement.courier_id,
        reason=reason,
    )
    loss = LoseCourier(delivery_id=delivery.id, offer_id=engagement.offer_id, returning=True)
    return [undeliverable, Later(at=at + LOSS_WAIT, command=loss)]


def _failed(delivery: Delivery, at: datetime, reason: DeliveryFailure) -> DeliveryFailed:
    engagement = delivery.engagement
    return DeliveryFailed(
        at=at,
        delivery_id=delivery.id,
        order_id=delivery.order_id,
        offer_id=None if engagement is None else engagement.offer_id,
        courier_id=None if engagement is None else engagement.courier_id,
        reason=reason,
    )
