"""Search: the port through which restaurants are found."""

from collections.abc import Sequence
from datetime import datetime
from enum import Enum
from typing import Protocol

from kernel.messages import Row, Value

Place = tuple[int, int, str, str]
"""Where a hit stands in the order asked for; the last part is the restaurant's id, so that no two are equal."""


class Sort(Enum):
    RELEVANCE = "RELEVANCE"
    """Best match first, then the nearest."""
    DISTANCE = "DISTANCE"
    NAME = "NAME"
    RATING = "RATING"
    """The best Bayesian mean first (`views/ratings.py`), then the most reviewed."""


class Near(Value):
    """Where the searcher stands, in degrees."""

    latitude: float
    longitude: float


class Wanted(Value):
    """What is searched for; everything said must hold."""

    at: datetime
    """The moment of the search, for hours and pauses."""
    near: Near | None = None
    words: tuple[str, ...] | None = None
    """Folded words (`spelling.words`), of which each must be found; none at all find nothing. None: not asked for."""
    cuisines: tuple[str, ...] = ()
    """Any of these."""
    open_now: bool = False
    delivers_here: bool = False
    """Needs `near`: it lies within the restaurant's delivery radius."""
    max_distance_m: int | None = None
    """Needs `near`."""
    sort: Sort = Sort.NAME
    """Distance needs `near`, relevance needs `words`."""


class Hit(Row):
    """A restaurant that was found."""

    restaurant_id: str
    distance_m: int | None
    place: Place


class CuisineCount(Row):
    """How many of what was found cook this."""

    slug: str
    restaurants: int


class Found(Value):
    """What was found."""

    hits: Sequence[Hit]
    degraded: bool = False
    """A reserve answered in place of an engine that is away: rightly, but with less strength behind it."""


class Search(Protocol):
    """Finds restaurants by what is true of them at the moment of the search: their hours and pauses at `wanted.at`.

    A change is found within two seconds. A restaurant that was retired meanwhile may still be a hit: whoever loads its
    row drops it. One that does not change keeps its place between pages, and a place means the same to every adapter.
    All raise `kernel.ports.Outage` when nobody can answer in time.
    """

    def follower(self, wanted: Wanted) -> str | None:
        """The consumer of `catalog.changes` that this is found by, for whoever waits for a change; None: none lags."""
        ...

    async def find(self, wanted: Wanted, limit: int, beyond: Place | None = None, *, backwards: bool = False) -> Found:
        """The first `limit` hits beyond that place, in the order asked for, or from there backwards."""
        ...

    async def cuisines(self, wanted: Wanted, limit: int) -> Sequence[CuisineCount]:
        """How many there are of each cuisine, the most first, as if no cuisine had been asked for."""
        ...

    async def count(self, wanted: Wanted) -> int:
        """How many there are altogether."""
        ...
