"""What insights makes of other domains' news: facts, poured into whichever engine answers for analytics."""

from collections.abc import Sequence

from msgspec.structs import replace

from kernel.log import Recorded
from kernel.subgraph import Sink
from subgraphs.dispatch.events import (
    CourierNews,
    CourierSought,
    CourierWentOffline,
    CourierWentOnline,
    DeliveryAbandoned,
    DeliveryAssigned,
    DeliveryCancelled,
    DeliveryCompleted,
    DeliveryFailed,
    DeliveryNews,
    DeliveryReturned,
    DeliveryUnassigned,
    OfferDeclined,
    OfferLapsed,
    OfferMade,
)
from subgraphs.insights.analytics import Analytics
from subgraphs.insights.facts import AnyFact, DeliveryFact, Fault, Line, OfferFact, OrderFact, ShiftFact
from subgraphs.orders.events import (
    CancellationReason,
    CancelledBy,
    FailureReason,
    FeeKind,
    OrderAccepted,
    OrderCancelled,
    OrderCompleted,
    OrderConfirmed,
    OrderDelivered,
    OrderExpired,
    OrderFailed,
    OrderNews,
    OrderPickedUp,
    OrderPlaced,
    OrderReady,
    OrderRejected,
    OrderReturned,
    OrderStatus,
)

TOPICS = ("orders.events", "dispatch.events")
GATHER_S = 0.5
"""A fact alone costs an engine twenty times what it costs among a hundred, and nobody steers by half seconds."""

_OF_REASON = {
    CancellationReason.CHANGED_MIND: Fault.CUSTOMER,
    CancellationReason.ORDERED_BY_MISTAKE: Fault.CUSTOMER,
    CancellationReason.SUSPECTED_FRAUD: Fault.CUSTOMER,
    CancellationReason.ITEMS_UNAVAILABLE: Fault.RESTAURANT,
    CancellationReason.TOO_BUSY: Fault.RESTAURANT,
    CancellationReason.CLOSING: Fault.RESTAURANT,
    CancellationReason.KITCHEN_SILENT: Fault.RESTAURANT,
    CancellationReason.NO_COURIER: Fault.PLATFORM,
}
"""Reasons that say by themselves whose fault it was, whoever called the order off."""
_OF_ACTOR = {
    CancelledBy.CUSTOMER: Fault.CUSTOMER,
    CancelledBy.RESTAURANT: Fault.RESTAURANT,
    CancelledBy.SUPPORT: Fault.PLATFORM,
    CancelledBy.PLATFORM: Fault.PLATFORM,
}


def facts_of(record: Recorded) -> Sequence[AnyFact]:
    """The facts that an event tells; none for one that no figure is made of. Pure: the same whenever it is asked."""
    match record.message:
        case OrderNews() as news:
            fact = _of_order(record.id, news)
            return [] if fact is None else [fact]
        case DeliveryNews() as news:
            found = (_of_offer(record.id, news), _of_delivery(record.id, news))
            return [fact for fact in found if fact is not None]
        case CourierNews() as news if isinstance(news, CourierWentOnline | CourierWentOffline):
            return [
                ShiftFact(
                    event_id=record.id,
                    at=news.at,
                    courier_id=news.courier_id,
                    version=record.version or 0,
                    online=isinstance(news, CourierWentOnline),
                )
            ]
        case _:
            return []


def _of_order(event_id: str, event: OrderNews) -> OrderFact | None:
    told = _told(event)
    if not told:
        return None
    ids = {"event_id": event_id, "order_id": event.order_id, "restaurant_id": event.restaurant_id}
    return OrderFact(at=event.at, **ids, **told)  # pyright: ignore[reportArgumentType]  (fields by name)


def _told(event: OrderNews) -> dict[str, object]:
    """The fields of the order's fact that the event fills."""
    match event:
        case OrderPlaced():
            return _placed(event)
        case OrderConfirmed():
            return {"confirmed_at": event.at}
        case OrderAccepted():
            return {"promised_at": event.ready_by}
        case OrderReady():
            return {"ready_at": event.at}
        case OrderPickedUp():
            return {"picked_up_at": event.at, "courier_id": event.courier_id}
        case OrderDelivered():
            return {"delivered_at": event.at, "sold_at": event.at, "courier_id": event.courier_id}
        case _:
            return _ended(event)


