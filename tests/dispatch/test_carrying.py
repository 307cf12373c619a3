"""Carrying: to the restaurant, with the food to the door, and what happens to couriers who do not come."""

from datetime import timedelta

import msgspec
import pytest

from kernel.deciding import Later
from kernel.messages import Command, Event, Viewer
from subgraphs.dispatch.commands import (
    AbandonDelivery,
    GiveUpOnCourier,
    LoseCourier,
    RecordArrival,
    RecordNearDoor,
)
from subgraphs.dispatch.domain import DELIVERIES
from subgraphs.dispatch.domain.actions import DeliveryAction, DeliveryStatus
from subgraphs.dispatch.domain.refusals import CodeLocked, DeliveryStatusMismatch, NotAllowed, NotFound, PinRequired
from subgraphs.dispatch.events import (
    DeliveryCompleted,
    DeliveryRescheduled,
    DeliveryUnassigned,
    DropoffPinMistaken,
    DropoffProof,
    NobodyFound,
    PickupCodeMistaken,
    ReassignmentReason,
    UnassignmentReason,
)
from tests.dispatch.courses import (
    AINO,
    DELIVERY,
    DISPATCHER,
    DROPOFF,
    EERO,
    FINANCE,
    IDS,
    ILVES,
    ILVESES,
    MINUTE,
    OFFER,
    OTSOS,
    READY_BY,
    SANNA,
    SEARCH_AT,
    SECOND_OFFER,
    UP_TO_ASSIGNED,
    UP_TO_DOOR,
    UP_TO_OFFERED,
    UP_TO_PICKED_UP,
    arrived,
    assigned,
    at,
    at_door,
    but,
    by,
    chosen,
    drop_off,
    offered,
    pick_up,
    picked_up,
    reassign,
    requested,
    sought,
)
from tests.scenario import Scenario

delivery = Scenario(DELIVERIES)
come = RecordArrival(at=arrived.at, delivery_id=DELIVERY, courier_id=OTSOS)
near = RecordNearDoor(at=at_door.at, delivery_id=DELIVERY, courier_id=OTSOS)
ready = DeliveryRescheduled(
    at=READY_BY - 5 * MINUTE,
    **IDS,
    ready_by=READY_BY - 5 * MINUTE,
    search_at=SEARCH_AT,
    is_ready=True,
    courier_id=OTSOS,
)
give_up = GiveUpOnCourier(at=READY_BY, delivery_id=DELIVERY, offer_id=OFFER, arrived=False)
no_show = DeliveryUnassigned(at=READY_BY, **IDS, offer_id=OFFER, courier_id=OTSOS, reason=UnassignmentReason.NO_SHOW)
completed = DeliveryCompleted(at=at_door.at, **IDS, offer_id=OFFER, courier_id=OTSOS, proof=DropoffProof.PIN)


def search_anew(event: DeliveryUnassigned) -> Event:
    return but(sought, at=event.at, round=2, excluded=(OTSOS,))


def test_the_courier_comes_to_the_restaurant_once() -> None:
    delivery.given(*UP_TO_ASSIGNED).when(come).then(arrived).when(come).then_nothing()


@pytest.mark.parametrize("past", [(), (requested,), UP_TO_OFFERED, UP_TO_PICKED_UP])
def test_nobody_comes_who_is_not_on_the_way(past: tuple[Event, ...]) -> None:
    delivery.given(*past).when(come).then_nothing()


def test_another_courier_who_passes_by_is_not_the_one() -> None:
    delivery.given(*UP_TO_ASSIGNED).when(but(come, courier_id=ILVESES)).then_nothing()
    delivery.given(*UP_TO_PICKED_UP).when(but(near, courier_id=ILVESES)).then_nothing()


def test_the_courier_comes_near_the_door_once() -> None:
    delivery.given(*UP_TO_PICKED_UP).when(near).then(at_door).when(near).then_nothing()
    delivery.given(*UP_TO_ASSIGNED).when(near).then_nothing()
    delivery.when(near).then_nothing()


