"""Who may see which delivery, courier and offer; asked by every resolver and reference resolver, and nowhere else."""

from collections.abc import Awaitable, Callable, Sequence
from typing import TypeVar

from strawberry.dataloader import DataLoader

from kernel.graph.context import GraphContext
from kernel.graph.stories import Story
from kernel.ids import parse_id, person_id
from kernel.messages import Viewer
from kernel.ownership import may
from kernel.ports import Views
from subgraphs.dispatch import views
from subgraphs.dispatch.domain.actions import CUSTOMER, SEE, SEE_COURIER, SEE_OFFER
from subgraphs.dispatch.schema.standing import courier_now
from subgraphs.dispatch.views import (
    DELIVERY_PROJECTION,
    CourierView,
    DeliveryView,
    OfferView,
    fold_delivery,
)

RowT = TypeVar("RowT", DeliveryView, CourierView, OfferView)


def viewers_courier_id(context: GraphContext) -> str:
    """The id of the viewer as a courier, whether they have ever been one or not."""
    return person_id("courier", context.viewer.subject)


async def visible_delivery(context: GraphContext, delivery_id: str, *, fresh: bool = False) -> DeliveryView | None:
    """The delivery, if there is one that the viewer may see; `fresh` as its own stream has it."""
    if parse_id("delivery", delivery_id) is None:
        return None
    if not fresh and await context.reached(DELIVERY_PROJECTION.view.name, DELIVERY_PROJECTION.topics):
        view = await _by_id(context, "deliveries", views.deliveries_by_id, delivery_id)
    else:
        _, view = await Story(context.streams, delivery_id, fold_delivery).latest()
    return view if view is not None and await _may_see(context, view) else None


async def _may_see(context: GraphContext, view: DeliveryView) -> bool:
    if may(context.viewer, SEE, view.parties(context.viewer)):
        return True  # Its customer, its courier, or a role that sees them all: where they work does not matter.
    return may(context.viewer, SEE, view.parties(context.viewer, await _workplaces(context)))


def _workplaces(context: GraphContext) -> Awaitable[frozenset[str]]:
    async def load(viewers: list[Viewer]) -> list[frozenset[str]]:
        return [await views.workplaces(context.views, viewer) for viewer in viewers]

    return context.keep("workplaces of couriers", lambda: DataLoader(load_fn=load)).load(context.viewer)


async def delivery_at(context: GraphContext, delivery_id: str, version: int) -> DeliveryView | None:
    """The delivery as it was at that version, if the viewer might see it then."""
    view = await Story(context.streams, delivery_id, fold_delivery).at(version)
    return view if view is not None and may(context.viewer, SEE, view.parties(context.viewer)) else None


async def visible_courier(context: GraphContext, courier_id: str) -> CourierView | None:
    """The courier, if there is one that the viewer may know: themselves, or who carries something for them."""
    if parse_id("courier", courier_id) is None:
        return None
    view = await _by_id(context, "couriers", views.couriers_by_id, courier_id)
    if view is None:
        return None
    standing = view.parties(context.viewer)
    if may(context.viewer, SEE_COURIER, standing):
        return view
    if not await _is_served(context, courier_id):
        return None
    customer = frozenset({context.viewer.subject})
    return view if may(context.viewer, SEE_COURIER, {**standing, CUSTOMER: customer}) else None


async def known_courier(context: GraphContext, courier_id: str) -> CourierView | None:
    """The courier of something that the viewer is known to see."""
    return await _by_id(context, "couriers", views.couriers_by_id, courier_id)


async def visible_offer(context: GraphContext, offer_id: str) -> OfferView | None:
    """The offer, if there is one that the viewer may see."""
    if parse_id("offer", offer_id) is None:
        return None
    view = await _by_id(context, "offers", views.offers_by_id, offer_id)
    return view if view is not None and may(context.viewer, SEE_OFFER, view.parties(context.viewer)) else None


async def delivery_of_offer(context: GraphContext, offer_id: str) -> str | None:
    """The delivery that the viewer was offered by that offer. What is open now is known before any view shows it."""
    courier = await courier_now(context, viewers_courier_id(context))
    if courier is not None and courier.offer_id == offer_id:
        return courier.delivery_id
    view = await visible_offer(context, offer_id)
    return None if view is None else view.delivery_id


def _is_served(context: GraphContext, courier_id: str) -> Awaitable[bool]:
    async def load(ids: list[str]) -> list[bool]:
        found = await views.served(context.views, context.viewer.subject, ids)
        return [each in found for each in ids]

    return context.keep("serving couriers", lambda: DataLoader(load_fn=load)).load(courier_id)


def _by_id(
    context: GraphContext, name: str, read: Callable[[Views, Sequence[str]], Awaitable[Sequence[RowT]]], wanted: str
) -> Awaitable[RowT | None]:
    async def load(ids: list[str]) -> list[RowT | None]:
        found = {row.id: row for row in await read(context.views, ids)}
        return [found.get(each) for each in ids]

    return context.keep(name, lambda: DataLoader(load_fn=load)).load(wanted)
