"""Who stands in which relation to a review, and who may do what to it or see which part of it."""

from collections.abc import Collection

from kernel.ids import person_id
from kernel.messages import Viewer
from kernel.ownership import Action, Parties, may
from subgraphs.reviews.events import ReviewRow

CUSTOMER, STAFF, COURIER = "customer", "staff", "courier"
MODERATORS = frozenset({"support", "admin"})

REVIEW = Action(name="reviewOrder", relations=frozenset({CUSTOMER}))
REPLY = Action(name="replyToReview", relations=frozenset({STAFF}))
REPORT = Action(name="reportReview", roles=frozenset({"customer", "restaurant", "courier"}) | MODERATORS)
MODERATE = Action(name="moderateReview", roles=MODERATORS)
SEE_HIDDEN = Action(name="seeHiddenReview", relations=frozenset({CUSTOMER}), roles=MODERATORS)
SEE_WITH_ORDER = Action(name="seeReviewWithItsOrder", relations=frozenset({CUSTOMER, STAFF, COURIER}), roles=MODERATORS)
"""Anybody may read a review that is shown; which order it is of is for the order's parties."""
SEE_COURIER_REVIEW = Action(
    name="seeCourierReview", relations=frozenset({CUSTOMER, COURIER}), roles=MODERATORS | {"dispatcher"}
)


def parties(viewer: Viewer, review: ReviewRow, workplaces: Collection[str] = ()) -> Parties:
    """The review's parties as far as `viewer`, who works at `workplaces`, is concerned."""
    nobody, viewer_alone = frozenset[str](), frozenset({viewer.subject})
    is_courier = review.courier_id is not None and review.courier_id == person_id("courier", viewer.subject)
    return {
        CUSTOMER: frozenset({review.customer_id}),
        STAFF: viewer_alone if review.restaurant_id in workplaces else nobody,
        COURIER: viewer_alone if is_courier else nobody,
    }


def visible(viewer: Viewer, review: ReviewRow, standing: Parties) -> bool:
    """Whether `viewer`, who stands to the review as `standing` says, may know of it at all."""
    return not review.retired and (not review.hidden or may(viewer, SEE_HIDDEN, standing))
