"""What customers do: have a price bound, order, call it off."""

from uuid import UUID

import strawberry

from kernel.graph.context import Info
from kernel.graph.refusals import MalformedId, NotFound, UserError, result
from kernel.graph.scalars import MinorUnits
from kernel.ids import parse_id, sibling_id
from subgraphs.orders.commands import CancelOrder, PlaceOrder, QuoteOrder
from subgraphs.orders.kitchens import Selection
from subgraphs.orders.schema.access import visible_quote
from subgraphs.orders.schema.addresses import DeliveryAddressInput
from subgraphs.orders.schema.changing import OrderChanged, change, changed, malformed
from subgraphs.orders.schema.enums import CancellationReason, Fulfilment
from subgraphs.orders.schema.orders import Quote
from subgraphs.orders.schema.refusals import (
    ALWAYS,
    ON_AN_ORDER,
    REFUSALS,
    BelowMinimumBasket,
    ItemsUnavailable,
    OptionRulesBroken,
    OutOfRange,
    QuoteAlreadyUsed,
    QuoteExpired,
    QuoteNotFound,
    RestaurantClosed,
    RestaurantPaused,
)

_MOST_LINES = 100


@strawberry.input(description="A line as the customer chooses it; the restaurant's menu says what it costs.")
class OrderLineInput:
    item_id: strawberry.ID
    quantity: int = strawberry.field(default=1, description="From 1 to 99.")
    option_ids: list[strawberry.ID] = strawberry.field(
        default_factory=list, description="Options of the item's groups, each at most once."
    )


@strawberry.input
class QuoteOrderInput:
    idempotency_key: UUID
    restaurant_id: strawberry.ID
    fulfilment: Fulfilment = Fulfilment.TAKEAWAY
    lines: list[OrderLineInput] = strawberry.field(description="From 1 to 50.")
    tip_minor: MinorUnits = strawberry.field(
        default=MinorUnits(0), description="In the restaurant's currency; at most what the food costs."
    )
    delivery: DeliveryAddressInput | None = strawberry.field(
        default=None, description="Where to: needed for DELIVERY, and for nothing else."
    )


@strawberry.type(description="A price is bound.")
class QuoteOrderSuccess:
    quote: Quote | None = strawberry.field(description="The price and until when it is bound.")
    consistency_token: str | None = strawberry.field(
        description="Send it back as `x-consistency-token`, and queries see what this mutation did."
    )


@strawberry.input
class PlaceOrderInput:
    idempotency_key: UUID
    quote_id: strawberry.ID
    payment_token: str = strawberry.field(description="From the payment provider's own page or SDK; never a card.")


@strawberry.type(description="The order is placed; its payment is being authorised.")
class PlaceOrderSuccess(OrderChanged):
    pass


@strawberry.input
class CancelOrderInput:
    idempotency_key: UUID
    order_id: strawberry.ID
    reason: CancellationReason = strawberry.field(
        default=CancellationReason.CHANGED_MIND,
        description="Customers give CHANGED_MIND, ORDERED_BY_MISTAKE, WAIT_TOO_LONG or OTHER; kitchens "
        "ITEMS_UNAVAILABLE, TOO_BUSY, CLOSING or OTHER; support any.",
    )
    expected_version: int | None = strawberry.field(default=None, description="The `version` the viewer looked at.")


@strawberry.type(
    description="The order is CANCELLED, and what was authorised is given back; or, where a courier may be on the way, "
    "it is CANCEL_PENDING until dispatch has answered: a later event says whether it was in time."
)
class CancelOrderSuccess(OrderChanged):
    pass


QUOTE_ORDER_RESULT = result(
    QuoteOrderSuccess,
    (
        *ALWAYS,
        NotFound,
        OutOfRange,
        RestaurantClosed,
        RestaurantPaused,
        ItemsUnavailable,
        OptionRulesBroken,
        BelowMinimumBasket,
    ),
)
PLACE_ORDER_RESULT = result(
    PlaceOrderSuccess,
    (
        *ALWAYS,
        NotFound,
        QuoteNotFound,
        QuoteExpired,
        QuoteAlreadyUsed,
        OutOfRange,
        RestaurantClosed,
        RestaurantPaused,
        ItemsUnavailable,
    ),
)
CANCEL_ORDER_RESULT = result(CancelOrderSuccess, (*ALWAYS, *ON_AN_ORDER))


@strawberry.type
class CustomerMutation:
    @strawberry.mutation(
        graphql_type=QUOTE_ORDER_RESULT,
        description="Binds a price for 15 minutes. For customers, and for partners with the scope `order:create`; "
        "nothing is ordered yet.",
    )
    async def quote_order(self, info: Info, input: QuoteOrderInput) -> QuoteOrderSuccess | UserError:
        wrong = _malformed_quote(input)
        if wrong is not None:
            return wrong
        command = QuoteOrder(
            quote_id=info.context.ids.new("quote"),
            restaurant_id=input.restaurant_id,
            fulfilment=input.fulfilment,
            lines=tuple(_selection(line) for line in input.lines),
            tip_minor=input.tip_minor,
            delivery=None if input.delivery is None else input.delivery.address(),
        )
        outcome = REFUSALS.accepted(
            await info.context.handle(command, mutation="quoteOrder", key=input.idempotency_key, given=input)
        )
        if isinstance(outcome, UserError):
            return outcome
        quote = await visible_quote(info.context, outcome.stream)
        return QuoteOrderSuccess(quote=None if quote is None else Quote.of(quote), consistency_token=outcome.token)

    @strawberry.mutation(
        graphql_type=PLACE_ORDER_RESULT,
        description="Orders what was quoted, at the quoted price. The same quote cannot be ordered twice.",
    )
    async def place_order(self, info: Info, input: PlaceOrderInput) -> PlaceOrderSuccess | UserError:
        order_id = sibling_id("order", "quote", input.quote_id)
        if order_id is None:
            return MalformedId(path=["quoteId"])
        command = PlaceOrder(order_id=order_id, quote_id=input.quote_id, payment_token=input.payment_token)
        outcome = await info.context.handle(command, mutation="placeOrder", key=input.idempotency_key, given=input)
        return await changed(info, REFUSALS.accepted(outcome), PlaceOrderSuccess)

    @strawberry.mutation(
        graphql_type=CANCEL_ORDER_RESULT,
        description="Calls the order off. For its customer until the kitchen cooks, for the kitchen once it has "
        "accepted, for support until a courier has the food; then for nobody.",
    )
    async def cancel_order(self, info: Info, input: CancelOrderInput) -> CancelOrderSuccess | UserError:
        command = CancelOrder(order_id=input.order_id, expected_version=input.expected_version, reason=input.reason)
        return await changed(info, await change(info, "cancelOrder", input, command), CancelOrderSuccess)


def _selection(line: OrderLineInput) -> Selection:
    return Selection(item_id=line.item_id, quantity=line.quantity, option_ids=tuple(line.option_ids))


def _malformed_quote(given: QuoteOrderInput) -> MalformedId | None:
    if parse_id("restaurant", given.restaurant_id) is None:
        return MalformedId(path=["restaurantId"])
    for number, line in enumerate(given.lines[:_MOST_LINES]):
        if parse_id("item", line.item_id) is None:
            return MalformedId(path=["lines", str(number), "itemId"])
        wrong = malformed("option", line.option_ids[:_MOST_LINES], ["lines", str(number), "optionIds"])
        if wrong is not None:
            return wrong
    return None
