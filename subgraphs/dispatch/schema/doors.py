"""Doors in the graph: where food is fetched, and where it goes."""

from typing import Self

import strawberry

from kernel.graph.types import Position
from kernel.places import Position as Place
from subgraphs.dispatch import events


def position_of(place: Place) -> Position:
    """The place in the form of the graph."""
    return Position(latitude=place.latitude, longitude=place.longitude)


@strawberry.type(description="The restaurant's door.")
class Pickup:
    name: str
    address: str
    position: Position

    @classmethod
    def of(cls, pickup: events.Pickup) -> Self:
        return cls(name=pickup.name, address=pickup.address, position=position_of(pickup.position))


@strawberry.type(description="The customer's door.")
class Dropoff:
    street: str
    house_number: str
    postal_code: str
    city: str
    position: Position
    instructions: str = strawberry.field(description="What the customer wants the courier to know; may be empty.")
    leave_at_door: bool = strawberry.field(
        description="Whether the food is to be left there; otherwise the customer names a PIN."
    )

    @classmethod
    def of(cls, dropoff: events.Dropoff) -> Self:
        return cls(
            street=dropoff.street,
            house_number=dropoff.house_number,
            postal_code=dropoff.postal_code,
            city=dropoff.city,
            position=position_of(dropoff.position),
            instructions=dropoff.instructions,
            leave_at_door=dropoff.leave_at_door,
        )
