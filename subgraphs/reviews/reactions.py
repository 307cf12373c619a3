"""What reviews does about its own changes: count anew whoever was rated, is, or no longer is."""

from collections.abc import Iterator, Sequence

from kernel.log import Recorded
from kernel.messages import Command
from kernel.subgraph import Reaction
from subgraphs.reviews.commands import RecountRating
from subgraphs.reviews.events import ReviewChanged, ReviewRow

Rated = tuple[str, int]
"""An id, and the stars it got."""


def react(record: Recorded) -> Sequence[Command]:
    """One recount of each rating that the change can have moved; none for a reply or a report."""
    if not isinstance(record.message, ReviewChanged):
        return []
    before, after = set(_rated(record.message.before)), set(_rated(record.message.after))
    return [RecountRating(target=target) for target in sorted({target for target, _ in before ^ after})]


def _rated(row: ReviewRow | None) -> Iterator[Rated]:
    if row is None or row.hidden or row.retired:
        return
    yield row.restaurant_id, row.stars
    if row.courier_id is not None and row.courier_stars is not None:
        yield row.courier_id, row.courier_stars


REACTIONS = (Reaction(name="reviews.recount", topics=("reviews.changes",), react=react, from_start=True),)
