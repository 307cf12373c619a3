"""Orders' copies of kitchens, menus and staff: they mind no disorder, and forget nothing."""

from collections.abc import Sequence
from itertools import permutations
from typing import TypeVar

import msgspec
import pytest

from kernel.log import Recorded
from kernel.messages import Event, Row
from kernel.places import Position
from kernel.projecting import Projection
from projections.kitchens import PROJECTIONS as COPIES
from subgraphs.catalog.events import (
    Address,
    MenuChanged,
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
from subgraphs.orders.views import KitchenItemRow, KitchenOption, KitchenRow, KitchenStaffRow
from tests.orders.ordering import AT, NOW, RESTAURANT
from tests.spelling import recorded

COPY_OF_KITCHENS, COPY_OF_ITEMS, COPY_OF_GROUPS, COPY_OF_STAFF = COPIES
ADDRESS = "Satamakatu 1, 33200 Tampere"
RowT = TypeVar("RowT", bound=Row)
RESTAURANT_ROW = RestaurantRow(
    id=RESTAURANT,
    name="Merimaku",
    latitude=60.17,
    longitude=24.94,
    time_zone="Europe/Helsinki",
    opening_hours="24/7",
    delivery_radius_m=3000,
    currency="EUR",
    prep_minutes=20,
    registered_at=AT,
)
ITEM_ROW = MenuItemRow(
    id="item_1",
    restaurant_id=RESTAURANT,
    category_id="category_1",
    external_id="soup",
    name="Soup",
    price_minor=1000,
    currency="EUR",
    tax_rate_bp=1350,
    option_groups=("group_1",),
)


def folded(projection: Projection[RowT], changes: Sequence[Event]) -> RowT | None:
    row: RowT | None = None
    for change in changes:
        record: Recorded = recorded(change, RESTAURANT, topic="catalog.changes")
        for key in projection.keys(record):
            row = projection.fold(row, record, key)
    return row


def test_copies_are_the_same_in_whatever_order_changes_arrive() -> None:
    cheaper = msgspec.structs.replace(ITEM_ROW, price_minor=900)
    off = msgspec.structs.replace(cheaper, unavailable=True, unavailable_until=NOW)
    changes = (
        MenuItemChanged(at=AT, after=ITEM_ROW, revision=1),
        MenuItemChanged(at=AT, before=ITEM_ROW, after=cheaper, revision=2),
        MenuItemChanged(at=AT, before=cheaper, after=off, revision=3),
    )
    rows = {msgspec.json.encode(folded(COPY_OF_ITEMS, order)) for order in permutations(changes)}
    assert [msgspec.json.decode(row, type=KitchenItemRow) for row in rows] == [
        KitchenItemRow(
            id="item_1",
            restaurant_id=RESTAURANT,
            name="Soup",
            price_minor=900,
            tax_rate=1350,
            option_groups=("group_1",),
            unavailable=True,
            unavailable_until=NOW,
            retired=False,
            revision=3,
        )
    ]


def test_what_is_deleted_by_hand_stays_as_retired() -> None:
    changes = (
        RestaurantChanged(at=AT, before=RESTAURANT_ROW, revision=2),
        RestaurantChanged(at=AT, after=RESTAURANT_ROW, revision=1),
    )
    row = folded(COPY_OF_KITCHENS, changes)
    assert isinstance(row, KitchenRow)
    assert (row.retired, row.revision, row.name) == (True, 2, "Merimaku")


@pytest.mark.parametrize(
    ("address", "written"),
    [
        (Address(), ""),
        (Address(street="Satamakatu", house_number="1", postal_code="33200", city="Tampere"), ADDRESS),
        (Address(street="Satamakatu", house_number="1"), "Satamakatu 1"),
        (Address(city="Tampere"), "Tampere"),
    ],
)
def test_a_kitchen_knows_where_it_stands_and_how_far_it_delivers(address: Address, written: str) -> None:
    source = msgspec.structs.replace(RESTAURANT_ROW, address=address)
    row = folded(COPY_OF_KITCHENS, [RestaurantChanged(at=AT, after=source, revision=1)])
    assert isinstance(row, KitchenRow)
    assert (row.address, row.position, row.delivery_radius_m) == (
        written,
        Position(latitude=60.17, longitude=24.94),
        3000,
    )


def test_groups_keep_their_options_and_staff_their_roles() -> None:
    group = OptionGroupRow(
        id="group_1",
        restaurant_id=RESTAURANT,
        external_id="size",
        name="Size",
        min_choices=1,
        max_choices=1,
        options=(Option(id="option_1", external_id="large", name="Large", price_minor=300, unavailable=True),),
    )
    row = folded(COPY_OF_GROUPS, [OptionGroupChanged(at=AT, after=group, revision=1)])
    assert row is not None
    assert row.options == (KitchenOption(id="option_1", name="Large", price_minor=300, unavailable=True),)
    staff = StaffRow(restaurant_id=RESTAURANT, subject="owner-1", role="owner")
    gone = msgspec.structs.replace(staff, retired=True)
    member = folded(
        COPY_OF_STAFF,
        [StaffChanged(at=AT, after=staff, revision=1), StaffChanged(at=AT, before=staff, after=gone, revision=2)],
    )
    assert member == KitchenStaffRow(
        restaurant_id=RESTAURANT, subject="owner-1", role="owner", retired=True, revision=2
    )


def test_changes_of_other_things_concern_no_copy() -> None:
    record = recorded(MenuChanged(at=AT, revision=1), RESTAURANT, topic="catalog.changes")
    empty = recorded(RestaurantChanged(at=AT, revision=1), RESTAURANT, topic="catalog.changes")
    for projection in COPIES:
        assert projection.keys(record) == []
        assert projection.fold(None, record, ("x",)) is None
        assert projection.keys(empty) == []
