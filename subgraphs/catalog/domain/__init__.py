"""The catalog decided: rows that change, or a refusal. Pure; triggers capture the changes as events."""

from collections.abc import Mapping, Sequence

from kernel.deciding import Keeper, Table
from kernel.messages import Command, Refusal, Row
from kernel.ownership import Action, may
from subgraphs.catalog.commands import (
    COMMANDS,
    AddMenuItem,
    AddOptionGroup,
    AddStaffMember,
    CatalogCommand,
    ChangeDeliveryRadius,
    ChangeMenuItem,
    ChangeOpeningHours,
    ChangeOptionGroup,
    GroupCommand,
    HouseCommand,
    ItemCommand,
    PauseRestaurant,
    PublishMenu,
    RegisterRestaurant,
    RemoveMenuItem,
    RemoveOptionGroup,
    RemoveStaffMember,
    ResumeRestaurant,
    SetItemAvailability,
    SetOptionAvailability,
)
from subgraphs.catalog.domain import availability, items, options, publishing, restaurants, staff
from subgraphs.catalog.domain.premises import RUN_RESTAURANT, WORK_AT_RESTAURANT, Premises, gather
from subgraphs.catalog.domain.refusals import REFUSALS, NotAllowed, NotFound
from subgraphs.catalog.events import (
    MenuCategoryChanged,
    MenuCategoryRow,
    MenuChanged,
    MenuItemChanged,
    MenuItemRow,
    MenuRow,
    OptionGroupChanged,
    OptionGroupRow,
    RestaurantChanged,
    RestaurantRow,
    StaffChanged,
    StaffRow,
)

__all__ = ["CATALOG", "REFUSALS", "decide"]

Rows = Sequence[Row] | Refusal

ACTIONS: Mapping[type[Command], Action] = {
    PauseRestaurant: WORK_AT_RESTAURANT,
    ResumeRestaurant: WORK_AT_RESTAURANT,
    SetItemAvailability: WORK_AT_RESTAURANT,
    SetOptionAvailability: WORK_AT_RESTAURANT,
}
"""Whoever works there may say what is off and pause; everything else takes an owner or a manager."""


def decide(command: CatalogCommand, premises: Premises | None) -> Rows:
    """The rows that `command` changes."""
    if isinstance(command, RegisterRestaurant):
        return restaurants.register(command, premises)
    if premises is None:
        return NotFound(path=("restaurantId",))
    if not may(command.viewer, ACTIONS.get(type(command), RUN_RESTAURANT), premises.parties):
        return NotAllowed()  # Restaurants are public: whoever asks may know that there is one.
    return _decide(command, premises)


def _decide(command: HouseCommand | ItemCommand | GroupCommand, premises: Premises) -> Rows:
    if isinstance(command, ItemCommand):
        return _decide_item(command, premises)
    if isinstance(command, GroupCommand):
        return _decide_group(command, premises)
    return _decide_house(command, premises)


def _decide_house(command: HouseCommand, premises: Premises) -> Rows:
    match command:
        case ChangeOpeningHours():
            return restaurants.change_opening_hours(command, premises)
        case ChangeDeliveryRadius():
            return restaurants.change_delivery_radius(command, premises)
        case PauseRestaurant():
            return restaurants.pause(command, premises)
        case ResumeRestaurant():
            return restaurants.resume(command, premises)
        case AddStaffMember():
            return staff.add(command, premises)
        case RemoveStaffMember():
            return staff.remove(command, premises)


def _decide_item(command: ItemCommand, premises: Premises) -> Rows:
    match command:
        case PublishMenu():
            return publishing.publish(command, premises)
        case AddMenuItem():
            return items.add(command, premises)
        case ChangeMenuItem():
            return items.change(command, premises)
        case RemoveMenuItem():
            return items.remove(command, premises)
        case SetItemAvailability():
            return availability.set_item(command, premises)


def _decide_group(command: GroupCommand, premises: Premises) -> Rows:
    match command:
        case AddOptionGroup():
            return options.add(command, premises)
        case ChangeOptionGroup():
            return options.change(command, premises)
        case RemoveOptionGroup():
            return options.remove(command, premises)
        case SetOptionAvailability():
            return availability.set_option(command, premises)


CATALOG = Keeper(
    commands=COMMANDS,
    stream=lambda command: command.restaurant_id,
    tables=(
        Table(name="restaurants", row=RestaurantRow, key=("id",), owner="id", change=RestaurantChanged),
        Table(
            name="staff",
            row=StaffRow,
            key=("restaurant_id", "subject"),
            owner="restaurant_id",
            change=StaffChanged,
            indexes=("(subject)",),
        ),
        Table(name="menus", row=MenuRow, key=("restaurant_id",), owner="restaurant_id", change=MenuChanged),
        Table(
            name="menu_categories",
            row=MenuCategoryRow,
            key=("id",),
            owner="restaurant_id",
            change=MenuCategoryChanged,
            indexes=("(restaurant_id)",),
        ),
        Table(
            name="menu_items",
            row=MenuItemRow,
            key=("id",),
            owner="restaurant_id",
            change=MenuItemChanged,
            indexes=("(restaurant_id)",),
        ),
        Table(
            name="option_groups",
            row=OptionGroupRow,
            key=("id",),
            owner="restaurant_id",
            change=OptionGroupChanged,
            indexes=("(restaurant_id)",),
        ),
    ),
    gather=gather,
    decide=decide,
)
