"""Delivering: what dispatch tells of the courier, as the order's own news. Stale ones change nothing."""

from kernel.deciding import Decision
from subgraphs.orders.commands import (
    AbandonOrder,
    AnnounceOrder,
    DeliverOrder,
    DeliveryCommand,
    DropOrderCourier,
    FailOrder,
    GrantCancellation,
    NameOrderCourier,
    PickUpOrder,
    RefuseCancellation,
    ReturnOrder,
    TurnOrderBack,
)
from subgraphs.orders.domain.actions import COOKING
from subgraphs.orders.domain.admitting import moment
from subgraphs.orders.domain.cancelling import abandon, grant, refuse, resumed
from subgraphs.orders.domain.order import Order
from subgraphs.orders.domain.refusals import OrderNotFound
from subgraphs.orders.events import (
    CourierAssigned,
    CourierUnassigned,
    Fulfilment,
    OrderArriving,
    OrderDelivered,
    OrderFailed,
    OrderPickedUp,
    OrderReturned,
    OrderReturning,
    OrderStatus,
)

BEFORE_PICKUP = COOKING | {OrderStatus.CANCEL_PENDING}
TO_THE_DOOR = frozenset({OrderStatus.PICKED_UP, OrderStatus.ARRIVING})
DELIVERING = BEFORE_PICKUP | TO_THE_DOOR | {OrderStatus.RETURNING}
"""While an order has a delivery that has not ended."""


def decide_delivery(command: DeliveryCommand, order: Order | None) -> Decision:  # noqa: C901 - one case per command
    """What comes of a courier's doings."""
    if order is None:
        return OrderNotFound()
    if order.fulfilment is not Fulfilment.DELIVERY or order.status not in DELIVERING:
        return []  # The order has ended, or has no delivery at all.
    match command:
        case NameOrderCourier() | DropOrderCourier():
            return _told_of_courier(command, order)
        case PickUpOrder():
            return _pick_up(command, order)
        case AnnounceOrder() | DeliverOrder() | TurnOrderBack():
            return _at_the_door(command, order)
        case ReturnOrder():
            return _bring_back(command, order)
        case GrantCancellation():
            return grant(command, order)
        case RefuseCancellation():
            return refuse(command, order)
        case AbandonOrder():
            return abandon(command, order)


def _told_of_courier(command: NameOrderCourier | DropOrderCourier, order: Order) -> Decision:
    named = isinstance(command, NameOrderCourier)
    if order.status not in BEFORE_PICKUP or named == (order.courier_id == command.courier_id):
        return []  # Known already, or another courier's affair.
    kind = CourierAssigned if named else CourierUnassigned
    return [
        kind(
            at=moment(command, order),
            order_id=order.id,
            restaurant_id=order.restaurant_id,
            courier_id=command.courier_id,
        )
    ]


def _pick_up(command: PickUpOrder, order: Order) -> Decision:
    """The food has left, whatever the kitchen has said: a pickup that crosses a request to cancel wins."""
    if order.status not in BEFORE_PICKUP:
        return []
    at = moment(command, order)
    gone = OrderPickedUp(at=at, order_id=order.id, restaurant_id=order.restaurant_id, courier_id=command.courier_id)
    return [gone] if order.cancelling is None else [resumed(order, order.cancelling, at), gone]


def _at_the_door(command: AnnounceOrder | DeliverOrder | TurnOrderBack, order: Order) -> Decision:
    if order.status not in TO_THE_DOOR:
        return []
    at = moment(command, order)
    match command:
        case AnnounceOrder():
            if order.status is OrderStatus.ARRIVING:
                return []  # It is said once.
            return [OrderArriving(at=at, order_id=order.id, restaurant_id=order.restaurant_id)]
        case DeliverOrder(courier_id=courier_id, proof=proof):
            return [
                OrderDelivered(
                    at=at, order_id=order.id, restaurant_id=order.restaurant_id, courier_id=courier_id, proof=proof
                )
            ]
        case TurnOrderBack(reason=reason):
            return [OrderReturning(at=at, order_id=order.id, restaurant_id=order.restaurant_id, reason=reason)]


def _bring_back(command: ReturnOrder, order: Order) -> Decision:
    if order.status is not OrderStatus.RETURNING:
        return []
    return [
        OrderReturned(
            at=moment(command, order),
            order_id=order.id,
            restaurant_id=order.restaurant_id,
            reason=command.reason,
            charged=command.charged,
        )
    ]


def lose(command: FailOrder, order: Order) -> Decision:
    """The food is lost, or nobody knows where it is: the order cannot be fulfilled any more."""
    if order.fulfilment is not Fulfilment.DELIVERY or order.status not in DELIVERING:
        return []  # The order has ended otherwise.
    return [
        OrderFailed(
            at=moment(command, order),
            order_id=order.id,
            restaurant_id=order.restaurant_id,
            reason=command.reason,
            detail=command.detail,
        )
    ]
