"""Where a courier is and when food will come, in the graph: each of it only for who may see it."""

from datetime import datetime
from typing import Self

import strawberry

from kernel.graph.context import Info
from kernel.graph.describing import describe_values
from kernel.ids import parse_id, sibling_id
from kernel.places import TravelTimes
from subgraphs.tracking.eta import Estimate, Phase
from subgraphs.tracking.schema.access import courier_point, sight, visible_trip
from subgraphs.tracking.views.estimating import estimate
from subgraphs.tracking.views.sight import Seen, Sight, seen

strawberry.enum(
    Phase,
    name="DeliveryPhase",
    description="Where a delivery stands, as its customer sees it. ENDED also while food that could not be handed over "
    "goes back. Clients must expect values that are not listed yet.",
)
describe_values(
    Phase,
    {
        Phase.LOOKING_FOR_COURIER: "Nobody has accepted it yet, or nobody is looked for yet.",
        Phase.TO_RESTAURANT: "A courier is on the way to the restaurant.",
        Phase.AT_RESTAURANT: "The courier is at the restaurant.",
        Phase.TO_CUSTOMER: "The courier has the food.",
        Phase.AT_DOOR: "The courier is near the customer's door.",
        Phase.ENDED: "Nobody is coming any more.",
    },
)


@strawberry.type(description="Where a courier was last heard of.")
class CourierPosition:
    latitude: float = strawberry.field(description="Degrees north (WGS 84).")
    longitude: float = strawberry.field(description="Degrees east (WGS 84).")
    accuracy_m: float = strawberry.field(description="The courier is within so many metres of it, most of the time.")
    recorded_at: datetime = strawberry.field(description="When the courier was there, as the courier's device says.")
    coarse: bool = strawberry.field(
        description="Whether it is the middle of a cell of about 500 m: until the food is fetched, its customer is not "
        "told more."
    )

    @classmethod
    def of(cls, shown: Seen | None) -> Self | None:
        if shown is None:
            return None
        return cls(
            latitude=shown.position.latitude,
            longitude=shown.position.longitude,
            accuracy_m=shown.accuracy_m,
            recorded_at=shown.recorded_at,
            coarse=shown.coarse,
        )


@strawberry.type(description="When food will come, in whole minutes: nine of ten between `earliest` and `latest`.")
class Eta:
    pickup_at: datetime = strawberry.field(description="When the courier has the food, or got it.")
    delivery_at: datetime = strawberry.field(description="When it is handed over.")
    earliest: datetime
    latest: datetime
    calculated_at: datetime

    @classmethod
    def of(cls, estimate: Estimate | None, now: datetime) -> Self | None:
        if estimate is None:
            return None
        return cls(
            pickup_at=estimate.pickup_at,
            delivery_at=estimate.delivery_at,
            earliest=estimate.earliest,
            latest=estimate.latest,
            calculated_at=now,
        )


@strawberry.federation.type(keys=["id"], description="An order; tracking adds when it will come.")
class Order:
    id: strawberry.ID

    @classmethod
    def resolve_reference(cls, info: Info, id: strawberry.ID) -> Self | None:
        return cls(id=id) if parse_id("order", id) is not None else None

    @strawberry.field(
        description="When it will come, calculated anew each time from what kitchen and courier tell. Null for "
        "takeaway, once the delivery has ended, and for viewers who may not follow it."
    )
    async def eta(self, info: Info) -> Eta | None:
        context = info.context
        trip = await visible_trip(context, self.id)
        if trip is None:
            return None
        now = context.clock.now()
        point = await courier_point(context, trip)
        return Eta.of(await estimate(context.port(TravelTimes), trip, point, now), now)


@strawberry.federation.type(keys=["id"], description="A delivery; tracking adds where its courier is.")
class Delivery:
    id: strawberry.ID

    @classmethod
    def resolve_reference(cls, info: Info, id: strawberry.ID) -> Self | None:
        return cls(id=id) if parse_id("delivery", id) is not None else None

    @strawberry.field(
        description="Where its courier is; null while none is on the way, and for viewers who may not follow it."
    )
    async def position(self, info: Info) -> CourierPosition | None:
        context = info.context
        trip = await visible_trip(context, sibling_id("order", "delivery", self.id) or "")
        if trip is None:
            return None
        return CourierPosition.of(seen(context.viewer, trip, await courier_point(context, trip)))


@strawberry.type(description="How a delivery gets on.")
class DeliveryLocation:
    order: Order | None
    phase: Phase
    position: CourierPosition | None = strawberry.field(
        description="Where the courier was last; null while none is on the way, or none that has been heard of since."
    )
    signal_lost: bool = strawberry.field(
        description="Whether nothing has been heard for 60 s of a courier who is on the way."
    )
    eta: Eta | None = strawberry.field(description="Null once the delivery has ended.")

    @classmethod
    def of(cls, shown: Sight) -> Self:
        return cls(
            order=Order(id=strawberry.ID(shown.order_id)),
            phase=shown.phase,
            position=CourierPosition.of(shown.seen),
            signal_lost=shown.signal_lost,
            eta=Eta.of(shown.estimate, shown.at),
        )


@strawberry.type
class Query:
    @strawberry.field(
        description="How the delivery of an order gets on: for its customer, its courier, support and dispatchers. "
        "Null for everybody else, and for takeaway."
    )
    async def delivery_location(self, info: Info, order_id: strawberry.ID) -> DeliveryLocation | None:
        context = info.context
        trip = await visible_trip(context, order_id)
        return None if trip is None else DeliveryLocation.of(await sight(context, trip))
