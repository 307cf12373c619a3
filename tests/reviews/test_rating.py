"""A rating is a count of the rows: whatever order the changes come in, and however often, it ends up the same."""

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from kernel.messages import Row
from subgraphs.reviews.commands import RecountRating, ReplyToReview, Tally
from subgraphs.reviews.domain import RATINGS
from subgraphs.reviews.events import Distribution, RatingRow, ReviewChanged, ReviewRow
from subgraphs.reviews.reactions import react
from tests.reviews.reviewing import COURIER, OTHER_RESTAURANT, RESTAURANT, Scene, hidden, reported, review, written
from tests.spelling import AT, recorded

targets = st.sampled_from([RESTAURANT, OTHER_RESTAURANT])
couriers = st.none() | st.just(COURIER)
stars = st.integers(1, 5)


@st.composite
def a_version(draw: st.DrawFn, number: int) -> ReviewRow:
    """A review as anybody, also somebody at psql, may have left it."""
    courier = draw(couriers)
    return replace(
        written,
        id=f"review_{number}",
        restaurant_id=draw(targets),
        stars=draw(stars),
        courier_id=courier,
        courier_stars=draw(st.none() | stars) if courier else None,
        hidden=draw(st.booleans()),
        retired=draw(st.booleans()),
    )


@st.composite
def histories(draw: st.DrawFn) -> list[ReviewChanged]:
    """Changes of some reviews as they were committed, deletions among them."""
    rows: dict[int, ReviewRow] = {}
    changes: list[ReviewChanged] = []
    for revision in range(1, draw(st.integers(1, 12)) + 1):
        number = draw(st.integers(1, 4))
        gone = number in rows and draw(st.integers(1, 5)) == 1
        after = None if gone else draw(a_version(number))
        changes.append(ReviewChanged(at=AT, before=rows.get(number), after=after, revision=revision))
        if after is None:
            del rows[number]
        else:
            rows[number] = after
    return changes


def counted(changes: Sequence[ReviewChanged], target: str) -> Distribution:
    """The stars of the rows that these changes leave behind."""
    rows: dict[str, ReviewRow] = {}
    for change in changes:
        row = change.after or change.before
        assert row is not None
        rows[row.id] = row
        if change.after is None:
            del rows[row.id]
    shown = [row for row in rows.values() if not row.hidden and not row.retired]
    given_ = [row.stars for row in shown if row.restaurant_id == target]
    given_ += [row.courier_stars for row in shown if row.courier_id == target and row.courier_stars]
    one, two, three, four, five = (given_.count(number) for number in range(1, 6))
    return one, two, three, four, five


def read_back(rows: Sequence[Row], rating: RatingRow | None) -> RatingRow | None:
    """The rating once `rows` are written; the database counts its revisions."""
    for row in rows:
        assert isinstance(row, RatingRow)
        assert row.revision == (0 if rating is None else rating.revision)
        rating = replace(row, revision=row.revision + 1)
    return rating


@given(histories(), st.data())
def test_any_order_and_repetition_of_changes_leads_to_the_same_rating(
    changes: list[ReviewChanged], data: st.DataObject
) -> None:
    """Each recount happens at some moment after its change, and is written after any others, or before."""
    recounts = [
        (command.target, moment)
        for number, change in enumerate(changes, start=1)
        for command in react(recorded(change, "review"))
        if isinstance(command, RecountRating)
        for moment in data.draw(st.lists(st.integers(number, len(changes)), min_size=1, max_size=3))
    ]
    ratings: dict[str, RatingRow | None] = {}
    for target, moment in data.draw(st.permutations(recounts)):
        tally = Tally(distribution=counted(changes[:moment], target), as_of=moment)
        decided = RATINGS.decide(RecountRating(target=target, tally=tally), ratings.get(target))
        assert isinstance(decided, Sequence)
        ratings[target] = read_back(decided, ratings.get(target))
    for target in (RESTAURANT, OTHER_RESTAURANT, COURIER):
        rating = ratings.get(target)
        assert (rating.distribution if rating else (0, 0, 0, 0, 0)) == counted(changes, target)


def test_a_recount_writes_what_was_counted() -> None:
    tally = Tally(distribution=(1, 0, 0, 0, 2), as_of=7)
    first = RatingRow(target=RESTAURANT, distribution=(1, 0, 0, 0, 2), as_of=7)
    scene = Scene(keeper=RATINGS)
    scene.when(RecountRating(target=RESTAURANT, tally=tally)).then(first)
    scene.when(RecountRating(target=RESTAURANT)).then_nothing()
    kept = scene.given(replace(first, revision=3))
    later = Tally(distribution=(0, 0, 0, 0, 3), as_of=8)
    kept.when(RecountRating(target=RESTAURANT, tally=later)).then(
        RatingRow(target=RESTAURANT, distribution=(0, 0, 0, 0, 3), as_of=8, revision=3)
    )


@pytest.mark.parametrize("as_of", [6, 7])
def test_an_earlier_count_does_not_replace_a_later_one(as_of: int) -> None:
    known = RatingRow(target=RESTAURANT, distribution=(1, 0, 0, 0, 2), as_of=7, revision=1)
    early = RecountRating(target=RESTAURANT, tally=Tally(distribution=(0, 0, 0, 0, 1), as_of=as_of))
    Scene(known, keeper=RATINGS).when(early).then_nothing()


def test_a_mean_is_of_stars_given() -> None:
    row = RatingRow(target=RESTAURANT, distribution=(1, 0, 0, 0, 2), as_of=1)
    assert (row.count, row.total, row.mean) == (3, 11, 11 / 3)
    assert RatingRow(target=RESTAURANT, distribution=(0, 0, 0, 0, 0), as_of=1).mean is None


def recounted(before: ReviewRow | None, after: ReviewRow | None) -> list[str]:
    commands = react(recorded(ReviewChanged(at=AT, before=before, after=after, revision=1), "review"))
    assert all(isinstance(command, RecountRating) for command in commands)
    return [command.target for command in commands if isinstance(command, RecountRating)]


def test_only_changes_of_stars_are_counted_anew() -> None:
    both = sorted([RESTAURANT, COURIER])
    assert recounted(None, written) == both
    assert recounted(written, None) == both
    assert recounted(written, hidden) == both
    assert recounted(hidden, written) == both
    assert recounted(None, hidden) == []
    assert recounted(written, reported) == []
    assert recounted(written, replace(written, reply="Thank you!", replied_at=AT)) == []
    assert recounted(written, replace(written, stars=1)) == [RESTAURANT]
    assert recounted(written, replace(written, courier_stars=None)) == [COURIER]
    assert recounted(written, replace(written, restaurant_id=OTHER_RESTAURANT)) == [RESTAURANT, OTHER_RESTAURANT]
    assert list(react(recorded(review, "review"))) == []
    assert list(react(recorded(ReplyToReview(review_id="review", text="!"), "review"))) == []
