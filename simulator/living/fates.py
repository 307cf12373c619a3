"""Whose evening ends otherwise than with food: so many as the plan says and no more, drawn by the seed."""

from itertools import islice

from simulator.living.plan import Tempers
from simulator.lots import Lots

BAD_CARD = "pays with a bad card"
CANCELS_AT_ONCE = "cancels at once"
CANCELS_LATE = "cancels late"
NOT_AT_HOME = "is not at home"
REJECTED = "is rejected by the kitchen"


class Fates:
    """Each customer has one at most. Percentages are of all customers, rounded, so that a small town has none."""

    def __init__(self, seed: str, orders: int, tempers: Tempers) -> None:
        lots = Lots(f"{seed}/fates")
        waiting = iter(sorted(range(1, orders + 1), key=lambda number: lots.share(str(number))))
        shares = {
            BAD_CARD: tempers.pays_with_a_bad_card,
            CANCELS_AT_ONCE: tempers.cancels_at_once,
            CANCELS_LATE: tempers.cancels_late,
            NOT_AT_HOME: tempers.is_not_at_home,
            REJECTED: tempers.kitchen_rejects,
        }
        self._fates = {
            number: fate
            for fate, percent in shares.items()
            for number in islice(waiting, round(orders * percent / 100))
        }

    def of(self, number: int) -> str:
        """Of the customer of that number; empty for most."""
        return self._fates.get(number, "")
