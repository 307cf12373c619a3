"""What holds of an evening that has come to rest, and held at every moment of its log."""

from collections.abc import Mapping

from kernel.messages import Event
from subgraphs.dispatch.domain.actions import ENDED as DELIVERY_ENDED
from subgraphs.dispatch.domain.actions import DeliveryStatus, OfferStatus
from subgraphs.dispatch.domain.couriers import Courier
from subgraphs.dispatch.domain.delivery import STATUS_AFTER, Delivery
from subgraphs.dispatch.events import (
    CourierAtDoor,
    CourierReleased,
    CourierReserved,
    DeliveryAssigned,
    DeliveryCancelled,
    DeliveryCompleted,
    DeliveryEvent,
    DeliveryFailed,
    DeliveryReturned,
    DeliveryUnassigned,
    OfferDeclined,
    OfferLapsed,
    OfferMade,
    OfferWithdrawn,
)
from subgraphs.dispatch.reactions import delivery_of
from subgraphs.dispatch.views.couriers import COURIER_VIEW
from subgraphs.dispatch.views.deliveries import DELIVERY_VIEW
from subgraphs.dispatch.views.offers import OFFER_VIEW
from subgraphs.orders.domain.order import ENDED, Order, status_after
from subgraphs.orders.events import (
    CancellationRefused,
    CancellationRequested,
    Fulfilment,
    Handover,
    OrderArriving,
    OrderCancelled,
    OrderCompleted,
    OrderDelivered,
    OrderEvent,
    OrderPickedUp,
    OrderReturned,
    OrderStatus,
)
from subgraphs.orders.views.orders import ORDER_VIEW
from subgraphs.payments.domain import Payment, PaymentStatus
from subgraphs.payments.reactions import payment_of
from subgraphs.payments.views import PAYMENTS_VIEW
from subgraphs.reviews.views import REVIEWABLE_ORDERS
from subgraphs.tracking.eta import Phase
from subgraphs.tracking.views.trips import TRIP_VIEW
from tests.sagas.people import COURIERS
from tests.sagas.world import World

S, D, P = OrderStatus, DeliveryStatus, PaymentStatus
AGREED: Mapping[DeliveryStatus, OrderStatus] = {
    D.DELIVERED: S.DELIVERED,
    D.RETURNED: S.RETURNED,
    D.CANCELLED: S.CANCELLED,
    D.ABANDONED: S.CANCELLED,
    D.FAILED: S.FAILED,
}
"""How an order ends whose delivery has ended so."""
ENDS = (
    OfferDeclined,
    OfferLapsed,
    OfferWithdrawn,
    DeliveryUnassigned,
    DeliveryCompleted,
    DeliveryReturned,
    DeliveryFailed,
    DeliveryCancelled,
)
"""What ends the engagement of a courier."""


def check(world: World, order_ids: list[str]) -> None:
    """All of it."""
    for order_id in order_ids:
        order = world.state(order_id)
        assert isinstance(order, Order)
        assert order.status in ENDED, f"{order_id} never ends: {order.status}"
        story = told(world, order_id)
        _ends_once(world, order)
        _is_paid_as_it_ended(world, order, story)
        _is_delivered_as_it_ended(world, order, story)
        _asks_are_answered(story)
    for courier_id in COURIERS:
        courier = world.state(courier_id)
        assert not isinstance(courier, Courier) or courier.offer_id is None, "a courier whom nobody ever frees"
    _nobody_is_engaged_twice(world)
    _nobody_carries_twice(world)
    _times_never_go_back(world)
    _views_agree(world)


def told(world: World, stream: str) -> list[Event]:
    """What has happened in the stream."""
    return [record.message for record in world.streams[stream] if isinstance(record.message, Event)]


def _ends_once(world: World, order: Order) -> None:
    """Nothing comes after the end: neither of the order, nor of its delivery."""
    status = OrderStatus.PLACED
    for event in told(world, order.id):
        assert status not in ENDED, f"{type(event).__name__} after the end"
        assert isinstance(event, OrderEvent)
        status = status_after(event, status)
    delivery = world.state(delivery_of(order.id))
    if isinstance(delivery, Delivery):
        assert delivery.status in DELIVERY_ENDED, f"a delivery never ends: {delivery.status}"
        assert delivery.engagement is None
        news = [each for each in told(world, delivery.id) if isinstance(each, DeliveryEvent)]
        stages = [STATUS_AFTER.get(type(each), D.SEARCHING) for each in news]
        assert [each for each in stages if each in DELIVERY_ENDED] == stages[-1:], "news after the end"


