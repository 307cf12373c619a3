"""A menu is published whole or changed part by part; ids, availability and what did not change stay."""

from datetime import timedelta
from typing import Any

import pytest
from msgspec.structs import replace

from kernel.ids import parse_id, typed_id
from subgraphs.catalog.commands import (
    AddMenuItem,
    AddOptionGroup,
    CategoryDraft,
    ChangeMenuItem,
    ChangeOptionGroup,
    ItemDraft,
    MenuDocument,
    OptionDraft,
    OptionGroupDraft,
    RemoveMenuItem,
    RemoveOptionGroup,
    SetItemAvailability,
    SetOptionAvailability,
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
from subgraphs.catalog.events import MenuCategoryRow, MenuItemRow, MenuRow, OptionGroupRow
from tests.catalog.premises import (
    OWNER,
    RESTAURANT,
    document,
    margherita,
    publish,
    published,
    registered,
    size,
    tiramisu,
)
from tests.spelling import AT, uuid_of

HERE: dict[str, Any] = {"at": AT, "viewer": OWNER, "restaurant_id": RESTAURANT}
LATER: dict[str, Any] = {**HERE, "at": AT + timedelta(hours=1)}
NEW_ITEM = typed_id("item", uuid_of(9))
NEW_GROUP = typed_id("group", uuid_of(9))

dip = OptionGroupDraft(
    external_id="dip",
    name="Dip",
    min_choices=0,
    max_choices=2,
    options=(
        OptionDraft(external_id="aioli", name="Aioli", price_minor=150),
        OptionDraft(external_id="bbq", name="BBQ"),
    ),
)
marinara = ItemDraft(
    external_id="marinara", name="Marinara", price_minor=1090, tax_rate_bp=1350, option_groups=("size",)
)
add_marinara = AddMenuItem(**LATER, item_id=NEW_ITEM, category_id=published.category("Pizzas").id, item=marinara)
add_dip = AddOptionGroup(**LATER, group_id=NEW_GROUP, group=dip)
change_tiramisu = ChangeMenuItem(**LATER, item_id=published.item("tiramisu").id, price_minor=850)
remove_tiramisu = RemoveMenuItem(**LATER, item_id=published.item("tiramisu").id)
tiramisu_off = SetItemAvailability(**LATER, item_id=published.item("tiramisu").id, available=False)
change_size = ChangeOptionGroup(**LATER, group_id=published.group("size").id, group=replace(size, name="How big"))
remove_size = RemoveOptionGroup(**LATER, group_id=published.group("size").id)
family_off = SetOptionAvailability(
    **LATER,
    group_id=published.group("size").id,
    option_id=published.group("size").options[1].id,
    available=False,
)


def with_items(*items: ItemDraft) -> MenuDocument:
    return MenuDocument(categories=(CategoryDraft(name="Pizzas", items=items),), option_groups=(size,))


def codes(refusal: object) -> list[MenuProblemCode]:
    assert isinstance(refusal, InvalidMenu)
    return [problem.code for problem in refusal.problems]


def test_publishing_writes_every_part_once() -> None:
    rows = registered.when(publish).rows
    assert [type(row) for row in rows] == [
        MenuRow,
        OptionGroupRow,
        MenuCategoryRow,
        MenuCategoryRow,
        MenuItemRow,
        MenuItemRow,
    ]


def test_published_rows_carry_what_a_price_needs() -> None:
    item, group = published.item("margherita"), published.group("size")
    assert (item.price_minor, item.currency, item.tax_rate_bp) == (1190, "EUR", 1350)
    assert item.option_groups == (group.id,)
    assert item.category_id == published.category("Pizzas").id
    assert [(option.name, option.price_minor) for option in group.options] == [("Normal", 0), ("Family", 600)]


def test_ids_are_typed() -> None:
    assert parse_id("item", published.item("margherita").id)
    assert parse_id("category", published.category("Pizzas").id)
    assert parse_id("group", published.group("size").id)
    assert all(parse_id("option", option.id) for option in published.group("size").options)


def test_publishing_the_same_again_writes_nothing() -> None:
    published.when(publish).then_nothing()


def test_only_what_changed_is_written() -> None:
    dearer = with_items(replace(margherita, price_minor=1250))
    document_ = replace(dearer, categories=(*dearer.categories, document.categories[1]))
    answer = published.when(replace(publish, document=document_))
    assert [type(row) for row in answer.rows] == [MenuRow, MenuItemRow]
    assert answer.only(MenuItemRow).id == published.item("margherita").id


def test_what_the_document_does_not_name_is_retired() -> None:
    house = published.when(replace(publish, document=with_items(margherita))).house
    assert house.item("tiramisu").retired
    assert house.category("Sweet").retired
    assert not house.item("margherita").retired


def test_what_comes_back_has_its_old_id_and_is_available() -> None:
    gone = published.given(tiramisu_off, replace(publish, document=with_items(margherita)))
    back = gone.given(publish)
    assert back.item("tiramisu").id == published.item("tiramisu").id
    assert not back.item("tiramisu").retired
    assert not back.item("tiramisu").unavailable


def test_availability_outlives_a_new_menu() -> None:
    house = published.given(tiramisu_off, family_off)
    dearer = replace(tiramisu, price_minor=900)
    house = house.given(
        replace(
            publish, document=replace(document, categories=(CategoryDraft(name="All", items=(margherita, dearer)),))
        )
    )
    assert house.item("tiramisu").unavailable
    assert house.group("size").options[1].unavailable


def test_an_item_that_moves_to_another_category_stays_itself() -> None:
    moved = MenuDocument(categories=(CategoryDraft(name="Sweet", items=(tiramisu, margherita)),), option_groups=(size,))
    house = published.when(replace(publish, document=moved)).house
    item = house.item("margherita")
    assert (item.id, item.category_id, item.position) == (
        published.item("margherita").id,
        house.category("Sweet").id,
        1,
    )


def test_an_id_that_a_renamed_part_holds_is_not_given_twice() -> None:
    renamed = published.written(
        replace(published.category("Pizzas"), name="Pinsa"), replace(published.item("margherita"), external_id="old")
    )
    both = MenuDocument(
        categories=(
            CategoryDraft(name="Pinsa", items=(replace(margherita, external_id="old"),)),
            CategoryDraft(name="Pizzas", items=(margherita,)),
        ),
        option_groups=(size,),
    )
    house = renamed.when(replace(publish, document=both)).house
    assert len({row.id for row in house.all(MenuItemRow)}) == 3
    assert len({row.id for row in house.all(MenuCategoryRow)}) == 3


def test_of_two_parts_by_one_name_the_one_on_the_menu_counts() -> None:
    item = published.item("tiramisu")
    twin = replace(item, id=NEW_ITEM, retired=True)
    house = published.written(twin)
    house.when(publish).then_nothing()


def test_a_menu_out_of_order_is_refused_whole() -> None:
    wrong = MenuDocument(
        categories=(
            CategoryDraft(
                name="Pizzas",
                items=(
                    replace(margherita, price_minor=-1, tax_rate_bp=10_001, option_groups=("size", "size", "nothing")),
                    replace(margherita, name=" "),
                ),
            ),
            CategoryDraft(name="Pizzas", description="x" * 1001),
        ),
        option_groups=(replace(size, max_choices=3), replace(size, min_choices=2, name="Again")),
    )
    refusal = registered.when(replace(publish, document=wrong)).then_refused(InvalidMenu)
    assert sorted(code.value for code in codes(refusal)) == sorted(
        [
            "DUPLICATE_NAME",
            "DUPLICATE_EXTERNAL_ID",
            "DUPLICATE_EXTERNAL_ID",
            "OUT_OF_RANGE",
            "OUT_OF_RANGE",
            "DUPLICATE_EXTERNAL_ID",
            "UNKNOWN_OPTION_GROUP",
            "TEXT_LENGTH",
            "TEXT_LENGTH",
            "CHOICES_BROKEN",
            "CHOICES_BROKEN",
        ]
    )


def test_problems_say_where_they_are() -> None:
    wrong = with_items(margherita, replace(tiramisu, price_minor=-1))
    refusal = registered.when(replace(publish, document=wrong)).then_refused(InvalidMenu)
    assert isinstance(refusal, InvalidMenu)
    assert refusal.problems[0].path == ("document", "categories", "0", "items", "1", "priceMinor")


@pytest.mark.parametrize(
    "group",
    [
        replace(size, min_choices=-1),
        replace(size, min_choices=2),
        replace(size, max_choices=3),
        replace(size, min_choices=0, max_choices=0),
        replace(size, options=()),
    ],
)
def test_choices_lie_between_none_and_all_options(group: OptionGroupDraft) -> None:
    refusal = registered.when(replace(publish, document=replace(document, option_groups=(group,)))).then_refused(
        InvalidMenu
    )
    assert MenuProblemCode.CHOICES_BROKEN in codes(refusal)


def test_a_menu_has_its_limits() -> None:
    items = tuple(replace(tiramisu, external_id=f"t{n}") for n in range(drafts.MAX_ITEMS_PER_CATEGORY + 1))
    groups = tuple(replace(size, external_id=f"g{n}") for n in range(drafts.MAX_GROUPS + 1))
    many = MenuDocument(
        categories=tuple(CategoryDraft(name=f"c{n}") for n in range(drafts.MAX_CATEGORIES + 1)), option_groups=groups
    )
    assert MenuProblemCode.TOO_MANY in codes(
        registered.when(replace(publish, document=with_items(*items))).then_refused(InvalidMenu)
    )
    told = codes(registered.when(replace(publish, document=many)).then_refused(InvalidMenu))
    assert told == [MenuProblemCode.TOO_MANY] * 2


def test_at_most_a_hundred_problems_are_told() -> None:
    items = tuple(replace(tiramisu, external_id=f"t{n}", price_minor=-1) for n in range(150))
    refusal = registered.when(replace(publish, document=with_items(*items))).then_refused(InvalidMenu)
    assert len(codes(refusal)) == drafts.MAX_PROBLEMS


def test_a_menu_published_on_an_older_one_is_told_the_newer_version() -> None:
    version = published.premises.menu_version
    stale = replace(publish, document=with_items(margherita), expected_version=version - 1)
    refusal = published.when(stale).then_refused(MenuVersionConflict)
    assert refusal == MenuVersionConflict(current_version=version, restaurant_id=RESTAURANT)
    assert published.when(replace(stale, expected_version=version)).rows


def test_the_menus_version_counts_changes_by_hand_too() -> None:
    house = published.written(replace(published.item("tiramisu"), price_minor=1))
    assert house.premises.menu_version == published.premises.menu_version + 1


def test_a_menu_row_lost_by_hand_comes_back_with_the_next_change() -> None:
    bare = type(published)([registered.restaurant, *registered.premises.staff])
    assert bare.when(publish).only(MenuRow).changed_at == AT


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
