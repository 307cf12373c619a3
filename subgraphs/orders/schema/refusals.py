"""The refusals of orders in the graph."""

from collections.abc import Sequence
from datetime import datetime
from typing import ClassVar, Self

import strawberry

from kernel.graph.context import Info
from kernel.graph.refusals import (
    SHARED,
    IdempotencyKeyReused,
    InvalidInput,
    MalformedId,
    NotAllowed,
    Refusals,
    RequestInProgress,
    UserError,
    built,
)
from kernel.graph.types import Money
from subgraphs.orders.domain import refusals
from subgraphs.orders.kitchens import UnavailableItem as Gone
from subgraphs.orders.schema.access import order_now
from subgraphs.orders.schema.enums import OrderAction, OrderStatus
from subgraphs.orders.schema.orders import Order, Quote
from subgraphs.orders.schema.prices import MenuItem


@strawberry.type(
    description="The address lies farther away than the restaurant delivers; a radius of 0 is no delivery."
)
class OutOfRange(UserError):
    sentence: ClassVar[str] = "The address is {distance_m} m away; this restaurant delivers up to {radius_m} m."
    distance_m: int = strawberry.field(description="From the restaurant's door, as the crow flies.")
    radius_m: int = strawberry.field(description="How far the restaurant delivers.")


@strawberry.type(description="The restaurant takes no orders at this hour.")
class RestaurantClosed(UserError):
    sentence: ClassVar[str] = "The restaurant is closed."
    opens_at: datetime | None = strawberry.field(description="When it opens next; null when nobody knows.")


@strawberry.type(description="The restaurant has paused: its kitchen takes no orders for a while.")
class RestaurantPaused(UserError):
    sentence: ClassVar[str] = "The restaurant takes no orders for a while."
    until: datetime = strawberry.field(description="When it takes orders again, unless somebody says otherwise.")


@strawberry.type(description="An item, or one option of it, that cannot be had.")
class UnavailableItem:
    item_id: strawberry.ID = strawberry.field(description="As it was asked for.")
    item: MenuItem | None = strawberry.field(description="Null when it is not on the menu any more.")
    option_id: strawberry.ID | None = strawberry.field(description="Null when the item itself cannot be had.")
    name: str | None = strawberry.field(description="Null when the restaurant has no such thing.")
    available_from: datetime | None = strawberry.field(description="Null when nobody knows.")

    @classmethod
    def of(cls, gone: Gone) -> Self:
        return cls(
            item_id=strawberry.ID(gone.item_id),
            item=MenuItem(id=strawberry.ID(gone.item_id)),
            option_id=None if gone.option_id is None else strawberry.ID(gone.option_id),
            name=gone.name,
            available_from=gone.available_from,
        )


@strawberry.type(description="Some of what was asked for cannot be had; choose again without it.")
class ItemsUnavailable(UserError):
    sentence: ClassVar[str] = "Some of what you ask for cannot be had."
    items: list[UnavailableItem]


@strawberry.type(description="Too few or too many options of a group were chosen, or one of them twice.")
class OptionRulesBroken(UserError):
    sentence: ClassVar[str] = (
        "{item_name} takes {min_choices} to {max_choices} of {group_name}, each at most once; {chosen} were chosen."
    )
    item: MenuItem | None
    item_name: str
    group_id: strawberry.ID
    group_name: str
    min_choices: int
    max_choices: int
    chosen: int


@strawberry.type(description="The food comes to less than this restaurant sells at all.")
class BelowMinimumBasket(UserError):
    sentence: ClassVar[str] = "The order is too small for this restaurant."
    required: Money = strawberry.field(description="What the lines have to come to at least.")
    subtotal: Money = strawberry.field(description="What they come to.")


@strawberry.type(description="There is no such quote, or it is somebody else's.")
class QuoteNotFound(UserError):
    sentence: ClassVar[str] = "There is no such quote."


@strawberry.type(description="The quote's price is no longer bound.")
class QuoteExpired(UserError):
    sentence: ClassVar[str] = "The quote has expired."
    fresh_quote_id: strawberry.Private[str | None] = None

    @strawberry.field(description="The same at today's price, ready to be placed; null when it cannot be had any more.")
    async def fresh(self, info: Info) -> Quote | None:
        if self.fresh_quote_id is None:
            return None
        return await Quote.resolve_reference(info, strawberry.ID(self.fresh_quote_id))


