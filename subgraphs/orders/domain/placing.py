"""Placing: a quote becomes an order, which waits for its payment and then for its kitchen."""

import re
from datetime import timedelta

from kernel.deciding import Decision, Later
from kernel.messages import Refusal
from kernel.ownership import may
from subgraphs.orders.commands import ConfirmOrder, ExpireOrder, FailOrder, PlaceOrder
from subgraphs.orders.domain.actions import CUSTOMER, PLACE
from subgraphs.orders.domain.admitting import moment
from subgraphs.orders.domain.carrying import out_of_range
from subgraphs.orders.domain.delivering import lose
from subgraphs.orders.domain.order import Order
from subgraphs.orders.domain.quoting import gone, shut
from subgraphs.orders.domain.refusals import (
    InvalidInput,
    NotAllowed,
    NotFound,
    OrderNotFound,
    QuoteAlreadyUsed,
    QuoteExpired,
    QuoteNotFound,
)
from subgraphs.orders.events import (
    DeliveryAddress,
    FailureReason,
    OrderConfirmed,
    OrderExpired,
    OrderFailed,
    OrderPlaced,
    OrderStatus,
    QuoteGiven,
)
from subgraphs.orders.kitchens import Selection

PAYMENT_WAIT = timedelta(minutes=10)
ACCEPT_WAIT = timedelta(minutes=8)
PAYMENT_TOKEN = re.compile(r"[!-~]{1,200}")
"""Printable ASCII without spaces: what tokens of payment providers are made of."""


def place(command: PlaceOrder, order: Order | None) -> Decision:
    """The order of a quote, at the quoted price; only what may have changed since is checked again."""
    quote = command.quote
    if quote is None or quote.customer_id != command.viewer.subject:
        return QuoteNotFound()
    if not may(command.viewer, PLACE, {CUSTOMER: frozenset({quote.customer_id})}):
        return NotAllowed()
    if PAYMENT_TOKEN.fullmatch(command.payment_token) is None:
        return InvalidInput(reason="The payment token cannot be one.", path=("paymentToken",))
    if order is not None:
        return QuoteAlreadyUsed(order_id=order.id)
    refusal = _outdated(command, quote) or _unmakeable(command, quote)
    return refusal or _placed(command, quote)


def selections(quote: QuoteGiven) -> tuple[Selection, ...]:
    """What the customer chose, as it was quoted."""
    return tuple(
        Selection(
            item_id=line.item_id,
            quantity=line.quantity,
            option_ids=tuple(option.option_id for option in line.options),
        )
        for line in quote.price.lines
    )


def _outdated(command: PlaceOrder, quote: QuoteGiven) -> Refusal | None:
    if command.at < quote.expires_at:
        return None
    return QuoteExpired(
        restaurant_id=quote.restaurant_id,
        fulfilment=quote.fulfilment,
        lines=selections(quote),
        tip_minor=quote.price.tip_minor,
        customer_id=quote.customer_id,
        delivery=_dropoff(quote),
    )


def _unmakeable(command: PlaceOrder, quote: QuoteGiven) -> Refusal | None:
    counter = command.counter
    if counter is None or counter.kitchen.retired:
        return NotFound(path=("quoteId",))
    return (
        shut(counter.kitchen, command.at)
        or gone(selections(quote), counter, command.at)
        or out_of_range(counter.kitchen, _dropoff(quote), "quoteId")
    )


def _dropoff(quote: QuoteGiven) -> DeliveryAddress | None:
    return None if quote.carriage is None else quote.carriage.dropoff


def _placed(command: PlaceOrder, quote: QuoteGiven) -> Decision:
    placed = OrderPlaced(
        at=command.at,
        order_id=command.order_id,
        restaurant_id=quote.restaurant_id,
        quote_id=quote.quote_id,
        customer_id=quote.customer_id,
        fulfilment=quote.fulfilment,
        price=quote.price,
        total_minor=quote.price.total_minor,
        currency=quote.price.currency,
        payment_token=command.payment_token,
        carriage=quote.carriage,
        usual_prep_minutes=None if command.counter is None else command.counter.kitchen.prep_minutes,
    )
    expiry = ExpireOrder(order_id=command.order_id, while_status=OrderStatus.PLACED, since_version=1)
    return [placed, Later(at=command.at + PAYMENT_WAIT, command=expiry)]


def confirm(command: ConfirmOrder, order: Order | None) -> Decision:
    """The payment is there: now the kitchen is asked."""
    if order is None:
        return OrderNotFound()
    if order.status is not OrderStatus.PLACED:
        return []  # A payment that comes too late is voided by payments, which hears of the order's end.
    at = moment(command, order)
    confirmed = OrderConfirmed(
        at=at,
        order_id=order.id,
        restaurant_id=order.restaurant_id,
        payment_id=command.payment_id,
        accept_by=at + ACCEPT_WAIT,
    )
    expiry = ExpireOrder(order_id=order.id, while_status=OrderStatus.CONFIRMED, since_version=order.version + 1)
    return [confirmed, Later(at=confirmed.accept_by, command=expiry)]


def fail(command: FailOrder, order: Order | None) -> Decision:
    """The payment was declined, or the food was lost on its way."""
    if order is None:
        return OrderNotFound()
    if command.reason is FailureReason.DELIVERY_FAILED:
        return lose(command, order)
    if order.status is not OrderStatus.PLACED:
        return []  # The order has ended already, or another attempt to pay has succeeded.
    return [
        OrderFailed(
            at=moment(command, order),
            order_id=order.id,
            restaurant_id=order.restaurant_id,
            reason=command.reason,
            detail=command.detail,
        )
    ]


def expire(command: ExpireOrder, order: Order | None) -> Decision:
    """Nobody answered in time: the payment provider, or the kitchen."""
    if order is None:
        return OrderNotFound()
    if order.status is not command.while_status or order.since_version != command.since_version:
        return []  # The answer came; this timer belongs to a wait that is over.
    return [
        OrderExpired(
            at=moment(command, order),
            order_id=order.id,
            restaurant_id=order.restaurant_id,
            while_status=order.status,
        )
    ]
