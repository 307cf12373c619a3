"""The refusals of reviews in the graph."""

from collections.abc import Sequence
from typing import ClassVar

import strawberry

from kernel.graph.context import Info
from kernel.graph.describing import describe_values
from kernel.graph.refusals import (
    SHARED,
    IdempotencyKeyReused,
    InvalidInput,
    MalformedId,
    NotAllowed,
    NotFound,
    Refusals,
    RequestInProgress,
    UserError,
)
from subgraphs.reviews.domain.refusals import Unreviewable
from subgraphs.reviews.schema.reviews import Review

strawberry.enum(
    Unreviewable,
    name="NotReviewableReason",
    description="Why an order cannot be reviewed. Clients must expect values that are not listed yet.",
)
describe_values(
    Unreviewable,
    {
        Unreviewable.NOT_DELIVERED: "Its customer has not had the food, as far as is known yet.",
        Unreviewable.TOO_LATE: "Its customer had the food more than seven days ago.",
        Unreviewable.NO_COURIER: "No courier came, so none can be given stars.",
    },
)


@strawberry.type(
    description="The order cannot be reviewed: its customer has not had the food, or had it more than seven days ago, "
    "or no courier came. It may be asked a moment too early."
)
class NotReviewable(UserError):
    sentence: ClassVar[str] = "This order cannot be reviewed so."
    because: Unreviewable


@strawberry.type(description="The order has its review already; there is only one.")
class AlreadyReviewed(UserError):
    sentence: ClassVar[str] = "This order has been reviewed already."
    review_id: strawberry.Private[str] = ""

    @strawberry.field(description="The review that there is; null when it was erased.")
    async def review(self, info: Info) -> Review | None:
        return await Review.resolve_reference(info, strawberry.ID(self.review_id))


REFUSALS = Refusals(plain=(*SHARED, NotReviewable, AlreadyReviewed))

ALWAYS: Sequence[type[UserError]] = (NotFound, MalformedId, IdempotencyKeyReused, RequestInProgress)
"""What every mutation of reviews may answer."""
ON_A_REVIEW: Sequence[type[UserError]] = (*ALWAYS, NotAllowed)
"""What every mutation of an existing review may answer."""
WITH_WORDS: Sequence[type[UserError]] = (InvalidInput,)
"""What every mutation that takes a text may answer."""
