"""Orders as they are shown: one fold for all."""

from collections.abc import Sequence

import msgspec
import pytest

from projections import FEEDS, PROJECTIONS
from projections.kitchens import PROJECTIONS as COPIES
from subgraphs.orders.domain.order import ENDED
from subgraphs.orders.events import (
    ORDER_EVENTS,
    CollectionCodeMistaken,
    OrderCancelled,
    OrderDelayed,
    OrderEvent,
    OrderExpired,
    OrderStatus,
)
from subgraphs.orders.views import (
    KITCHEN_FEED,
    OPEN_IN_KITCHEN,
    ORDER_PROJECTION,
    OrderView,
    fold_order,
    kitchen_of,
)
from tests.orders.deliveries import (
    DELIVERY_PAST,
    DOOR,
    assigned,
    delivered,
    lost,
    picked_up,
    refused,
    requested,
    returned,
    unassigned,
)
from tests.orders.ordering import (
    AT,
    MINUTE,
    NOW,
    ORDER,
    PAST,
    RESTAURANT,
    a_quote,
    accepted,
    cancelled,
    failed,
    ignored,
    placed,
    rejected,
    unpaid,
)
from tests.spelling import recorded


def view_after(*events: OrderEvent) -> OrderView:
    view: OrderView | None = None
    for version, event in enumerate(events, start=1):
        view = fold_order(view, recorded(event, ORDER, version, "orders.events"))
    assert view is not None
    return view


@pytest.mark.parametrize("status", PAST, ids=lambda status: status.value)
def test_an_order_is_shown_in_its_status(status: OrderStatus) -> None:
    past = PAST[status]
    view = view_after(*past)
    assert (view.status, view.version, view.changed_at) == (status, len(past), past[-1].at)
    assert (view.ended_at is not None) == (status in ENDED)
    assert view.in_kitchen == (status not in {OrderStatus.PLACED, OrderStatus.FAILED})


def test_an_order_shows_what_its_events_said() -> None:
    view = view_after(*PAST[OrderStatus.COMPLETED])
    assert view.number == "000-001"
    assert (view.confirmed_at, view.accept_by) == (AT + MINUTE, AT + 9 * MINUTE)
    assert (view.prep_minutes, view.ready_by) == (20, AT + 22 * MINUTE)
    assert view.collect_by == AT + 200 * MINUTE
    assert view_after(placed, failed).failure_detail == "insufficient_funds"
    assert view_after(*PAST[OrderStatus.EXPIRED]).expired_while is OrderStatus.CONFIRMED
    assert view_after(*PAST[OrderStatus.CANCELLED]).cancellation_reason is cancelled.reason
    assert view_after(*PAST[OrderStatus.REJECTED]).rejection_reason is rejected.reason


def test_a_delay_and_a_wrong_code_show() -> None:
    later = AT + 40 * MINUTE
    delayed = OrderDelayed(
        at=NOW, order_id=ORDER, restaurant_id=RESTAURANT, ready_by=later, previous_ready_by=accepted.ready_by
    )
    assert view_after(*PAST[OrderStatus.ACCEPTED], delayed).ready_by == later
    wrong = CollectionCodeMistaken(at=NOW, order_id=ORDER, restaurant_id=RESTAURANT, attempts=2)
    waiting = PAST[OrderStatus.READY_FOR_PICKUP]
    assert view_after(*waiting, wrong).wrong_codes == 2
    locked = msgspec.structs.replace(wrong, attempts=5, locked_until=later)
    assert view_after(*waiting, wrong, locked).wrong_codes == 0
    assert view_after(*waiting, wrong, locked).code_locked_until == later


def test_every_event_of_an_order_is_shown() -> None:
    pasts = (*PAST.values(), *DELIVERY_PAST.values(), (refused, unassigned))
    told = {type(event) for past in pasts for event in past} | {OrderDelayed, CollectionCodeMistaken}
    assert told == set(ORDER_EVENTS)


