"""What restaurants are found by follows every change, in whatever order changes come."""

from itertools import permutations

from msgspec.structs import replace

from subgraphs.catalog.events import MenuItemChanged, MenuItemRow, RestaurantChanged, StaffChanged, StaffRow
from subgraphs.catalog.views.documents import SearchDocument, fold, keys_of
from tests.catalog.premises import RESTAURANT, published
from tests.spelling import AT, recorded

PLACE = published.restaurant
PIZZA = published.item("margherita")
Change = RestaurantChanged | MenuItemChanged | StaffChanged


def folded(*changes: Change) -> SearchDocument | None:
    document = None
    for change in changes:
        document = fold(document, recorded(change, RESTAURANT, topic="catalog.changes"), (RESTAURANT,))
    return document


def item(revision: int, row: MenuItemRow | None) -> MenuItemChanged:
    return MenuItemChanged(at=AT, before=PIZZA, after=row, revision=revision)


def test_names_cuisines_and_dishes_are_found() -> None:
    document = folded(RestaurantChanged(at=AT, after=PLACE, revision=1), item(1, PIZZA))
    assert document is not None
    found_in_name = {key: document.keys.get(key) for key in ("=raffaello", "=italian", "=pizza", "=margherita")}
    assert found_in_name == {"=raffaello": True, "=italian": True, "=pizza": True, "=margherita": False}


def test_a_word_of_both_counts_as_a_name() -> None:
    document = folded(RestaurantChanged(at=AT, after=PLACE, revision=1), item(1, replace(PIZZA, name="Pizza")))
    assert document is not None
    assert document.keys["=pizza"] is True


def test_changes_in_any_order_come_to_the_same() -> None:
    changes: list[Change] = [
        RestaurantChanged(at=AT, after=PLACE, revision=1),
        RestaurantChanged(at=AT, before=PLACE, after=replace(PLACE, name="Nuovo"), revision=2),
        item(1, PIZZA),
        item(2, replace(PIZZA, name="Regina")),
        item(3, replace(PIZZA, name="Regina", retired=True)),
        item(4, replace(PIZZA, name="Bufala")),
    ]
    expected = folded(*changes)
    assert expected is not None
    assert {"=nuovo", "=bufala"} <= expected.keys.keys()
    assert not {"=raffaello", "=regina"} & expected.keys.keys()
    for order in permutations(changes):
        assert folded(*order) == expected


def test_what_is_retired_or_deleted_is_not_found() -> None:
    assert folded(item(1, PIZZA), item(2, replace(PIZZA, retired=True))) == folded(item(1, PIZZA), item(2, None))
    gone = folded(RestaurantChanged(at=AT, after=PLACE, revision=1), RestaurantChanged(at=AT, revision=2))
    assert gone is not None
    assert gone.keys == {}


def test_a_late_change_does_not_bring_back_what_is_gone() -> None:
    document = folded(item(2, replace(PIZZA, retired=True)), item(1, PIZZA))
    assert document is not None
    assert document.keys == {}


def test_an_item_that_is_off_for_a_while_is_still_found() -> None:
    document = folded(item(1, PIZZA), item(2, replace(PIZZA, unavailable=True)))
    assert document is not None
    assert "=margherita" in document.keys


def test_only_restaurants_and_items_matter() -> None:
    staff = StaffChanged(at=AT, after=StaffRow(restaurant_id=RESTAURANT, subject="x", role="staff"), revision=1)
    assert keys_of(recorded(staff, RESTAURANT, topic="catalog.changes")) == []
    assert keys_of(recorded(item(1, PIZZA), RESTAURANT, topic="catalog.changes")) == [(RESTAURANT,)]
    assert folded(staff) is None
    assert folded(MenuItemChanged(at=AT, revision=1)) == SearchDocument(restaurant_id=RESTAURANT)
