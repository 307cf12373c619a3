"""Reviews' own copies of orders and staff, and the catalog's of ratings: one fold each, and no mind for disorder."""

from datetime import timedelta
from itertools import permutations
from typing import Any

import pytest
from msgspec.structs import replace

from kernel.log import Recorded
from kernel.messages import Event, Row
from kernel.projecting import Projection
from projections import reviews
from projections.staff import OF_REVIEWS as STAFF
from subgraphs.catalog.events import MenuChanged, StaffChanged, StaffRow
from subgraphs.catalog.views.ratings import RestaurantRating
from subgraphs.orders.events import (
    DropoffProof,
    Fulfilment,
    Handover,
    OrderCompleted,
    OrderDelivered,
    OrderEvent,
    OrderPlaced,
    OrderReturned,
    Price,
)
from subgraphs.reviews.events import RatingChanged, RatingRow
from subgraphs.reviews.views import ReviewStaffRow
from tests.reviews.reviewing import AINO, COOK, COURIER, ORDER, RESTAURANT, order
from tests.spelling import AT, recorded

ORDERS, RATINGS = reviews.PROJECTIONS
PROJECTIONS = (ORDERS, STAFF, RATINGS)
EVENING = AT + timedelta(hours=1)

price = Price(currency="EUR", lines=(), fees=(), taxes=(), subtotal_minor=0, tip_minor=0, tax_minor=0, total_minor=0)
placed = OrderPlaced(
    at=AT,
    order_id=ORDER,
    restaurant_id=RESTAURANT,
    quote_id=ORDER.replace("order", "quote"),
    customer_id=AINO.subject,
    fulfilment=Fulfilment.DELIVERY,
    price=price,
    total_minor=0,
    currency="EUR",
    payment_token="tok",
)
delivered = OrderDelivered(
    at=EVENING, order_id=ORDER, restaurant_id=RESTAURANT, courier_id=COURIER, proof=DropoffProof.PIN
)
returned = OrderReturned(at=EVENING, order_id=ORDER, restaurant_id=RESTAURANT, reason="REFUSED", charged=True)
waiting = replace(order, courier_id=None, received_at=None)


def completed(handover: Handover) -> OrderCompleted:
    return OrderCompleted(at=EVENING, order_id=ORDER, restaurant_id=RESTAURANT, handover=handover)


def folded(projection: Projection[Any], *records: Recorded) -> dict[Any, Row | None]:
    """The view after these records."""
    rows: dict[Any, Row | None] = {}
    for record in records:
        for key in projection.keys(record):
            rows[key] = projection.fold(rows.get(key), record, key)
    return rows


def of_order(*events: OrderEvent) -> Row | None:
    records = [recorded(event, ORDER, number, "orders.events") for number, event in enumerate(events, start=1)]
    return folded(ORDERS, *records).get((ORDER,))


def test_a_delivered_order_can_be_reviewed_with_its_courier() -> None:
    assert of_order(placed) == waiting
    assert of_order(placed, delivered) == replace(order, received_at=EVENING)


def test_a_collected_order_can_be_reviewed_but_not_one_that_nobody_came_for() -> None:
    assert of_order(placed, completed(Handover.COLLECTED)) == replace(waiting, received_at=EVENING)
    assert of_order(placed, completed(Handover.NOT_COLLECTED)) == waiting


def test_food_that_went_back_was_not_received() -> None:
    assert of_order(placed, returned) == waiting


def test_what_is_not_known_to_be_placed_is_nobodys() -> None:
    assert of_order(delivered) is None
    assert of_order(completed(Handover.COLLECTED)) is None


def test_records_that_do_not_matter_leave_everything_as_it_is() -> None:
    strange = recorded(MenuChanged(at=AT, revision=1), RESTAURANT)
    for projection in PROJECTIONS:
        assert list(projection.keys(strange)) == []
        assert projection.fold(None, strange, (RESTAURANT,)) is None


def staff_changes() -> list[Event]:
    hired = StaffRow(restaurant_id=RESTAURANT, subject=COOK.subject, role="staff", revision=1)
    left = replace(hired, retired=True, revision=2)
    back = replace(hired, role="owner", revision=3)
    return [
        StaffChanged(at=AT, before=None, after=hired, revision=1),
        StaffChanged(at=AT, before=hired, after=left, revision=2),
        StaffChanged(at=AT, before=left, after=back, revision=3),
    ]


@pytest.mark.parametrize("taken", [1, 2, 3])
def test_staff_are_who_the_highest_revision_says(taken: int) -> None:
    for order_of_arrival in permutations(staff_changes()[:taken]):
        records = [recorded(change, RESTAURANT) for change in (*order_of_arrival, order_of_arrival[0])]
        assert folded(STAFF, *records) == {
            (RESTAURANT, COOK.subject): ReviewStaffRow(
                restaurant_id=RESTAURANT, subject=COOK.subject, retired=taken == 2, revision=taken
            )
        }


def test_staff_deleted_by_hand_are_gone() -> None:
    hired = StaffRow(restaurant_id=RESTAURANT, subject=COOK.subject, role="staff", revision=1)
    gone = recorded(StaffChanged(at=AT, before=hired, after=None, revision=2), RESTAURANT)
    (row,) = folded(STAFF, gone).values()
    assert isinstance(row, ReviewStaffRow)
    assert row.retired
    assert not STAFF.keys(recorded(StaffChanged(at=AT, revision=3), RESTAURANT))


def test_a_restaurants_rating_is_what_the_highest_revision_says() -> None:
    first = RatingRow(target=RESTAURANT, distribution=(0, 0, 0, 0, 1), as_of=1, revision=1)
    second = RatingRow(target=RESTAURANT, distribution=(1, 0, 0, 0, 1), as_of=2, revision=2)
    changes = [
        RatingChanged(at=AT, before=None, after=first, revision=1),
        RatingChanged(at=AT, before=first, after=second, revision=2),
    ]
    expected = RestaurantRating(restaurant_id=RESTAURANT, reviews=2, stars=6, revision=2)
    for arrival in permutations(changes):
        records = [recorded(change, RESTAURANT) for change in (*arrival, *arrival)]
        assert folded(RATINGS, *records) == {(RESTAURANT,): expected}
    deleted = recorded(RatingChanged(at=AT, before=second, after=None, revision=3), RESTAURANT)
    none_left = RestaurantRating(restaurant_id=RESTAURANT, reviews=0, stars=0, revision=3)
    assert folded(RATINGS, recorded(changes[1], RESTAURANT), deleted) == {(RESTAURANT,): none_left}


def test_the_catalog_keeps_no_ratings_of_couriers() -> None:
    row = RatingRow(target=COURIER, distribution=(0, 0, 0, 0, 1), as_of=1, revision=1)
    assert not RATINGS.keys(recorded(RatingChanged(at=AT, after=row, revision=1), COURIER))
