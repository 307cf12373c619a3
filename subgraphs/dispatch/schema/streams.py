"""Watching offers: what the courier is asked and carries now, then every change of it, the latest winning."""

from collections.abc import AsyncGenerator, Sequence
from typing import Annotated

import strawberry

from kernel.graph.context import GraphContext, Info
from kernel.graph.subscribing import Latest, follow_latest
from kernel.ownership import may
from subgraphs.dispatch.domain.actions import BE_COURIER, SEE
from subgraphs.dispatch.schema.access import viewers_courier_id
from subgraphs.dispatch.schema.entities import Delivery, Offer
from subgraphs.dispatch.schema.standing import Standing, standing_of
from subgraphs.dispatch.views import DeliveryView


@strawberry.type(description="What a courier is asked and carries when they begin to watch.")
class OpenOffers:
    offers: list[Offer] = strawberry.field(description="As `courier { offers }` has them.")
    delivery: Delivery | None = strawberry.field(description="As `courier { delivery }` has it.")


@strawberry.type(description="The courier is asked whether they will carry something.")
class OfferOpened:
    offer: Offer


@strawberry.type(description="An offer can no longer be answered.")
class OfferClosed:
    offer: Offer = strawberry.field(description="Its status says what became of it.")


@strawberry.type(description="What the courier carries has changed, or is theirs no more.")
class CourierDeliveryChanged:
    delivery_id: strawberry.ID
    delivery: Delivery | None = strawberry.field(description="Null when it was taken from the courier.")


CourierOffersItem = Annotated[
    OpenOffers | OfferOpened | OfferClosed | CourierDeliveryChanged,
    strawberry.union("CourierOffersItem", description="What a courier is told."),
]
Item = OpenOffers | OfferOpened | OfferClosed | CourierDeliveryChanged


class CourierWatch:
    """One courier watching what they are asked."""

    def __init__(self, context: GraphContext) -> None:
        self._context, self._courier_id = context, viewers_courier_id(context)
        self._known: Standing | None = None

    def source(self) -> Latest[Standing, Item]:
        return Latest(keys=(self._courier_id,), permitted=self._permitted, read=self._read, items=self._items)

    async def _permitted(self) -> bool:
        return may(self._context.viewer, BE_COURIER, {})

    async def _read(self) -> Standing:
        self._context.kept.clear()  # What was loaded for the item before may have changed since.
        self._known = await standing_of(self._context, self._courier_id, self._known)
        return self._known

    def _items(self, known: Standing | None, now: Standing) -> Sequence[Item]:
        if known is None:
            offers = [] if now.offer is None else [Offer.of(now.offer)]
            return [OpenOffers(offers=offers, delivery=None if now.delivery is None else Delivery.of(now.delivery))]
        return [*self._closed(known, now), *self._changed(known, now), *self._opened(known, now)]

    def _closed(self, known: Standing, now: Standing) -> Sequence[Item]:
        if known.offer is None or (now.offer is not None and now.offer.id == known.offer.id):
            return []
        return [] if now.closed_offer is None else [OfferClosed(offer=Offer.of(now.closed_offer))]

    def _opened(self, known: Standing, now: Standing) -> Sequence[Item]:
        if now.offer is None or (known.offer is not None and known.offer.id == now.offer.id):
            return []
        return [OfferOpened(offer=Offer.of(now.offer))]

    def _changed(self, known: Standing, now: Standing) -> Sequence[Item]:
        changed: list[Item] = []
        left = now.left_delivery
        if known.delivery is not None and left is not None and left.version != known.delivery.version:
            changed.append(self._told(left))
        if now.delivery is not None and (known.delivery is None or known.delivery.id != now.delivery.id):
            changed.append(self._told(now.delivery))
        return changed

    def _told(self, view: DeliveryView) -> CourierDeliveryChanged:
        viewer = self._context.viewer
        mine = may(viewer, SEE, view.parties(viewer))
        return CourierDeliveryChanged(delivery_id=strawberry.ID(view.id), delivery=Delivery.of(view) if mine else None)


@strawberry.type
class Subscription:
    @strawberry.subscription(
        description="First what the courier is asked and carries, then each offer that opens or closes, and what they "
        "carry whenever it changes; changes close together may be told as one. After a reconnect it begins anew with "
        "how things are then, so nothing has to be replayed. Never completes by itself. For couriers."
    )
    async def courier_offers(self, info: Info) -> AsyncGenerator[CourierOffersItem, None]:
        async for item in follow_latest(info.context, CourierWatch(info.context).source()):
            yield item
