"""What the catalog refuses, and why."""

from datetime import datetime
from enum import Enum

from kernel.messages import Refusal, Value
from subgraphs.catalog.events import MenuItemRow, OptionGroupRow, RestaurantRow

Path = tuple[str, ...]


class NotFound(Refusal):
    """No such restaurant, item or option group."""

    path: Path | None = None


class NotAllowed(Refusal):
    """Not for this viewer: it takes staff of the restaurant, or more than that."""


class InvalidInput(Refusal):
    """A value out of its bounds."""

    reason: str
    path: Path


class UnreadableOpeningHours(Refusal):
    """The opening hours do not follow OpenStreetMap's syntax."""

    path: Path


class UntilOutOfBounds(Refusal):
    """A pause or an absence that would end in the past, or not soon enough."""

    earliest: datetime
    latest: datetime


class LastOwnerStays(Refusal):
    """A restaurant always has an owner."""


class TooManyStaff(Refusal):
    limit: int


class OptionGroupInUse(Refusal):
    """Items still ask for this option group."""

    items: tuple[MenuItemRow, ...]


class MenuProblemCode(Enum):
    TEXT_LENGTH = "TEXT_LENGTH"
    OUT_OF_RANGE = "OUT_OF_RANGE"
    TOO_MANY = "TOO_MANY"
    DUPLICATE_EXTERNAL_ID = "DUPLICATE_EXTERNAL_ID"
    DUPLICATE_NAME = "DUPLICATE_NAME"
    UNKNOWN_CATEGORY = "UNKNOWN_CATEGORY"
    UNKNOWN_OPTION_GROUP = "UNKNOWN_OPTION_GROUP"
    CHOICES_BROKEN = "CHOICES_BROKEN"


class MenuProblem(Value):
    """One thing that is wrong with a menu, and where."""

    code: MenuProblemCode
    path: Path
    message: str


class InvalidMenu(Refusal):
    """The menu would break its own rules; all that is wrong is told at once."""

    problems: tuple[MenuProblem, ...]


class RestaurantVersionConflict(Refusal):
    """Somebody else changed the restaurant first."""

    current_version: int
    restaurant: RestaurantRow


class MenuVersionConflict(Refusal):
    """Somebody else changed the menu first."""

    current_version: int
    restaurant_id: str


class MenuItemVersionConflict(Refusal):
    """Somebody else changed the item first."""

    current_version: int
    menu_item: MenuItemRow


class OptionGroupVersionConflict(Refusal):
    """Somebody else changed the option group first."""

    current_version: int
    option_group: OptionGroupRow


REFUSALS: tuple[type[Refusal], ...] = (
    NotFound,
    NotAllowed,
    UnreadableOpeningHours,
    UntilOutOfBounds,
    LastOwnerStays,
    TooManyStaff,
    OptionGroupInUse,
    InvalidMenu,
    RestaurantVersionConflict,
    MenuVersionConflict,
    MenuItemVersionConflict,
    OptionGroupVersionConflict,
)
"""What is kept with an idempotent request. Not `InvalidInput`: nothing is stored for an input that makes no sense."""
