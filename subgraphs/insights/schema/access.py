"""Whose figures a viewer may see, which period was asked for, and up to when the figures are complete."""

from collections.abc import Callable, Sequence
from datetime import date, datetime, timedelta
from typing import Annotated, TypeVar

import strawberry
from strawberry.dataloader import DataLoader

from kernel.graph.context import GraphContext, Info
from kernel.graph.errors import BadUserInput
from kernel.ids import parse_id
from kernel.ownership import may
from subgraphs.insights.analytics import Analytics, Progress
from subgraphs.insights.domain import SEE_EARNINGS, SEE_OPERATIONS, ImpossiblePeriod, parties
from subgraphs.insights.reactions import TOPICS, consumer_of
from subgraphs.insights.views import CountedRestaurantRow, restaurants_of

FirstDay = Annotated[date, strawberry.argument(name="from", description="The first day.")]
LastDay = Annotated[date, strawberry.argument(name="to", description="The last day, which is part of the period.")]

AS_OF = (
    "The figures tell of everything that had happened by then, and perhaps of more: now, but when the platform cannot "
    "keep up."
)

CheckedT = TypeVar("CheckedT")


async def restaurant_of_viewer(context: GraphContext, restaurant_id: str) -> CountedRestaurantRow | None:
    """The restaurant, if the viewer works there."""

    async def load(ids: list[str]) -> Sequence[CountedRestaurantRow | None]:
        return await restaurants_of(context.views, context.viewer, ids)

    if parse_id("restaurant", restaurant_id) is None:
        return None
    return await context.keep("counted restaurants", lambda: DataLoader(load_fn=load)).load(restaurant_id)


def may_see_operations(context: GraphContext) -> bool:
    """Whether the viewer runs the platform."""
    return may(context.viewer, SEE_OPERATIONS, {})


def may_see_earnings(context: GraphContext, courier_id: str) -> bool:
    """Whether the viewer is that courier, or pays them."""
    return may(context.viewer, SEE_EARNINGS, parties(context.viewer, courier_id))


def checked(check: Callable[[], CheckedT]) -> CheckedT:
    """What a look at the arguments comes to. Raises BadUserInput for a period that nobody can be told about."""
    try:
        return check()
    except ImpossiblePeriod as impossible:
        raise BadUserInput(str(impossible)) from None


async def complete_until(info: Info) -> datetime | None:
    """As `AS_OF` says; None when the document nowhere asks for it. Ask before the figures are reckoned."""
    if info.query is not None and "asOf" not in info.query:
        return None
    context = info.context
    now = context.clock.now()
    behind = await context.port(Progress).behind_s(consumer_of(context.port(Analytics).engine), TOPICS)
    return now - timedelta(seconds=behind) * context.clock.rate
