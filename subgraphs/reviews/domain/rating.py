"""Rating: the stars of a restaurant or a courier as they were last counted.

A rating is never added up: changes may come twice and in any order, so each of them has the stars counted anew, in
the rows themselves. Of two counts the later one holds, whichever is written first.
"""

from collections.abc import Sequence

from kernel.messages import Row
from subgraphs.reviews.commands import RecountRating
from subgraphs.reviews.events import RatingRow


def recount(command: RecountRating, rating: RatingRow | None) -> Sequence[Row]:
    """The rating as it was counted; nothing when a later count is known."""
    tally = command.tally
    if tally is None or (rating is not None and tally.as_of <= rating.as_of):
        return []
    return [
        RatingRow(
            target=command.target,
            distribution=tally.distribution,
            as_of=tally.as_of,
            revision=0 if rating is None else rating.revision,
        )
    ]
