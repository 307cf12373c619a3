"""Reviews decided: rows that change, or a refusal. Pure; triggers capture the changes as events."""

from collections.abc import Sequence

from kernel.deciding import Keeper, Table
from kernel.messages import Refusal, Row
from subgraphs.reviews.commands import (
    RATING_COMMANDS,
    REVIEW_COMMANDS,
    AnyReviewCommand,
    HideReview,
    LaterReviewCommand,
    ReplyToReview,
    ReportReview,
    ReviewOrder,
    ShowReview,
)
from subgraphs.reviews.domain import moderating, rating, replying, reviewing
from subgraphs.reviews.domain.parties import parties, visible
from subgraphs.reviews.domain.refusals import REFUSALS, NotFound
from subgraphs.reviews.events import RatingChanged, RatingRow, ReviewChanged, ReviewRow

__all__ = ["RATINGS", "REFUSALS", "REVIEWS", "decide"]

Rows = Sequence[Row] | Refusal


def decide(command: AnyReviewCommand, review: ReviewRow | None) -> Rows:
    """The rows that `command` changes."""
    if isinstance(command, ReviewOrder):
        return reviewing.review(command, review)
    if review is None or review.retired or not visible(command.viewer, review, parties(command.viewer, review)):
        return NotFound(path=("reviewId",))
    return _decide(command, review)


def _decide(command: LaterReviewCommand, review: ReviewRow) -> Rows:
    match command:
        case ReplyToReview():
            return replying.reply(command, review)
        case ReportReview():
            return moderating.report(command, review)
        case HideReview():
            return moderating.hide(command, review)
        case ShowReview():
            return moderating.show(command, review)


def gather_review(rows: Sequence[Row]) -> ReviewRow | None:
    """The review, retired or not; None before there is one."""
    return next((row for row in rows if isinstance(row, ReviewRow)), None)


def gather_rating(rows: Sequence[Row]) -> RatingRow | None:
    """The rating; None before anything was counted."""
    return next((row for row in rows if isinstance(row, RatingRow)), None)


REVIEWS = Keeper(
    commands=REVIEW_COMMANDS,
    stream=lambda command: command.review_id,
    tables=(
        Table(
            name="reviews",
            row=ReviewRow,
            key=("id",),
            owner="id",
            change=ReviewChanged,
            indexes=(
                "(restaurant_id, reviewed_at desc, id desc)",
                "(courier_id) where courier_id is not null",
                "(reported_at, id) where reported_at is not null",
            ),
        ),
    ),
    gather=gather_review,
    decide=decide,
)
RATINGS = Keeper(
    commands=RATING_COMMANDS,
    stream=lambda command: command.target,
    tables=(Table(name="ratings", row=RatingRow, key=("target",), owner="target", change=RatingChanged),),
    gather=gather_rating,
    decide=rating.recount,
)
