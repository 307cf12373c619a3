"""Couriers, offers, deliveries and what dispatch adds to orders, in the graph."""

from datetime import datetime
from typing import Self

import strawberry

from kernel.graph.context import GraphContext, Info
from kernel.graph.types import Position
from kernel.ids import parse_id, sibling_id, spoken
from kernel.ownership import may
from subgraphs.dispatch.domain.actions import ENDED, SEE_DOOR, SEE_SHIFT, available_actions
from subgraphs.dispatch.schema.access import known_courier, visible_courier, visible_delivery, visible_offer
from subgraphs.dispatch.schema.doors import Dropoff, Pickup, position_of
from subgraphs.dispatch.schema.enums import (
    DeclineReason,
    DeliveryAction,
    DeliveryFailure,
    DeliveryStatus,
    DropoffProof,
    OfferStatus,
    UndeliverableReason,
    Vehicle,
)
from subgraphs.dispatch.schema.standing import Standing, standing_of
from subgraphs.dispatch.views import CourierView, DeliveryView, OfferView


@strawberry.type(description="A time in which a courier takes offers.")
class Shift:
    started_at: datetime
    ended_at: datetime | None = strawberry.field(description="Null while it lasts.")
    vehicle: Vehicle


@strawberry.federation.type(
    keys=["id"],
    description="Somebody who carries food. Customers know those who carry, or have carried, something for them; "
    "a restaurant, through its orders, those who come for them.",
)
class Courier:
    view: strawberry.Private[CourierView]
    id: strawberry.ID
    display_name: str
    vehicle: Vehicle
    online: bool = strawberry.field(
        description="Whether they are on a shift. Offers go only to those whose position is known, too."
    )

    @strawberry.field(description="The shift that lasts, or the last one; null but for the courier and dispatchers.")
    def shift(self, info: Info) -> Shift | None:
        if not self._told(info.context):
            return None
        view = self.view
        return Shift(started_at=view.shift_started_at, ended_at=view.shift_ended_at, vehicle=view.vehicle)

    @strawberry.field(
        description="What they have accepted and not brought to its end; null but for the courier and dispatchers."
    )
    async def delivery(self, info: Info) -> "Delivery | None":
        standing = await self._standing(info.context)
        return None if standing is None or standing.delivery is None else Delivery.of(standing.delivery)

    @strawberry.field(description="What they are asked just now; empty but for the courier and dispatchers.")
    async def offers(self, info: Info) -> "list[Offer]":
        standing = await self._standing(info.context)
        return [] if standing is None or standing.offer is None else [Offer.of(standing.offer)]

    async def _standing(self, context: GraphContext) -> Standing | None:
        return await standing_of(context, self.view.id) if self._told(context) else None

    def _told(self, context: GraphContext) -> bool:
        return may(context.viewer, SEE_SHIFT, self.view.parties(context.viewer))

    @classmethod
    def of(cls, view: CourierView) -> Self:
        return cls(
            view=view,
            id=strawberry.ID(view.id),
            display_name=view.display_name,
            vehicle=view.vehicle,
            online=view.online,
        )

    @classmethod
    async def resolve_reference(cls, info: Info, id: strawberry.ID) -> Self | None:
        view = await visible_courier(info.context, id)
        return None if view is None else cls.of(view)


@strawberry.federation.type(keys=["id"], description="A question to one courier: will you carry this?")
class Offer:
    view: strawberry.Private[OfferView]
    id: strawberry.ID
    status: OfferStatus
    made_at: datetime
    expires_at: datetime = strawberry.field(description="Until then it can be accepted or declined.")
    answered_at: datetime | None = strawberry.field(description="When it ceased to be open.")
    decline_reason: DeclineReason | None
    ride_seconds: float = strawberry.field(description="To the restaurant, along the streets, as it was made.")
    distance_m: int = strawberry.field(description="From the restaurant to the customer, as the crow flies.")
    pickup: Pickup
    dropoff_near: Position = strawberry.field(
        description="About where it goes, within some 500 m: the door is told to who accepts."
    )

    @strawberry.field(description="What it is about; null for a courier who has not accepted, or carries it no more.")
    async def delivery(self, info: Info) -> "Delivery | None":
        return await Delivery.resolve_reference(info, strawberry.ID(self.view.delivery_id))

    @classmethod
    def of(cls, view: OfferView) -> Self:
        return cls(
            view=view,
            id=strawberry.ID(view.id),
            status=view.status,
            made_at=view.made_at,
            expires_at=view.expires_at,
            answered_at=view.answered_at,
            decline_reason=view.decline_reason,
            ride_seconds=view.ride_seconds,
            distance_m=view.distance_m,
            pickup=Pickup.of(view.pickup),
            dropoff_near=position_of(view.dropoff_near),
        )

    @classmethod
    async def resolve_reference(cls, info: Info, id: strawberry.ID) -> Self | None:
        view = await visible_offer(info.context, id)
        return None if view is None else cls.of(view)


