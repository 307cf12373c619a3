"""Asking who is near: the positions of couriers are no journal, so looking them up is an effect."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Protocol

from kernel.log import Recorded
from kernel.messages import Command, Value
from kernel.places import Position
from kernel.subgraph import Effect
from subgraphs.dispatch.commands import RecordCandidates
from subgraphs.dispatch.events import Considered, CourierSought


class Candidate(Value):
    """A courier near a restaurant, as last seen."""

    courier_id: str
    position: Position
    seen_at: datetime
    """Platform time of the last position."""
    ride_seconds: float
    """To the restaurant, along the streets."""


class CourierSearch(Protocol):
    """Who is near, as far as positions tell: not who is on a shift or free, which dispatch itself knows."""

    async def candidates(self, pickup: Position, radius_m: int, excluded: Collection[str]) -> Sequence[Candidate]:
        """At most 50 couriers within `radius_m` of `pickup` as the crow flies, the shortest ride first.

        Only couriers who were seen within the last 60 s of platform time, and none of `excluded`. Raises
        `kernel.ports.Outage` when nobody can tell.
        """
        ...


async def perform(record: Recorded, search: CourierSearch) -> Sequence[Command]:
    """Asks for the couriers that are sought. Where they are is nobody's business any more once that is answered."""
    match record.message:
        case CourierSought() as sought:
            found = await search.candidates(sought.pickup, sought.radius_m, frozenset(sought.excluded))
            near = tuple(Considered(courier_id=each.courier_id, ride_seconds=each.ride_seconds) for each in found)
            return [RecordCandidates(delivery_id=sought.delivery_id, round=sought.round, candidates=near)]
        case _:
            return []


EFFECTS = (
    Effect(name="dispatch.search", topics=("dispatch.events",), port=CourierSearch, perform=perform, from_start=True),
)
