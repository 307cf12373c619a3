"""Handing over: the customer names the code and takes the food, or never comes."""

from datetime import timedelta

from kernel.deciding import Decision
from kernel.messages import Refusal
from subgraphs.orders.commands import CloseUncollected, ConfirmCollection
from subgraphs.orders.domain.actions import OrderAction
from subgraphs.orders.domain.admitting import moment, permitted, untimely
from subgraphs.orders.domain.order import Order
from subgraphs.orders.domain.refusals import CollectionCodeLocked, OrderNotFound
from subgraphs.orders.events import CollectionCodeMistaken, Handover, OrderCompleted, OrderStatus

CODE_ATTEMPTS = 5
CODE_LOCK = timedelta(minutes=10)


def collect(command: ConfirmCollection, order: Order | None) -> Decision:
    """The food goes to whoever named the right code. A wrong one is news too: it counts against guessing."""
    found = permitted(command, order, OrderAction.CONFIRM_COLLECTION)
    if isinstance(found, Refusal):
        return found
    if found.status is OrderStatus.COMPLETED:
        return []  # Asking twice is not an error: retries must be harmless.
    refusal = untimely(command, found, OrderAction.CONFIRM_COLLECTION) or _locked(command, found)
    if refusal is not None:
        return refusal
    if command.code_is_right:
        return [_completed(command, found, Handover.COLLECTED)]
    attempts, at = found.wrong_codes + 1, moment(command, found)
    return [
        CollectionCodeMistaken(
            at=at,
            order_id=found.id,
            restaurant_id=found.restaurant_id,
            attempts=attempts,
            locked_until=at + CODE_LOCK if attempts >= CODE_ATTEMPTS else None,
        )
    ]


def close(command: CloseUncollected, order: Order | None) -> Decision:
    """The customer never came: the order is over, and paid for all the same."""
    if order is None:
        return OrderNotFound()
    if order.status is not OrderStatus.READY_FOR_PICKUP or order.since_version != command.since_version:
        return []  # It was collected in time.
    return [_completed(command, order, Handover.NOT_COLLECTED)]


def _locked(command: ConfirmCollection, order: Order) -> Refusal | None:
    if order.locked_until is None or moment(command, order) >= order.locked_until:
        return None
    return CollectionCodeLocked(until=order.locked_until)


def _completed(command: ConfirmCollection | CloseUncollected, order: Order, handover: Handover) -> OrderCompleted:
    return OrderCompleted(
        at=moment(command, order), order_id=order.id, restaurant_id=order.restaurant_id, handover=handover
    )
