"""What holds of an evening that has come to rest, and held at every moment of its log."""

from collections.abc import Mapping

from kernel.ids import sibling_id
from kernel.messages import Event
from subgraphs.dispatch.domain.actions import ENDED as DELIVERY_ENDED
from subgraphs.dispatch.domain.actions import DeliveryStatus
from subgraphs.dispatch.domain.couriers import Courier
from subgraphs.dispatch.domain.delivery import STATUS_AFTER, Delivery
from subgraphs.dispatch.events import (
    CourierAtDoor,
    CourierNews,
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
from subgraphs.orders.domain.order import ENDED, Order, status_after
from subgraphs.orders.events import (
    CancellationRefused,
    CancellationRequested,
    Fulfilment,
    OrderArriving,
    OrderCancelled,
    OrderEvent,
    OrderPickedUp,
    OrderReturned,
    OrderStatus,
)
from subgraphs.payments.domain import Payment, PaymentStatus
from subgraphs.payments.reactions import payment_of
from subgraphs.tracking.eta import Phase
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
    """What is shown has ended too, and nobody is shown as busy."""
    for order_id, trip in world.trips.items():
        assert trip.phase is Phase.ENDED
        assert trip.order_ended_at is not None
        assert not trip.under_way
        has_delivery = world.state(delivery_of(order_id)) is not None
        assert (trip.delivery_ended_at is not None) == has_delivery
        assert sibling_id("delivery", "order", order_id) == trip.delivery_id or not has_delivery
    for view in world.shown.couriers.values():
        assert view.offer_id is None
    for delivery_id, view in world.shown.deliveries.items():
        state = world.state(delivery_id)
        assert isinstance(state, Delivery)
        assert (view.status, view.courier_id, view.version) == (
            state.status,
            state.courier_id,
            len(world.streams[delivery_id]),
        )
    assert not any(isinstance(record.message, CourierNews) and not record.stream for record in world.log)
