"""What people do with reviews: customers write them, staff reply, anybody reports, moderators hide and show."""

from typing import TypeVar
from uuid import UUID

import strawberry

from kernel.graph.context import Info
from kernel.graph.refusals import MalformedId, UserError, result
from kernel.ids import parse_id, sibling_id
from subgraphs.reviews.commands import (
    AnyReviewCommand,
    HideReview,
    Opinion,
    ReplyToReview,
    ReportReview,
    ReviewOrder,
    ShowReview,
)
from subgraphs.reviews.events import ReportReason
from subgraphs.reviews.schema import loading
from subgraphs.reviews.schema.refusals import (
    ALWAYS,
    ON_A_REVIEW,
    REFUSALS,
    WITH_WORDS,
    AlreadyReviewed,
    NotReviewable,
)
from subgraphs.reviews.schema.reviews import Review


@strawberry.input(description="Stars, and why.")
class OpinionInput:
    stars: int = strawberry.field(description="1 to 5.")
    text: str | None = strawberry.field(
        default=None, description="At most 2000 characters, among them no control characters but line breaks."
    )

    def opinion(self) -> Opinion:
        return Opinion(stars=self.stars, text=self.text)


@strawberry.input
class ReviewOrderInput:
    idempotency_key: UUID
    order_id: strawberry.ID
    restaurant: OpinionInput = strawberry.field(description="Everybody can read it.")
    courier: OpinionInput | None = strawberry.field(
        default=None, description="Only the courier, dispatchers and moderators can read it."
    )


@strawberry.input
class ReplyToReviewInput:
    idempotency_key: UUID
    review_id: strawberry.ID
    text: str = strawberry.field(description="1 to 1000 characters, among them no control characters but line breaks.")


@strawberry.input
class ReportReviewInput:
    idempotency_key: UUID
    review_id: strawberry.ID
    reason: ReportReason


@strawberry.input
class HideReviewInput:
    idempotency_key: UUID
    review_id: strawberry.ID


@strawberry.input
class ShowReviewInput:
    idempotency_key: UUID
    review_id: strawberry.ID


@strawberry.type(description="The mutation was carried out.")
class ReviewChanged:
    review: Review | None = strawberry.field(description="The review as it is now.")
    consistency_token: str | None = strawberry.field(
        description="Of this mutation; reviews are read as they are now in any case, ratings follow."
    )


@strawberry.type(description="The order has its review.")
class ReviewOrderSuccess(ReviewChanged):
    pass


@strawberry.type(description="The restaurant has replied.")
class ReplyToReviewSuccess(ReviewChanged):
    pass


@strawberry.type(description="A moderator will look at the review.")
class ReportReviewSuccess(ReviewChanged):
    pass


@strawberry.type(description="The review is in no list and no rating any more, and its report is answered.")
class HideReviewSuccess(ReviewChanged):
    pass


@strawberry.type(description="The review is shown to everybody, and its report is answered.")
class ShowReviewSuccess(ReviewChanged):
    pass


REVIEW_ORDER_RESULT = result(ReviewOrderSuccess, (*ALWAYS, *WITH_WORDS, NotReviewable, AlreadyReviewed))
REPLY_TO_REVIEW_RESULT = result(ReplyToReviewSuccess, (*ON_A_REVIEW, *WITH_WORDS))
REPORT_REVIEW_RESULT = result(ReportReviewSuccess, ON_A_REVIEW)
HIDE_REVIEW_RESULT = result(HideReviewSuccess, ON_A_REVIEW)
SHOW_REVIEW_RESULT = result(ShowReviewSuccess, ON_A_REVIEW)

Given = ReviewOrderInput | ReplyToReviewInput | ReportReviewInput | HideReviewInput | ShowReviewInput
ChangedT = TypeVar("ChangedT", bound=ReviewChanged)


@strawberry.type
class WriterMutation:
    @strawberry.mutation(
        graphql_type=REVIEW_ORDER_RESULT,
        description="Says what one thinks of an order. For its customer, once, within seven days of having the food.",
    )
    async def review_order(self, info: Info, input: ReviewOrderInput) -> ReviewOrderSuccess | UserError:
        review_id = sibling_id("review", "order", input.order_id)
        if review_id is None:
            return MalformedId(path=["orderId"])
        command = ReviewOrder(
            review_id=review_id,
            order_id=input.order_id,
            restaurant=input.restaurant.opinion(),
            courier=None if input.courier is None else input.courier.opinion(),
        )
        return await _changed(info, "reviewOrder", input, command, ReviewOrderSuccess)

    @strawberry.mutation(
        graphql_type=REPLY_TO_REVIEW_RESULT,
        description="Replies for the restaurant, or takes the place of its former reply. For its staff.",
    )
    async def reply_to_review(self, info: Info, input: ReplyToReviewInput) -> ReplyToReviewSuccess | UserError:
        command = ReplyToReview(review_id=input.review_id, text=input.text)
        return await _changed(info, "replyToReview", input, command, ReplyToReviewSuccess)

    @strawberry.mutation(
        graphql_type=REPORT_REVIEW_RESULT,
        description="Asks a moderator to look at a review. For everybody who is signed in.",
    )
    async def report_review(self, info: Info, input: ReportReviewInput) -> ReportReviewSuccess | UserError:
        command = ReportReview(review_id=input.review_id, reason=input.reason)
        return await _changed(info, "reportReview", input, command, ReportReviewSuccess)


@strawberry.type
class ModeratorMutation:
    @strawberry.mutation(
        graphql_type=HIDE_REVIEW_RESULT, description="Takes a review out of every list and rating. For moderators."
    )
    async def hide_review(self, info: Info, input: HideReviewInput) -> HideReviewSuccess | UserError:
        return await _changed(info, "hideReview", input, HideReview(review_id=input.review_id), HideReviewSuccess)

    @strawberry.mutation(
        graphql_type=SHOW_REVIEW_RESULT,
        description="Shows a hidden review again, or says that a reported one may stay. For moderators.",
    )
    async def show_review(self, info: Info, input: ShowReviewInput) -> ShowReviewSuccess | UserError:
        return await _changed(info, "showReview", input, ShowReview(review_id=input.review_id), ShowReviewSuccess)


async def _changed(
    info: Info, mutation: str, given: Given, command: AnyReviewCommand, success: type[ChangedT]
) -> ChangedT | UserError:
    """Hands the command to the domain: the success of the mutation, or its refusal."""
    context = info.context
    if parse_id("review", command.review_id) is None:
        return MalformedId(path=["reviewId"])
    handled = await context.handle(command, mutation=mutation, key=given.idempotency_key, given=given)
    loading.forget(context)
    outcome = REFUSALS.accepted(handled)
    if isinstance(outcome, UserError):
        return outcome
    row = await loading.review(context, outcome.stream)
    return success(review=None if row is None else Review.of(row), consistency_token=outcome.token)