def test_a_courier_who_has_come_is_waited_for_longer() -> None:
    come_in = delivery.given(*UP_TO_ASSIGNED, ready).when(come)
    waits = GiveUpOnCourier(delivery_id=DELIVERY, offer_id=OFFER, arrived=True)
    assert come_in.timers == [Later(at=arrived.at + 30 * MINUTE, command=waits)]


def test_a_courier_who_does_not_come_is_given_up_and_another_looked_for() -> None:
    given_up = delivery.given(*UP_TO_ASSIGNED, ready).when(give_up)
    assert given_up.events == [no_show, search_anew(no_show)]
    end = AbandonDelivery(delivery_id=DELIVERY, deadline=READY_BY + 25 * MINUTE)
    assert given_up.timers == [Later(at=READY_BY + 25 * MINUTE, command=end)]


def test_a_courier_who_comes_and_does_not_take_the_food_is_given_up() -> None:
    loitering = but(give_up, arrived=True)
    delivery.given(*UP_TO_ASSIGNED, ready, arrived).when(loitering).then(no_show, search_anew(no_show))


@pytest.mark.parametrize("past", [(), UP_TO_PICKED_UP, (*UP_TO_ASSIGNED, ready, arrived)])
def test_a_courier_who_came_is_not_given_up(past: tuple[Event, ...]) -> None:
    delivery.given(*past).when(give_up).then_nothing()
    delivery.given(*UP_TO_ASSIGNED).when(but(give_up, arrived=True)).then_nothing()


def test_the_next_courier_is_not_given_up_for_the_one_before() -> None:
    delivery.given(*UP_TO_ASSIGNED, ready).when(but(give_up, offer_id=SECOND_OFFER)).then_nothing()


@pytest.mark.parametrize(
    ("who", "reason"),
    [(None, UnassignmentReason.COURIER_ASKED), (DISPATCHER, UnassignmentReason.DISPATCHER)],
)
def test_a_delivery_is_taken_from_its_courier(who: Viewer | None, reason: UnassignmentReason) -> None:
    asked = reassign if who is None else by(reassign, who)
    taken = but(no_show, at=SEARCH_AT, reason=reason, detail=ReassignmentReason.BREAKDOWN)
    delivery.given(*UP_TO_ASSIGNED).when(asked).then(taken, search_anew(taken))


def test_a_search_that_begins_anew_looks_near_again() -> None:
    nobody = NobodyFound(at=SEARCH_AT, **IDS, round=1, radius_m=2000)
    wider = but(sought, round=2, radius_m=4000)
    past = (requested, sought, nobody, wider, but(chosen, round=2), offered, assigned)
    anew = delivery.given(*past).when(reassign).events[-1]
    assert anew == but(sought, round=3, radius_m=2000, excluded=(OTSOS,))


def test_who_handed_it_back_knows_of_it_no_more() -> None:
    taken = but(no_show, at=SEARCH_AT)
    delivery.given(*UP_TO_ASSIGNED, taken, search_anew(taken)).when(pick_up).then_refused(NotFound)


@pytest.mark.parametrize("past", [UP_TO_OFFERED, UP_TO_PICKED_UP])
def test_only_what_was_accepted_and_not_fetched_is_taken_away(past: tuple[Event, ...]) -> None:
    refusal = delivery.given(*past).when(by(reassign, DISPATCHER)).then_refused(DeliveryStatusMismatch)
    assert isinstance(refusal, DeliveryStatusMismatch)
    assert refusal.allowed == ()


@pytest.mark.parametrize("past", [UP_TO_ASSIGNED, (*UP_TO_ASSIGNED, arrived)])
def test_the_courier_takes_the_food_with_the_code(past: tuple[Event, ...]) -> None:
    taken = delivery.given(*past).when(pick_up)
    assert taken.events == [picked_up]
    lost = LoseCourier(delivery_id=DELIVERY, offer_id=OFFER)
    assert taken.timers == [Later(at=READY_BY + timedelta(hours=2), command=lost)]
    delivery.given(*past, picked_up).when(pick_up).then_nothing()
    delivery.given(*past, picked_up).when(but(pick_up, code_is_right=False)).then_nothing()


def mistaken(attempts: int, *, locks: bool = False) -> PickupCodeMistaken:
    until = READY_BY + 10 * MINUTE if locks else None
    return PickupCodeMistaken(at=READY_BY, **IDS, courier_id=OTSOS, attempts=attempts, locked_until=until)


