"""What reviews refuse, and why."""

from enum import Enum

from kernel.messages import Refusal

Path = tuple[str, ...]


class NotFound(Refusal):
    """No such order or review, or none that the viewer may know of."""

    path: Path | None = None


class NotAllowed(Refusal):
    """The viewer may see it, but not do that to it."""


class InvalidInput(Refusal):
    """A value out of its bounds."""

    reason: str
    path: Path


class Unreviewable(Enum):
    NOT_DELIVERED = "NOT_DELIVERED"
    TOO_LATE = "TOO_LATE"
    NO_COURIER = "NO_COURIER"


class NotReviewable(Refusal):
    """The order cannot be reviewed, or not so."""

    because: Unreviewable


class AlreadyReviewed(Refusal):
    """An order is reviewed once."""

    review_id: str


REFUSALS: tuple[type[Refusal], ...] = (NotFound, NotAllowed, NotReviewable, AlreadyReviewed)
"""What is kept with an idempotent request. Not `InvalidInput`: nothing is stored for an input that makes no sense."""