@strawberry.type(description="The quote has become an order already.")
class QuoteAlreadyUsed(UserError):
    sentence: ClassVar[str] = "This quote has been ordered already."
    order_id: strawberry.Private[str] = ""

    @strawberry.field(description="The order that it became.")
    async def order(self, info: Info) -> Order | None:
        return await _seen(info, self.order_id)


@strawberry.type(description="There is no such order, or the viewer may not know of it.")
class OrderNotFound(UserError):
    sentence: ClassVar[str] = "There is no such order."


@strawberry.type(description="The order has changed since the viewer looked: look again, then decide again.")
class OrderVersionConflict(UserError):
    sentence: ClassVar[str] = "The order has changed; its version is {current_version}."
    current_version: int
    order_id: strawberry.Private[str] = ""

    @strawberry.field(description="The order as it is now.")
    async def order(self, info: Info) -> Order | None:
        return await _seen(info, self.order_id)


@strawberry.type(description="This cannot be done to an order in its status.")
class IllegalTransition(UserError):
    sentence: ClassVar[str] = "This cannot be done to the order now."
    status: OrderStatus = strawberry.field(description="Where the order stands.")
    allowed: list[OrderAction] = strawberry.field(description="What this viewer may do to it instead.")


@strawberry.type(description="That is not the order's collection code.")
class WrongCollectionCode(UserError):
    sentence: ClassVar[str] = "That is not the order's collection code."
    attempts_left: int = strawberry.field(description="How many more wrong codes there may be before a pause.")
    retry_at: datetime | None = strawberry.field(description="With no attempts left: when the next code is taken.")


@strawberry.type(description="Too many wrong codes: for a while not even the right one is taken.")
class CollectionCodeLocked(UserError):
    sentence: ClassVar[str] = "Too many wrong codes were entered; try again later."
    retry_at: datetime | None = strawberry.field(description="When the next code is taken.")


async def _seen(info: Info, order_id: str) -> Order | None:
    view = await order_now(info.context, order_id)
    return None if view is None else Order.of(view)


def _items_unavailable(refusal: refusals.ItemsUnavailable) -> UserError:
    return ItemsUnavailable(items=[UnavailableItem.of(gone) for gone in refusal.items])


def _option_rules_broken(refusal: refusals.OptionRulesBroken) -> UserError:
    return OptionRulesBroken(
        path=[*refusal.path],
        item=MenuItem(id=strawberry.ID(refusal.item_id)),
        item_name=refusal.item_name,
        group_id=strawberry.ID(refusal.group_id),
        group_name=refusal.group_name,
        min_choices=refusal.min_choices,
        max_choices=refusal.max_choices,
        chosen=refusal.chosen,
    )


def _below_minimum(refusal: refusals.BelowMinimumBasket) -> UserError:
    return BelowMinimumBasket(
        path=["lines"],
        required=Money.of(refusal.required_minor, refusal.currency),
        subtotal=Money.of(refusal.subtotal_minor, refusal.currency),
    )


def _code_locked(refusal: refusals.CollectionCodeLocked) -> UserError:
    return CollectionCodeLocked(retry_at=refusal.until)


REFUSALS = Refusals(
    plain=(
        *SHARED,
        OutOfRange,
        RestaurantClosed,
        RestaurantPaused,
        QuoteNotFound,
        QuoteExpired,
        QuoteAlreadyUsed,
        OrderNotFound,
        OrderVersionConflict,
        IllegalTransition,
    ),
    built=(
        built(refusals.ItemsUnavailable, _items_unavailable),
        built(refusals.OptionRulesBroken, _option_rules_broken),
        built(refusals.BelowMinimumBasket, _below_minimum),
        built(refusals.CollectionCodeLocked, _code_locked),
    ),
)

ALWAYS: Sequence[type[UserError]] = (NotAllowed, MalformedId, InvalidInput, IdempotencyKeyReused, RequestInProgress)
"""What every mutation of orders may answer."""
ON_AN_ORDER: Sequence[type[UserError]] = (OrderNotFound, OrderVersionConflict, IllegalTransition)
"""What every mutation of an existing order may answer."""
