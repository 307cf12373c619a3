"""A menu is changed part by part, and parts of it are off for a while."""

from datetime import timedelta
from typing import Any

import pytest
from msgspec.structs import replace

from subgraphs.catalog.commands import (
    ChangeMenuItem,
)
from subgraphs.catalog.domain import drafts
from subgraphs.catalog.domain.refusals import (
    InvalidMenu,
    MenuItemVersionConflict,
    MenuProblemCode,
    MenuVersionConflict,
    NotFound,
    OptionGroupInUse,
    OptionGroupVersionConflict,
    UntilOutOfBounds,
)
from subgraphs.catalog.events import MenuItemRow, OptionGroupRow
from tests.catalog.menus import (
    LATER,
    NEW_GROUP,
    NEW_ITEM,
    add_dip,
    add_marinara,
    change_size,
    change_tiramisu,
    codes,
    dip,
    family_off,
    marinara,
    remove_size,
    remove_tiramisu,
    tiramisu_off,
    with_items,
)
from tests.catalog.premises import (
    document,
    publish,
    published,
    registered,
    size,
    tiramisu,
)
from tests.spelling import AT


def test_an_item_is_added_at_the_end_of_its_category() -> None:
    row = published.when(add_marinara).only(MenuItemRow)
    assert (row.id, row.position, row.option_groups) == (NEW_ITEM, 1, (published.group("size").id,))


def test_adding_the_same_item_twice_changes_nothing() -> None:
    published.given(add_marinara).when(add_marinara).then_nothing()


def test_the_first_item_of_an_empty_category_stands_first() -> None:
    house = published.given(remove_tiramisu)
    answer = house.when(replace(add_marinara, category_id=house.category("Sweet").id))
    assert answer.only(MenuItemRow).position == 0


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"item": replace(marinara, external_id="tiramisu")}, MenuProblemCode.DUPLICATE_EXTERNAL_ID),
        ({"item": replace(marinara, price_minor=-1)}, MenuProblemCode.OUT_OF_RANGE),
        ({"item": replace(marinara, option_groups=("dip",))}, MenuProblemCode.UNKNOWN_OPTION_GROUP),
        ({"category_id": "category_x"}, MenuProblemCode.UNKNOWN_CATEGORY),
    ],
)
def test_an_item_that_does_not_fit_the_menu_is_not_added(change: dict[str, Any], code: MenuProblemCode) -> None:
    assert codes(published.when(replace(add_marinara, **change)).then_refused(InvalidMenu)) == [code]


def test_a_category_that_is_full_takes_no_more() -> None:
    items = tuple(replace(tiramisu, external_id=f"t{n}") for n in range(drafts.MAX_ITEMS_PER_CATEGORY))
    full = registered.given(replace(publish, document=with_items(*items)))
    refusal = full.when(replace(add_marinara, category_id=full.category("Pizzas").id)).then_refused(InvalidMenu)
    assert codes(refusal) == [MenuProblemCode.TOO_MANY]


def test_adding_to_an_older_menu_is_refused() -> None:
    published.when(replace(add_marinara, expected_version=1)).then_refused(MenuVersionConflict)


def test_a_change_leaves_the_rest_as_it_is() -> None:
    before = published.item("tiramisu")
    assert published.when(change_tiramisu).only(MenuItemRow) == replace(before, price_minor=850)


def test_a_change_may_say_anything() -> None:
    change = ChangeMenuItem(
        **LATER,
        item_id=published.item("margherita").id,
        category_id=published.category("Sweet").id,
        name="Regina",
        description="With buffalo mozzarella",
        tax_rate_bp=2550,
        allergens=None,
        diets=("VEGAN",),
        option_groups=(),
    )
    row = published.when(change).only(MenuItemRow)
    assert (row.name, row.allergens, row.diets, row.option_groups) == ("Regina", None, ("VEGAN",), ())
    assert row.category_id == published.category("Sweet").id


def test_a_change_without_difference_changes_nothing() -> None:
    published.given(change_tiramisu).when(change_tiramisu).then_nothing()


def test_a_change_keeps_an_item_off() -> None:
    assert published.given(tiramisu_off).when(change_tiramisu).only(MenuItemRow).unavailable


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"name": ""}, MenuProblemCode.TEXT_LENGTH),
        ({"category_id": "category_x"}, MenuProblemCode.UNKNOWN_CATEGORY),
        ({"option_groups": ("nothing",)}, MenuProblemCode.UNKNOWN_OPTION_GROUP),
    ],
)
def test_a_change_that_does_not_fit_the_menu_is_refused(change: dict[str, Any], code: MenuProblemCode) -> None:
    assert codes(published.when(replace(change_tiramisu, **change)).then_refused(InvalidMenu)) == [code]


def test_a_group_retired_by_hand_does_not_stand_in_the_way() -> None:
    house = published.written(replace(published.group("size"), retired=True))
    change = replace(change_tiramisu, item_id=published.item("margherita").id)
    assert house.when(change).only(MenuItemRow).option_groups == ()


@pytest.mark.parametrize("command", [change_tiramisu, remove_tiramisu, tiramisu_off])
def test_a_stale_item_version_is_told_the_item(command: Any) -> None:
    refusal = published.when(replace(command, expected_version=9)).then_refused(MenuItemVersionConflict)
    assert refusal == MenuItemVersionConflict(current_version=1, menu_item=published.item("tiramisu"))


@pytest.mark.parametrize("command", [change_tiramisu, remove_tiramisu, tiramisu_off])
def test_an_item_of_nobody_is_not_found(command: Any) -> None:
    published.when(replace(command, item_id="item_x")).then_refused(NotFound)


