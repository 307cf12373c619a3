"""The tables of orders' own copy of kitchens, and what is asked of them. `projections/kitchens.py` keeps them."""

from collections.abc import Iterable, Sequence

from kernel.messages import Viewer
from kernel.ports import Views
from kernel.projecting import View
from subgraphs.orders.kitchens import Counter, KitchenGroupRow, KitchenItemRow, KitchenRow, KitchenStaffRow

KITCHENS = View(name="kitchens", row=KitchenRow, key=("id",))
KITCHEN_ITEMS = View(name="kitchen_item", row=KitchenItemRow, key=("id",))
KITCHEN_GROUPS = View(name="kitchen_group", row=KitchenGroupRow, key=("id",))
KITCHEN_STAFF = View(
    name="kitchen_staff",
    row=KitchenStaffRow,
    key=("restaurant_id", "subject"),
    indexes=("(subject)",),
)


_COUNTER = """
select row_to_json(k) as kitchen, coalesce(chosen.items, '[]') as items, coalesce(asked.groups, '[]') as groups
from kitchens k
left join lateral (
  select json_agg(i order by i.id) as items from kitchen_item i
  where i.id = any($2::text[]) and i.restaurant_id = k.id
) chosen on true
left join lateral (
  select json_agg(to_jsonb(g) || jsonb_build_object('options', (
    select coalesce(jsonb_agg(option order by place), '[]')
    from jsonb_array_elements(g.options) with ordinality as offered (option, place)
    where option ->> 'id' = any($3::text[])
  )) order by g.id) as groups from kitchen_group g
  where g.restaurant_id = k.id and g.id in (
    select jsonb_array_elements_text(i.option_groups) from kitchen_item i
    where i.id = any($2::text[]) and i.restaurant_id = k.id
  )
) asked on true
where k.id = $1
"""


async def counter(
    views: Views, restaurant_id: str, item_ids: Iterable[str], option_ids: Iterable[str]
) -> Counter | None:
    """The kitchen with those of its items, their option groups and those of their options; None where there is none.

    A menu may offer twenty thousand options. A decision is journaled with what it was made on, and takes no others.
    """
    found = await views.fetch(Counter, _COUNTER, restaurant_id, sorted({*item_ids}), sorted({*option_ids}))
    return found[0] if found else None


async def kitchens_by_id(views: Views, ids: Sequence[str]) -> Sequence[KitchenRow]:
    """The kitchens there are among `ids`, retired ones included."""
    return await views.fetch(KitchenRow, "select * from kitchens where id = any($1::text[])", [*ids])


async def workplaces(views: Views, viewer: Viewer) -> frozenset[str]:
    """The restaurants at which the viewer works."""
    rows = await views.fetch(
        KitchenStaffRow, "select * from kitchen_staff where subject = $1 and not retired", viewer.subject
    )
    return frozenset(row.restaurant_id for row in rows)
