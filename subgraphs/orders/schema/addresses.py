"""Where a delivery goes, in the graph."""

from typing import Self

import strawberry

from kernel import places
from kernel.graph.types import Position, PositionInput
from subgraphs.orders import events


@strawberry.input(description="The customer's door. The position decides; the rest is for the courier to find it.")
class DeliveryAddressInput:
    street: str = strawberry.field(description="At most 100 letters.")
    house_number: str = strawberry.field(description="With stair and flat, if there are any; at most 20 letters.")
    postal_code: str = strawberry.field(default="", description="At most 20 letters.")
    city: str = strawberry.field(default="", description="At most 100 letters.")
    position: PositionInput
    instructions: str = strawberry.field(
        default="", description="What the courier should know, such as a door code; at most 500 letters."
    )
    leave_at_door: bool = strawberry.field(
        default=False, description="Whether the courier may leave the food there without hearing a PIN."
    )

    def address(self) -> events.DeliveryAddress:
        return events.DeliveryAddress(
            street=self.street,
            house_number=self.house_number,
            postal_code=self.postal_code,
            city=self.city,
            position=places.Position(latitude=self.position.latitude, longitude=self.position.longitude),
            instructions=self.instructions,
            leave_at_door=self.leave_at_door,
        )


@strawberry.type(description="The customer's door.")
class DeliveryAddress:
    street: str
    house_number: str
    postal_code: str
    city: str
    position: Position
    instructions: str
    leave_at_door: bool = strawberry.field(
        description="Whether the courier may leave the food there without hearing a PIN."
    )

    @classmethod
    def of(cls, address: events.DeliveryAddress) -> Self:
        place = address.position
        return cls(
            street=address.street,
            house_number=address.house_number,
            postal_code=address.postal_code,
            city=address.city,
            position=Position(latitude=place.latitude, longitude=place.longitude),
            instructions=address.instructions,
            leave_at_door=address.leave_at_door,
        )
