"""An order as it is shown: the one fold of its events, its table, the kitchens' feed, and what is asked of them."""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated

import msgspec

from kernel.ids import spoken
from kernel.log import Recorded
from kernel.messages import Personal, Row, Viewer
from kernel.ownership import Parties
from kernel.projecting import Feed, Key, Projection, View
from subgraphs.orders.domain.actions import parties
from subgraphs.orders.domain.order import ENDED, status_after
from subgraphs.orders.events import (
    CancellationReason,
    CancellationRefused,
    CancellationRequested,
    CancelledBy,
    CollectionCodeMistaken,
    CourierAssigned,
    CourierUnassigned,
    DeliveryAddress,
    FailureReason,
    Fulfilment,
    Handover,
    LaterOrderEvent,
    OrderAccepted,
    OrderArriving,
    OrderCancelled,
    OrderCompleted,
    OrderConfirmed,
    OrderDelayed,
    OrderDelivered,
    OrderEvent,
    OrderExpired,
    OrderFailed,
    OrderNews,
    OrderPickedUp,
    OrderPlaced,
    OrderReady,
    OrderRejected,
    OrderReturned,
    OrderReturning,
    OrderStatus,
    PreparationStarted,
    Price,
    RejectionReason,
)

OPEN_IN_KITCHEN = frozenset(
    {
        OrderStatus.CONFIRMED,
        OrderStatus.ACCEPTED,
        OrderStatus.PREPARING,
        OrderStatus.READY_FOR_PICKUP,
        OrderStatus.CANCEL_PENDING,
    }
)
"""What a kitchen has to do something about, or will know in a moment whether it has."""
HAS_PICKUP_CODE = OPEN_IN_KITCHEN - {OrderStatus.CONFIRMED}
"""The kitchen has taken it on, and the food is still there."""
HAS_DROPOFF_PIN = HAS_PICKUP_CODE | {OrderStatus.PICKED_UP, OrderStatus.ARRIVING}
"""A courier may come to the customer's door with it."""
_MOMENTS: Mapping[type[OrderEvent], str] = {
    PreparationStarted: "preparing_at",
    CancellationRequested: "cancellation_requested_at",
    OrderPickedUp: "picked_up_at",
    OrderDelivered: "delivered_at",
    OrderReturned: "returned_at",
}
"""The fields that say when an event happened, of events that say nothing else."""


class OrderView(Row):
    """An order as it is shown, at one version."""

    id: str
    number: str
    """For people: short, not unique over all time."""
    version: int
    status: OrderStatus
    fulfilment: Fulfilment
    customer_id: Annotated[str, Personal(subject="customer_id")]
    restaurant_id: str
    delivery_address: Annotated[DeliveryAddress | None, Personal(subject="customer_id")] = None
    price: Price
    placed_at: datetime
    changed_at: datetime
    confirmed_at: datetime | None = None
    accept_by: datetime | None = None
    accepted_at: datetime | None = None
    prep_minutes: int | None = None
    ready_by: datetime | None = None
    preparing_at: datetime | None = None
    ready_at: datetime | None = None
    collect_by: datetime | None = None
    picked_up_at: datetime | None = None
    delivered_at: datetime | None = None
    returned_at: datetime | None = None
    ended_at: datetime | None = None
    failure_reason: FailureReason | None = None
    failure_detail: str | None = None
    rejection_reason: RejectionReason | None = None
    unavailable_items: tuple[str, ...] = ()
    expired_while: OrderStatus | None = None
    cancellation_requested_at: datetime | None = None
    cancelled_by: CancelledBy | None = None
    cancellation_reason: CancellationReason | None = None
    handover: Handover | None = None
    wrong_codes: int = 0
    """How many wrong codes were entered in a row; 0 again once the code was locked."""
    code_locked_until: datetime | None = None

    @property
    def in_kitchen(self) -> bool:
        """Whether its kitchen has ever been asked."""
        return self.confirmed_at is not None

    def parties(self, viewer: Viewer, workplaces: frozenset[str]) -> Parties:
        """Who stands in which relation to it, as far as `viewer` is concerned."""
        return parties(
            viewer, self.customer_id, works_there=self.restaurant_id in workplaces, in_kitchen=self.in_kitchen
        )


