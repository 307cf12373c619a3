"""A quote becomes an order once, by its own customer, in time; only what may have changed is checked again."""

from datetime import timedelta

import msgspec
import pytest

from kernel.deciding import Later
from subgraphs.orders.commands import ExpireOrder
from subgraphs.orders.domain import ORDERS
from subgraphs.orders.domain.refusals import (
    InvalidInput,
    ItemsUnavailable,
    NotFound,
    OrderNotFound,
    QuoteAlreadyUsed,
    QuoteExpired,
    QuoteNotFound,
    RestaurantClosed,
    RestaurantPaused,
)
from subgraphs.orders.events import Fulfilment, OrderConfirmed, OrderExpired, OrderStatus
from subgraphs.orders.kitchens import Selection
from tests.orders.ordering import (
    AT,
    COUNTER,
    EERO,
    IDS,
    ITEMS,
    KITCHEN,
    MINUTE,
    NOW,
    ORDER,
    PAST,
    PAYMENT,
    RESTAURANT,
    SALMON,
    a_quote,
    close,
    confirm,
    confirmed,
    expire,
    fail,
    failed,
    place,
    placed,
)
from tests.scenario import Scenario

NOTHING = Scenario(ORDERS)


def test_a_quote_becomes_an_order_that_waits_for_its_payment() -> None:
    decided = NOTHING.when(place)
    decided.then(placed)
    expiry = ExpireOrder(order_id=ORDER, while_status=OrderStatus.PLACED, since_version=1)
    assert decided.timers == [Later(at=AT + timedelta(minutes=10), command=expiry)]


def test_the_price_is_the_quoted_one_whatever_the_menu_says_now() -> None:
    dearer = msgspec.structs.replace(
        COUNTER, items=tuple(msgspec.structs.replace(item, price_minor=9999) for item in ITEMS)
    )
    NOTHING.when(msgspec.structs.replace(place, counter=dearer)).then(placed)


def test_a_quote_is_placed_once() -> None:
    refusal = Scenario(ORDERS).given(placed).when(place).then_refused(QuoteAlreadyUsed)
    assert refusal == QuoteAlreadyUsed(order_id=ORDER)


@pytest.mark.parametrize("past", [(), (placed,)])
def test_somebody_elses_quote_is_no_quote(past: tuple[()]) -> None:
    Scenario(ORDERS, past).when(msgspec.structs.replace(place, viewer=EERO)).then_refused(QuoteNotFound)
    Scenario(ORDERS, past).when(msgspec.structs.replace(place, quote=None)).then_refused(QuoteNotFound)


@pytest.mark.parametrize("token", ["", "x" * 201, "tok visa", "tök", "tok\n", "tok\x00"])
def test_a_payment_token_is_one(token: str) -> None:
    NOTHING.when(msgspec.structs.replace(place, payment_token=token)).then_refused(InvalidInput)


def test_an_expired_quote_carries_what_is_needed_to_quote_again() -> None:
    quote = a_quote(expires_at=AT)
    assert NOTHING.when(msgspec.structs.replace(place, quote=quote)).then_refused(QuoteExpired) == QuoteExpired(
        restaurant_id=RESTAURANT,
        fulfilment=Fulfilment.TAKEAWAY,
        lines=(Selection(item_id=SALMON, quantity=1),),
        tip_minor=0,
        customer_id="aino",
    )


def test_the_kitchen_is_looked_at_again() -> None:
    def with_kitchen(**changes: object) -> Scenario:
        kitchen = msgspec.structs.replace(KITCHEN, **changes)
        return NOTHING.when(msgspec.structs.replace(place, counter=msgspec.structs.replace(COUNTER, kitchen=kitchen)))

    with_kitchen(opening_hours="off").then_refused(RestaurantClosed)
    with_kitchen(paused_until=AT + MINUTE).then_refused(RestaurantPaused)
    with_kitchen(retired=True).then_refused(NotFound)
    NOTHING.when(msgspec.structs.replace(place, counter=None)).then_refused(NotFound)


def test_the_items_are_looked_at_again() -> None:
    off = tuple(msgspec.structs.replace(item, unavailable=True) for item in ITEMS)
    counter = msgspec.structs.replace(COUNTER, items=off)
    NOTHING.when(msgspec.structs.replace(place, counter=counter)).then_refused(ItemsUnavailable)


def test_a_payment_confirms_the_order_and_the_kitchen_has_eight_minutes() -> None:
    decided = NOTHING.given(placed).when(msgspec.structs.replace(confirm, at=AT + MINUTE))
    decided.then(confirmed)
    expiry = ExpireOrder(order_id=ORDER, while_status=OrderStatus.CONFIRMED, since_version=2)
    assert decided.timers == [Later(at=AT + timedelta(minutes=9), command=expiry)]


def test_a_declined_card_fails_the_order() -> None:
    NOTHING.given(placed).when(msgspec.structs.replace(fail, at=AT + MINUTE)).then(failed)


@pytest.mark.parametrize("status", [status for status in PAST if status is not OrderStatus.PLACED])
def test_late_news_of_the_payment_change_nothing(status: OrderStatus) -> None:
    past = Scenario(ORDERS, PAST[status])
    past.when(confirm).then_nothing()
    past.when(fail).then_nothing()


@pytest.mark.parametrize(("status", "since"), [(OrderStatus.PLACED, 1), (OrderStatus.CONFIRMED, 2)])
def test_nobody_is_waited_for_for_ever(status: OrderStatus, since: int) -> None:
    Scenario(ORDERS, PAST[status]).when(expire(status, since)).then(
        OrderExpired(at=NOW, order_id=ORDER, restaurant_id=RESTAURANT, while_status=status)
    )


@pytest.mark.parametrize("status", PAST)
def test_a_timer_of_another_cycle_is_stale(status: OrderStatus) -> None:
    past = Scenario(ORDERS, PAST[status])
    past.when(expire(OrderStatus.PLACED, 7)).then_nothing()
    past.when(expire(OrderStatus.CONFIRMED, 7)).then_nothing()
    past.when(close(99)).then_nothing()
    if status is not OrderStatus.PLACED:
        past.when(expire(OrderStatus.PLACED, 1)).then_nothing()
    if status is not OrderStatus.CONFIRMED:
        past.when(expire(OrderStatus.CONFIRMED, 2)).then_nothing()


def test_commands_to_an_order_there_is_not_are_refused() -> None:
    for command in (confirm, fail, expire(OrderStatus.PLACED, 1), close(5)):
        NOTHING.when(command).then_refused(OrderNotFound)


def test_an_orders_time_never_goes_back() -> None:
    earlier = msgspec.structs.replace(confirm, at=AT - MINUTE)
    (event,) = NOTHING.given(placed).when(earlier).events
    assert event == OrderConfirmed(at=AT, **IDS, payment_id=PAYMENT, accept_by=AT + 8 * MINUTE)
