"""News of quotes and orders. These names are the storage format; change them only with an upcaster.

Every order event carries the order and its restaurant, so that consumers need no memory to know whom it concerns.
"""

from datetime import datetime
from enum import Enum
from typing import Annotated

from kernel.messages import Event, Personal, Value


class Fulfilment(Enum):
    TAKEAWAY = "TAKEAWAY"
    DELIVERY = "DELIVERY"


class OrderStatus(Enum):
    PLACED = "PLACED"
    CONFIRMED = "CONFIRMED"
    ACCEPTED = "ACCEPTED"
    PREPARING = "PREPARING"
    READY_FOR_PICKUP = "READY_FOR_PICKUP"
    COMPLETED = "COMPLETED"
    REJECTED = "REJECTED"
    CANCELLED = "CANCELLED"
    EXPIRED = "EXPIRED"
    FAILED = "FAILED"


class FeeKind(Enum):
    SERVICE = "SERVICE"
    SMALL_ORDER = "SMALL_ORDER"


class FailureReason(Enum):
    PAYMENT_DECLINED = "PAYMENT_DECLINED"


class RejectionReason(Enum):
    TOO_BUSY = "TOO_BUSY"
    ITEMS_UNAVAILABLE = "ITEMS_UNAVAILABLE"
    CLOSING = "CLOSING"
    OTHER = "OTHER"


class CancellationReason(Enum):
    CHANGED_MIND = "CHANGED_MIND"
    ORDERED_BY_MISTAKE = "ORDERED_BY_MISTAKE"
    WAIT_TOO_LONG = "WAIT_TOO_LONG"
    SUSPECTED_FRAUD = "SUSPECTED_FRAUD"
    OTHER = "OTHER"


class CancelledBy(Enum):
    CUSTOMER = "CUSTOMER"
    SUPPORT = "SUPPORT"


class Handover(Enum):
    COLLECTED = "COLLECTED"
    NOT_COLLECTED = "NOT_COLLECTED"


class ChosenOption(Value):
    """An option as it was named and priced when the quote was given."""

    option_id: str
    group_id: str
    name: str
    price_minor: int
    """Surcharge per portion, tax included."""


class OrderLine(Value):
    """One line of an order, priced: `total_minor` = quantity × (unit price + surcharges), tax included."""

    line: int
    """The line's number, from 1, in the order the customer gave."""
    item_id: str
    name: str
    quantity: int
    unit_minor: int
    options: tuple[ChosenOption, ...] = ()
    tax_rate: int
    """Basis points: 1350 is 13.5 %."""
    tax_minor: int
    """The tax within `total_minor`, rounded half to even."""
    total_minor: int


class Fee(Value):
    """A fee on top of the lines, tax included."""

    kind: FeeKind
    amount_minor: int
    tax_rate: int
    tax_minor: int


class TaxShare(Value):
    """The tax of one rate within the total."""

    tax_rate: int
    gross_minor: int
    tax_minor: int


class Price(Value):
    """What an order costs: `total_minor` = lines + fees + tip, tax included; `tax_minor` is the part that is tax."""

    currency: str
    lines: tuple[OrderLine, ...]
    fees: tuple[Fee, ...]
    taxes: tuple[TaxShare, ...]
    subtotal_minor: int
    tip_minor: int
    tax_minor: int
    total_minor: int


class QuoteGiven(Event):
    """A price was bound for a customer until `expires_at`; the only event of its stream."""

    quote_id: str
    customer_id: Annotated[str, Personal(subject="customer_id")]
    restaurant_id: str
    fulfilment: Fulfilment
    price: Price
    expires_at: datetime


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


class OrderConfirmed(OrderNews):
    """The payment is authorised; the kitchen is asked and has until `accept_by`."""

    payment_id: str
    accept_by: datetime


class OrderFailed(OrderNews):
    """The payment was declined; the order has ended before any kitchen saw it."""

    reason: FailureReason
    detail: str
    """The provider's own word for it, such as `insufficient_funds`."""


class OrderAccepted(OrderNews):
    """The kitchen took the order on."""

    prep_minutes: int
    ready_by: datetime


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
    """The food waits for the customer, until `collect_by`."""

    collect_by: datetime


class CollectionCodeMistaken(OrderNews):
    """A wrong collection code was entered; after too many no code is accepted until `locked_until`."""

    attempts: int
    """Wrong codes in a row since the last lock."""
    locked_until: datetime | None = None


class OrderCompleted(OrderNews):
    """The order was handed over, or waited for its customer in vain; the payment is to be captured either way."""

    handover: Handover


class OrderCancelled(OrderNews):
    """The order was cancelled before a kitchen took it on; whatever is authorised is to be voided."""

    by: CancelledBy
    reason: CancellationReason
    while_status: OrderStatus


LaterOrderEvent = (
    OrderConfirmed
    | OrderFailed
    | OrderAccepted
    | OrderRejected
    | OrderExpired
    | PreparationStarted
    | OrderDelayed
    | OrderReady
    | CollectionCodeMistaken
    | OrderCompleted
    | OrderCancelled
)
"""What may follow once an order is placed."""

OrderEvent = OrderPlaced | LaterOrderEvent

ORDER_EVENTS: tuple[type[OrderEvent], ...] = (
    OrderPlaced,
    OrderConfirmed,
    OrderFailed,
    OrderAccepted,
    OrderRejected,
    OrderExpired,
    PreparationStarted,
    OrderDelayed,
    OrderReady,
    CollectionCodeMistaken,
    OrderCompleted,
    OrderCancelled,
)

EVENTS: tuple[type[Event], ...] = (QuoteGiven, *ORDER_EVENTS)
