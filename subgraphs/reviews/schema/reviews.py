"""Reviews and ratings in the graph, and what they add to restaurants, orders and couriers."""

from datetime import datetime
from typing import Optional, Self

import strawberry

from kernel.graph.connections import Connection, Page
from kernel.graph.context import Info
from kernel.graph.describing import describe_values
from kernel.ids import parse_id, sibling_id
from kernel.ownership import may
from subgraphs.reviews import views
from subgraphs.reviews.domain.parties import MODERATE, SEE_COURIER_REVIEW, SEE_WITH_ORDER
from subgraphs.reviews.domain.reviewing import open_until
from subgraphs.reviews.events import RatingRow, ReportReason, ReviewRow
from subgraphs.reviews.schema import loading
from subgraphs.reviews.views import Asked

strawberry.enum(
    ReportReason, description="What is wrong with a review. Clients must expect values that are not listed yet."
)
describe_values(
    ReportReason,
    {
        ReportReason.ABUSIVE: "It insults or threatens somebody.",
        ReportReason.PRIVATE: "It tells what is nobody's business: a name, a number, an address.",
        ReportReason.UNTRUE: "It did not happen so.",
        ReportReason.ADVERTISING: "It praises something else.",
        ReportReason.OTHER: "Something else.",
    },
)


@strawberry.type(description="The stars that all reviews gave together. It follows a review within two seconds.")
class Rating:
    count: int = strawberry.field(description="How many reviews gave stars.")
    mean: float | None = strawberry.field(description="Of the stars given, 1 to 5; null while nobody has given any.")
    distribution: list[int] = strawberry.field(description="How many gave one star, two, three, four and five.")

    @classmethod
    def of(cls, row: RatingRow | None) -> Self:
        if row is None:
            return cls(count=0, mean=None, distribution=[0, 0, 0, 0, 0])
        return cls(count=row.count, mean=row.mean, distribution=[*row.distribution])


@strawberry.federation.type(keys=["id"], description="A restaurant; reviews adds what its customers think of it.")
class Restaurant:
    id: strawberry.ID

    @classmethod
    def resolve_reference(cls, info: Info, id: strawberry.ID) -> Self | None:
        return cls(id=id) if parse_id("restaurant", id) is not None else None

    @strawberry.field(description="Its stars. Null only while reviews cannot be reached.")
    async def rating(self, info: Info) -> Rating | None:
        return Rating.of(await loading.rating(info.context, self.id))

    @strawberry.field(description="What its customers think of it, the newest first.")
    async def reviews(
        self,
        info: Info,
        first: int | None = None,
        after: str | None = None,
        last: int | None = None,
        before: str | None = None,
    ) -> Connection["Review"] | None:
        secret, scope = info.context.cursor_secret, f"restaurant.reviews:{self.id}"
        page = Page.read(secret, scope, first=first, after=after, last=last, before=before)
        asked = Asked(restaurant_id=self.id, fetch=page.fetch, keyset=page.keyset, backwards=page.backwards)
        rows = await loading.page_of_reviews(info.context, asked)
        return page.connection(rows, node=Review.of, keyset=views.keyset)


@strawberry.federation.type(keys=["id"], description="An order; reviews adds what its customer thinks of it.")
class Order:
    id: strawberry.ID

    @classmethod
    def resolve_reference(cls, info: Info, id: strawberry.ID) -> Self | None:
        return cls(id=id) if parse_id("order", id) is not None else None

    @strawberry.field(
        description="Its review; null when there is none, and for viewers who are neither its customer, its courier, "
        "the restaurant's staff nor moderators."
    )
    async def review(self, info: Info) -> Optional["Review"]:
        row = await loading.review_with_order(info.context, sibling_id("review", "order", self.id) or "")
        return None if row is None else Review.of(row)

    @strawberry.field(
        description="Until when the viewer may review it; null when they may not, or have done so. It follows the "
        "order within two seconds."
    )
    async def reviewable_until(self, info: Info) -> datetime | None:
        context = info.context
        order = await loading.reviewable_order(context, self.id)
        known = await loading.review(context, sibling_id("review", "order", self.id) or "")
        return None if order is None else open_until(order, known, context.viewer, context.clock.now())


