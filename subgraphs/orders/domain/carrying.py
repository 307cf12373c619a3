"""Carrying: whether an address makes sense, lies within reach, and what is to be carried from where to where."""

import unicodedata

from kernel.messages import Refusal
from kernel.places import Position, distance_m
from subgraphs.orders.domain.refusals import InvalidInput, OutOfRange
from subgraphs.orders.events import Carriage, DeliveryAddress, Fulfilment
from subgraphs.orders.kitchens import KitchenRow

LONGEST = {"street": 100, "house_number": 20, "postal_code": 20, "city": 100, "instructions": 500}
"""Letters, by field."""
NEEDED = ("street", "house_number")
_NAMES = {"house_number": "houseNumber", "postal_code": "postalCode"}


def misdirected(fulfilment: Fulfilment, address: DeliveryAddress | None) -> Refusal | None:
    """Why this address cannot be one for that fulfilment."""
    if fulfilment is Fulfilment.TAKEAWAY:
        reason = "What is collected goes to no address."
        return None if address is None else InvalidInput(reason=reason, path=("delivery",))
    if address is None:
        return InvalidInput(reason="A delivery needs an address.", path=("delivery",))
    if not _on_earth(address.position):
        return InvalidInput(reason="There is no such place on Earth.", path=("delivery", "position"))
    return next((wrong for name in LONGEST if (wrong := _miswritten(address, name)) is not None), None)


def _on_earth(position: Position) -> bool:
    return -90 <= position.latitude <= 90 and -180 <= position.longitude <= 180


def _miswritten(address: DeliveryAddress, name: str) -> InvalidInput | None:
    text: str = getattr(address, name)
    path = ("delivery", _NAMES.get(name, name))
    if name in NEEDED and not text.strip():
        return InvalidInput(reason="A courier needs this to find the door.", path=path)
    if len(text) > LONGEST[name]:
        return InvalidInput(reason=f"At most {LONGEST[name]} letters.", path=path)
    if any(unicodedata.category(letter) in {"Cc", "Cs"} and letter != "\n" for letter in text):
        return InvalidInput(reason="Control characters cannot be read aloud.", path=path)
    return None


def carriage_of(kitchen: KitchenRow, address: DeliveryAddress) -> Carriage:
    """The way from the kitchen's door to the customer's."""
    return Carriage(
        pickup=kitchen.position,
        pickup_name=kitchen.name,
        pickup_address=kitchen.address,
        dropoff=address,
        distance_m=round(distance_m(kitchen.position, address.position)),
    )


def out_of_range(kitchen: KitchenRow, address: DeliveryAddress | None, *path: str) -> OutOfRange | None:
    """The refusal of an address that lies beyond what the kitchen delivers to; `path` is where it was given."""
    if address is None:
        return None
    way = carriage_of(kitchen, address).distance_m
    if way <= kitchen.delivery_radius_m:
        return None
    return OutOfRange(distance_m=way, radius_m=kitchen.delivery_radius_m, path=path)
