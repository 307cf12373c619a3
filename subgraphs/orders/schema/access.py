"""Who may see which quote, order and kitchen; asked by every resolver and reference resolver, and nowhere else."""

from asyncio import gather
from collections.abc import Awaitable, Sequence

from strawberry.dataloader import DataLoader

from kernel.graph.context import GraphContext
from kernel.graph.stories import Story
from kernel.ids import parse_id
from kernel.messages import Viewer
from kernel.ownership import may
from subgraphs.orders import views
from subgraphs.orders.domain.actions import CUSTOMER, SEE, SEE_KITCHEN, SEE_QUOTE, STAFF
from subgraphs.orders.events import QuoteGiven
from subgraphs.orders.views import KitchenRow, OrderView, fold_order


async def workplaces(context: GraphContext, *, fresh: bool = False) -> frozenset[str]:
    """The restaurants at which the viewer works, asked once per request; `fresh` asks anew, for streams."""

    async def load(viewers: list[Viewer]) -> list[frozenset[str]]:
        return [await views.workplaces(context.views, viewer) for viewer in viewers]

    if fresh:
        return await views.workplaces(context.views, context.viewer)
    loader = context.keep("workplaces", lambda: DataLoader(load_fn=load))
    return await loader.load(context.viewer)


async def may_see(context: GraphContext, view: OrderView, *, fresh: bool = False) -> bool:
    """Whether the viewer may see the order."""
    if may(context.viewer, SEE, view.parties(context.viewer, frozenset())):
        return True  # Its customer, or a role that sees them all: where they work does not matter.
    return may(context.viewer, SEE, view.parties(context.viewer, await workplaces(context, fresh=fresh)))


async def visible_order(context: GraphContext, order_id: str) -> OrderView | None:
    """The order, if there is one that the viewer may see."""
    if parse_id("order", order_id) is None:
        return None
    view = await _order(context, order_id)
    return view if view is not None and await may_see(context, view) else None


async def order_at(context: GraphContext, order_id: str, version: int) -> OrderView | None:
    """The order as it was at that version, for whoever is known to see it."""
    return await Story(context.streams, order_id, fold_order).at(version)


async def order_now(context: GraphContext, order_id: str) -> OrderView | None:
    """The order as its own stream has it this very moment, if there is one that the viewer may see."""
    _, view = await Story(context.streams, order_id, fold_order).latest()
    return view if view is not None and await may_see(context, view) else None


def _order(context: GraphContext, order_id: str) -> Awaitable[OrderView | None]:
    """The order as it is: what its view has, and what its own stream tells since."""

    async def load(ids: list[str]) -> list[OrderView | None]:
        found = {view.id: (view.version, view) for view in await views.orders_by_id(context.views, ids)}
        stories = [Story(context.streams, each, fold_order, found.get(each, (0, None))) for each in ids]
        return [view for _, view in await gather(*(story.latest() for story in stories))]

    return context.keep("orders", lambda: DataLoader(load_fn=load)).load(order_id)


async def visible_quote(context: GraphContext, quote_id: str) -> QuoteGiven | None:
    """The quote, if there is one that was given to the viewer. A quote is one event, so its stream is its view."""
    if parse_id("quote", quote_id) is None:
        return None
    recorded = await context.streams.read(quote_id, 0, 1)
    quote = recorded[0].message if recorded else None
    if not isinstance(quote, QuoteGiven):
        return None
    return quote if may(context.viewer, SEE_QUOTE, {CUSTOMER: frozenset({quote.customer_id})}) else None


def may_list(viewer: Viewer) -> bool:
    """Whether the viewer may see the orders of which they are the customer."""
    return may(viewer, SEE, {CUSTOMER: frozenset({viewer.subject})})


async def may_see_kitchen(context: GraphContext, restaurant_id: str, *, fresh: bool = False) -> bool:
    """Whether the viewer may see the orders of that restaurant's kitchen."""
    works_there = restaurant_id in await workplaces(context, fresh=fresh)
    staff = frozenset({context.viewer.subject}) if works_there else frozenset[str]()
    return may(context.viewer, SEE_KITCHEN, {STAFF: staff})


def kitchen(context: GraphContext, restaurant_id: str) -> Awaitable[KitchenRow | None]:
    """The kitchen of that restaurant."""

    async def load(ids: list[str]) -> Sequence[KitchenRow | None]:
        found = {row.id: row for row in await views.kitchens_by_id(context.views, ids)}
        return [found.get(restaurant_id) for restaurant_id in ids]

    return context.keep("kitchens", lambda: DataLoader(load_fn=load)).load(restaurant_id)
