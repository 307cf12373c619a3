"""What is asked of reviews, always as they are now; its own copies of orders and staff; and facts for commands.

`projections/reviews.py` and `projections/staff.py` keep the copies.
"""

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime
from typing import Annotated

from msgspec.structs import replace

from kernel.graph.connections import Page
from kernel.graph.cursors import Keyset
from kernel.messages import Personal, Row, Value, Viewer
from kernel.ports import Views
from kernel.projecting import View
from subgraphs.reviews.commands import RecountRating, ReplyToReview, ReviewableOrder, ReviewOrder, Tally
from subgraphs.reviews.events import RatingRow, ReviewRow

__all__ = [
    "REVIEWABLE_ORDERS",
    "REVIEW_STAFF",
    "Asked",
    "ReviewStaffRow",
    "ReviewableOrder",
    "inform_recount",
    "inform_reply",
    "inform_review",
    "keyset",
    "ratings",
    "report_keyset",
    "reported",
    "reviewable_orders",
    "reviews",
    "reviews_of",
    "workplaces",
]


class ReviewStaffRow(Row):
    """Who works at a restaurant and may speak for it, as the catalog last told."""

    restaurant_id: str
    subject: Annotated[str, Personal(subject="subject")]
    retired: bool
    revision: int
    """The highest one seen: changes may arrive out of order."""


REVIEWABLE_ORDERS = View(name="reviewable_order", row=ReviewableOrder, key=("order_id",))
REVIEW_STAFF = View(name="review_staff", row=ReviewStaffRow, key=("restaurant_id", "subject"), indexes=("(subject)",))


class Asked(Value):
    """One page of a restaurant's reviews."""

    restaurant_id: str
    fetch: int
    keyset: Keyset | None = None
    backwards: bool = False


class _Listed(Row):
    """A review on the page of that number."""

    page: int
    review: ReviewRow


_PAGES = """
select (w.page - 1)::int as page, row_to_json(r) as review
from unnest($1::text[], $2::int[], $3::timestamptz[], $4::text[]) with ordinality
  as w(restaurant_id, most, reviewed_at, id, page)
cross join lateral (
  select * from reviews where restaurant_id = w.restaurant_id and not hidden and not retired
  and (w.reviewed_at is null or (reviewed_at, id) < (w.reviewed_at, w.id))
  order by reviewed_at desc, id desc limit w.most
) r order by w.page, r.reviewed_at desc, r.id desc
"""
_PAGES_BACKWARDS = """
select (w.page - 1)::int as page, row_to_json(r) as review
from unnest($1::text[], $2::int[], $3::timestamptz[], $4::text[]) with ordinality
  as w(restaurant_id, most, reviewed_at, id, page)
cross join lateral (
  select * from reviews where restaurant_id = w.restaurant_id and not hidden and not retired
  and (w.reviewed_at is null or (reviewed_at, id) > (w.reviewed_at, w.id))
  order by reviewed_at, id limit w.most
) r order by w.page, r.reviewed_at, r.id
"""
_REPORTED = """
select * from reviews where reported_at is not null and not retired
and ($1::timestamptz is null or (reported_at, id) > ($1::timestamptz, $2::text)) order by reported_at, id limit $3
"""
_REPORTED_BACKWARDS = """
select * from reviews where reported_at is not null and not retired
and ($1::timestamptz is null or (reported_at, id) < ($1::timestamptz, $2::text))
order by reported_at desc, id desc limit $3
"""
_TALLY = """
select json_build_array(
  count(*) filter (where stars = 1), count(*) filter (where stars = 2), count(*) filter (where stars = 3),
  count(*) filter (where stars = 4), count(*) filter (where stars = 5)
) as distribution, (
  select pg_snapshot_xmax(now_)::text::bigint * 10000 - (select count(*) from pg_snapshot_xip(now_))
  from pg_current_snapshot() as now_
) as as_of
from (
  select stars from reviews where restaurant_id = $1 and not hidden and not retired
  union all
  select courier_stars from reviews where courier_id = $1 and not hidden and not retired
) given
"""
"""One statement sees one snapshot. A later snapshot has a higher end, or the same one and fewer transactions running
below it; so a greater `as_of` is a later count, whoever counted."""


