"""What of a menu is off at a moment, and what has changed since an earlier one."""

from datetime import datetime

from msgspec.structs import replace

from kernel.messages import Value
from kernel.ports import Views
from subgraphs.catalog import views as catalog
from subgraphs.catalog.events import MenuItemRow, Option, OptionGroupRow, RestaurantRow


class Availability(Value):
    """A restaurant and its menu at a moment."""

    at: datetime
    version: int
    """The menu's."""
    restaurant: RestaurantRow
    items: tuple[MenuItemRow, ...]
    groups: tuple[OptionGroupRow, ...]

    @property
    def paused_until(self) -> datetime | None:
        return self.restaurant.paused_until if self.restaurant.is_paused(self.at) else None

    @property
    def off_items(self) -> tuple[MenuItemRow, ...]:
        return tuple(item for item in self.items if not item.is_available(self.at))

    @property
    def off_options(self) -> tuple[Option, ...]:
        return tuple(option for option in self._options if not option.is_available(self.at))

    @property
    def _options(self) -> tuple[Option, ...]:
        return tuple(option for group in self.groups for option in group.options)

    def shows_the_same(self, earlier: "Availability") -> bool:
        """Whether nothing that a watcher is told differs, but the moment."""
        return (
            self.version == earlier.version
            and self.restaurant == earlier.restaurant
            and self.paused_until == earlier.paused_until
            and self.off_items == earlier.off_items
            and self.off_options == earlier.off_options
        )

    def changed_since(self, earlier: "Availability") -> tuple[MenuItemRow, ...]:
        """The items that are new, or went off, or came back, or cost something else, or read differently."""
        before = {item.id: (item, item.is_available(earlier.at)) for item in earlier.items}
        return tuple(item for item in self.items if before.get(item.id) != (item, item.is_available(self.at)))

    def gone_since(self, earlier: "Availability") -> tuple[str, ...]:
        """The ids of items that are on the menu no more."""
        here = {item.id for item in self.items}
        return tuple(item.id for item in earlier.items if item.id not in here)


async def read_availability(
    views: Views, restaurant: RestaurantRow, at: datetime, known: Availability | None = None
) -> Availability:
    """How it is at `at`. Reads the menu only if it is no longer as `known`."""
    head = (await catalog.menus(views, [restaurant.id]))[0]
    version = 0 if head is None else head.version
    if known is not None and known.version == version:
        return replace(known, at=at, restaurant=restaurant)
    items = (await catalog.items_of(views, [restaurant.id]))[0]
    groups = (await catalog.option_groups_of(views, [restaurant.id]))[0]
    return Availability(at=at, version=version, restaurant=restaurant, items=tuple(items), groups=tuple(groups))
