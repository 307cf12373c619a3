"""What a command to an existing order must pass: the viewer sees it and may do this, and the time is right."""

from datetime import datetime

from kernel.messages import Command, Refusal
from kernel.ownership import Parties, may
from subgraphs.orders.commands import ViewerCommand
from subgraphs.orders.domain.actions import RULES, SEE, OrderAction, available_actions, parties
from subgraphs.orders.domain.order import Order
from subgraphs.orders.domain.refusals import IllegalTransition, NotAllowed, OrderNotFound, OrderVersionConflict


def permitted(command: ViewerCommand, order: Order | None, wanted: OrderAction) -> Order | Refusal:
    """The order, when the viewer may take this action on it at all."""
    if order is None:
        return OrderNotFound()
    stands = standing(command, order)
    if not may(command.viewer, SEE, stands):
        return OrderNotFound()
    allowed = any(may(command.viewer, grant.action, stands) for grant in RULES[wanted])
    return order if allowed else NotAllowed()


def untimely(command: ViewerCommand, order: Order, wanted: OrderAction) -> Refusal | None:
    """Why the action cannot be taken now: the viewer saw an older order, or its status does not allow it."""
    if command.expected_version not in {None, order.version}:
        return OrderVersionConflict(order_id=order.id, current_version=order.version)
    allowed = available_actions(command.viewer, standing(command, order), order.status, order.fulfilment)
    return None if wanted in allowed else IllegalTransition(status=order.status, allowed=allowed)


def moment(command: Command, order: Order) -> datetime:
    """When the command's events happen: clocks of two processes may differ, an order's time never goes back."""
    return max(command.at, order.last_at)


def standing(command: ViewerCommand, order: Order) -> Parties:
    """In which relations the command's viewer stands to the order."""
    return parties(
        command.viewer,
        order.customer_id,
        works_there=order.restaurant_id in command.workplaces,
        in_kitchen=order.in_kitchen,
    )
