"""The catalog's captured rows and the news of their changes.

These names are the storage format: adding an optional field is free, anything else needs an upcaster. Changes can
arrive out of order, so a fold over them takes `after` of the highest `revision` per row, never a delta. Every field
but `id`, `restaurant_id` and `revision` may be changed by hand in SQL.
"""

from datetime import datetime
from typing import Annotated

from kernel.messages import Event, Personal, Row, Value


class Address(Value):
    """Where a restaurant stands, as a letter would have it."""

    street: str = ""
    house_number: str = ""
    postal_code: str = ""
    city: str = ""


class RestaurantRow(Row):
    """A restaurant; its changes are journaled under `id`."""

    id: str
    name: str
    description: str = ""
    cuisines: tuple[str, ...] = ()
    address: Address = Address()
    latitude: float
    longitude: float
    time_zone: str
    opening_hours: str
    """OpenStreetMap syntax, read in `time_zone`; `kernel.hours` reads it."""
    delivery_radius_m: int
    currency: str
    prep_minutes: int
    minimum_basket_minor: int = 0
    paused_until: datetime | None = None
    registered_at: datetime
    retired: bool = False
    revision: int = 0

    def is_paused(self, at: datetime) -> bool:
        """Whether a pause holds at `at`; every pause ends by itself."""
        return self.paused_until is not None and at < self.paused_until


class StaffRow(Row):
    """Who works at a restaurant, and as what: `owner`, `manager` or `staff`."""

    restaurant_id: str
    subject: Annotated[str, Personal(subject="subject")]
    role: str
    retired: bool = False
    revision: int = 0


class MenuRow(Row):
    """A restaurant's menu as a whole: written with every change of its parts, so that two of them never cross."""

    restaurant_id: str
    changed_at: datetime
    changes: int = 0
    retired: bool = False
    revision: int = 0


class MenuCategoryRow(Row):
    """A part of a menu."""

    id: str
    restaurant_id: str
    name: str
    description: str = ""
    position: int = 0
    retired: bool = False
    revision: int = 0


class MenuItemRow(Row):
    """Something to order."""

    id: str
    restaurant_id: str
    category_id: str
    external_id: str
    """The restaurant's own name for it, unique on the menu."""
    position: int = 0
    name: str
    description: str = ""
    price_minor: int
    """Tax included."""
    currency: str
    tax_rate_bp: int
    """Basis points: 1350 is 13.5 %."""
    allergens: tuple[str, ...] | None = None
    """None: nobody has said; an empty tuple: there are none."""
    diets: tuple[str, ...] = ()
    option_groups: tuple[str, ...] = ()
    """Ids of option groups, in the order of asking."""
    unavailable: bool = False
    unavailable_until: datetime | None = None
    """When it is back by itself; None with `unavailable`: until further notice."""
    retired: bool = False
    revision: int = 0

    def is_available(self, at: datetime) -> bool:
        """Whether it can be ordered at `at`, as far as the item itself goes."""
        return not self.retired and not is_off(self.unavailable, self.unavailable_until, at)


class Option(Value):
    """One choice of an option group."""

    id: str
    external_id: str
    name: str
    price_minor: int = 0
    """On top of the item's price, tax included."""
    unavailable: bool = False
    unavailable_until: datetime | None = None

    def is_available(self, at: datetime) -> bool:
        """Whether it can be chosen at `at`."""
        return not is_off(self.unavailable, self.unavailable_until, at)


class OptionGroupRow(Row):
    """A question asked with an item: at least `min_choices` and at most `max_choices` of `options`, each once."""

    id: str
    restaurant_id: str
    external_id: str
    name: str
    min_choices: int
    max_choices: int
    options: tuple[Option, ...] = ()
    retired: bool = False
    revision: int = 0


def is_off(unavailable: bool, until: datetime | None, at: datetime) -> bool:
    """Whether something is off at `at`: until further notice, or for as long as `until` lies ahead."""
    return unavailable and (until is None or at < until)


class RestaurantChanged(Event):
    before: RestaurantRow | None = None
    after: RestaurantRow | None = None
    revision: int


class StaffChanged(Event):
    before: StaffRow | None = None
    after: StaffRow | None = None
    revision: int


class MenuChanged(Event):
    before: MenuRow | None = None
    after: MenuRow | None = None
    revision: int


class MenuCategoryChanged(Event):
    before: MenuCategoryRow | None = None
    after: MenuCategoryRow | None = None
    revision: int


class MenuItemChanged(Event):
    before: MenuItemRow | None = None
    after: MenuItemRow | None = None
    revision: int


class OptionGroupChanged(Event):
    before: OptionGroupRow | None = None
    after: OptionGroupRow | None = None
    revision: int


EVENTS: tuple[type[Event], ...] = (
    RestaurantChanged,
    StaffChanged,
    MenuChanged,
    MenuCategoryChanged,
    MenuItemChanged,
    OptionGroupChanged,
)
