"""Orders and kitchens as they are shown: one fold for all, and copies that mind no disorder."""

from collections.abc import Sequence
from itertools import permutations
from typing import TypeVar

import msgspec
import pytest

from kernel.log import Recorded
from kernel.messages import Event, Row
from kernel.projecting import Projection
from projections import FEEDS, PROJECTIONS
from projections.kitchens import PROJECTIONS as COPIES
from subgraphs.catalog.events import (
    MenuChanged,
    MenuItemChanged,
    MenuItemRow,
    Option,
    OptionGroupChanged,
    OptionGroupRow,
    RestaurantChanged,
    RestaurantRow,
    StaffChanged,
    StaffRow,
)
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
    ORDER_PROJECTION,
    KitchenItemRow,
    KitchenOption,
    KitchenRow,
    KitchenStaffRow,
    OrderView,
    fold_order,
    kitchen_of,
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

COPY_OF_KITCHENS, COPY_OF_ITEMS, COPY_OF_GROUPS, COPY_OF_STAFF = COPIES


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
    told = {type(event) for past in PAST.values() for event in past} | {OrderDelayed, CollectionCodeMistaken}
    assert told == set(ORDER_EVENTS)


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


RowT = TypeVar("RowT", bound=Row)
RESTAURANT_ROW = RestaurantRow(
    id=RESTAURANT,
    name="Merimaku",
    latitude=60.17,
    longitude=24.94,
    time_zone="Europe/Helsinki",
    opening_hours="24/7",
    delivery_radius_m=3000,
    currency="EUR",
    prep_minutes=20,
    registered_at=AT,
)
ITEM_ROW = MenuItemRow(
    id="item_1",
    restaurant_id=RESTAURANT,
    category_id="category_1",
    external_id="soup",
    name="Soup",
    price_minor=1000,
    currency="EUR",
    tax_rate_bp=1350,
    option_groups=("group_1",),
)


def folded(projection: Projection[RowT], changes: Sequence[Event]) -> RowT | None:
    row: RowT | None = None
    for change in changes:
        record: Recorded = recorded(change, RESTAURANT, topic="catalog.changes")
        for key in projection.keys(record):
            row = projection.fold(row, record, key)
    return row


def test_copies_are_the_same_in_whatever_order_changes_arrive() -> None:
    cheaper = msgspec.structs.replace(ITEM_ROW, price_minor=900)
    off = msgspec.structs.replace(cheaper, unavailable=True, unavailable_until=NOW)
    changes = (
        MenuItemChanged(at=AT, after=ITEM_ROW, revision=1),
        MenuItemChanged(at=AT, before=ITEM_ROW, after=cheaper, revision=2),
        MenuItemChanged(at=AT, before=cheaper, after=off, revision=3),
    )
    rows = {msgspec.json.encode(folded(COPY_OF_ITEMS, order)) for order in permutations(changes)}
    assert [msgspec.json.decode(row, type=KitchenItemRow) for row in rows] == [
        KitchenItemRow(
            id="item_1",
            restaurant_id=RESTAURANT,
            name="Soup",
            price_minor=900,
            tax_rate=1350,
            option_groups=("group_1",),
            unavailable=True,
            unavailable_until=NOW,
            retired=False,
            revision=3,
        )
    ]


def test_what_is_deleted_by_hand_stays_as_retired() -> None:
    changes = (
        RestaurantChanged(at=AT, before=RESTAURANT_ROW, revision=2),
        RestaurantChanged(at=AT, after=RESTAURANT_ROW, revision=1),
    )
    row = folded(COPY_OF_KITCHENS, changes)
    assert isinstance(row, KitchenRow)
    assert (row.retired, row.revision, row.name) == (True, 2, "Merimaku")


def test_groups_keep_their_options_and_staff_their_roles() -> None:
    group = OptionGroupRow(
        id="group_1",
        restaurant_id=RESTAURANT,
        external_id="size",
        name="Size",
        min_choices=1,
        max_choices=1,
        options=(Option(id="option_1", external_id="large", name="Large", price_minor=300, unavailable=True),),
    )
    row = folded(COPY_OF_GROUPS, [OptionGroupChanged(at=AT, after=group, revision=1)])
    assert row is not None
    assert row.options == (KitchenOption(id="option_1", name="Large", price_minor=300, unavailable=True),)
    staff = StaffRow(restaurant_id=RESTAURANT, subject="owner-1", role="owner")
    gone = msgspec.structs.replace(staff, retired=True)
    member = folded(
        COPY_OF_STAFF,
        [StaffChanged(at=AT, after=staff, revision=1), StaffChanged(at=AT, before=staff, after=gone, revision=2)],
    )
    assert member == KitchenStaffRow(
        restaurant_id=RESTAURANT, subject="owner-1", role="owner", retired=True, revision=2
    )


def test_changes_of_other_things_concern_no_copy() -> None:
    record = recorded(MenuChanged(at=AT, revision=1), RESTAURANT, topic="catalog.changes")
    empty = recorded(RestaurantChanged(at=AT, revision=1), RESTAURANT, topic="catalog.changes")
    for projection in COPIES:
        assert projection.keys(record) == []
        assert projection.fold(None, record, ("x",)) is None
        assert projection.keys(empty) == []
