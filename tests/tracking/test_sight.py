"""Who is shown what of a trip, when, and how exactly: the table, cell by cell."""

import pytest

from kernel.messages import ANONYMOUS, Viewer
from kernel.places import Position, distance_m
from subgraphs.tracking.eta import Phase
from subgraphs.tracking.positions import COARSE_ACCURACY_M, coarsened
from subgraphs.tracking.views.couriers import CourierPositionRow
from subgraphs.tracking.views.sight import Seen, may_see, seen, signal_lost
from tests.tracking.riding import (
    AINO,
    COURIER,
    DISPATCHER,
    DOOR,
    EERO,
    HOME,
    KITCHEN,
    OTHER_COURIER,
    OTSO,
    SANNA,
    UKKO,
    a_row,
    after,
)
from tests.tracking.test_trips import on_a_trip

OTHERS = [
    Viewer(subject=role, roles=frozenset({role})) for role in ("restaurant", "finance", "admin", "partner", "customer")
]
NOBODY, COARSE, EXACT = "nothing", "coarse", "exact"
BEFORE, BETWEEN, WITH_FOOD = a_row(HOME, 13), a_row(HOME, 15), a_row(HOME, 22)


def told(shown: Seen | None) -> str:
    if shown is None:
        return NOBODY
    assert shown.coarse is (shown.position != HOME)
    return COARSE if shown.coarse else EXACT


@pytest.mark.parametrize(
    ("phase", "point", "customer", "others"),
    [
        (Phase.LOOKING_FOR_COURIER, BETWEEN, NOBODY, NOBODY),
        (Phase.TO_RESTAURANT, BEFORE, NOBODY, EXACT),
        (Phase.TO_RESTAURANT, BETWEEN, COARSE, EXACT),
        (Phase.TO_RESTAURANT, None, NOBODY, NOBODY),
        (Phase.AT_RESTAURANT, BETWEEN, COARSE, EXACT),
        (Phase.TO_CUSTOMER, BEFORE, NOBODY, EXACT),
        (Phase.TO_CUSTOMER, BETWEEN, COARSE, EXACT),
        (Phase.TO_CUSTOMER, WITH_FOOD, EXACT, EXACT),
        (Phase.AT_DOOR, WITH_FOOD, EXACT, EXACT),
        (Phase.ENDED, WITH_FOOD, NOBODY, NOBODY),
    ],
)
def test_who_is_shown_a_position(phase: Phase, point: CourierPositionRow | None, customer: str, others: str) -> None:
    trip = on_a_trip(phase)
    assert told(seen(AINO, trip, point)) == customer
    for viewer in (OTSO, SANNA, DISPATCHER):
        assert told(seen(viewer, trip, point)) == others
    for viewer in (EERO, UKKO, ANONYMOUS, *OTHERS):
        assert not may_see(viewer, trip)
        assert told(seen(viewer, trip, point)) == NOBODY


def test_a_courier_who_was_replaced_is_told_nothing() -> None:
    trip = on_a_trip(Phase.TO_RESTAURANT, courier_id=OTHER_COURIER)
    assert may_see(UKKO, trip)
    assert not may_see(OTSO, trip)


def test_nobody_but_staff_sees_a_trip_that_orders_has_not_told_of() -> None:
    trip = on_a_trip(Phase.LOOKING_FOR_COURIER, customer_id=None, courier_id=None)
    assert not may_see(AINO, trip)
    assert may_see(SANNA, trip)


def test_a_coarse_position_says_how_coarse_it_is() -> None:
    shown = seen(AINO, on_a_trip(Phase.TO_RESTAURANT), BETWEEN)
    assert shown is not None
    assert shown.position == coarsened(HOME)
    assert shown.accuracy_m == COARSE_ACCURACY_M
    assert distance_m(shown.position, HOME) <= shown.accuracy_m
    assert shown.recorded_at == after(15)


@pytest.mark.parametrize("place", [KITCHEN, DOOR, HOME])
def test_a_home_is_never_shown_before_the_pickup(place: Position) -> None:
    for phase in (Phase.TO_RESTAURANT, Phase.AT_RESTAURANT):
        shown = seen(AINO, on_a_trip(phase), a_row(place, 15))
        assert shown is not None
        assert shown.position == coarsened(place) != place


@pytest.mark.parametrize(
    ("phase", "heard_at", "now", "lost"),
    [
        (Phase.TO_RESTAURANT, 15, 16, False),
        (Phase.TO_RESTAURANT, 15, 16.1, True),
        (Phase.TO_RESTAURANT, None, 15, False),  # just assigned
        (Phase.TO_RESTAURANT, None, 15.1, True),
        (Phase.TO_RESTAURANT, 1, 14.5, False),  # not heard of lately, but just assigned
        (Phase.TO_CUSTOMER, 22, 24, True),
        (Phase.LOOKING_FOR_COURIER, None, 60, False),
        (Phase.ENDED, 22, 60, False),
    ],
)
def test_a_signal_is_lost_after_a_minute_of_silence(
    phase: Phase, heard_at: float | None, now: float, lost: bool
) -> None:
    point = None if heard_at is None else a_row(HOME, heard_at, COURIER)
    assert signal_lost(on_a_trip(phase), point, after(now)) is lost
