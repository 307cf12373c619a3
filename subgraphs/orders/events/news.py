"""The events of quotes and orders, by phase of life."""

from datetime import datetime
from typing import Annotated

from kernel.messages import Event, Personal
from subgraphs.orders.events.carriages import Carriage
from subgraphs.orders.events.prices import Price
from subgraphs.orders.events.terms import (
    CancellationReason,
    CancelledBy,
    DropoffProof,
    FailureReason,
    Fulfilment,
    Handover,
    OrderStatus,
    RejectionReason,
)


class QuoteGiven(Event):
    """A price was bound for a customer until `expires_at`; the only event of its stream."""

    quote_id: str
    customer_id: Annotated[str, Personal(subject="customer_id")]
    restaurant_id: str
    fulfilment: Fulfilment
    price: Price
    expires_at: datetime
    carriage: Annotated[Carriage | None, Personal(subject="customer_id")] = None
    """None for takeaway."""


class OrderNews(Event):
    """What every event of an order says."""

    order_id: str
    restaurant_id: str


class OrderPlaced(OrderNews):
    """A customer took a quote; the payment is to be authorised. The kitchen does not see the order yet."""

    quote_id: str
    customer_id: Annotated[str, Personal(subject="customer_id")]
    fulfilment: Fulfilment
    price: Price
    total_minor: int
    """What is to be authorised, the tip included."""
    currency: str
    payment_token: Annotated[str, Personal(subject="customer_id")]
    """The payment provider's token for the customer's card; worthless to anybody but us."""
    carriage: Annotated[Carriage | None, Personal(subject="customer_id")] = None
    """None for takeaway."""
    usual_prep_minutes: int | None = None
    """What the restaurant usually takes to prepare an order, until its kitchen says more about this one."""


class OrderConfirmed(OrderNews):
    """The payment is authorised; the kitchen is asked and has until `accept_by`."""

    payment_id: str
    accept_by: datetime


class OrderFailed(OrderNews):
    """The payment was declined before any kitchen saw the order, or the food was lost on its way."""

    reason: FailureReason
    detail: str
    """Whoever failed it says why: the payment provider (`insufficient_funds`), or dispatch (`COURIER_LOST`)."""


class OrderAccepted(OrderNews):
    """The kitchen took the order on."""

    prep_minutes: int
    ready_by: datetime
    customer_id: Annotated[str | None, Personal(subject="customer_id")] = None
    """None only in events from before there was delivery."""
    carriage: Annotated[Carriage | None, Personal(subject="customer_id")] = None
    """With one, somebody has to fetch the food at `ready_by`; None for takeaway."""
    tip_minor: int = 0
    currency: str | None = None


class OrderRejected(OrderNews):
    """The kitchen refused the order; the authorisation is to be voided."""

    reason: RejectionReason
    unavailable_items: tuple[str, ...] = ()


class OrderExpired(OrderNews):
    """Nobody answered in time; whatever is authorised is to be voided."""

    while_status: OrderStatus
    """PLACED: the payment was never resolved. CONFIRMED: the kitchen never answered."""


class PreparationStarted(OrderNews):
    """The kitchen began to cook."""


class OrderDelayed(OrderNews):
    """The kitchen needs longer than it promised."""

    ready_by: datetime
    previous_ready_by: datetime


class OrderReady(OrderNews):
    """The food waits: for a courier, or for the customer until `collect_by`."""

    collect_by: datetime | None = None
    """None for delivery."""


class CollectionCodeMistaken(OrderNews):
    """A wrong collection code was entered; after too many no code is accepted until `locked_until`."""

    attempts: int
    """Wrong codes in a row since the last lock."""
    locked_until: datetime | None = None


class OrderCompleted(OrderNews):
    """The order was handed over, or waited for its customer in vain; the payment is to be captured either way."""

    handover: Handover


class CancellationRequested(OrderNews):
    """Somebody wants the order called off while a delivery exists: dispatch is to say whether that is possible."""

    by: CancelledBy
    reason: CancellationReason
    while_status: OrderStatus


class CancellationRefused(OrderNews):
    """It was too late to call the order off; it is again as it was when that was asked."""

    status: OrderStatus


class OrderCancelled(OrderNews):
    """The order was called off; whatever is authorised is to be voided."""

    by: CancelledBy
    reason: CancellationReason
    while_status: OrderStatus
    """What it was in when that was asked."""


class CourierAssigned(OrderNews):
    """A courier is going to fetch the food."""

    courier_id: str


class CourierUnassigned(OrderNews):
    """That courier is not going to fetch the food after all; another is looked for."""

    courier_id: str


class OrderPickedUp(OrderNews):
    """The courier has the food: nobody can call the order off any more."""

    courier_id: str


class OrderArriving(OrderNews):
    """The courier is near the customer's door; said once."""


class OrderDelivered(OrderNews):
    """The customer has the food; the payment is to be captured."""

    courier_id: str
    proof: DropoffProof


class OrderReturning(OrderNews):
    """The food could not be handed over and goes back to the restaurant."""

    reason: str
    """Dispatch's own word for it, such as `CUSTOMER_UNREACHABLE`."""


class OrderReturned(OrderNews):
    """The food is back at the restaurant: captured if the customer is charged for it, voided if not."""

    reason: str
    charged: bool