def test_a_removed_item_is_retired_and_removing_it_twice_changes_nothing() -> None:
    house = published.when(remove_tiramisu).house
    assert house.item("tiramisu").retired
    house.when(remove_tiramisu).then_nothing()
    house.when(change_tiramisu).then_refused(NotFound)
    house.when(tiramisu_off).then_refused(NotFound)


def test_an_item_is_off_until_further_notice_or_until_then() -> None:
    now = tiramisu_off.at
    off = published.when(tiramisu_off).only(MenuItemRow)
    assert not off.is_available(now + timedelta(days=300))
    until = replace(tiramisu_off, until=now + timedelta(hours=2))
    item = published.when(until).only(MenuItemRow)
    assert not item.is_available(now + timedelta(hours=1))
    assert item.is_available(now + timedelta(hours=2))


def test_saying_that_something_is_off_does_not_touch_the_menu_as_a_whole() -> None:
    assert [type(row) for row in published.when(tiramisu_off).rows] == [MenuItemRow]


def test_an_item_comes_back() -> None:
    back = replace(tiramisu_off, available=True, until=tiramisu_off.at + timedelta(hours=1))
    row = published.given(tiramisu_off).when(back).only(MenuItemRow)
    assert (row.unavailable, row.unavailable_until) == (False, None)
    published.when(back).then_nothing()


@pytest.mark.parametrize("command", [tiramisu_off, family_off])
@pytest.mark.parametrize("ahead", [timedelta(), timedelta(days=366, seconds=1)])
def test_an_absence_ends_in_the_future_and_within_a_year(command: Any, ahead: timedelta) -> None:
    published.when(replace(command, until=command.at + ahead)).then_refused(UntilOutOfBounds)


def test_an_option_group_is_added_for_later_use() -> None:
    house = published.given(add_dip)
    assert house.group("dip").id == NEW_GROUP
    house.when(add_dip).then_nothing()
    assert house.when(ChangeMenuItem(**LATER, item_id=published.item("tiramisu").id, option_groups=("dip",))).only(
        MenuItemRow
    ).option_groups == (NEW_GROUP,)


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"group": replace(dip, external_id="size")}, MenuProblemCode.DUPLICATE_EXTERNAL_ID),
        ({"group": replace(dip, max_choices=3)}, MenuProblemCode.CHOICES_BROKEN),
        (
            {"group": replace(dip, options=(*dip.options, replace(dip.options[0], price_minor=-1)))},
            MenuProblemCode.DUPLICATE_EXTERNAL_ID,
        ),
    ],
)
def test_an_option_group_out_of_order_is_not_added(change: dict[str, Any], code: MenuProblemCode) -> None:
    assert codes(published.when(replace(add_dip, **change)).then_refused(InvalidMenu))[0] is code


def test_option_groups_have_their_limit() -> None:
    groups = tuple(replace(size, external_id=f"g{n}") for n in range(drafts.MAX_GROUPS - 1))
    full = published.given(replace(publish, document=replace(document, option_groups=(size, *groups))))
    assert codes(full.when(add_dip).then_refused(InvalidMenu)) == [MenuProblemCode.TOO_MANY]


def test_adding_a_group_to_an_older_menu_is_refused() -> None:
    published.when(replace(add_dip, expected_version=1)).then_refused(MenuVersionConflict)


def test_a_changed_option_group_keeps_its_options_ids() -> None:
    row = published.given(family_off).when(change_size).only(OptionGroupRow)
    assert (row.name, row.options[1].id, row.options[1].unavailable) == ("How big", family_off.option_id, True)


def test_an_option_group_changed_to_itself_changes_nothing() -> None:
    published.when(replace(change_size, group=size)).then_nothing()


@pytest.mark.parametrize("command", [change_size, family_off])
def test_a_stale_group_version_is_told_the_group(command: Any) -> None:
    refusal = published.when(replace(command, expected_version=9)).then_refused(OptionGroupVersionConflict)
    assert refusal == OptionGroupVersionConflict(current_version=1, option_group=published.group("size"))


@pytest.mark.parametrize("command", [change_size, remove_size, family_off])
def test_an_option_group_of_nobody_is_not_found(command: Any) -> None:
    published.when(replace(command, group_id="group_x")).then_refused(NotFound)


def test_an_option_group_in_use_stays() -> None:
    refusal = published.when(remove_size).then_refused(OptionGroupInUse)
    assert refusal == OptionGroupInUse(items=(published.item("margherita"),))


def test_an_option_group_nobody_asks_for_is_removed() -> None:
    house = published.given(add_dip)
    remove_dip = replace(remove_size, group_id=NEW_GROUP)
    house.when(replace(remove_dip, expected_version=9)).then_refused(OptionGroupVersionConflict)
    removed = house.given(remove_dip)
    assert removed.group("dip").retired
    removed.when(remove_dip).then_nothing()


def test_an_option_is_off_for_every_item_and_comes_back() -> None:
    house = published.given(family_off)
    option = house.group("size").options[1]
    assert not option.is_available(AT)
    assert house.group("size").options[0].is_available(AT)
    house.when(family_off).then_nothing()
    back = house.when(replace(family_off, available=True)).only(OptionGroupRow)
    assert back.options[1].is_available(AT)


def test_an_option_of_another_group_is_not_found() -> None:
    refusal = published.when(replace(family_off, option_id="option_x")).then_refused(NotFound)
    assert refusal == NotFound(path=("optionId",))
