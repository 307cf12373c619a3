"""News of deliveries and couriers, one by one, from their own streams."""

from datetime import datetime
from typing import TypeVar

import strawberry

from kernel.graph.connections import Connection, Page
from kernel.graph.context import GraphContext, Info
from kernel.log import Recorded
from kernel.ownership import may
from subgraphs.dispatch.domain.actions import SEE_ALL_NEWS
from subgraphs.dispatch.events import CourierEvent as CourierNews
from subgraphs.dispatch.events import DeliveryEvent as DeliveryNews
from subgraphs.dispatch.schema.access import known_courier
from subgraphs.dispatch.schema.entities import Courier
from subgraphs.dispatch.schema.enums import (
    COURIER_EVENT_TYPES,
    DELIVERY_EVENT_TYPES,
    CourierEventType,
    DeliveryEventType,
)
from subgraphs.dispatch.views import DeliveryView

NewsT = TypeVar("NewsT")


@strawberry.type(description="Something that happened to a delivery.")
class DeliveryEvent:
    sequence: int = strawberry.field(description="The delivery's version since: 1, 2, 3 … without holes.")
    occurred_at: datetime
    type: DeliveryEventType
    offer_id: strawberry.ID | None = strawberry.field(description="The offer it is about; null when that is not told.")
    reason: str | None = strawberry.field(description="Why, where somebody gave a reason.")
    courier_id: strawberry.Private[str | None] = None

    @strawberry.field(
        description="Whom it is about; but for dispatchers and support only whoever carries it in the end."
    )
    async def courier(self, info: Info) -> Courier | None:
        if self.courier_id is None:
            return None
        view = await known_courier(info.context, self.courier_id)
        return None if view is None else Courier.of(view)


@strawberry.type(description="Something that happened to a courier.")
class CourierEvent:
    sequence: int = strawberry.field(description="The courier's version since: 1, 2, 3 … without holes.")
    occurred_at: datetime
    type: CourierEventType
    delivery_id: strawberry.ID | None = strawberry.field(description="What the courier was wanted for.")
    offer_id: strawberry.ID | None = strawberry.field(description="The engagement that began, failed or ended.")


async def delivery_events(context: GraphContext, view: DeliveryView, page: Page) -> Connection[DeliveryEvent]:
    """The page of a delivery's events, as far as the viewer may know whom they are about."""
    sees_all = may(context.viewer, SEE_ALL_NEWS, {})
    told = [
        _delivery_event(recorded, recorded.message, view.courier_id, sees_all=sees_all)
        for recorded in await _recorded(context, view.id, page)
        if isinstance(recorded.message, DeliveryNews)
    ]
    return page.connection(told, node=lambda event: event, keyset=lambda event: (event.sequence,))


async def courier_events(context: GraphContext, courier_id: str, page: Page) -> Connection[CourierEvent]:
    """The page of a courier's events."""
    told = [
        CourierEvent(
            sequence=recorded.version or 0,
            occurred_at=recorded.message.at,
            type=COURIER_EVENT_TYPES[type(recorded.message)],
            delivery_id=_id(recorded.message, "delivery_id"),
            offer_id=_id(recorded.message, "offer_id"),
        )
        for recorded in await _recorded(context, courier_id, page)
        if isinstance(recorded.message, CourierNews)
    ]
    return page.connection(told, node=lambda event: event, keyset=lambda event: (event.sequence,))


async def _recorded(context: GraphContext, stream: str, page: Page) -> list[Recorded]:
    after = page.keyset[0] if page.keyset is not None else 0
    return [*await context.streams.read(stream, after if isinstance(after, int) else 0, page.fetch)]


def _delivery_event(recorded: Recorded, news: DeliveryNews, carried_by: str | None, *, sees_all: bool) -> DeliveryEvent:
    courier_id: str | None = getattr(news, "courier_id", None)
    told = sees_all or (courier_id is not None and courier_id == carried_by)
    return DeliveryEvent(
        sequence=recorded.version or 0,
        occurred_at=news.at,
        type=DELIVERY_EVENT_TYPES[type(news)],
        offer_id=_id(news, "offer_id") if told else None,
        reason=_reason(news) if told or courier_id is None else None,
        courier_id=courier_id if told else None,
    )


def _id(news: DeliveryNews | CourierNews, name: str) -> strawberry.ID | None:
    value: str | None = getattr(news, name, None)
    return None if value is None else strawberry.ID(value)


def _reason(news: DeliveryNews) -> str | None:
    """In the words of whoever asked for it, if they gave any."""
    reason: object = getattr(news, "detail", None) or getattr(news, "reason", None)
    value: object = getattr(reason, "value", None)
    return value if isinstance(value, str) else None
