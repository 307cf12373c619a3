"""What reviews can be told to do. Facts are fields that default to None or empty: handling adds them."""

from datetime import datetime
from typing import Annotated

from kernel.messages import Command, Personal, Row, Value
from subgraphs.reviews.events import Distribution, ReportReason


class Opinion(Value):
    """Stars, and why."""

    stars: int
    text: str | None = None


class ReviewableOrder(Row):
    """An order as reviews knows it."""

    order_id: str
    customer_id: Annotated[str, Personal(subject="customer_id")]
    restaurant_id: str
    courier_id: str | None = None
    received_at: datetime | None = None
    """When its customer had the food: delivered or collected. None: not yet, or never."""


class Tally(Row):
    """A fresh count of somebody's stars."""

    distribution: Distribution
    as_of: int
    """When it was counted: a later count has a greater number."""


class ReviewOrder(Command):
    """Say what one thinks of an order's restaurant and of its courier."""

    review_id: str
    order_id: str
    restaurant: Annotated[Opinion, Personal(subject="viewer")]
    courier: Annotated[Opinion | None, Personal(subject="viewer")] = None
    order: ReviewableOrder | None = None
    """Fact: the order; None when there is no such order."""


class ReviewCommand(Command):
    """What every command to an existing review names."""

    review_id: str


class ReplyToReview(ReviewCommand):
    """Answer a review for the restaurant, or answer it anew."""

    text: str
    workplaces: tuple[str, ...] = ()
    """Fact: the restaurants at which the viewer works."""


class ReportReview(ReviewCommand):
    """Ask a moderator to look at a review."""

    reason: ReportReason


class HideReview(ReviewCommand):
    """Take a review out of every list and rating."""


class ShowReview(ReviewCommand):
    """Show a review that was hidden, or say that a reported one may stay."""


class RecountRating(Command):
    """Count somebody's stars anew."""

    target: str
    tally: Tally | None = None
    """Fact: the count."""


LaterReviewCommand = ReplyToReview | ReportReview | HideReview | ShowReview
AnyReviewCommand = ReviewOrder | LaterReviewCommand

REVIEW_COMMANDS: tuple[type[AnyReviewCommand], ...] = (
    ReviewOrder,
    ReplyToReview,
    ReportReview,
    HideReview,
    ShowReview,
)
RATING_COMMANDS: tuple[type[RecountRating], ...] = (RecountRating,)
