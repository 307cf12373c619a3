"""How a courier stands this very moment: read from the streams themselves, from where the views have got to."""

from kernel.graph.context import GraphContext
from kernel.messages import Value
from subgraphs.dispatch import views
from subgraphs.dispatch.domain.actions import CARRYING, OfferStatus
from subgraphs.dispatch.views import (
    CourierView,
    DeliveryView,
    OfferView,
    fold_courier,
    fold_delivery,
    offer_after,
)

PAGE = 100


class Standing(Value):
    """A courier with what they are asked, and what they carry: at most one of the two, as they have one engagement."""

    courier: CourierView | None = None
    offer: OfferView | None = None
    """The one that is open."""
    delivery: DeliveryView | None = None
    """The one that is accepted and has not ended."""
    closed_offer: OfferView | None = None
    """What became of the offer that was open when the standing was read before."""
    left_delivery: DeliveryView | None = None
    """What became of the delivery that was carried then."""


async def standing_of(context: GraphContext, courier_id: str, known: Standing | None = None) -> Standing:
    """How the courier stands now; `known` is how they stood before."""
    before = known or Standing()
    courier = await courier_now(context, courier_id, before.courier)
    closed_offer = await _followed_offer(context, before)
    left = before.delivery
    left_delivery = None if left is None else await delivery_now(context, left.id, left)
    engaged = None if courier is None or courier.delivery_id is None else courier
    if engaged is None or engaged.delivery_id is None:
        return Standing(courier=courier, closed_offer=closed_offer, left_delivery=left_delivery)
    same = left_delivery is not None and left_delivery.id == engaged.delivery_id
    now = left_delivery if same else await delivery_now(context, engaged.delivery_id)
    return Standing(
        courier=courier,
        offer=_open_offer(now, engaged),
        delivery=now if now is not None and now.courier_id == courier_id and now.status in CARRYING else None,
        closed_offer=closed_offer,
        left_delivery=left_delivery,
    )


async def courier_now(context: GraphContext, courier_id: str, known: CourierView | None = None) -> CourierView | None:
    """The courier as their own stream has it; None for somebody who was never on a shift."""
    view = known
    if view is None:
        found = await views.couriers_by_id(context.views, [courier_id])
        view = found[0] if found else None
    version = 0 if view is None else view.version
    while page := await context.streams.read(courier_id, version, PAGE):
        for recorded in page:
            view, version = fold_courier(view, recorded), recorded.version or version
        if len(page) < PAGE:
            break
    return view


async def delivery_now(
    context: GraphContext, delivery_id: str, known: DeliveryView | None = None
) -> DeliveryView | None:
    """The delivery as its own stream has it, whoever asks."""
    view = known
    if view is None:
        found = await views.deliveries_by_id(context.views, [delivery_id])
        view = found[0] if found else None
    version = 0 if view is None else view.version
    while page := await context.streams.read(delivery_id, version, PAGE):
        for recorded in page:
            view, version = fold_delivery(view, recorded), recorded.version or version
        if len(page) < PAGE:
            break
    return view


def _open_offer(delivery: DeliveryView | None, engaged: CourierView) -> OfferView | None:
    offer = None if delivery is None else delivery.offer
    if offer is None or offer.id != engaged.offer_id or offer.status is not OfferStatus.OPEN:
        return None
    return offer


async def _followed_offer(context: GraphContext, before: Standing) -> OfferView | None:
    """What became of the offer that was open, told by the delivery's events since it was made."""
    offer, version = before.offer, 0
    while offer is not None and offer.status is OfferStatus.OPEN:
        page = await context.streams.read(offer.delivery_id, version, PAGE)
        for recorded in page:
            offer, version = offer_after(offer, recorded.message), recorded.version or version
        if len(page) < PAGE:
            break
    return offer
