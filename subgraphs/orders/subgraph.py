"""Orders, assembled."""

from collections.abc import Sequence

import msgspec

from kernel.ids import derive_id
from kernel.messages import Command, Event
from kernel.subgraph import Recall, Remedy, Subgraph
from subgraphs.orders.commands import VIEWER_COMMANDS, PlaceOrder, QuoteOrder
from subgraphs.orders.domain import ORDERS, QUOTES
from subgraphs.orders.domain.refusals import REFUSALS, QuoteExpired
from subgraphs.orders.events import QuoteGiven
from subgraphs.orders.reactions import REACTIONS
from subgraphs.orders.schema import SCHEMA
from subgraphs.orders.views import FEEDS, PROJECTIONS, inform_placing, inform_quote, inform_viewer


def _with_quote(command: PlaceOrder, past: Sequence[Event | Command]) -> PlaceOrder:
    quote = past[0] if past else None
    return msgspec.structs.replace(command, quote=quote if isinstance(quote, QuoteGiven) else None)


def _quote_again(_: PlaceOrder, refusal: QuoteExpired, seed: str) -> QuoteOrder:
    return QuoteOrder(
        quote_id=derive_id("quote", seed, "fresh"),
        restaurant_id=refusal.restaurant_id,
        fulfilment=refusal.fulfilment,
        lines=refusal.lines,
        tip_minor=refusal.tip_minor,
        delivery=refusal.delivery,
    )


def _with_fresh(refusal: QuoteExpired, quote_id: str) -> QuoteExpired:
    return msgspec.structs.replace(refusal, delivery=None, fresh_quote_id=quote_id)


SUBGRAPH = Subgraph(
    name="orders",
    schema=SCHEMA,
    aggregates=(QUOTES, ORDERS),
    refusals=REFUSALS,
    recalls={PlaceOrder: Recall(stream=lambda command: command.quote_id, fill=_with_quote)},
    facts={
        QuoteOrder: inform_quote,
        PlaceOrder: inform_placing,
        **dict.fromkeys(VIEWER_COMMANDS, inform_viewer),
    },
    remedies={QuoteExpired: Remedy(command=_quote_again, amend=_with_fresh)},
    reactions=REACTIONS,
    projections=PROJECTIONS,
    feeds=FEEDS,
)
