"""Where the food of a delivery order goes, and from where."""

from kernel.messages import Value
from kernel.places import Position


class DeliveryAddress(Value):
    """The customer's door, and what the courier should know of it."""

    street: str
    house_number: str
    postal_code: str = ""
    city: str = ""
    position: Position
    instructions: str = ""
    leave_at_door: bool = False
    """Whether the customer wants the food left there, without anybody naming a PIN."""


class Carriage(Value):
    """From which door to which."""

    pickup: Position
    pickup_name: str
    pickup_address: str = ""
    dropoff: DeliveryAddress
    distance_m: int
    """As the crow flies."""
