"""Registering a restaurant, and when and how far it serves."""

import re
from collections.abc import Sequence
from datetime import timedelta
from math import isfinite

from msgspec.structs import replace

from kernel.hours import readable
from kernel.messages import Refusal, Row
from kernel.ownership import may
from subgraphs.catalog.commands import (
    ChangeDeliveryRadius,
    ChangeOpeningHours,
    PauseRestaurant,
    RegisterRestaurant,
    ResumeRestaurant,
)
from subgraphs.catalog.domain.premises import OWNER, REGISTER_RESTAURANT, Premises
from subgraphs.catalog.domain.refusals import (
    InvalidInput,
    NotAllowed,
    RestaurantVersionConflict,
    UnreadableOpeningHours,
    UntilOutOfBounds,
)
from subgraphs.catalog.events import MenuRow, RestaurantRow, StaffRow

MAX_NAME = 120
MAX_DESCRIPTION = 1000
MAX_CUISINES = 10
MAX_RADIUS_M = 50_000
MAX_PREP_MINUTES = 240
MAX_BASKET_MINOR = 10_000_000
LONGEST_PAUSE = timedelta(days=30)
CUISINE = re.compile(r"[a-z][a-z0-9_]{0,39}", re.ASCII)


def register(command: RegisterRestaurant, premises: Premises | None) -> Sequence[Row] | Refusal:
    """The restaurant, its owner and its empty menu."""
    if not may(command.viewer, REGISTER_RESTAURANT, {}):
        return NotAllowed()
    if premises is not None:
        return []  # Asking twice is not an error: retries must be harmless.
    refusal = _unfit(command)
    if refusal is not None:
        return refusal
    restaurant_id = command.restaurant_id
    return [
        RestaurantRow(
            id=restaurant_id,
            name=command.name.strip(),
            description=command.description,
            cuisines=tuple(dict.fromkeys(command.cuisines)),
            address=command.address,
            latitude=command.latitude,
            longitude=command.longitude,
            time_zone=command.time_zone,
            opening_hours=command.opening_hours,
            delivery_radius_m=command.delivery_radius_m,
            currency=command.currency,
            prep_minutes=command.prep_minutes,
            minimum_basket_minor=command.minimum_basket_minor,
            registered_at=command.at,
        ),
        StaffRow(restaurant_id=restaurant_id, subject=command.viewer.subject, role=OWNER),
        MenuRow(restaurant_id=restaurant_id, changed_at=command.at),
    ]


def _unfit(command: RegisterRestaurant) -> Refusal | None:
    address = command.address
    parts = (address.street, address.house_number, address.postal_code, address.city)
    rules = (
        (0 < len(command.name.strip()) <= MAX_NAME, "name", f"A name has 1 to {MAX_NAME} characters."),
        (len(command.description) <= MAX_DESCRIPTION, "description", f"At most {MAX_DESCRIPTION} characters."),
        (len(command.cuisines) <= MAX_CUISINES, "cuisines", f"At most {MAX_CUISINES} cuisines."),
        (all(map(CUISINE.fullmatch, command.cuisines)), "cuisines", "A cuisine is a word such as pizza or pub_food."),
        (all(len(part) <= MAX_NAME for part in parts), "address", f"At most {MAX_NAME} characters per line."),
        (_on_earth(command.latitude, command.longitude), "position", "There is no such place on Earth."),
        (0 < command.prep_minutes <= MAX_PREP_MINUTES, "prepMinutes", f"Between 1 and {MAX_PREP_MINUTES} minutes."),
        (
            0 <= command.minimum_basket_minor <= MAX_BASKET_MINOR,
            "minimumBasketMinor",
            f"Between 0 and {MAX_BASKET_MINOR} minor units.",
        ),
    )
    broken = next(((field, reason) for holds, field, reason in rules if not holds), None)
    if broken is not None:
        return InvalidInput(path=(broken[0],), reason=broken[1])
    return _hours_unfit(command.opening_hours) or _radius_unfit(command.delivery_radius_m)


def _on_earth(latitude: float, longitude: float) -> bool:
    return isfinite(latitude) and isfinite(longitude) and abs(latitude) <= 90 and abs(longitude) <= 180


def _hours_unfit(opening_hours: str) -> Refusal | None:
    return None if readable(opening_hours) else UnreadableOpeningHours(path=("openingHours",))


def _radius_unfit(radius_m: int) -> Refusal | None:
    if 0 <= radius_m <= MAX_RADIUS_M:
        return None
    return InvalidInput(path=("deliveryRadiusM",), reason=f"Between 0 and {MAX_RADIUS_M} metres.")


def change_opening_hours(command: ChangeOpeningHours, premises: Premises) -> Sequence[Row] | Refusal:
    """New hours, in the same zone unless another one is named."""
    restaurant = premises.restaurant
    refusal = _stale(command.expected_version, restaurant) or _hours_unfit(command.opening_hours)
    zone = command.time_zone or restaurant.time_zone
    return refusal or _changed(restaurant, replace(restaurant, opening_hours=command.opening_hours, time_zone=zone))


def change_delivery_radius(command: ChangeDeliveryRadius, premises: Premises) -> Sequence[Row] | Refusal:
    """A new radius; 0 means that nothing is delivered."""
    restaurant = premises.restaurant
    refusal = _stale(command.expected_version, restaurant) or _radius_unfit(command.delivery_radius_m)
    return refusal or _changed(restaurant, replace(restaurant, delivery_radius_m=command.delivery_radius_m))


def pause(command: PauseRestaurant, premises: Premises) -> Sequence[Row] | Refusal:
    """A pause that ends by itself; a second one takes the place of the first."""
    latest = command.at + LONGEST_PAUSE
    if not command.at < command.until <= latest:
        return UntilOutOfBounds(earliest=command.at, latest=latest)
    return _changed(premises.restaurant, replace(premises.restaurant, paused_until=command.until))


def resume(command: ResumeRestaurant, premises: Premises) -> Sequence[Row] | Refusal:
    """The end of a pause; without one nothing changes."""
    if not premises.restaurant.is_paused(command.at):
        return []
    return _changed(premises.restaurant, replace(premises.restaurant, paused_until=None))


def _changed(before: RestaurantRow, after: RestaurantRow) -> Sequence[Row]:
    return [] if after == before else [after]


def _stale(expected_version: int | None, restaurant: RestaurantRow) -> Refusal | None:
    if expected_version is None or expected_version == restaurant.revision:
        return None
    return RestaurantVersionConflict(current_version=restaurant.revision, restaurant=restaurant)