def _ended(event: OrderNews) -> dict[str, object]:
    match event:
        case OrderCompleted() | OrderReturned(charged=True):
            return {"sold_at": event.at}
        case _:
            fault = fault_of(event)
            return {} if fault is None else {"lost_at": event.at, "fault": fault}


def _placed(event: OrderPlaced) -> dict[str, object]:
    price = event.price
    return {
        "placed_at": event.at,
        "currency": event.currency,
        "food_minor": price.subtotal_minor,
        "delivery_fee_minor": sum(fee.amount_minor for fee in price.fees if fee.kind is FeeKind.DELIVERY),
        "tip_minor": price.tip_minor,
        "paid_minor": event.total_minor,
        "lines": tuple(
            Line(
                line=line.line,
                item_id=line.item_id,
                name=line.name,
                quantity=line.quantity,
                total_minor=line.total_minor,
            )
            for line in price.lines
        ),
    }


def fault_of(event: OrderNews) -> Fault | None:
    """Whose fault it was that the order ended so; None for news that end nothing, or end it well."""
    match event:
        case OrderRejected():
            return Fault.RESTAURANT
        case OrderExpired(while_status=status):
            return Fault.RESTAURANT if status is OrderStatus.CONFIRMED else Fault.PLATFORM
        case OrderFailed(reason=reason):
            return Fault.COURIER if reason is FailureReason.DELIVERY_FAILED else Fault.CUSTOMER
        case OrderReturned(charged=False):
            return Fault.COURIER  # Had it been the customer's, they would have paid.
        case OrderCancelled(by=by, reason=reason):
            return _OF_REASON.get(reason) or _OF_ACTOR[by]
        case _:
            return None


def _of_offer(event_id: str, event: DeliveryNews) -> OfferFact | None:
    def fact(offer_id: str, courier_id: str | None, moment: str) -> OfferFact:
        told: dict[str, object] = {"courier_id": courier_id, moment: event.at}
        ids = {"event_id": event_id, "offer_id": offer_id, "delivery_id": event.delivery_id}
        return OfferFact(at=event.at, **ids, **told)  # pyright: ignore[reportArgumentType]  (fields by name)

    match event:
        case OfferMade():
            return fact(event.offer_id, event.courier_id, "made_at")
        case DeliveryAssigned():
            return fact(event.offer_id, event.courier_id, "assigned_at")
        case OfferDeclined():
            return fact(event.offer_id, event.courier_id, "declined_at")
        case OfferLapsed():
            return fact(event.offer_id, event.courier_id, "lapsed_at")
        case DeliveryUnassigned() | DeliveryCompleted() | DeliveryReturned() | DeliveryFailed() | DeliveryCancelled():
            return None if event.offer_id is None else fact(event.offer_id, event.courier_id, "released_at")
        case _:
            return None


def _of_delivery(event_id: str, event: DeliveryNews) -> DeliveryFact | None:
    fact = DeliveryFact(event_id=event_id, at=event.at, delivery_id=event.delivery_id)
    match event:
        case CourierSought():
            return replace(fact, sought_at=event.at)
        case DeliveryCompleted() | DeliveryReturned() | DeliveryFailed() | DeliveryCancelled() | DeliveryAbandoned():
            return replace(fact, ended_at=event.at)
        case _:
            return None


async def pour(records: Sequence[Recorded], analytics: Analytics) -> None:
    """Records what the batch tells."""
    facts = [fact for record in records for fact in facts_of(record)]
    if facts:
        await analytics.record(facts)


def sink_to(engine: str) -> Sink[Analytics]:
    """What fills that engine: each has a place of its own in the log, so that a new one is given the whole of it."""
    return Sink(name=consumer_of(engine), topics=TOPICS, port=Analytics, pour=pour, gather_s=GATHER_S)


def consumer_of(engine: str) -> str:
    """The name under which that engine consumes."""
    return f"insights.{engine}"
