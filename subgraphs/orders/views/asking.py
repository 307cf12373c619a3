"""What is asked of orders."""

from collections.abc import Sequence
from datetime import datetime

from kernel.graph.connections import Page
from kernel.graph.cursors import Keyset
from kernel.ports import Views
from subgraphs.orders.events import OrderStatus
from subgraphs.orders.views.orders import KITCHEN_FEED, OPEN_IN_KITCHEN, OrderView

_LATEST = 200
"""How far the projection of orders may be behind a kitchen's feed: seconds, and a kitchen gets few orders a minute."""
MAX_OPEN = 200
"""How many open orders a kitchen is shown at once; more than that no kitchen can cook."""

_OF_CUSTOMER = """
select * from order_view where customer_id = $1 and ($2::text[] is null or status = any($2::text[]))
and ($3::timestamptz is null or (placed_at, id) < ($3::timestamptz, $4::text))
order by placed_at desc, id desc limit $5
"""
_OF_CUSTOMER_BACKWARDS = """
select * from order_view where customer_id = $1 and ($2::text[] is null or status = any($2::text[]))
and ($3::timestamptz is null or (placed_at, id) > ($3::timestamptz, $4::text))
order by placed_at, id limit $5
"""
_OF_KITCHEN = """
select * from order_view where restaurant_id = $1 and ($2::text[] is null or status = any($2::text[]))
and ($3::timestamptz is null or (placed_at, id) < ($3::timestamptz, $4::text)) and confirmed_at is not null
order by placed_at desc, id desc limit $5
"""
_OF_KITCHEN_BACKWARDS = """
select * from order_view where restaurant_id = $1 and ($2::text[] is null or status = any($2::text[]))
and ($3::timestamptz is null or (placed_at, id) > ($3::timestamptz, $4::text)) and confirmed_at is not null
order by placed_at, id limit $5
"""
_OPEN = """
select * from order_view where restaurant_id = $1 and status = any($2::text[])
order by placed_at, id limit $3
"""


async def orders_by_id(views: Views, ids: Sequence[str]) -> Sequence[OrderView]:
    """The orders there are among `ids`."""
    return await views.fetch(OrderView, "select * from order_view where id = any($1::text[])", [*ids])


async def orders_of_customer(
    views: Views, customer_id: str, statuses: Sequence[OrderStatus] | None, page: Page
) -> Sequence[OrderView]:
    """The page of a customer's orders, the latest first; in any of `statuses`, or in all."""
    sql = _OF_CUSTOMER_BACKWARDS if page.backwards else _OF_CUSTOMER
    return await views.fetch(OrderView, sql, customer_id, _names(statuses), *_place(page), page.fetch)


async def orders_of_kitchen(
    views: Views, restaurant_id: str, statuses: Sequence[OrderStatus] | None, page: Page
) -> Sequence[OrderView]:
    """The page of the orders that a kitchen was ever asked about, the latest first."""
    sql = _OF_KITCHEN_BACKWARDS if page.backwards else _OF_KITCHEN
    return await views.fetch(OrderView, sql, restaurant_id, _names(statuses), *_place(page), page.fetch)


async def open_orders(views: Views, restaurant_id: str) -> Sequence[OrderView]:
    """What the kitchen has to do something about, the oldest first."""
    return await views.fetch(OrderView, _OPEN, restaurant_id, _names([*OPEN_IN_KITCHEN]), MAX_OPEN)


def keyset(view: OrderView) -> Keyset:
    """The order's place in lists of orders."""
    return view.placed_at.isoformat(), view.id


def _names(statuses: Sequence[OrderStatus] | None) -> list[str] | None:
    return None if statuses is None else [status.value for status in statuses]


def _place(page: Page) -> tuple[datetime | None, str | None]:
    if page.keyset is None:
        return None, None
    placed_at, order_id = page.keyset
    return datetime.fromisoformat(str(placed_at)), str(order_id)


async def open_kitchen(views: Views, restaurant_id: str) -> tuple[int, Sequence[OrderView]]:
    """The kitchen's open orders, and a place in its feed up to which they show everything.

    Orders and feed are kept by two projections, each at its own pace. The place lies before the first of the latest
    items that the orders do not show yet; what they show beyond it is merely told twice.
    """
    head = await views.feed_head(KITCHEN_FEED, restaurant_id)
    latest = await views.feed(KITCHEN_FEED, restaurant_id, max(0, head - _LATEST), _LATEST)
    # The versions are read before the orders: what is shown can only be newer than what was compared.
    known = {view.id: view.version for view in await orders_by_id(views, sorted({item.stream for item in latest}))}
    behind = [item.sequence for item in latest if known.get(item.stream, 0) < item.version]
    place = min(behind) - 1 if behind else max(head, latest[-1].sequence if latest else 0)
    return place, await open_orders(views, restaurant_id)