async def reviews(views: Views, ids: Sequence[str]) -> Sequence[ReviewRow | None]:
    """The reviews with these ids, in that order, hidden ones too; None for one that is not, or is no more."""
    sql = "select * from reviews where id = any($1::text[]) and not retired"
    found = {row.id: row for row in await views.fetch(ReviewRow, sql, [*ids])}
    return [found.get(review_id) for review_id in ids]


async def reviews_of(views: Views, asked: Sequence[Asked]) -> Sequence[Sequence[ReviewRow]]:
    """Each page asked for, of reviews that are shown, the newest first (the oldest first when backwards)."""
    pages: dict[int, list[ReviewRow]] = defaultdict(list)
    for backwards, sql in ((False, _PAGES), (True, _PAGES_BACKWARDS)):
        numbers = [number for number, page in enumerate(asked) if page.backwards is backwards]
        if not numbers:
            continue
        wanted = [asked[number] for number in numbers]
        places = [_place(page.keyset) for page in wanted]
        ids, sizes = [page.restaurant_id for page in wanted], [page.fetch for page in wanted]
        for row in await views.fetch(_Listed, sql, ids, sizes, [at for at, _ in places], [id_ for _, id_ in places]):
            pages[numbers[row.page]].append(row.review)
    return [pages[number] for number in range(len(asked))]


async def reported(views: Views, page: Page) -> Sequence[ReviewRow]:
    """The page of reviews whose report nobody has answered, the oldest report first."""
    sql = _REPORTED_BACKWARDS if page.backwards else _REPORTED
    return await views.fetch(ReviewRow, sql, *_place(page.keyset), page.fetch)


async def ratings(views: Views, targets: Sequence[str]) -> Sequence[RatingRow | None]:
    """The ratings of these restaurants and couriers, in that order; None for those nobody has rated."""
    sql = "select * from ratings where target = any($1::text[]) and not retired"
    found = {row.target: row for row in await views.fetch(RatingRow, sql, [*targets])}
    return [found.get(target) for target in targets]


async def reviewable_orders(views: Views, order_ids: Sequence[str]) -> Sequence[ReviewableOrder | None]:
    """The orders with these ids as reviews knows them, in that order."""
    sql = "select * from reviewable_order where order_id = any($1::text[])"
    found = {row.order_id: row for row in await views.fetch(ReviewableOrder, sql, [*order_ids])}
    return [found.get(order_id) for order_id in order_ids]


async def workplaces(views: Views, viewer: Viewer) -> frozenset[str]:
    """The restaurants at which the viewer works."""
    sql = "select * from review_staff where subject = $1 and not retired"
    return frozenset(row.restaurant_id for row in await views.fetch(ReviewStaffRow, sql, viewer.subject))


def keyset(row: ReviewRow) -> Keyset:
    """The review's place among a restaurant's reviews."""
    return row.reviewed_at.isoformat(), row.id


def report_keyset(row: ReviewRow) -> Keyset:
    """The review's place among those that were reported."""
    return (row.reported_at or row.reviewed_at).isoformat(), row.id


def _place(place: Keyset | None) -> tuple[datetime | None, str | None]:
    if place is None:
        return None, None
    at, review_id = place
    return datetime.fromisoformat(str(at)), str(review_id)


async def inform_review(command: ReviewOrder, views: Views) -> ReviewOrder:
    """With the order."""
    return replace(command, order=(await reviewable_orders(views, [command.order_id]))[0])


async def inform_reply(command: ReplyToReview, views: Views) -> ReplyToReview:
    """With the restaurants at which the viewer works."""
    return replace(command, workplaces=tuple(sorted(await workplaces(views, command.viewer))))


async def inform_recount(command: RecountRating, views: Views) -> RecountRating:
    """With a fresh count of the stars, in the rows themselves."""
    return replace(command, tally=(await views.fetch(Tally, _TALLY, command.target))[0])