def shown(view: OrderView | None, event: OrderEvent, version: int) -> OrderView:
    """The order after `event`, its `version`th."""
    if isinstance(event, OrderPlaced):
        return _begun(event, version)
    assert view is not None, "the story of an order begins with its placing"
    status = status_after(event, view.status)
    return msgspec.structs.replace(
        view,
        version=version,
        status=status,
        changed_at=event.at,
        ended_at=event.at if status in ENDED else None,
        **_told(event),
    )


def _begun(event: OrderPlaced, version: int) -> OrderView:
    return OrderView(
        id=event.order_id,
        number=spoken(event.order_id),
        version=version,
        status=OrderStatus.PLACED,
        fulfilment=event.fulfilment,
        customer_id=event.customer_id,
        restaurant_id=event.restaurant_id,
        delivery_address=None if event.carriage is None else event.carriage.dropoff,
        price=event.price,
        placed_at=event.at,
        changed_at=event.at,
    )


def _told(event: LaterOrderEvent) -> Mapping[str, object]:  # noqa: C901, PLR0912 - one case per event
    """The fields that this event alone sets."""
    match event:
        case OrderConfirmed(at=at, accept_by=accept_by):
            return {"confirmed_at": at, "accept_by": accept_by}
        case OrderFailed(reason=reason, detail=detail):
            return {"failure_reason": reason, "failure_detail": detail}
        case OrderAccepted(at=at, prep_minutes=prep_minutes, ready_by=ready_by):
            return {"accepted_at": at, "prep_minutes": prep_minutes, "ready_by": ready_by}
        case OrderRejected(reason=reason, unavailable_items=items):
            return {"rejection_reason": reason, "unavailable_items": items}
        case OrderExpired(while_status=while_status):
            return {"expired_while": while_status}
        case OrderDelayed(ready_by=ready_by):
            return {"ready_by": ready_by}
        case OrderReady(at=at, collect_by=collect_by):
            return {"ready_at": at, "collect_by": collect_by}
        case CollectionCodeMistaken(attempts=attempts, locked_until=locked_until):
            return {"wrong_codes": attempts if locked_until is None else 0, "code_locked_until": locked_until}
        case OrderCompleted(handover=handover):
            return {"handover": handover}
        case OrderCancelled(by=by, reason=reason):
            return {"cancelled_by": by, "cancellation_reason": reason}
        case PreparationStarted() | CancellationRequested() | OrderPickedUp() | OrderDelivered() | OrderReturned():
            return {_MOMENTS[type(event)]: event.at}
        case CancellationRefused():
            return {"cancellation_requested_at": None}
        case CourierAssigned() | CourierUnassigned() | OrderArriving() | OrderReturning():
            return {}  # The status says it, and dispatch knows the courier.


def fold_order(view: OrderView | None, record: Recorded) -> OrderView | None:
    """The order after the record."""
    event = record.message
    if not isinstance(event, OrderEvent):
        return view
    return shown(view, event, record.version or 0)


def _project(view: OrderView | None, record: Recorded, _: Key) -> OrderView | None:
    return fold_order(view, record)


def _order_of(record: Recorded) -> list[Key]:
    return [(record.stream,)] if isinstance(record.message, OrderNews) else []


def kitchen_of(record: Recorded) -> str | None:
    """The kitchen that is to hear of the record; none does before the payment is authorised."""
    event = record.message
    if isinstance(event, OrderPlaced) or not isinstance(event, OrderNews):
        return None
    if isinstance(event, OrderFailed) and event.reason is FailureReason.PAYMENT_DECLINED:
        return None
    if isinstance(event, OrderExpired | OrderCancelled) and event.while_status is OrderStatus.PLACED:
        return None
    return event.restaurant_id


ORDER_VIEW = View(
    name="order_view",
    row=OrderView,
    key=("id",),
    indexes=("(customer_id, placed_at desc, id desc)", "(restaurant_id, placed_at desc, id desc)"),
)
ORDER_PROJECTION = Projection(
    domain="orders", view=ORDER_VIEW, topics=("orders.events",), keys=_order_of, fold=_project, sharing="stream"
)
KITCHEN_FEED = Feed(domain="orders", name="kitchen", topics=("orders.events",), owner=kitchen_of)

PROJECTIONS = (ORDER_PROJECTION,)
FEEDS = (KITCHEN_FEED,)
