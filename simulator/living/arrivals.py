"""Who gets hungry when: drawn by the seed alone."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from simulator.lots import Lots

TEA_TIME = 0.25
"""The evening fills up: the first quarter of it is half as busy as the rest."""


def arrivals(seed: str, count: int, began: datetime, minutes: float) -> Sequence[datetime]:
    """Moments in order. Given how many come, a Poisson process is that many even draws, sorted."""
    lots = Lots(f"{seed}/arrivals")
    shares = sorted(_later(lots.share(str(number))) for number in range(1, count + 1))
    return [began + timedelta(minutes=minutes * share) for share in shares]


def _later(share: float) -> float:
    """An even draw, as one of an evening whose first quarter has half the rate of the rest."""
    quiet = TEA_TIME * 0.5 / (TEA_TIME * 0.5 + (1 - TEA_TIME))
    if share < quiet:
        return TEA_TIME * share / quiet
    return TEA_TIME + (1 - TEA_TIME) * (share - quiet) / (1 - quiet)
