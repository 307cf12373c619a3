"""Watching a delivery: how it gets on now, then every later state, the latest winning."""

import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import suppress

import strawberry

from kernel.graph.context import GraphContext, Info
from kernel.graph.subscribing import Latest, follow_latest
from kernel.ids import parse_id, sibling_id
from subgraphs.tracking.eta import Phase
from subgraphs.tracking.schema.access import sight, visible_trip
from subgraphs.tracking.schema.locating import DeliveryLocation
from subgraphs.tracking.views import trips
from subgraphs.tracking.views.sight import Sight
from subgraphs.tracking.views.trips import TripRow

INTERVAL_S = 1.0
"""In real time: however fast the courier reports and the platform's clock runs, at most one item a second."""
POLL_S = 2.0
"""Covers what nobody announces: silence, and an estimate that time alone moves."""
PATIENCE_S = 3.0
"""For an order so new that no view shows it: whoever has just ordered watches at once."""
AGAIN_S = 0.5
"""Until the view is asked again, should the signal get lost."""


class Watched:
    """One trip as a watcher last saw it."""

    def __init__(self, context: GraphContext, order_id: str) -> None:
        self._context, self._order_id = context, order_id
        self._trip: TripRow | None = None

    async def permitted(self) -> bool:
        """Whether the viewer may follow it, asked before each reading."""
        self._trip = await visible_trip(self._context, self._order_id, fresh=True)
        return self._trip is not None

    async def read(self) -> Sight:
        assert self._trip is not None  # `permitted` comes first
        return await sight(self._context, self._trip, fresh=True)

    def items(self, known: Sight | None, now: Sight) -> Sequence[DeliveryLocation]:
        return [] if known is not None and now.shows_the_same(known) else [DeliveryLocation.of(now)]


@strawberry.type
class Subscription:
    @strawberry.subscription(
        description="How the delivery of an order gets on, then the same again whenever it has changed: a position, a "
        "phase, an estimate, a signal lost or back; at most one item a second, the latest. Completes when the delivery "
        "has ended. After a reconnect it begins anew with how it is then, so nothing has to be replayed."
    )
    async def delivery_location(self, info: Info, order_id: strawberry.ID) -> AsyncGenerator[DeliveryLocation, None]:
        watched = Watched(info.context, order_id)
        key = sibling_id("trip", "order", order_id) or order_id
        await _awaited(info.context, order_id, key)
        source = Latest(
            keys=(key,),
            permitted=watched.permitted,
            read=watched.read,
            items=watched.items,
            ended=lambda state: state.phase is Phase.ENDED,
        )
        async for item in follow_latest(info.context, source, interval_s=INTERVAL_S, poll_s=POLL_S):
            yield item


async def _awaited(context: GraphContext, order_id: str, key: str) -> None:
    """Returns as soon as there is a trip, whoever may see it, or when it is time to believe that there is none."""
    with suppress(TimeoutError):
        async with asyncio.timeout(PATIENCE_S), context.signals.watch((key,)) as wakeup:
            while parse_id("order", order_id) is not None and not await trips(context.views, [order_id]):
                await wakeup.wait(AGAIN_S)
