"""How fast the evening goes where nobody says so: two minutes on a machine that has nothing else to do."""

import os

QUIET, IN_CHAOS = 30.0, 15.0
BUSY = 1.5
"""Runnable programs for each processor, over the last minute, from which on people would wait for the machine."""
SLOWEST = 8.0


def pace_of(load: float, processors: int, *, chaos: bool) -> float:
    """How many times faster than real time; half as fast on a machine that is twice as busy."""
    usual = IN_CHAOS if chaos else QUIET
    return max(SLOWEST, round(usual * min(1.0, BUSY * processors / max(load, 0.01))))


def pace_here(*, chaos: bool) -> float:
    return pace_of(os.getloadavg()[0], os.cpu_count() or 1, chaos=chaos)
