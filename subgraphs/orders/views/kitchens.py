"""The tables of orders' own copy of kitchens, and what is asked of them. `projections/kitchens.py` keeps them."""

from collections.abc import Sequence

from kernel.messages import Viewer
from kernel.ports import Views
from kernel.projecting import View
from subgraphs.orders.kitchens import Counter, KitchenGroupRow, KitchenItemRow, KitchenRow, KitchenStaffRow

KITCHENS = View(name="kitchen", row=KitchenRow, key=("id",))
KITCHEN_ITEMS = View(name="kitchen_item", row=KitchenItemRow, key=("id",))
KITCHEN_GROUPS = View(name="kitchen_group", row=KitchenGroupRow, key=("id",))
KITCHEN_STAFF = View(
    name="kitchen_staff",
    row=KitchenStaffRow,
    key=("restaurant_id", "subject"),
    indexes=("(subject)",),
)


async def counter(views: Views, restaurant_id: str, item_ids: Sequence[str]) -> Counter | None:
    """The kitchen with those of its items and their option groups; None for a restaurant there is not."""
    kitchens = await kitchens_by_id(views, [restaurant_id])
    if not kitchens:
        return None
    items = await views.fetch(
        KitchenItemRow,
        "select * from kitchen_item where id = any($1::text[]) and restaurant_id = $2 order by id",
        sorted(set(item_ids)),
        restaurant_id,
    )
    groups = await views.fetch(
        KitchenGroupRow,
        "select * from kitchen_group where id = any($1::text[]) and restaurant_id = $2 order by id",
        sorted({group_id for item in items for group_id in item.option_groups}),
        restaurant_id,
    )
    return Counter(kitchen=kitchens[0], items=tuple(items), groups=tuple(groups))


async def kitchens_by_id(views: Views, ids: Sequence[str]) -> Sequence[KitchenRow]:
    """The kitchens there are among `ids`, retired ones included."""
    return await views.fetch(KitchenRow, "select * from kitchen where id = any($1::text[])", [*ids])


async def workplaces(views: Views, viewer: Viewer) -> frozenset[str]:
    """The restaurants at which the viewer works."""
    rows = await views.fetch(
        KitchenStaffRow, "select * from kitchen_staff where subject = $1 and not retired", viewer.subject
    )
    return frozenset(row.restaurant_id for row in rows)
