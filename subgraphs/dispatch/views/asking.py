"""What is asked of couriers, offers and deliveries."""

from collections.abc import Collection, Sequence
from datetime import datetime

from kernel.graph.connections import Page
from kernel.graph.cursors import Keyset
from kernel.messages import Row, Viewer
from kernel.ports import Views
from subgraphs.dispatch.views.couriers import CourierView
from subgraphs.dispatch.views.deliveries import DeliveryView
from subgraphs.dispatch.views.offers import OfferView
from subgraphs.dispatch.views.staff import PickupStaffRow

_WAITING = """
select * from delivery_view where status in ('SEARCHING', 'OFFERED')
and ($1::timestamptz is null or (requested_at, id) > ($1::timestamptz, $2::text))
order by requested_at, id limit $3
"""
_SERVED = """
select distinct courier_id as id from delivery_view where courier_id = any($1::text[]) and customer_id = $2
"""
_FREE = """
select id from courier_view where id = any($1::text[]) and online and offer_id is null
"""


class CourierId(Row):
    """A courier, by id alone."""

    id: str


async def deliveries_by_id(views: Views, ids: Sequence[str]) -> Sequence[DeliveryView]:
    """The deliveries there are among `ids`."""
    return await views.fetch(DeliveryView, "select * from delivery_view where id = any($1::text[])", [*ids])


async def couriers_by_id(views: Views, ids: Sequence[str]) -> Sequence[CourierView]:
    """The couriers there are among `ids`."""
    return await views.fetch(CourierView, "select * from courier_view where id = any($1::text[])", [*ids])


async def offers_by_id(views: Views, ids: Sequence[str]) -> Sequence[OfferView]:
    """The offers there are among `ids`."""
    return await views.fetch(OfferView, "select * from offer_view where id = any($1::text[])", [*ids])


async def waiting(views: Views, page: Page) -> Sequence[DeliveryView]:
    """The page of the deliveries for which a courier is looked for, the oldest first."""
    after, delivery_id = (None, None) if page.keyset is None else page.keyset
    since = None if after is None else datetime.fromisoformat(str(after))
    return await views.fetch(DeliveryView, _WAITING, since, delivery_id, page.fetch)


def keyset(view: DeliveryView) -> Keyset:
    """The delivery's place in lists of deliveries."""
    return view.requested_at.isoformat(), view.id


async def served(views: Views, customer_id: str, courier_ids: Sequence[str]) -> frozenset[str]:
    """Those of the couriers who carry, or have carried, something for that customer."""
    found = await views.fetch(CourierId, _SERVED, [*courier_ids], customer_id)
    return frozenset(row.id for row in found)


async def free(views: Views, courier_ids: Collection[str]) -> frozenset[str]:
    """Those of the couriers who are on a shift and not engaged."""
    return frozenset(row.id for row in await views.fetch(CourierId, _FREE, [*courier_ids]))


async def workplaces(views: Views, viewer: Viewer) -> frozenset[str]:
    """The restaurants at which the viewer works."""
    sql = "select * from pickup_staff where subject = $1 and not retired"
    return frozenset(row.restaurant_id for row in await views.fetch(PickupStaffRow, sql, viewer.subject))
