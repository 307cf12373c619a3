"""A place of the map as the restaurant that its owner registers."""

from uuid import UUID, uuid5

from msgspec import Struct, json

from simulator.city import Address, City, Place, distance_m
from simulator.cuisines import cuisines_of
from simulator.hours import hours_of
from simulator.lots import Lots
from simulator.menus import CURRENCY, Menu

DAY_AND_NIGHT = 1376356022
"""Roasberg, a café near the railway station. The map says 24/7, the name occurs once and is easily typed, and coffee
and a cinnamon bun are welcome at any hour."""
DAY_AND_NIGHT_OWNER = "kitchen"

NAMESPACE = UUID("6f1b3c52-6d0e-5c0b-9d6d-3d1f9a7f5b10")
KINDS = {"bar": "bar", "cafe": "café", "fast_food": "fast food", "food_court": "food hall", "pub": "pub"}
PREPARATION_MINUTES = {"bar": (12, 20), "cafe": (5, 12), "fast_food": (6, 14), "pub": (12, 22)}


class StreetAddress(Struct, frozen=True, rename="camel"):
    street: str
    house_number: str
    city: str


class Position(Struct, frozen=True):
    latitude: float
    longitude: float


class Registration(Struct, frozen=True, rename="camel"):
    """The input of `registerRestaurant`."""

    idempotency_key: UUID
    name: str
    description: str
    cuisines: tuple[str, ...]
    address: StreetAddress
    position: Position
    time_zone: str
    opening_hours: str
    delivery_radius_m: int
    currency: str
    prep_minutes: int
    minimum_basket_minor: int


class Publication(Struct, frozen=True, rename="camel"):
    """The input of `publishMenu`."""

    idempotency_key: UUID
    restaurant_id: str
    document: Menu


def owner_of(place: Place) -> str:
    """The name of the demo person who owns it."""
    return DAY_AND_NIGHT_OWNER if place.osm_id == DAY_AND_NIGHT else f"owner-{place.osm_id}"


def registration_of(place: Place, city: City, town: str) -> Registration:
    """The key names the place alone, so that a place is registered once, whatever else is said of it later."""
    lots = Lots(str(place.osm_id))
    cuisines = cuisines_of(place)
    address = address_of(place, city)
    return Registration(
        idempotency_key=uuid5(NAMESPACE, f"register {place.osm_id}"),
        name=place.name,
        description=description_of(place, cuisines, address),
        cuisines=cuisines,
        address=StreetAddress(address.street, address.house_number, town),
        position=Position(place.latitude, place.longitude),
        time_zone=city.timezone,
        opening_hours=hours_of(place),
        delivery_radius_m=lots.number("radius", 6, 16) * 250,
        currency=CURRENCY,
        prep_minutes=lots.number("preparation", *PREPARATION_MINUTES.get(place.amenity, (15, 30))),
        minimum_basket_minor=lots.one("minimum basket", (0, 500, 800, 1000, 1000, 1200, 1500)),
    )


def publication_of(menu: Menu, restaurant_id: str) -> Publication:
    """The key names the content too, so that a menu that was changed is published anew."""
    return Publication(uuid5(NAMESPACE, f"publish {restaurant_id} {digest_of(menu)}"), restaurant_id, menu)


def digest_of(menu: Menu) -> str:
    """Tells one menu from another."""
    return uuid5(NAMESPACE, json.encode(menu).decode()).hex


def address_of(place: Place, city: City) -> Address:
    """Street and number as the map has them, and what it leaves out from the nearest address, of that street if any."""
    if place.street and place.house_number:
        return Address(place.street, place.house_number, place.latitude, place.longitude)
    same_street = [address for address in city.addresses if address.street == place.street]
    nearest = min(
        same_street or city.addresses,
        key=lambda address: distance_m(place.latitude, place.longitude, address.latitude, address.longitude),
        default=Address(place.name, "1", place.latitude, place.longitude),
    )
    if place.street and not same_street:
        return Address(place.street, nearest.house_number, place.latitude, place.longitude)
    return nearest


def description_of(place: Place, cuisines: tuple[str, ...], address: Address) -> str:
    """One sentence of facts."""
    kind = KINDS.get(place.amenity, "restaurant")
    foods = [cuisine.replace("_", " ") for cuisine in cuisines if cuisine not in ("cafe", "pub_food")]
    words = f"{', '.join(foods)} {kind}".strip()
    return f"{words[0].upper()}{words[1:]} at {address.street} {address.house_number}."
