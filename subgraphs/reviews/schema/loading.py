"""Loading within one request, and who may see which review: asked by every resolver and reference resolver."""

from collections.abc import Awaitable, Callable, Hashable, Sequence
from typing import TypeVar

from strawberry.dataloader import DataLoader

from kernel.graph.context import GraphContext
from kernel.ids import parse_id
from kernel.messages import Viewer
from kernel.ownership import Action, Parties, may
from kernel.ports import Views
from subgraphs.reviews import views
from subgraphs.reviews.commands import ReviewableOrder
from subgraphs.reviews.domain.parties import SEE_WITH_ORDER, parties, visible
from subgraphs.reviews.events import RatingRow, ReviewRow
from subgraphs.reviews.views import Asked

KeyT = TypeVar("KeyT", bound=Hashable)
FoundT = TypeVar("FoundT")

_NAMES = ("reviews", "pages of reviews", "ratings", "reviewable orders")
"""What is kept of a request's answers and may change by its own mutations."""


def _loaded(
    context: GraphContext, name: str, ask: Callable[[Views, Sequence[KeyT]], Awaitable[Sequence[FoundT]]], key: KeyT
) -> Awaitable[FoundT]:
    async def load(keys: list[KeyT]) -> Sequence[FoundT]:
        return await ask(context.views, keys)

    return context.keep(name, lambda: DataLoader(load_fn=load)).load(key)


async def workplaces(context: GraphContext) -> frozenset[str]:
    """The restaurants at which the viewer works, asked once per request."""

    async def ask(views_: Views, viewers: Sequence[Viewer]) -> Sequence[frozenset[str]]:
        return [await views.workplaces(views_, viewer) for viewer in viewers]

    return await _loaded(context, "workplaces", ask, context.viewer)


async def standing(context: GraphContext, review: ReviewRow) -> Parties:
    """Who stands in which relation to the review, as far as the viewer is concerned."""
    return parties(context.viewer, review, await workplaces(context))


async def may_see(context: GraphContext, action: Action, review: ReviewRow) -> bool:
    """Whether the viewer may see a part of a review that is not for everybody."""
    if may(context.viewer, action, parties(context.viewer, review)):
        return True  # Its customer or courier, or a role that sees them all: where they work does not matter.
    return may(context.viewer, action, await standing(context, review))


async def review(context: GraphContext, review_id: str) -> ReviewRow | None:
    """The review, if there is one that the viewer may see."""
    if parse_id("review", review_id) is None:
        return None
    row = await _loaded(context, "reviews", views.reviews, review_id)
    return row if row is not None and visible(context.viewer, row, parties(context.viewer, row)) else None


async def review_with_order(context: GraphContext, review_id: str) -> ReviewRow | None:
    """The review, if the viewer may know which order it is of."""
    row = await review(context, review_id)
    return row if row is not None and await may_see(context, SEE_WITH_ORDER, row) else None


async def page_of_reviews(context: GraphContext, asked: Asked) -> Sequence[ReviewRow]:
    """A page of a restaurant's reviews."""
    return await _loaded(context, "pages of reviews", views.reviews_of, asked)


async def rating(context: GraphContext, target: str) -> RatingRow | None:
    """The rating of a restaurant or a courier; None when nobody has rated it."""
    return await _loaded(context, "ratings", views.ratings, target)


async def reviewable_order(context: GraphContext, order_id: str) -> ReviewableOrder | None:
    """The order as reviews knows it."""
    return await _loaded(context, "reviewable orders", views.reviewable_orders, order_id)


def forget(context: GraphContext) -> None:
    """Ask anew from here on: something has changed since."""
    for name in _NAMES:
        context.kept.pop(name, None)
