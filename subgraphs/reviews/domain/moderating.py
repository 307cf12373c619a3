"""Moderating: anybody may report a review; moderators hide it, or say that it may stay."""

from collections.abc import Sequence

from msgspec.structs import replace

from kernel.messages import Refusal, Row
from kernel.ownership import may
from subgraphs.reviews.commands import HideReview, ReportReview, ShowReview
from subgraphs.reviews.domain.parties import MODERATE, REPORT
from subgraphs.reviews.domain.refusals import NotAllowed
from subgraphs.reviews.events import ReviewRow


def report(command: ReportReview, review: ReviewRow) -> Sequence[Row] | Refusal:
    """The review with the report; another one changes nothing until a moderator has answered the first."""
    if not may(command.viewer, REPORT, {}):
        return NotAllowed()
    if review.reported_at is not None:
        return []  # Asking twice is not an error: one look answers both.
    return [replace(review, report_reason=command.reason, reported_at=command.at)]


def hide(command: HideReview, review: ReviewRow) -> Sequence[Row] | Refusal:
    """The review out of sight, its report answered."""
    return _settled(command, review, hidden=True)


def show(command: ShowReview, review: ReviewRow) -> Sequence[Row] | Refusal:
    """The review in sight, its report answered."""
    return _settled(command, review, hidden=False)


def _settled(command: HideReview | ShowReview, review: ReviewRow, *, hidden: bool) -> Sequence[Row] | Refusal:
    if not may(command.viewer, MODERATE, {}):
        return NotAllowed()
    settled = replace(review, hidden=hidden, report_reason=None, reported_at=None)
    return [] if settled == review else [settled]
