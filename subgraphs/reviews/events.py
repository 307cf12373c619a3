"""The captured rows of reviews and ratings, and the news of their changes.

These names are the storage format: adding an optional field is free, anything else needs an upcaster. Changes can
arrive out of order, so a fold over them takes `after` of the highest `revision` per row, never a delta. Every field
but `id`, `target` and `revision` may be changed by hand in SQL; what is changed in a rating stays until its next
recount.
"""

from datetime import datetime
from enum import Enum
from typing import Annotated

from kernel.messages import Event, Personal, Row

MOST_STARS = 5

Distribution = tuple[int, int, int, int, int]
"""How many gave one star, two, three, four and five."""


class ReportReason(Enum):
    ABUSIVE = "ABUSIVE"
    PRIVATE = "PRIVATE"
    UNTRUE = "UNTRUE"
    ADVERTISING = "ADVERTISING"
    OTHER = "OTHER"


class ReviewRow(Row):
    """What the customer of an order thinks of its restaurant and, maybe, of its courier; its changes are journaled
    under `id`, which shares its UUID with the order."""

    id: str
    order_id: str
    customer_id: Annotated[str, Personal(subject="customer_id")]
    restaurant_id: str
    stars: int
    """What the restaurant got."""
    text: Annotated[str | None, Personal(subject="customer_id")] = None
    courier_id: str | None = None
    courier_stars: int | None = None
    """None: nothing was said of the courier, or there was none."""
    courier_text: Annotated[str | None, Personal(subject="customer_id")] = None
    reviewed_at: datetime
    reply: str | None = None
    replied_at: datetime | None = None
    report_reason: ReportReason | None = None
    reported_at: datetime | None = None
    """Of the report that no moderator has answered yet."""
    hidden: bool = False
    """Taken out of every list and rating by a moderator."""
    retired: bool = False
    revision: int = 0


class RatingRow(Row):
    """How a restaurant or a courier is rated: the stars of the reviews that are shown, counted, never added up."""

    target: str
    """The id of a restaurant or of a courier."""
    distribution: Distribution
    as_of: int
    """When it was counted, by the database's own reckoning: a later count has a greater number."""
    retired: bool = False
    revision: int = 0

    @property
    def count(self) -> int:
        return sum(self.distribution)

    @property
    def total(self) -> int:
        """All stars together."""
        return sum(stars * given for stars, given in enumerate(self.distribution, start=1))

    @property
    def mean(self) -> float | None:
        """None while nobody has given any stars."""
        return self.total / self.count if self.count else None


class ReviewChanged(Event):
    before: ReviewRow | None = None
    after: ReviewRow | None = None
    revision: int


class RatingChanged(Event):
    before: RatingRow | None = None
    after: RatingRow | None = None
    revision: int


EVENTS: tuple[type[Event], ...] = (ReviewChanged, RatingChanged)
