"""News that cross, one by one: what each side says while it has not heard of the other."""

from datetime import timedelta

from kernel.messages import Refusal
from subgraphs.dispatch.domain.actions import DeliveryStatus
from subgraphs.dispatch.domain.couriers import Courier
from subgraphs.dispatch.domain.ending import RIDE_WAIT
from subgraphs.dispatch.domain.offering import OFFER_LIFE
from subgraphs.dispatch.domain.refusals import OfferNotOpen
from subgraphs.dispatch.domain.searching import SEARCH_LEAD
from subgraphs.dispatch.events import UndeliverableReason
from subgraphs.orders.domain.placing import PAYMENT_WAIT
from subgraphs.orders.events import CancellationReason, Fulfilment, OrderEvent, OrderStatus
from subgraphs.payments.domain import PaymentStatus
from subgraphs.payments.reactions import payment_of
from tests.orders.ordering import AINO, SANNA
from tests.sagas.choices import Choices
from tests.sagas.holding import check, told
from tests.sagas.people import COURIERS, RIDERS, Cast, place_order
from tests.sagas.world import World

OTSO, OTSOS = RIDERS[0], COURIERS[0]


def an_order(*until: DeliveryStatus) -> Cast:
    """A delivery order with one courier in town; all goes well until the delivery gets to this status."""
    world, choices = World(Choices(), COURIERS), Choices()
    cast = Cast(world, place_order(world, 1, Fulfilment.DELIVERY), choices)
    cast.go_online(OTSO)
    world.streets.afterwards = frozenset({OTSOS})
    world.settle()
    for _ in range(12 if until else 0):
        if cast.delivery is not None and cast.delivery.status in until:
            break
        cast.act(helpfully=True)
        world.settle()
        if cast.delivery is not None and cast.delivery.status is DeliveryStatus.SCHEDULED:
            cast.mark_ready()
            world.settle()
    assert not until or (cast.delivery is not None and cast.delivery.status in until)
    return cast


def at_rest(cast: Cast) -> tuple[OrderStatus, PaymentStatus, list[str]]:
    """How it ended for the order, for its money, and what the order's last news were."""
    cast.world.streets.afterwards = frozenset()
    cast.world.come_to_rest()
    check(cast.world, [cast.order_id])
    story = [type(each).__name__ for each in told(cast.world, cast.order_id) if isinstance(each, OrderEvent)]
    return cast.order.status, cast.world.state(payment_of(cast.order_id)).status, story[-3:]


def otso(cast: Cast) -> Courier:
    courier = cast.world.state(OTSOS)
    assert isinstance(courier, Courier)
    return courier


def cancelled_by_support(cast: Cast) -> Refusal | None:
    return cast.cancel(SANNA, CancellationReason.OTHER)


def test_a_pickup_that_crosses_a_request_to_cancel_wins() -> None:
    cast = an_order(DeliveryStatus.AT_RESTAURANT)
    assert cancelled_by_support(cast) is None
    assert cast.pick_up() is None
    assert cast.order.status is OrderStatus.CANCEL_PENDING
    cast.world.settle()
    assert cast.order.status is OrderStatus.PICKED_UP
    cast.drop_off()
    assert at_rest(cast) == (
        OrderStatus.DELIVERED,
        PaymentStatus.CAPTURED,
        ["CancellationRefused", "OrderPickedUp", "OrderDelivered"],
    )


def test_a_request_to_cancel_that_crosses_giving_up_ends_as_whoever_asked_wanted() -> None:
    cast = an_order()
    cast.accept()
    cast.world.settle()
    cast.world.streets.afterwards = frozenset()
    cast.mark_ready()
    while cast.delivery is None or cast.delivery.status is not DeliveryStatus.ABANDONED:
        cast.world.settle("orders.of_dispatch")
        cast.world.ring(0)
    assert cancelled_by_support(cast) is None
    assert at_rest(cast) == (
        OrderStatus.CANCELLED,
        PaymentStatus.VOIDED,
        ["OrderReady", "CancellationRequested", "OrderCancelled"],
    )


def test_a_courier_who_is_chosen_while_the_order_is_called_off_is_free_again() -> None:
    cast = an_order()
    cast.accept()
    cast.mark_ready()
    cast.world.settle("dispatch.of_itself")
    assert cast.delivery is not None
    assert cast.delivery.engagement is not None
    assert cast.delivery.engagement.courier_id == OTSOS
    assert otso(cast).offer_id is None
    assert cancelled_by_support(cast) is None
    cast.world.settle("dispatch.of_itself")
    assert cast.delivery.status is DeliveryStatus.CANCELLED
    assert at_rest(cast)[:2] == (OrderStatus.CANCELLED, PaymentStatus.VOIDED)
    assert len(told(cast.world, OTSOS)) == len(["WentOnline", "Reserved", "Released"])


def test_an_offer_cannot_be_accepted_at_the_moment_of_its_end() -> None:
    cast = an_order(DeliveryStatus.OFFERED)
    cast.world.now += OFFER_LIFE
    assert isinstance(cast.accept_offer(), OfferNotOpen)
    assert at_rest(cast)[0] is OrderStatus.CANCELLED


