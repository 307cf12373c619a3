"""Whose figures a viewer may see."""

from collections.abc import Sequence

from strawberry.dataloader import DataLoader

from kernel.graph.context import GraphContext
from kernel.ids import parse_id
from kernel.ownership import may
from subgraphs.insights.domain import SEE_EARNINGS, SEE_OPERATIONS, SEE_RESTAURANT, STAFF, parties
from subgraphs.insights.views import CountedRestaurantRow, restaurants_of


async def restaurant_of_viewer(context: GraphContext, restaurant_id: str) -> CountedRestaurantRow | None:
    """The restaurant, if the viewer works there; None for a program, whoever entered it as staff."""

    async def load(ids: list[str]) -> Sequence[CountedRestaurantRow | None]:
        return await restaurants_of(context.views, context.viewer, ids)

    works_there = {STAFF: frozenset({context.viewer.subject})}
    if parse_id("restaurant", restaurant_id) is None or not may(context.viewer, SEE_RESTAURANT, works_there):
        return None
    return await context.keep("counted restaurants", lambda: DataLoader(load_fn=load)).load(restaurant_id)


def may_see_operations(context: GraphContext) -> bool:
    """Whether the viewer runs the platform."""
    return may(context.viewer, SEE_OPERATIONS, {})


def may_see_earnings(context: GraphContext, courier_id: str) -> bool:
    """Whether the viewer is that courier, or pays them."""
    return may(context.viewer, SEE_EARNINGS, parties(context.viewer, courier_id))
