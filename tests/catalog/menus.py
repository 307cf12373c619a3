"""Commands about the menu of the house in `premises`, and what its refusals say."""

from datetime import timedelta
from typing import Any

from msgspec.structs import replace

from kernel.ids import typed_id
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
from subgraphs.catalog.domain.refusals import (
    InvalidMenu,
    MenuProblemCode,
)
from tests.catalog.premises import (
    OWNER,
    RESTAURANT,
    published,
    size,
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