def test_a_shift_that_ends_while_its_courier_is_being_reserved_frees_them() -> None:
    cast = an_order()
    cast.accept()
    cast.mark_ready()
    cast.world.settle("dispatch.of_itself")
    assert cast.go_offline() is None
    cast.world.settle()
    assert not otso(cast).online
    assert otso(cast).offer_id is None
    assert at_rest(cast)[0] is OrderStatus.CANCELLED


def test_a_shift_that_ends_once_its_courier_is_reserved_withdraws_the_offer() -> None:
    cast = an_order(DeliveryStatus.OFFERED)
    assert cast.go_offline() is None
    cast.world.settle()
    assert otso(cast).offer_id is None
    assert isinstance(cast.accept_offer(), Refusal)
    assert at_rest(cast)[0] is OrderStatus.CANCELLED


def test_a_shift_that_ends_as_the_courier_accepts_leaves_them_the_delivery() -> None:
    cast = an_order(DeliveryStatus.OFFERED)
    assert cast.accept_offer() is None
    assert cast.go_offline() is None, "they were asked what they carry a moment before"
    cast.world.settle()
    assert not otso(cast).online
    for deed in (cast.be_at_restaurant, cast.pick_up, cast.drop_off):
        assert deed() is None
        cast.world.settle()
    assert at_rest(cast)[:2] == (OrderStatus.DELIVERED, PaymentStatus.CAPTURED)


def test_a_payment_that_is_authorised_after_its_order_has_expired_is_voided() -> None:
    world = World(Choices(), COURIERS)
    cast = Cast(world, place_order(world, 1, Fulfilment.DELIVERY), Choices())
    world.settle("payments.provider")
    world.now += PAYMENT_WAIT
    world.ring(0)
    world.settle("payments.provider")
    assert cast.order.status is OrderStatus.EXPIRED
    assert at_rest(cast) == (OrderStatus.EXPIRED, PaymentStatus.VOIDED, ["OrderPlaced", "OrderExpired"])
    assert world.bank.book[cast.order_id] == ["authorise", "void"]


def test_food_on_its_way_back_with_a_courier_who_vanishes_is_lost_and_not_paid_for() -> None:
    cast = an_order(DeliveryStatus.PICKED_UP)
    cast.world.now += RIDE_WAIT
    assert cast.report(UndeliverableReason.ADDRESS_WRONG) is None
    assert at_rest(cast) == (
        OrderStatus.FAILED,
        PaymentStatus.VOIDED,
        ["OrderPickedUp", "OrderReturning", "OrderFailed"],
    )


def test_a_kitchen_that_forgets_an_order_frees_the_courier_who_waits_there() -> None:
    cast = an_order()
    cast.accept()
    cast.world.settle()
    assert cast.order.ready_by is not None
    cast.world.now = max(cast.world.now, cast.order.ready_by - SEARCH_LEAD)
    cast.world.ring(0)
    cast.world.settle()
    assert cast.accept_offer() is None
    cast.world.settle()
    cast.be_at_restaurant()
    cast.world.settle()
    assert cast.delivery is not None
    assert cast.delivery.status is DeliveryStatus.AT_RESTAURANT
    assert at_rest(cast) == (
        OrderStatus.CANCELLED,
        PaymentStatus.VOIDED,
        ["CourierAssigned", "CancellationRequested", "OrderCancelled"],
    )


def test_food_that_is_ready_as_somebody_accepts_is_not_waited_for_twice() -> None:
    cast = an_order()
    cast.accept()
    cast.world.settle()
    assert cast.order.ready_by is not None
    cast.world.now = max(cast.world.now, cast.order.ready_by - SEARCH_LEAD)
    cast.world.ring(0)
    cast.world.settle()
    assert cast.mark_ready() is None
    assert cast.accept_offer() is None
    cast.world.settle()
    assert cast.delivery is not None
    assert (cast.delivery.status, cast.delivery.is_ready) == (DeliveryStatus.ASSIGNED, True)
    cast.world.now += timedelta(hours=1)
    assert at_rest(cast)[0] is OrderStatus.CANCELLED, "nobody came for it, and nobody else is near"


def test_the_customer_hears_of_the_door_however_late_orders_hears_of_the_pickup() -> None:
    cast = an_order(DeliveryStatus.AT_RESTAURANT)
    cast.pick_up()
    cast.world.settle("orders.of_dispatch")
    cast.be_at_door()
    cast.world.settle("orders.of_dispatch")
    assert cast.order.status is OrderStatus.READY_FOR_PICKUP
    cast.world.settle()
    assert cast.order.status is OrderStatus.ARRIVING


def test_nobody_calls_off_what_has_been_picked_up() -> None:
    cast = an_order(DeliveryStatus.PICKED_UP)
    assert isinstance(cast.cancel(AINO, CancellationReason.CHANGED_MIND), Refusal)
    assert isinstance(cancelled_by_support(cast), Refusal)
    cast.drop_off()
    assert at_rest(cast)[:2] == (OrderStatus.DELIVERED, PaymentStatus.CAPTURED)
