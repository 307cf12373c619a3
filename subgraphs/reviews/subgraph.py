"""Reviews, assembled."""

from kernel.subgraph import Subgraph
from subgraphs.reviews.commands import RecountRating, ReplyToReview, ReviewOrder
from subgraphs.reviews.domain import RATINGS, REFUSALS, REVIEWS
from subgraphs.reviews.reactions import REACTIONS
from subgraphs.reviews.schema import SCHEMA
from subgraphs.reviews.views import inform_recount, inform_reply, inform_review

SUBGRAPH = Subgraph(
    name="reviews",
    schema=SCHEMA,
    aggregates=(REVIEWS, RATINGS),
    refusals=REFUSALS,
    facts={ReviewOrder: inform_review, ReplyToReview: inform_reply, RecountRating: inform_recount},
    reactions=REACTIONS,
)
