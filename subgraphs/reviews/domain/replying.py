"""Replying to a review, for the restaurant it is about."""

from collections.abc import Sequence

from msgspec.structs import replace

from kernel.messages import Refusal, Row
from kernel.ownership import may
from subgraphs.reviews.commands import ReplyToReview
from subgraphs.reviews.domain.parties import REPLY, parties
from subgraphs.reviews.domain.refusals import InvalidInput, NotAllowed
from subgraphs.reviews.domain.texts import MAX_REPLY, unfit, written
from subgraphs.reviews.events import ReviewRow


def reply(command: ReplyToReview, review: ReviewRow) -> Sequence[Row] | Refusal:
    """The review with the reply, which takes the place of an earlier one."""
    if not may(command.viewer, REPLY, parties(command.viewer, review, command.workplaces)):
        return NotAllowed()
    text = written(command.text)
    if text is None:
        return InvalidInput(path=("text",), reason="A reply says something.")
    invalid = unfit(text, MAX_REPLY, ("text",))
    if invalid is not None:
        return invalid
    return [] if text == review.reply else [replace(review, reply=text, replied_at=command.at)]
