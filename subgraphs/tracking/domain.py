"""Trips decided: each arrival is told once, however often positions show it."""

from collections.abc import Sequence

import msgspec

from kernel.deciding import Decider
from kernel.messages import Refusal, Value
from subgraphs.tracking.commands import COMMANDS, RecordReachingDoor, RecordReachingRestaurant, TripCommand
from subgraphs.tracking.events import EVENTS, CourierArrivedAtRestaurant, CourierNearedDoor, TripEvent, TripNews

Assignment = tuple[str, str | None]
"""A courier and the offer by which that courier took the delivery."""


class Trip(Value):
    """What has been told of a trip."""

    arrived: frozenset[Assignment] = frozenset()
    """The assignments whose courier has been at the restaurant."""
    neared: bool = False


def decide(command: TripCommand, trip: Trip) -> Sequence[TripEvent] | Refusal:
    """What follows from `command`; what has been told already is not told again."""
    match command:
        case RecordReachingRestaurant():
            known = _assignment(command) in trip.arrived
            return [] if known else [_told(CourierArrivedAtRestaurant, command)]
        case RecordReachingDoor():
            return [] if trip.neared else [_told(CourierNearedDoor, command)]


def evolve(trip: Trip, event: TripEvent) -> Trip:
    """The trip after `event`."""
    match event:
        case CourierArrivedAtRestaurant():
            return msgspec.structs.replace(trip, arrived=trip.arrived | {_assignment(event)})
        case CourierNearedDoor():
            return msgspec.structs.replace(trip, neared=True)


def _assignment(message: TripCommand | TripNews) -> Assignment:
    return message.courier_id, message.offer_id


def _told(kind: type[TripEvent], command: TripCommand) -> TripEvent:
    return kind(
        at=command.at,
        trip_id=command.trip_id,
        order_id=command.order_id,
        delivery_id=command.delivery_id,
        courier_id=command.courier_id,
        offer_id=command.offer_id,
    )


TRIPS = Decider(
    commands=COMMANDS,
    events=EVENTS,
    stream=lambda command: command.trip_id,
    initial=Trip(),
    decide=decide,
    evolve=evolve,
)
