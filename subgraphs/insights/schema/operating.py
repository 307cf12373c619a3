"""How the platform does, for those who run it."""

from datetime import datetime, timedelta
from typing import Annotated, Self

import strawberry

from kernel.graph.context import Info
from subgraphs.insights.analytics import Analytics, OfPlatform, Operations, Spread, Unassigned
from subgraphs.insights.domain import quarters
from subgraphs.insights.schema.access import may_see_operations
from subgraphs.insights.schema.periods import Figures, checked, complete_until

Begin = Annotated[
    datetime,
    strawberry.argument(
        name="from", description="Widened to a whole quarter of an hour. Figures are kept for three years."
    ),
]
End = Annotated[datetime, strawberry.argument(name="to", description="Widened to a whole quarter of an hour.")]


@strawberry.type(description="How long something took. Percentiles are right to 1 %, and to the second.")
class DurationSpread:
    times: int = strawberry.field(description="How often.")
    median: timedelta | None = strawberry.field(description="Half of them took no longer; null when there were none.")
    p90: timedelta | None = strawberry.field(description="Nine of ten took no longer; null when there were none.")

    @classmethod
    def of(cls, found: Spread) -> Self:
        return cls(times=found.times, median=_whole(found.median_s), p90=_whole(found.p90_s))


@strawberry.type(description="How much of the time for which couriers were online they were engaged.")
class CourierUtilisation:
    online: timedelta = strawberry.field(
        description="All couriers together; a shift that nobody ends counts for 24 hours at most."
    )
    engaged: timedelta = strawberry.field(
        description="All couriers together, from accepting a delivery until its end; also of those who went offline "
        "with food in hand."
    )
    share: float | None = strawberry.field(description="0 to 1; null when nobody was online.")

    @classmethod
    def of(cls, found: Operations) -> Self:
        share = min(found.engaged_s / found.online_s, 1.0) if found.online_s else None
        return cls(
            online=timedelta(seconds=round(found.online_s)),
            engaged=timedelta(seconds=round(found.engaged_s)),
            share=share,
        )


@strawberry.type(description="What couriers said to the offers they were made; offers taken back are not counted.")
class OfferAcceptance:
    accepted: int
    declined: int
    lapsed: int = strawberry.field(description="Nobody answered in time.")
    share: float | None = strawberry.field(description="Accepted of all three, 0 to 1; null when there were none.")

    @classmethod
    def of(cls, found: Operations) -> Self:
        answered = found.accepted + found.declined + found.lapsed
        share = found.accepted / answered if answered else None
        return cls(accepted=found.accepted, declined=found.declined, lapsed=found.lapsed, share=share)


@strawberry.type(description="The deliveries for which a courier is looked for at this moment.")
class UnassignedDeliveries:
    deliveries: int
    since: datetime | None = strawberry.field(
        description="When the first of them was first looked for; null when there are none."
    )

    @classmethod
    def of(cls, found: Unassigned) -> Self:
        return cls(deliveries=found.deliveries, since=found.since)


@strawberry.type(description="How the platform did: each thing counts when it ended, offers when they were made.")
class OperationsInsights(Figures):
    asked: strawberry.Private[OfPlatform]
    click_to_door: DurationSpread = strawberry.field(description="From placing an order to handing it over.")
    ready_to_pickup: DurationSpread = strawberry.field(description="For how long food that was ready waited.")
    utilisation: CourierUtilisation
    offers: OfferAcceptance

    @strawberry.field(name="from", description="The beginning of the period, on a whole quarter of an hour.")
    def begin(self) -> datetime:
        return self.asked.begin

    @strawberry.field(name="to", description="The end of the period, on a whole quarter of an hour.")
    def end(self) -> datetime:
        return self.asked.end

    @strawberry.field(description="Now, whatever the period. Null only in an outage.")
    async def unassigned(self, info: Info) -> UnassignedDeliveries | None:
        return UnassignedDeliveries.of(await info.context.port(Analytics).unassigned(self.asked.now))


@strawberry.type
class Query:
    @strawberry.field(
        description="How the platform did in a period of at most 31 days; null for everybody but dispatchers, support "
        "and admins."
    )
    async def operations(self, info: Info, from_: Begin, to: End) -> OperationsInsights | None:
        begin, end = checked(lambda: quarters(from_, to))
        context = info.context
        if not may_see_operations(context):
            return None
        until = await complete_until(info)
        asked = OfPlatform(begin=begin, end=end, now=context.clock.now())
        found = await context.port(Analytics).operations(asked)
        return OperationsInsights(
            asked=asked,
            until=until,
            click_to_door=DurationSpread.of(found.click_to_door),
            ready_to_pickup=DurationSpread.of(found.ready_to_pickup),
            utilisation=CourierUtilisation.of(found),
            offers=OfferAcceptance.of(found),
        )


def _whole(seconds: float | None) -> timedelta | None:
    return None if seconds is None else timedelta(seconds=round(seconds))