def _is_paid_as_it_ended(world: World, order: Order, story: list[Event]) -> None:
    payment, book = world.state(payment_of(order.id)), world.bank.book[order.id]
    assert isinstance(payment, Payment)
    charged = any(isinstance(each, OrderReturned) and each.charged for each in story)
    if order.status in {S.COMPLETED, S.DELIVERED} or (order.status is S.RETURNED and charged):
        assert (payment.status, book) == (P.CAPTURED, ["authorise", "capture"])
    elif book:
        assert (payment.status, book) == (P.VOIDED, ["authorise", "void"])
    else:
        assert payment.status is P.DECLINED


def _is_delivered_as_it_ended(world: World, order: Order, story: list[Event]) -> None:
    delivery = world.state(delivery_of(order.id))
    if delivery is None:
        accepted = any(type(each).__name__ == "OrderAccepted" for each in story)
        assert order.fulfilment is Fulfilment.TAKEAWAY or not accepted
        return
    assert isinstance(delivery, Delivery)
    assert order.status is AGREED[delivery.status], f"{order.status} but {delivery.status}"
    picked_up = [each for each in story if isinstance(each, OrderPickedUp)]
    assert len(picked_up) == (0 if delivery.picked_up_at is None else 1)
    if picked_up:
        assert picked_up[0].courier_id == order.courier_id == delivery.courier_id
        assert not any(isinstance(each, OrderCancelled) for each in story)
    at_door = any(isinstance(each, CourierAtDoor) for each in told(world, delivery.id))
    arriving = [each for each in story if isinstance(each, OrderArriving)]
    assert len(arriving) == at_door, "the customer hears of the courier at the door, once"


def _asks_are_answered(story: list[Event]) -> None:
    asked = sum(isinstance(each, CancellationRequested) for each in story)
    cancelled = isinstance(story[-1], OrderCancelled)
    refused = sum(isinstance(each, CancellationRefused) for each in story)
    assert asked - refused <= (1 if cancelled else 0)


def _nobody_is_engaged_twice(world: World) -> None:
    """By the couriers' own streams: reserved and released by turns, for the same offer."""
    for courier_id in COURIERS:
        live: str | None = None
        for event in told(world, courier_id):
            if isinstance(event, CourierReserved):
                assert live is None
                live = event.offer_id
            elif isinstance(event, CourierReleased):
                assert live == event.offer_id
                live = None


def _nobody_carries_twice(world: World) -> None:
    """By the deliveries' news, in the order in which they were written, over all of them."""
    live: dict[str, tuple[str, str]] = {}
    for record in world.log:
        match record.message:
            case OfferMade(delivery_id=delivery_id, courier_id=courier_id, offer_id=offer_id):
                assert delivery_id not in live, "two live offers of a delivery"
                assert courier_id not in [other for other, _ in live.values()], "a courier is asked twice"
                live[delivery_id] = courier_id, offer_id
            case DeliveryAssigned(delivery_id=delivery_id, courier_id=courier_id, offer_id=offer_id):
                assert live.get(delivery_id) == (courier_id, offer_id), "nobody had asked them"
            case event if isinstance(event, ENDS) and event.delivery_id in live:
                assert (event.courier_id, event.offer_id) == live.pop(event.delivery_id)
            case _:
                pass
    assert not live, "an offer or an assignment lives for ever"


def _times_never_go_back(world: World) -> None:
    for stream in world.streams:
        times = [event.at for event in told(world, stream)]
        assert times == sorted(times), f"{stream} goes back in time"


def _views_agree(world: World) -> None:
    """What is shown is what was decided, has ended, and nobody is shown as busy or asked."""
    for trip in world.shown.all(TRIP_VIEW):
        has_delivery = world.state(delivery_of(trip.order_id)) is not None
        assert trip.phase is Phase.ENDED
        assert trip.order_ended_at is not None
        assert (trip.delivery_ended_at is not None, trip.delivery_id is not None) == (has_delivery, has_delivery)
    for order in world.shown.all(ORDER_VIEW):
        state = world.state(order.id)
        assert (order.status, order.version) == (state.status, len(world.streams[order.id]))
    for payment in world.shown.all(PAYMENTS_VIEW):
        assert payment.status is world.state(payment.id).status
    for delivery in world.shown.all(DELIVERY_VIEW):
        state = world.state(delivery.id)
        assert (delivery.status, delivery.courier_id) == (state.status, state.courier_id)
        assert delivery.version == len(world.streams[delivery.id])
    assert not any(each.offer_id for each in world.shown.all(COURIER_VIEW))
    assert not any(each.status is OfferStatus.OPEN for each in world.shown.all(OFFER_VIEW))
    received = {each.order_id for each in world.shown.all(REVIEWABLE_ORDERS) if each.received_at is not None}
    assert received == {each.id for each in world.shown.all(ORDER_VIEW) if _is_received(world, each.id)}


def _is_received(world: World, order_id: str) -> bool:
    match told(world, order_id)[-1]:
        case OrderCompleted(handover=handover):
            return handover is Handover.COLLECTED
        case end:
            return isinstance(end, OrderDelivered)
