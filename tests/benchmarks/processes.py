"""What the processes of a running platform have cost so far, and the latencies of a run."""

from collections.abc import Mapping, Sequence
from statistics import quantiles

from runtime.supervision.footprint import footprint_of
from tests.running_platform import RunningPlatform


def cpu_seconds(platform: RunningPlatform) -> Mapping[str, float]:
    """Processor time since their start, by the supervisor's names, with all that each of them started."""
    return {
        name: footprint_of(status.process).cpu_seconds
        for name, status in platform.processes().items()
        if status.process is not None
    }


def spent(before: Mapping[str, float], after: Mapping[str, float]) -> Mapping[str, float]:
    """Seconds of processor time between two looks, the most expensive process first."""
    costs = {name: after[name] - before.get(name, 0.0) for name in after}
    return dict(sorted(costs.items(), key=lambda cost: -cost[1]))


def percentile(values: Sequence[float], percent: int) -> float:
    """The value that so many percent are not above; of fewer than two values the only one."""
    return quantiles(values, n=100)[percent - 1] if len(values) > 1 else values[0]
