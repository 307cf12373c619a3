"""Every "no" of orders."""

from datetime import datetime
from typing import Annotated

from kernel.messages import Personal, Refusal
from subgraphs.orders.domain.actions import OrderAction
from subgraphs.orders.events import DeliveryAddress, Fulfilment, OrderStatus
from subgraphs.orders.kitchens import Selection, UnavailableItem


class InvalidInput(Refusal):
    """The input is readable but makes no sense; not stored, so that the same key can be used again."""

    reason: str
    path: tuple[str, ...] = ()


class NotFound(Refusal):
    """There is no such restaurant."""

    path: tuple[str, ...] = ()


class NotAllowed(Refusal):
    """The viewer may see this but not do that to it."""


class OutOfRange(Refusal):
    """The address lies farther away, as the crow flies, than the restaurant delivers."""

    distance_m: int
    radius_m: int
    path: tuple[str, ...]


class RestaurantClosed(Refusal):
    opens_at: datetime | None
    """None when it has no hours to open at."""


class RestaurantPaused(Refusal):
    until: datetime


class ItemsUnavailable(Refusal):
    items: tuple[UnavailableItem, ...]


class OptionRulesBroken(Refusal):
    """Too few or too many options of a group were chosen, or one of them twice."""

    item_id: str
    item_name: str
    group_id: str
    group_name: str
    min_choices: int
    max_choices: int
    chosen: int
    path: tuple[str, ...]


class BelowMinimumBasket(Refusal):
    """The lines come to less than half of the restaurant's minimum basket."""

    required_minor: int
    subtotal_minor: int
    currency: str


class QuoteNotFound(Refusal):
    """There is no such quote, or it is somebody else's."""


class QuoteExpired(Refusal):
    """The price is no longer bound; carries what is needed to quote the same again."""

    restaurant_id: str
    fulfilment: Fulfilment
    lines: tuple[Selection, ...]
    tip_minor: int
    customer_id: Annotated[str, Personal(subject="customer_id")]
    delivery: Annotated[DeliveryAddress | None, Personal(subject="customer_id")] = None
    """Taken away once there is a fresh quote, so that it is kept in one place only."""
    fresh_quote_id: str | None = None
    """The same at today's price; None when it can no longer be had."""


class QuoteAlreadyUsed(Refusal):
    order_id: str


class OrderNotFound(Refusal):
    """There is no such order, or the viewer may not know of it."""


class OrderVersionConflict(Refusal):
    """The order has changed since the viewer looked."""

    order_id: str
    current_version: int


class IllegalTransition(Refusal):
    """Not in this status; `allowed` is what this viewer may do now."""

    status: OrderStatus
    allowed: tuple[OrderAction, ...]


class CollectionCodeLocked(Refusal):
    """Too many wrong codes were entered; not even the right one is taken until `until`."""

    until: datetime


REFUSALS: tuple[type[Refusal], ...] = (
    NotFound,
    NotAllowed,
    OutOfRange,
    RestaurantClosed,
    RestaurantPaused,
    ItemsUnavailable,
    OptionRulesBroken,
    BelowMinimumBasket,
    QuoteNotFound,
    QuoteExpired,
    QuoteAlreadyUsed,
    OrderNotFound,
    OrderVersionConflict,
    IllegalTransition,
    CollectionCodeLocked,
)
"""The refusals that are outcomes: stored with an idempotent request. `InvalidInput` is none."""
