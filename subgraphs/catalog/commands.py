"""Orders to the catalog: about a restaurant, its staff and its menu."""

from datetime import datetime
from typing import Annotated

from msgspec import UNSET, UnsetType

from kernel.messages import Command, Personal, Value
from subgraphs.catalog.events import Address


class RestaurantOrder(Command):
    """What every command to the catalog says."""

    restaurant_id: str = ""
    """Commands about an item or an option group come without it; handling looks it up."""


class RegisterRestaurant(RestaurantOrder):
    """Open a restaurant on the platform; whoever asks becomes its owner."""

    name: str
    description: str = ""
    cuisines: tuple[str, ...]
    address: Address
    latitude: float
    longitude: float
    time_zone: str
    opening_hours: str
    delivery_radius_m: int
    currency: str
    prep_minutes: int
    minimum_basket_minor: int = 0


class ChangeOpeningHours(RestaurantOrder):
    opening_hours: str
    time_zone: str | None = None
    """None: it stays where it is."""
    expected_version: int | None = None


class ChangeDeliveryRadius(RestaurantOrder):
    delivery_radius_m: int
    expected_version: int | None = None


class PauseRestaurant(RestaurantOrder):
    """Take no orders until then; the pause ends by itself."""

    until: datetime


class ResumeRestaurant(RestaurantOrder):
    """End a pause early."""


class AddStaffMember(RestaurantOrder):
    """Let somebody work here, or change what they work as."""

    subject: Annotated[str, Personal(subject="subject")]
    role: str


class RemoveStaffMember(RestaurantOrder):
    subject: Annotated[str, Personal(subject="subject")]


class OptionDraft(Value):
    """An option as a restaurant writes it."""

    external_id: str
    name: str
    price_minor: int = 0


class OptionGroupDraft(Value):
    """An option group as a restaurant writes it."""

    external_id: str
    name: str
    min_choices: int
    max_choices: int
    options: tuple[OptionDraft, ...]


class ItemDraft(Value):
    """An item as a restaurant writes it; `option_groups` are external ids."""

    external_id: str
    name: str
    description: str = ""
    price_minor: int
    tax_rate_bp: int
    allergens: tuple[str, ...] | None = None
    diets: tuple[str, ...] = ()
    option_groups: tuple[str, ...] = ()


class CategoryDraft(Value):
    """A part of the menu as a restaurant writes it; its name is what it is known by."""

    name: str
    description: str = ""
    items: tuple[ItemDraft, ...] = ()


class MenuDocument(Value):
    """A whole menu."""

    categories: tuple[CategoryDraft, ...]
    option_groups: tuple[OptionGroupDraft, ...] = ()


class PublishMenu(RestaurantOrder):
    """Make the menu what the document says: write what differs, retire what it no longer names."""

    document: MenuDocument
    expected_version: int | None = None


class AddMenuItem(RestaurantOrder):
    item_id: str
    category_id: str
    item: ItemDraft
    expected_version: int | None = None
    """Of the menu."""


class ItemOrder(RestaurantOrder):
    """What every command to one item says."""

    item_id: str
    expected_version: int | None = None
    """Of the item."""


class ChangeMenuItem(ItemOrder):
    """Change what is given and leave the rest."""

    category_id: str | None = None
    name: str | None = None
    description: str | None = None
    price_minor: int | None = None
    tax_rate_bp: int | None = None
    allergens: tuple[str, ...] | UnsetType | None = UNSET
    """None is a value here: nobody has said."""
    diets: tuple[str, ...] | None = None
    option_groups: tuple[str, ...] | None = None
    """External ids."""


class RemoveMenuItem(ItemOrder):
    pass


class SetItemAvailability(ItemOrder):
    """Say that an item is off, until then or until further notice, or back."""

    available: bool
    until: datetime | None = None


class AddOptionGroup(RestaurantOrder):
    group_id: str
    group: OptionGroupDraft
    expected_version: int | None = None
    """Of the menu."""


class GroupOrder(RestaurantOrder):
    """What every command to one option group says."""

    group_id: str
    expected_version: int | None = None
    """Of the option group."""


class ChangeOptionGroup(GroupOrder):
    """Make the option group what the draft says; options are told apart by their external ids."""

    group: OptionGroupDraft


class RemoveOptionGroup(GroupOrder):
    pass


class SetOptionAvailability(GroupOrder):
    """Say that an option is off, until then or until further notice, or back."""

    option_id: str
    available: bool
    until: datetime | None = None


HouseCommand = (
    ChangeOpeningHours | ChangeDeliveryRadius | PauseRestaurant | ResumeRestaurant | AddStaffMember | RemoveStaffMember
)
ItemCommand = PublishMenu | AddMenuItem | ChangeMenuItem | RemoveMenuItem | SetItemAvailability
GroupCommand = AddOptionGroup | ChangeOptionGroup | RemoveOptionGroup | SetOptionAvailability
CatalogCommand = RegisterRestaurant | HouseCommand | ItemCommand | GroupCommand

COMMANDS: tuple[type[CatalogCommand], ...] = (
    RegisterRestaurant,
    ChangeOpeningHours,
    ChangeDeliveryRadius,
    PauseRestaurant,
    ResumeRestaurant,
    AddStaffMember,
    RemoveStaffMember,
    PublishMenu,
    AddMenuItem,
    ChangeMenuItem,
    RemoveMenuItem,
    SetItemAvailability,
    AddOptionGroup,
    ChangeOptionGroup,
    RemoveOptionGroup,
    SetOptionAvailability,
)
