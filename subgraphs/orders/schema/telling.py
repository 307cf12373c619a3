"""News of an order as watchers are told them: what happened, how the order was then, and what changed."""

from datetime import datetime

import msgspec
import strawberry

from kernel.log import Recorded
from kernel.messages import Value
from subgraphs.orders.events import OrderEvent as News
from subgraphs.orders.schema.enums import EVENT_TYPES, OrderEventType
from subgraphs.orders.schema.orders import Order
from subgraphs.orders.views import OrderView, shown

_NOT_SHOWN = frozenset({"id", "customer_id", "delivery_address", "wrong_codes"})
_SHOWN_AS = {
    "number": ("orderNumber",),
    "restaurant_id": ("restaurant",),
    "price": ("lines", "price"),
    "unavailable_items": ("rejectedLines",),
}


class Telling(Value):
    """An order at one version, and the event that led to it."""

    view: OrderView
    news: News
    changed: tuple[str, ...]


def tell(telling: Telling | None, record: Recorded) -> Telling | None:
    """The telling after the record."""
    news = record.message
    if not isinstance(news, News):
        return telling
    before = None if telling is None else telling.view
    view = shown(before, news, record.version or 0)
    return Telling(view=view, news=news, changed=_changed(before, view))


def _changed(before: OrderView | None, after: OrderView) -> tuple[str, ...]:
    """The fields of `Order` that differ; at the beginning those that are set at all."""
    names: list[str] = []
    for field in msgspec.structs.fields(OrderView):
        value: object = getattr(after, field.name)
        known: object = getattr(before, field.name) if before is not None else field.default
        if field.name not in _NOT_SHOWN and value != known:
            names.extend(_SHOWN_AS.get(field.name, (_camel(field.name),)))
    return tuple(names)


def _camel(name: str) -> str:
    head, *rest = name.split("_")
    return head + "".join(word.capitalize() for word in rest)


@strawberry.type(description="An order as it is when somebody begins to watch.")
class OrderSnapshot:
    sequence: int = strawberry.field(description="The order's version; the next event has the number after it.")
    cursor: str = strawberry.field(description="Resume after it with `after`.")
    order: Order


@strawberry.type(description="Something that happened to an order.")
class OrderEvent:
    sequence: int = strawberry.field(description="The order's version since: 1, 2, 3 … without holes.")
    cursor: str = strawberry.field(description="Resume after it with `after`.")
    occurred_at: datetime
    type: OrderEventType
    order: Order = strawberry.field(description="The order as it was then.")
    changed: list[str] = strawberry.field(
        description="The order's fields that it changed; those that depend on the viewer are not named."
    )

    @classmethod
    def of(cls, telling: Telling, cursor: str) -> "OrderEvent":
        return cls(
            sequence=telling.view.version,
            cursor=cursor,
            occurred_at=telling.news.at,
            type=EVENT_TYPES[type(telling.news)],
            order=Order.of(telling.view),
            changed=[*telling.changed],
        )


@strawberry.type(description="What a kitchen has to do when somebody begins to watch.")
class OpenOrders:
    cursor: str = strawberry.field(description="Resume after it with `after`.")
    orders: list[Order] = strawberry.field(
        description="What is confirmed, accepted, cooking, waiting or about to be called off; oldest first."
    )
