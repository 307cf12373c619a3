"""Orders' own copy of kitchens, menus and staff, kept from the catalog's changes.

Changes may arrive out of order, so each row keeps the highest revision it has seen. What the catalog deletes stays
here as retired: the row must outlive a change that comes late.
"""

from collections.abc import Callable, Sequence
from typing import Protocol, TypeVar, cast

from kernel.log import Recorded
from kernel.places import Position
from kernel.projecting import Key, Projection, View
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
from subgraphs.orders.views import (
    KITCHEN_GROUPS,
    KITCHEN_ITEMS,
    KITCHEN_STAFF,
    KITCHENS,
    CopiedRow,
    KitchenGroupRow,
    KitchenItemRow,
    KitchenOption,
    KitchenRow,
    KitchenStaffRow,
)

SourceT = TypeVar("SourceT")
SourceT_co = TypeVar("SourceT_co", covariant=True)
CopyT = TypeVar("CopyT", bound=CopiedRow)


class Change(Protocol[SourceT_co]):
    """A captured change of one of the catalog's rows."""

    @property
    def before(self) -> SourceT_co | None: ...
    @property
    def after(self) -> SourceT_co | None: ...
    @property
    def revision(self) -> int: ...


def copied(
    view: View[CopyT],
    kind: type[Change[SourceT]],
    key: Callable[[SourceT], Key],
    copy: Callable[[SourceT, int, bool], CopyT],
) -> Projection[CopyT]:
    """Keeps `view` a copy of the rows that changes of `kind` tell of.

    `copy` makes the row of the catalog's one, given its revision and whether it is gone.
    """

    def told(record: Recorded) -> tuple[Change[SourceT], SourceT] | None:
        if not isinstance(record.message, kind):
            return None
        change = cast("Change[SourceT]", record.message)
        source = change.after or change.before
        return None if source is None else (change, source)

    def keys(record: Recorded) -> Sequence[Key]:
        found = told(record)
        return [] if found is None else [key(found[1])]

    def fold(row: CopyT | None, record: Recorded, _: Key) -> CopyT | None:
        found = told(record)
        if found is None or (row is not None and found[0].revision <= row.revision):
            return row
        change, source = found
        return copy(source, change.revision, change.after is None)

    return Projection(domain="orders", view=view, topics=("catalog.changes",), keys=keys, fold=fold, sharing="stream")


def kitchen(source: RestaurantRow, revision: int, gone: bool) -> KitchenRow:
    return KitchenRow(
        id=source.id,
        name=source.name,
        address=written(source.address),
        position=Position(latitude=source.latitude, longitude=source.longitude),
        delivery_radius_m=source.delivery_radius_m,
        time_zone=source.time_zone,
        opening_hours=source.opening_hours,
        currency=source.currency,
        prep_minutes=source.prep_minutes,
        minimum_basket_minor=source.minimum_basket_minor,
        paused_until=source.paused_until,
        retired=source.retired or gone,
        revision=revision,
    )


def written(address: Address) -> str:
    """The address on one line: `Rautatienkatu 5, 33100 Tampere`."""
    lines = ((address.street, address.house_number), (address.postal_code, address.city))
    return ", ".join(" ".join(filter(None, line)) for line in lines if any(line))


def item(source: MenuItemRow, revision: int, gone: bool) -> KitchenItemRow:
    return KitchenItemRow(
        id=source.id,
        restaurant_id=source.restaurant_id,
        name=source.name,
        price_minor=source.price_minor,
        tax_rate=source.tax_rate_bp,
        option_groups=source.option_groups,
        unavailable=source.unavailable,
        unavailable_until=source.unavailable_until,
        retired=source.retired or gone,
        revision=revision,
    )


def group(source: OptionGroupRow, revision: int, gone: bool) -> KitchenGroupRow:
    return KitchenGroupRow(
        id=source.id,
        restaurant_id=source.restaurant_id,
        name=source.name,
        min_choices=source.min_choices,
        max_choices=source.max_choices,
        options=tuple(option(found) for found in source.options),
        retired=source.retired or gone,
        revision=revision,
    )


def option(source: Option) -> KitchenOption:
    return KitchenOption(
        id=source.id,
        name=source.name,
        price_minor=source.price_minor,
        unavailable=source.unavailable,
        unavailable_until=source.unavailable_until,
    )


def staff(source: StaffRow, revision: int, gone: bool) -> KitchenStaffRow:
    return KitchenStaffRow(
        restaurant_id=source.restaurant_id,
        subject=source.subject,
        role=source.role,
        retired=source.retired or gone,
        revision=revision,
    )


PROJECTIONS = (
    copied(KITCHENS, RestaurantChanged, lambda row: (row.id,), kitchen),
    copied(KITCHEN_ITEMS, MenuItemChanged, lambda row: (row.id,), item),
    copied(KITCHEN_GROUPS, OptionGroupChanged, lambda row: (row.id,), group),
    copied(KITCHEN_STAFF, StaffChanged, lambda row: (row.restaurant_id, row.subject), staff),
)
