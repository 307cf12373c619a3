"""What clients ask of reviews."""

import strawberry

from kernel.graph.connections import Connection, Page
from kernel.graph.context import Info
from kernel.ownership import may
from subgraphs.reviews import views
from subgraphs.reviews.domain.parties import MODERATE
from subgraphs.reviews.schema.reviews import Review


@strawberry.type
class Query:
    @strawberry.field(description="A review; null when there is none that the viewer may see.")
    async def review(self, info: Info, id: strawberry.ID) -> Review | None:
        return await Review.resolve_reference(info, id)

    @strawberry.field(
        description="The reviews whose report no moderator has answered, the oldest report first; null for everybody "
        "but moderators."
    )
    async def reported_reviews(
        self,
        info: Info,
        first: int | None = None,
        after: str | None = None,
        last: int | None = None,
        before: str | None = None,
    ) -> Connection[Review] | None:
        secret = info.context.cursor_secret
        page = Page.read(secret, "reportedReviews", first=first, after=after, last=last, before=before)
        if not may(info.context.viewer, MODERATE, {}):
            return None
        rows = await views.reported(info.context.views, page)
        return page.connection(rows, node=Review.of, keyset=views.report_keyset)
