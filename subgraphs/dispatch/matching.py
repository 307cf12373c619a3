"""Matching: who among the couriers near a restaurant is asked first. Pure, so that it can be measured by itself."""

from collections.abc import Collection, Sequence

from subgraphs.dispatch.events import Considered


def ranked(near: Sequence[Considered], excluded: Collection[str]) -> tuple[Considered, ...]:
    """Whoever may be asked, the shortest ride to the restaurant first, each once; ties go by id, for repeatability."""
    nearest: dict[str, Considered] = {}
    for candidate in sorted(near, key=lambda each: (each.ride_seconds, each.courier_id)):
        if candidate.courier_id not in excluded:
            nearest.setdefault(candidate.courier_id, candidate)
    return tuple(nearest.values())
