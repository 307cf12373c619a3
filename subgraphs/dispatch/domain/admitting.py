"""What a command to an existing delivery must pass: the viewer sees it and may do this, and the time is right."""

from datetime import datetime

from kernel.ids import person_id
from kernel.messages import Command, Refusal
from kernel.ownership import Parties, may
from subgraphs.dispatch.commands import ViewerCommand
from subgraphs.dispatch.domain.actions import RULES, SEE, DeliveryAction, available_actions, parties
from subgraphs.dispatch.domain.delivery import Delivery
from subgraphs.dispatch.domain.refusals import DeliveryStatusMismatch, NotAllowed, NotFound

_PATH = ("deliveryId",)


def permitted(command: ViewerCommand, delivery: Delivery | None, wanted: DeliveryAction) -> Delivery | Refusal:
    """The delivery, when the viewer may take this action on it at all."""
    if delivery is None:
        return NotFound(path=_PATH)
    standing = _standing(command, delivery)
    if not may(command.viewer, SEE, standing):
        return NotFound(path=_PATH)
    return delivery if may(command.viewer, RULES[wanted].action, standing) else NotAllowed()


def untimely(command: ViewerCommand, delivery: Delivery, wanted: DeliveryAction) -> Refusal | None:
    """Why the action cannot be taken now: the delivery's status does not allow it."""
    if delivery.status in RULES[wanted].statuses:
        return None
    return mismatch(command, delivery)


def mismatch(command: ViewerCommand, delivery: Delivery) -> DeliveryStatusMismatch:
    """Not in this status; and what can be done in it."""
    allowed = available_actions(command.viewer, _standing(command, delivery), delivery.status)
    return DeliveryStatusMismatch(status=delivery.status, allowed=allowed)


def moment(command: Command, delivery: Delivery) -> datetime:
    """When the command's events happen: clocks of two processes may differ, a delivery's time never goes back."""
    return max(command.at, delivery.last_at)


def is_viewers(command: ViewerCommand, courier_id: str | None) -> bool:
    """Whether that courier is the viewer."""
    return courier_id == person_id("courier", command.viewer.subject)


def _standing(command: ViewerCommand, delivery: Delivery) -> Parties:
    return parties(
        command.viewer,
        delivery.customer_id,
        is_courier=is_viewers(command, delivery.courier_id),
        status=delivery.status,
        is_staff=command.works_there,
    )