@strawberry.federation.type(keys=["id"], description="The bringing of an order, as it is or as it was at `version`.")
class Delivery:
    view: strawberry.Private[DeliveryView]
    id: strawberry.ID
    order: "Order | None"
    order_number: str = strawberry.field(description="What people call the order: what to ask for at the restaurant.")
    version: int = strawberry.field(description="How many events it has had.")
    status: DeliveryStatus
    pickup: Pickup
    distance_m: int = strawberry.field(description="From door to door, as the crow flies.")
    ready_by: datetime = strawberry.field(description="When the food is ready, as the kitchen last said.")
    requested_at: datetime
    changed_at: datetime = strawberry.field(description="When its last event happened.")
    assigned_at: datetime | None
    pickup_expected_at: datetime | None = strawberry.field(description="When its courier comes for it, as guessed.")
    arrived_at: datetime | None = strawberry.field(description="When its courier was at the restaurant.")
    picked_up_at: datetime | None
    at_door_at: datetime | None = strawberry.field(description="When its courier was near the customer's door.")
    completed_at: datetime | None = strawberry.field(description="When the customer had the food.")
    ended_at: datetime | None = strawberry.field(description="When it was completed, or ended otherwise.")
    proof: DropoffProof | None
    undeliverable_reason: UndeliverableReason | None
    failure: DeliveryFailure | None
    code_locked_until: datetime | None = strawberry.field(
        description="After too many wrong codes or PINs: when the next one is taken."
    )

    @strawberry.field(description="Who carries it, or has; null until somebody accepts it.")
    async def courier(self, info: Info) -> Courier | None:
        if self.view.courier_id is None:
            return None
        view = await known_courier(info.context, self.view.courier_id)
        return None if view is None else Courier.of(view)

    @strawberry.field(
        description="Where it goes; for its customer, the courier who carries it for as long as they do, support, "
        "dispatchers and administrators; null for everybody else."
    )
    def dropoff(self, info: Info) -> Dropoff | None:
        viewer, view = info.context.viewer, self.view
        return Dropoff.of(view.dropoff) if may(viewer, SEE_DOOR, view.parties(viewer)) else None

    @strawberry.field(description="What this viewer may do to it now: names of mutations.")
    def available_actions(self, info: Info) -> list[DeliveryAction]:
        viewer, view = info.context.viewer, self.view
        return [*available_actions(viewer, view.parties(viewer), view.status)]

    @strawberry.field(description="Whether nothing more will happen to it.")
    def ended(self) -> bool:
        return self.view.status in ENDED

    @classmethod
    def of(cls, view: DeliveryView) -> Self:
        return cls(
            view=view,
            id=strawberry.ID(view.id),
            order=Order(id=strawberry.ID(view.order_id)),
            order_number=spoken(view.order_id),
            version=view.version,
            status=view.status,
            pickup=Pickup.of(view.pickup),
            distance_m=view.distance_m,
            ready_by=view.ready_by,
            requested_at=view.requested_at,
            changed_at=view.changed_at,
            assigned_at=view.assigned_at,
            pickup_expected_at=view.pickup_expected_at,
            arrived_at=view.arrived_at,
            picked_up_at=view.picked_up_at,
            at_door_at=view.at_door_at,
            completed_at=view.completed_at,
            ended_at=view.ended_at,
            proof=view.proof,
            undeliverable_reason=view.undeliverable_reason,
            failure=view.failure,
            code_locked_until=view.code_locked_until,
        )

    @classmethod
    async def resolve_reference(cls, info: Info, id: strawberry.ID) -> Self | None:
        view = await visible_delivery(info.context, id)
        return None if view is None else cls.of(view)


@strawberry.federation.type(keys=["id"], description="An order, as it is or as it was at `version`.")
class Order:
    id: strawberry.ID

    @classmethod
    def resolve_reference(cls, info: Info, id: strawberry.ID) -> Self | None:
        return cls(id=id) if parse_id("order", id) is not None else None

    @strawberry.field(
        description="Its delivery, from moments after the kitchen accepts it; for its customer, its courier, the "
        "restaurant's staff, support and dispatchers. Null for takeaway, and for others."
    )
    async def delivery(self, info: Info) -> Delivery | None:
        delivery_id = sibling_id("delivery", "order", self.id)
        return None if delivery_id is None else await Delivery.resolve_reference(info, strawberry.ID(delivery_id))
