"""Reviewing an order: its customer, once, within a week of having the food."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from kernel.messages import Refusal, Row, Viewer
from kernel.ownership import may
from subgraphs.reviews.commands import Opinion, ReviewableOrder, ReviewOrder
from subgraphs.reviews.domain.parties import CUSTOMER, REVIEW
from subgraphs.reviews.domain.refusals import AlreadyReviewed, InvalidInput, NotFound, NotReviewable, Unreviewable
from subgraphs.reviews.domain.texts import MAX_TEXT, unfit, written
from subgraphs.reviews.events import MOST_STARS, ReviewRow

REVIEWABLE_FOR = timedelta(days=7)


def review(command: ReviewOrder, known: ReviewRow | None) -> Sequence[Row] | Refusal:
    """The review."""
    order = command.order
    if order is None or not may(command.viewer, REVIEW, {CUSTOMER: frozenset({order.customer_id})}):
        return NotFound(path=("orderId",))
    if known is not None:
        return AlreadyReviewed(review_id=known.id)
    invalid = _unfit(command.restaurant, ("restaurant",)) or _unfit(command.courier, ("courier",))
    if invalid is not None:
        return invalid
    reason = _unreviewable(command, order)
    return NotReviewable(because=reason) if reason is not None else [_row(command, order)]


def reviewable_until(order: ReviewableOrder, at: datetime) -> datetime | None:
    """Until when its customer may still review the order; None when they may not, or no longer."""
    until = None if order.received_at is None else order.received_at + REVIEWABLE_FOR
    return until if until is not None and at <= until else None


def open_until(order: ReviewableOrder, known: ReviewRow | None, viewer: Viewer, at: datetime) -> datetime | None:
    """Until when `viewer` may still review the order; None when they may not, or have."""
    own = may(viewer, REVIEW, {CUSTOMER: frozenset({order.customer_id})})
    return reviewable_until(order, at) if own and known is None else None


def _unreviewable(command: ReviewOrder, order: ReviewableOrder) -> Unreviewable | None:
    if order.received_at is None:
        return Unreviewable.NOT_DELIVERED
    if reviewable_until(order, command.at) is None:
        return Unreviewable.TOO_LATE
    return Unreviewable.NO_COURIER if command.courier is not None and order.courier_id is None else None


def _unfit(opinion: Opinion | None, path: tuple[str]) -> InvalidInput | None:
    if opinion is None:
        return None
    if not 1 <= opinion.stars <= MOST_STARS:
        return InvalidInput(path=(*path, "stars"), reason=f"Between 1 and {MOST_STARS} stars.")
    return unfit(written(opinion.text), MAX_TEXT, (*path, "text"))


def _row(command: ReviewOrder, order: ReviewableOrder) -> ReviewRow:
    courier = command.courier
    return ReviewRow(
        id=command.review_id,
        order_id=order.order_id,
        customer_id=order.customer_id,
        restaurant_id=order.restaurant_id,
        stars=command.restaurant.stars,
        text=written(command.restaurant.text),
        courier_id=order.courier_id,
        courier_stars=None if courier is None else courier.stars,
        courier_text=None if courier is None else written(courier.text),
        reviewed_at=command.at,
    )
