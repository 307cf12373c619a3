"""The kitchen of the tests as the catalog tells of it."""

from collections.abc import Mapping

from kernel.log import Meta, Position, Recorded
from kernel.messages import Event
from subgraphs.catalog.events import (
    Address,
    MenuItemChanged,
    MenuItemRow,
    Option,
    OptionGroupChanged,
    OptionGroupRow,
    RestaurantChanged,
    RestaurantRow,
    StaffChanged,
    StaffRow,
)
from tests.orders.ordering import (
    BREAD,
    COOK,
    CREAM,
    DILL,
    EXTRAS,
    LARGE,
    RESTAURANT,
    RIVAL,
    SALMON,
    SIZE,
    SMALL,
    SOUP,
)
from tests.spelling import AT

KITCHEN = RestaurantRow(
    id=RESTAURANT,
    name="Merimaku",
    address=Address(street="Satamakatu", house_number="1", postal_code="33200", city="Tampere"),
    latitude=60.17,
    longitude=24.94,
    time_zone="Europe/Helsinki",
    opening_hours="24/7",
    delivery_radius_m=3000,
    currency="EUR",
    prep_minutes=20,
    minimum_basket_minor=1500,
    registered_at=AT,
)


def an_item(item_id: str, name: str, price_minor: int, *groups: str) -> MenuItemRow:
    return MenuItemRow(
        id=item_id,
        restaurant_id=RESTAURANT,
        category_id="category",
        external_id=name,
        name=name,
        price_minor=price_minor,
        currency="EUR",
        tax_rate_bp=1350,
        option_groups=groups,
    )


def a_group(group_id: str, name: str, choices: tuple[int, int], options: Mapping[str, int]) -> OptionGroupRow:
    return OptionGroupRow(
        id=group_id,
        restaurant_id=RESTAURANT,
        external_id=name,
        name=name,
        min_choices=choices[0],
        max_choices=choices[1],
        options=tuple(
            Option(id=option_id, external_id=option_id, name=f"{name} {price}", price_minor=price)
            for option_id, price in options.items()
        ),
    )


MENU: tuple[Event, ...] = (
    RestaurantChanged(at=AT, after=KITCHEN, revision=1),
    StaffChanged(at=AT, after=StaffRow(restaurant_id=RESTAURANT, subject=COOK.subject, role="owner"), revision=1),
    StaffChanged(at=AT, after=StaffRow(restaurant_id="restaurant_x", subject=RIVAL.subject, role="owner"), revision=1),
    MenuItemChanged(at=AT, after=an_item(SOUP, "Salmon soup", 1290, SIZE, EXTRAS), revision=1),
    MenuItemChanged(at=AT, after=an_item(BREAD, "Rye bread", 250), revision=1),
    MenuItemChanged(at=AT, after=an_item(SALMON, "Salmon on a plank", 2450), revision=1),
    OptionGroupChanged(at=AT, after=a_group(SIZE, "Size", (1, 1), {SMALL: 0, LARGE: 300}), revision=1),
    OptionGroupChanged(at=AT, after=a_group(EXTRAS, "Extras", (0, 2), {DILL: 50, CREAM: 80}), revision=1),
)


def told(change: Event, number: int) -> Recorded:
    """The change as a projection hears of it, at a place of its own in the log."""
    return Recorded(
        journal="catalog",
        partition=0,
        position=Position(txid=number, position=number),
        topic="catalog.changes",
        stream=RESTAURANT,
        version=None,
        id=f"evt_{number}",
        message=change,
        meta=Meta(actor="tests", correlation="tests"),
        recorded_at=AT,
    )
