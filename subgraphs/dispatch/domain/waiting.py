"""Waiting for a courier who has accepted: not for ever, once the food is ready."""

from collections.abc import Sequence
from datetime import timedelta

from kernel.deciding import Later
from subgraphs.dispatch.commands import GiveUpOnCourier
from subgraphs.dispatch.domain.actions import DeliveryStatus
from subgraphs.dispatch.domain.delivery import Delivery

NO_SHOW_WAIT = timedelta(minutes=10)
"""For a courier who should have come to the restaurant by now."""
LOITER_WAIT = timedelta(minutes=30)
"""For a courier who has come and does not take the food."""


def waits(delivery: Delivery) -> Sequence[Later]:
    """Until when the courier is waited for, as things are now; nothing while the food is not ready."""
    engagement = delivery.engagement
    if engagement is None or not delivery.is_ready:
        return []
    arrived = delivery.status is DeliveryStatus.AT_RESTAURANT
    since = (delivery.arrived_at if arrived else delivery.pickup_expected_at) or delivery.ready_by
    due = max(delivery.ready_by, since) + (LOITER_WAIT if arrived else NO_SHOW_WAIT)
    giving_up = GiveUpOnCourier(delivery_id=delivery.id, offer_id=engagement.offer_id, arrived=arrived)
    return [Later(at=due, command=giving_up)]