def test_a_wrong_code_is_news_and_five_lock() -> None:
    wrong, scenario = but(pick_up, code_is_right=False), delivery.given(*UP_TO_ASSIGNED)
    for attempt in range(1, 5):
        scenario = scenario.when(wrong).then(mistaken(attempt))
    locked = scenario.when(wrong).then(mistaken(5, locks=True))
    until = READY_BY + 10 * MINUTE
    assert locked.when(pick_up).then_refused(CodeLocked) == CodeLocked(until=until)
    locked.when(at(pick_up, until)).then(but(picked_up, at=until))
    locked.when(at(wrong, until)).then(but(mistaken(1), at=until))


def test_each_courier_and_each_door_begins_with_a_clean_sheet() -> None:
    past = (*UP_TO_ASSIGNED, mistaken(4), picked_up)
    wrong = but(drop_off, pin_is_right=False)
    first = DropoffPinMistaken(at=READY_BY, **IDS, courier_id=OTSOS, attempts=1)
    delivery.given(*past).when(wrong).then(first)
    unlocked = delivery.given(*UP_TO_ASSIGNED, mistaken(5, locks=True), no_show).state
    assert (unlocked.wrong_codes, unlocked.locked_until) == (0, None)


def test_the_customer_names_the_pin() -> None:
    right = at(drop_off, at_door.at)
    delivery.given(*UP_TO_DOOR).when(right).then(completed).when(right).then_nothing()
    delivery.given(*UP_TO_PICKED_UP).when(drop_off).then(but(completed, at=READY_BY))


def test_five_wrong_pins_lock_the_door() -> None:
    wrong, scenario = but(drop_off, pin_is_right=False), delivery.given(*UP_TO_PICKED_UP)
    for attempt in range(1, 5):
        told = DropoffPinMistaken(at=READY_BY, **IDS, courier_id=OTSOS, attempts=attempt)
        scenario = scenario.when(wrong).then(told)
    until = READY_BY + 10 * MINUTE
    fifth = DropoffPinMistaken(at=READY_BY, **IDS, courier_id=OTSOS, attempts=5, locked_until=until)
    locked = scenario.when(wrong).then(fifth)
    locked.when(drop_off).then_refused(CodeLocked)
    locked.when(at(drop_off, until)).then(but(completed, at=until))


def test_food_is_left_at_the_door_only_for_who_asked_for_it() -> None:
    leave = but(drop_off, pin_is_right=None)
    delivery.given(*UP_TO_PICKED_UP).when(leave).then_refused(PinRequired)
    wished = but(requested, dropoff=msgspec.structs.replace(DROPOFF, leave_at_door=True))
    left = but(completed, at=READY_BY, proof=DropoffProof.LEFT_AT_DOOR)
    delivery.given(wished, *UP_TO_PICKED_UP[1:]).when(leave).then(left)


@pytest.mark.parametrize("command", [reassign, pick_up, drop_off])
def test_nobody_else_may_know_or_do(command: Command) -> None:
    scenario = delivery.given(*UP_TO_ASSIGNED)
    for stranger in (EERO, ILVES, FINANCE):
        scenario.when(but(command, viewer=stranger)).then_refused(NotFound)
    for onlooker in (AINO, SANNA):
        scenario.when(but(command, viewer=onlooker)).then_refused(NotAllowed)
    delivery.when(but(command)).then_refused(NotFound)


def test_what_is_out_of_turn_is_refused_with_what_is_not() -> None:
    early = delivery.given(*UP_TO_ASSIGNED).when(drop_off).then_refused(DeliveryStatusMismatch)
    assert early == DeliveryStatusMismatch(
        status=DeliveryStatus.ASSIGNED,
        allowed=(DeliveryAction.REASSIGN_DELIVERY, DeliveryAction.CONFIRM_PICKUP),
    )
    late = delivery.given(*UP_TO_DOOR, completed).when(pick_up).then_refused(DeliveryStatusMismatch)
    assert late == DeliveryStatusMismatch(status=DeliveryStatus.DELIVERED, allowed=())
