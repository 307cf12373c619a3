"""A menu is published whole; ids, availability and what did not change stay."""

import pytest
from msgspec.structs import replace

from kernel.ids import parse_id
from subgraphs.catalog.commands import (
    CategoryDraft,
    MenuDocument,
    OptionGroupDraft,
)
from subgraphs.catalog.domain import drafts
from subgraphs.catalog.domain.refusals import (
    InvalidMenu,
    MenuProblemCode,
    MenuVersionConflict,
)
from subgraphs.catalog.events import MenuCategoryRow, MenuItemRow, MenuRow, OptionGroupRow
from tests.catalog.menus import NEW_ITEM, codes, family_off, tiramisu_off, with_items
from tests.catalog.premises import (
    RESTAURANT,
    document,
    margherita,
    publish,
    published,
    registered,
    size,
    tiramisu,
)
from tests.spelling import AT


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
