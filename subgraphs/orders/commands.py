"""What orders can be told to do. Facts are fields that default to None or empty: handling adds them before deciding."""

from datetime import datetime
from typing import Annotated

from kernel.messages import Command, Personal
from subgraphs.orders.events import (
    CancellationReason,
    DeliveryAddress,
    DropoffProof,
    FailureReason,
    Fulfilment,
    OrderStatus,
    QuoteGiven,
    RejectionReason,
)
from subgraphs.orders.kitchens import Counter, Selection


class QuoteOrder(Command):
    """Bind a price for these lines."""

    quote_id: str
    restaurant_id: str
    fulfilment: Fulfilment
    lines: tuple[Selection, ...]
    tip_minor: int = 0
    delivery: Annotated[DeliveryAddress | None, Personal(subject="viewer")] = None
    """Where to; None for takeaway."""
    counter: Counter | None = None
    """Fact: the kitchen and what was chosen from; None for a restaurant that does not exist."""


class PlaceOrder(Command):
    """Order what was quoted, at the quoted price."""

    order_id: str
    quote_id: str
    payment_token: Annotated[str, Personal(subject="viewer")]
    quote: QuoteGiven | None = None
    """Fact: the quote; None when there is no such quote."""
    counter: Counter | None = None
    """Fact: the kitchen and what was chosen from, as they are now."""


class OrderCommand(Command):
    """What every command to an existing order names."""

    order_id: str


class ConfirmOrder(OrderCommand):
    """The payment is authorised."""

    payment_id: str


class FailOrder(OrderCommand):
    """The payment was declined, or the food was lost on its way."""

    reason: FailureReason
    detail: str


class ExpireOrder(OrderCommand):
    """Give up waiting, if the order still waits for what it waited for when the timer was set."""

    while_status: OrderStatus
    since_version: int


class CloseUncollected(OrderCommand):
    """Give up waiting for the customer, if the order still is as ready as it was when the timer was set."""

    since_version: int


class GiveUpOnKitchen(OrderCommand):
    """Stop waiting for a kitchen that has long been silent, if it still promises what it promised then."""

    ready_by: datetime


class NameOrderCourier(OrderCommand):
    """Dispatch has found somebody who will fetch the food."""

    courier_id: str


class DropOrderCourier(OrderCommand):
    """That courier will not fetch it after all."""

    courier_id: str


class PickUpOrder(OrderCommand):
    """The courier has the food."""

    courier_id: str


class AnnounceOrder(OrderCommand):
    """The courier is near the door."""


class DeliverOrder(OrderCommand):
    """The customer has the food."""

    courier_id: str
    proof: DropoffProof


class TurnOrderBack(OrderCommand):
    """The food cannot be handed over and goes back."""

    reason: str


class ReturnOrder(OrderCommand):
    """The food is back at the restaurant."""

    reason: str
    charged: bool


class GrantCancellation(OrderCommand):
    """Dispatch has stood down: the order can be called off."""


class RefuseCancellation(OrderCommand):
    """Dispatch cannot stand down any more."""


class AbandonOrder(OrderCommand):
    """Dispatch has found nobody for too long."""


class ViewerCommand(OrderCommand):
    """A command by somebody in front of a screen, who may say which version they were looking at."""

    expected_version: int | None = None
    workplaces: tuple[str, ...] = ()
    """Fact: the restaurants at which the viewer works."""


class CancelOrder(ViewerCommand):
    reason: CancellationReason


class AcceptOrder(ViewerCommand):
    prep_minutes: int


class RejectOrder(ViewerCommand):
    reason: RejectionReason
    unavailable_items: tuple[str, ...] = ()


class StartPreparing(ViewerCommand):
    pass


class DelayOrder(ViewerCommand):
    ready_by: datetime


class MarkOrderReady(ViewerCommand):
    pass


class ConfirmCollection(ViewerCommand):
    """Hand the order over to whoever named the code; the code itself is never stored."""

    code_is_right: bool


ViewersOrderCommand = (
    AcceptOrder | RejectOrder | StartPreparing | DelayOrder | MarkOrderReady | ConfirmCollection | CancelOrder
)
"""What people ask of an order there is."""

DeliveryCommand = (
    NameOrderCourier
    | DropOrderCourier
    | PickUpOrder
    | AnnounceOrder
    | DeliverOrder
    | TurnOrderBack
    | ReturnOrder
    | GrantCancellation
    | RefuseCancellation
    | AbandonOrder
)
"""What news of a delivery do to its order."""

WaitCommand = PlaceOrder | ConfirmOrder | FailOrder | ExpireOrder | CloseUncollected | GiveUpOnKitchen
"""Beginning, and the ends of waits: by payments and by timers."""

AnyOrderCommand = WaitCommand | ViewersOrderCommand | DeliveryCommand

VIEWER_COMMANDS: tuple[type[ViewersOrderCommand], ...] = (
    AcceptOrder,
    RejectOrder,
    StartPreparing,
    DelayOrder,
    MarkOrderReady,
    ConfirmCollection,
    CancelOrder,
)

ORDER_COMMANDS: tuple[type[AnyOrderCommand], ...] = (
    PlaceOrder,
    ConfirmOrder,
    FailOrder,
    ExpireOrder,
    CloseUncollected,
    GiveUpOnKitchen,
    *VIEWER_COMMANDS,
    NameOrderCourier,
    DropOrderCourier,
    PickUpOrder,
    AnnounceOrder,
    DeliverOrder,
    TurnOrderBack,
    ReturnOrder,
    GrantCancellation,
    RefuseCancellation,
    AbandonOrder,
)
