"""Trips and positions as resolvers get them: each asked for once per request, and only for who may see them."""

from collections.abc import Sequence

from strawberry.dataloader import DataLoader

from kernel.graph.context import GraphContext
from kernel.ids import parse_id
from kernel.places import TravelTimes
from subgraphs.tracking import views
from subgraphs.tracking.views.couriers import CourierPositionRow
from subgraphs.tracking.views.estimating import estimate
from subgraphs.tracking.views.sight import Sight, may_see, seen, signal_lost
from subgraphs.tracking.views.trips import TOPICS, TRIP_VIEW, TripRow


async def visible_trip(context: GraphContext, order_id: str, *, fresh: bool = False) -> TripRow | None:
    """The trip of that order, if there is one that the viewer may see; `fresh` asks anew, for streams."""
    if parse_id("order", order_id) is None:
        return None
    await context.reached(TRIP_VIEW.name, TOPICS)
    if fresh:
        trip = (await views.trips(context.views, [order_id])).get(order_id)
    else:
        trip = await _trip(context, order_id)
    return trip if trip is not None and may_see(context.viewer, trip) else None


async def sight(context: GraphContext, trip: TripRow, *, fresh: bool = False) -> Sight:
    """The trip as the viewer sees it now."""
    now = context.clock.now()
    point = await courier_point(context, trip, fresh=fresh)
    return Sight(
        at=now,
        order_id=trip.order_id,
        phase=trip.phase,
        seen=seen(context.viewer, trip, point),
        signal_lost=signal_lost(trip, point, now),
        estimate=await estimate(context.port(TravelTimes), trip, point, now),
    )


async def courier_point(context: GraphContext, trip: TripRow, *, fresh: bool = False) -> CourierPositionRow | None:
    """The latest point of whoever is on the way; not for any viewer's eyes yet."""
    if trip.courier_id is None or not trip.under_way:
        return None
    if fresh:
        return (await views.courier_positions(context.views, [trip.courier_id])).get(trip.courier_id)
    return await _point(context, trip.courier_id)


async def _trip(context: GraphContext, order_id: str) -> TripRow | None:
    async def load(order_ids: list[str]) -> Sequence[TripRow | None]:
        found = await views.trips(context.views, order_ids)
        return [found.get(each) for each in order_ids]

    return await context.keep("trips", lambda: DataLoader(load_fn=load)).load(order_id)


async def _point(context: GraphContext, courier_id: str) -> CourierPositionRow | None:
    async def load(courier_ids: list[str]) -> Sequence[CourierPositionRow | None]:
        found = await views.courier_positions(context.views, courier_ids)
        return [found.get(each) for each in courier_ids]

    return await context.keep("points", lambda: DataLoader(load_fn=load)).load(courier_id)
