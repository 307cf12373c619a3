"""A city as it is on the map: places that serve food, addresses and the street graph."""

import hashlib
from math import asin, cos, radians, sin, sqrt
from pathlib import Path
from typing import Annotated
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from msgspec import DecodeError, Meta, Struct, ValidationError, field, json

Latitude = Annotated[float, Meta(ge=-90, le=90)]
Longitude = Annotated[float, Meta(ge=-180, le=180)]
Text = Annotated[str, Meta(min_length=1)]
EARTH_RADIUS_M = 6_371_008.8


class BrokenCityFile(Exception):
    """The city file is missing, unreadable or contradicts itself; the message says where."""


class Bounds(Struct, frozen=True):
    south: Latitude
    north: Latitude
    west: Longitude
    east: Longitude


class Place(Struct, frozen=True):
    """Somewhere that serves food, with OpenStreetMap's tags as they are."""

    osm_id: int
    latitude: Latitude = field(name="lat")
    longitude: Longitude = field(name="lon")
    name: Text
    amenity: Text
    cuisine: str = ""
    opening_hours: str = ""
    street: str = field(name="addr:street", default="")
    house_number: str = field(name="addr:housenumber", default="")
    vegan: str = field(name="diet:vegan", default="")
    vegetarian: str = field(name="diet:vegetarian", default="")
    website: str = ""


class Address(Struct, frozen=True, array_like=True):
    street: Text
    house_number: Text
    latitude: Latitude
    longitude: Longitude


class Node(Struct, frozen=True, array_like=True):
    latitude: Latitude
    longitude: Longitude


class Way(Struct, frozen=True):
    """A run of nodes, named by their index in `City.nodes`; `kind` is the OpenStreetMap highway class."""

    kind: Text
    oneway: bool
    name: str | None
    nodes: tuple[int, ...]


class City(Struct, frozen=True):
    source: Text
    bounds: Bounds
    timezone: Text
    restaurants: tuple[Place, ...]
    addresses: tuple[Address, ...]
    nodes: tuple[Node, ...]
    ways: tuple[Way, ...]


def read_city(path: Path) -> City:
    """Raises BrokenCityFile with the file's name and what is wrong with it."""
    try:
        city = json.decode(path.read_bytes(), type=City)
    except OSError as missing:
        raise BrokenCityFile(f"The city file {path} cannot be read: {missing.strerror}.") from missing
    except ValidationError as wrong:
        raise BrokenCityFile(f"The city file {path} is not a city: {wrong}.") from wrong
    except (DecodeError, UnicodeDecodeError) as wrong:
        raise BrokenCityFile(f"The city file {path} is not JSON: {wrong}.") from wrong
    if contradiction := _contradiction(city):
        raise BrokenCityFile(f"The city file {path} contradicts itself: {contradiction}.")
    return city


def fingerprint(path: Path) -> str:
    """SHA-256 of the file, in hex. Raises BrokenCityFile."""
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError as missing:
        raise BrokenCityFile(f"The city file {path} cannot be read: {missing.strerror}.") from missing


def distance_m(from_latitude: float, from_longitude: float, to_latitude: float, to_longitude: float) -> float:
    """Great-circle distance in metres (haversine)."""
    south, north = radians(from_latitude), radians(to_latitude)
    half_chord = (
        sin((north - south) / 2) ** 2 + cos(south) * cos(north) * sin(radians(to_longitude - from_longitude) / 2) ** 2
    )
    return 2 * EARTH_RADIUS_M * asin(sqrt(half_chord))


def _contradiction(city: City) -> str | None:
    try:
        ZoneInfo(city.timezone)
    except (ZoneInfoNotFoundError, ValueError):
        return f"there is no time zone {city.timezone!r}"
    if not city.restaurants:
        return "it has no restaurants"
    seen: set[int] = set()
    for place in city.restaurants:
        if place.osm_id in seen:
            return f"two restaurants have the osm_id {place.osm_id}"
        seen.add(place.osm_id)
    for index, way in enumerate(city.ways):
        if any(not 0 <= node < len(city.nodes) for node in way.nodes):
            return f"way {index} runs through a node that does not exist"
    return None