@pytest.mark.parametrize("status", DELIVERY_PAST, ids=lambda status: status.value)
def test_a_delivery_is_shown_in_its_status(status: OrderStatus) -> None:
    past = DELIVERY_PAST[status]
    view = view_after(*past)
    assert (view.status, view.version, view.changed_at) == (status, len(past), past[-1].at)
    assert (view.ended_at is not None) == (status in ENDED)
    assert view.delivery_address == DOOR


def test_a_delivery_shows_when_what_happened() -> None:
    view = view_after(*DELIVERY_PAST[OrderStatus.DELIVERED])
    assert (view.collect_by, view.picked_up_at, view.delivered_at) == (None, picked_up.at, delivered.at)
    assert view.ended_at == delivered.at
    back = view_after(*DELIVERY_PAST[OrderStatus.RETURNED])
    assert (back.picked_up_at, back.delivered_at, back.returned_at) == (picked_up.at, None, returned.at)
    called_off = view_after(*DELIVERY_PAST[OrderStatus.CANCELLED])
    assert (called_off.cancellation_requested_at, called_off.cancelled_by) == (requested.at, requested.by)
    pending = DELIVERY_PAST[OrderStatus.CANCEL_PENDING]
    assert (view_after(*pending).cancelled_by, view_after(*pending).cancellation_requested_at) == (None, requested.at)
    again = view_after(*pending, refused)
    assert (again.status, again.cancellation_requested_at) == (OrderStatus.ACCEPTED, None)


def test_who_fetches_the_food_changes_no_status() -> None:
    waiting = DELIVERY_PAST[OrderStatus.READY_FOR_PICKUP]
    for news in ((assigned,), (assigned, unassigned)):
        assert view_after(*waiting, *news).status is OrderStatus.READY_FOR_PICKUP


def test_a_kitchen_hears_what_becomes_of_a_delivery() -> None:
    past = DELIVERY_PAST[OrderStatus.RETURNED]
    heard = [KITCHEN_FEED.owner(recorded(event, ORDER)) == RESTAURANT for event in past]
    assert heard == [False] + [True] * (len(past) - 1)
    assert KITCHEN_FEED.owner(recorded(lost, ORDER)) == RESTAURANT
    assert OPEN_IN_KITCHEN & {OrderStatus.PICKED_UP, OrderStatus.ARRIVING, OrderStatus.RETURNING} == set()
    assert OrderStatus.CANCEL_PENDING in OPEN_IN_KITCHEN


def test_a_quote_is_no_order() -> None:
    record = recorded(a_quote(), "quote_1", 1, "orders.events")
    assert ORDER_PROJECTION.keys(record) == []
    assert fold_order(None, record) is None
    assert kitchen_of(record) is None


def test_the_projection_is_the_fold() -> None:
    view: OrderView | None = None
    for version, event in enumerate(PAST[OrderStatus.COMPLETED], start=1):
        record = recorded(event, ORDER, version, "orders.events")
        assert ORDER_PROJECTION.keys(record) == [(ORDER,)]
        view = ORDER_PROJECTION.fold(view, record, (ORDER,))
    assert view == view_after(*PAST[OrderStatus.COMPLETED])


def test_a_kitchen_hears_of_an_order_once_it_is_paid_for() -> None:
    def heard(events: Sequence[OrderEvent]) -> list[bool]:
        return [KITCHEN_FEED.owner(recorded(event, ORDER)) == RESTAURANT for event in events]

    assert heard(PAST[OrderStatus.COMPLETED]) == [False, True, True, True, True, True]
    assert heard(PAST[OrderStatus.CANCELLED]) == [False, True, True]
    assert heard([failed, unpaid]) == [False, False]
    early = msgspec.structs.replace(cancelled, while_status=OrderStatus.PLACED)
    assert isinstance(early, OrderCancelled)
    assert heard([early, ignored]) == [False, True]
    assert isinstance(ignored, OrderExpired)


def test_every_projection_and_feed_is_on_the_map() -> None:
    assert {projection.view.name for projection in (*COPIES, ORDER_PROJECTION)} <= {
        projection.view.name for projection in PROJECTIONS
    }
    assert KITCHEN_FEED in FEEDS