@strawberry.federation.type(keys=["id"], description="A courier; reviews adds what customers think of them.")
class Courier:
    id: strawberry.ID

    @classmethod
    def resolve_reference(cls, info: Info, id: strawberry.ID) -> Self | None:
        return cls(id=id) if parse_id("courier", id) is not None else None

    @strawberry.field(description="Their stars. Null only while reviews cannot be reached.")
    async def rating(self, info: Info) -> Rating | None:
        return Rating.of(await loading.rating(info.context, self.id))


@strawberry.type(description="What a restaurant says to a review.")
class ReviewReply:
    text: str
    replied_at: datetime

    @classmethod
    def of(cls, row: ReviewRow) -> Self | None:
        if row.reply is None or row.replied_at is None:
            return None
        return cls(text=row.reply, replied_at=row.replied_at)


@strawberry.type(description="What a customer thinks of the courier who came.")
class CourierReview:
    courier: Courier | None
    stars: int = strawberry.field(description="1 to 5.")
    text: str | None

    @classmethod
    def of(cls, row: ReviewRow) -> Self | None:
        if row.courier_id is None or row.courier_stars is None:
            return None
        return cls(courier=Courier(id=strawberry.ID(row.courier_id)), stars=row.courier_stars, text=row.courier_text)


@strawberry.type(description="What somebody said is wrong with a review.")
class ReviewReport:
    reason: ReportReason
    reported_at: datetime

    @classmethod
    def of(cls, row: ReviewRow) -> Self | None:
        if row.report_reason is None or row.reported_at is None:
            return None
        return cls(reason=row.report_reason, reported_at=row.reported_at)


@strawberry.federation.type(
    keys=["id"], description="What the customer of an order thinks of it. Nobody is told who the customer is."
)
class Review:
    row: strawberry.Private[ReviewRow]
    id: strawberry.ID
    restaurant: Restaurant | None
    stars: int = strawberry.field(description="What the restaurant got, 1 to 5.")
    text: str | None = strawberry.field(description="What it says of the restaurant.")
    reviewed_at: datetime
    reply: ReviewReply | None = strawberry.field(description="What the restaurant says to it.")
    hidden: bool = strawberry.field(
        description="A moderator took it out of every list and rating; only who wrote it and moderators still see it."
    )

    @strawberry.field(description="Whether the viewer wrote it.")
    def mine(self, info: Info) -> bool:
        return self.row.customer_id == info.context.viewer.subject

    @strawberry.field(
        description="The order it is of; null for viewers who are neither its customer, its courier, the restaurant's "
        "staff nor moderators."
    )
    async def order(self, info: Info) -> Order | None:
        seen = await loading.may_see(info.context, SEE_WITH_ORDER, self.row)
        return Order(id=strawberry.ID(self.row.order_id)) if seen else None

    @strawberry.field(
        description="What it says of the courier; null when it says nothing, and for viewers who are neither its "
        "customer, the courier, dispatchers nor moderators."
    )
    async def courier(self, info: Info) -> CourierReview | None:
        seen = await loading.may_see(info.context, SEE_COURIER_REVIEW, self.row)
        return CourierReview.of(self.row) if seen else None

    @strawberry.field(description="The report that no moderator has answered yet; null for everybody but moderators.")
    def report(self, info: Info) -> ReviewReport | None:
        return ReviewReport.of(self.row) if may(info.context.viewer, MODERATE, {}) else None

    @classmethod
    def of(cls, row: ReviewRow) -> Self:
        return cls(
            row=row,
            id=strawberry.ID(row.id),
            restaurant=Restaurant(id=strawberry.ID(row.restaurant_id)),
            stars=row.stars,
            text=row.text,
            reviewed_at=row.reviewed_at,
            reply=ReviewReply.of(row),
            hidden=row.hidden,
        )

    @classmethod
    async def resolve_reference(cls, info: Info, id: strawberry.ID) -> Self | None:
        row = await loading.review(info.context, id)
        return None if row is None else cls.of(row)
