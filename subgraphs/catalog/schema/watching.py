"""Watching a menu: what is off now, then every later state, the latest winning."""

from collections.abc import AsyncGenerator, Sequence
from datetime import datetime
from typing import Self

import strawberry

from kernel.graph.context import GraphContext, Info
from kernel.graph.subscribing import Latest, follow_latest
from subgraphs.catalog.events import RestaurantRow
from subgraphs.catalog.schema import loading
from subgraphs.catalog.schema.menus import MenuItem, Option
from subgraphs.catalog.schema.restaurants import Restaurant
from subgraphs.catalog.views.availability import Availability, read_availability

POLL_S = 2.0
"""Covers what nobody announces: an absence that ends, and a change typed into psql."""
INTERVAL_S = 0.25
"""At most four items a second: what changes faster is told together."""


@strawberry.type(description="What of a menu can be had at a moment. Each item of the stream shows all of it anew.")
class MenuAvailability:
    as_of: datetime = strawberry.field(description="The moment it tells of; it never goes back.")
    menu_version: int = strawberry.field(description="The menu's version.")
    paused_until: datetime | None = strawberry.field(
        description="Until when the restaurant takes no orders although it may be open; null when it is not paused."
    )
    restaurant: Restaurant | None
    unavailable_items: list[MenuItem] = strawberry.field(description="The items that are off, at most 1,000.")
    unavailable_options: list[Option] = strawberry.field(description="The options that are off.")
    changed_items: list[MenuItem] = strawberry.field(
        description="The items that went off, came back, are new or were changed since the stream's item before."
    )
    gone_item_ids: list[strawberry.ID] = strawberry.field(
        description="The items taken off the menu since the stream's item before."
    )

    @classmethod
    def of(cls, now: Availability, before: Availability | None = None) -> Self:
        return cls(
            as_of=now.at,
            menu_version=now.version,
            paused_until=now.paused_until,
            restaurant=Restaurant.of(now.restaurant),
            unavailable_items=[MenuItem.of(row) for row in now.off_items],
            unavailable_options=[Option.of(option, now.restaurant.currency, now.at) for option in now.off_options],
            changed_items=[] if before is None else [MenuItem.of(row) for row in now.changed_since(before)],
            gone_item_ids=[] if before is None else [strawberry.ID(gone) for gone in now.gone_since(before)],
        )


async def availability(context: GraphContext, restaurant_id: str) -> MenuAvailability | None:
    """How it is now; None where there is no restaurant."""
    row = await loading.restaurant(context, restaurant_id)
    return None if row is None else MenuAvailability.of(await _read(context, row))


async def _read(context: GraphContext, row: RestaurantRow, known: Availability | None = None) -> Availability:
    return await read_availability(context.views, row, context.clock.now(), known)


class Watched:
    """One restaurant as a watcher last saw it."""

    def __init__(self, context: GraphContext, restaurant_id: str) -> None:
        self._context, self._restaurant_id = context, restaurant_id
        self._row: RestaurantRow | None = None
        self._known: Availability | None = None

    async def permitted(self) -> bool:
        """Menus are public: whoever asks may watch one that there is. Asked before each reading."""
        loading.forget(self._context)
        self._row = await loading.restaurant(self._context, self._restaurant_id)
        return self._row is not None

    async def read(self) -> Availability:
        assert self._row is not None
        self._known = await _read(self._context, self._row, self._known)
        return self._known

    def items(self, known: Availability | None, now: Availability) -> Sequence[MenuAvailability]:
        if known is not None and now.shows_the_same(known):
            return []
        return [MenuAvailability.of(now, known)]


@strawberry.type
class Subscription:
    @strawberry.subscription(
        description="What of a menu is off, then the same again whenever an item goes off or is back, a price or "
        "the menu changes, or the restaurant pauses; changes close together are told as one. After a reconnect it "
        "begins anew with how it is then, so nothing has to be replayed."
    )
    async def menu_changes(self, info: Info, restaurant_id: strawberry.ID) -> AsyncGenerator[MenuAvailability, None]:
        watched = Watched(info.context, restaurant_id)
        source = Latest(keys=(restaurant_id,), permitted=watched.permitted, read=watched.read, items=watched.items)
        async for item in follow_latest(info.context, source, interval_s=INTERVAL_S, poll_s=POLL_S):
            yield item
