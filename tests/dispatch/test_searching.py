"""Searching: when a courier is looked for, how wide, who is chosen, and when nobody is looked for any more."""

from datetime import timedelta

import pytest

from kernel.deciding import Later
from kernel.messages import Event
from subgraphs.dispatch.commands import (
    AbandonDelivery,
    BeginSearch,
    GiveUpOnCourier,
    PassOver,
    RescheduleDelivery,
    SeekAgain,
)
from subgraphs.dispatch.domain import DELIVERIES
from subgraphs.dispatch.domain.searching import RADII_M
from subgraphs.dispatch.events import (
    Considered,
    DeclineReason,
    DeliveryAbandoned,
    DeliveryCancelled,
    DeliveryRescheduled,
    NobodyFound,
    OfferDeclined,
    OfferLapsed,
)
from subgraphs.dispatch.matching import ranked
from tests.dispatch.courses import (
    DELIVERY,
    IDS,
    ILVESES,
    MINUTE,
    OFFER,
    OTSOS,
    READY_BY,
    SEARCH_AT,
    SECOND_OFFER,
    UP_TO_ASSIGNED,
    UP_TO_CHOSEN,
    UP_TO_OFFERED,
    UP_TO_PICKED_UP,
    at,
    but,
    chosen,
    found,
    near_ilves,
    near_otso,
    request,
    requested,
    sought,
)
from tests.scenario import Scenario
from tests.spelling import AT

delivery = Scenario(DELIVERIES)
DEADLINE = READY_BY + 25 * MINUTE
begin = BeginSearch(at=SEARCH_AT, delivery_id=DELIVERY, search_at=SEARCH_AT)
pass_over = PassOver(at=SEARCH_AT, delivery_id=DELIVERY, offer_id=OFFER)
abandon = AbandonDelivery(at=DEADLINE, delivery_id=DELIVERY, deadline=DEADLINE)
nobody = NobodyFound(at=SEARCH_AT, **IDS, round=1, radius_m=2000)
again = SeekAgain(at=SEARCH_AT + timedelta(seconds=20), delivery_id=DELIVERY, after_round=1)
abandoned = DeliveryAbandoned(at=DEADLINE, **IDS, rounds=1)
called_off = DeliveryCancelled(at=SEARCH_AT, **IDS)
later_chosen = but(chosen, offer_id=SECOND_OFFER, courier_id=ILVESES, ride_seconds=300.0, considered=(near_ilves,))


def reschedule(minutes: int, *, is_ready: bool = False) -> RescheduleDelivery:
    """The kitchen says at AT that the food is ready in so many minutes, or that it is."""
    moment = AT + minutes * MINUTE
    return RescheduleDelivery(at=moment if is_ready else AT, delivery_id=DELIVERY, ready_by=moment, is_ready=is_ready)


def test_a_courier_is_looked_for_shortly_before_the_food_is_ready() -> None:
    asked = delivery.when(request)
    assert asked.events == [requested]
    assert asked.timers == [Later(at=SEARCH_AT, command=BeginSearch(delivery_id=DELIVERY, search_at=SEARCH_AT))]


def test_a_courier_is_looked_for_at_once_when_the_food_is_ready_soon() -> None:
    soon = AT + 5 * MINUTE
    asked = delivery.when(but(request, ready_by=soon))
    assert asked.events == [but(requested, ready_by=soon, search_at=AT), but(sought, at=AT)]
    end = AbandonDelivery(delivery_id=DELIVERY, deadline=soon + 25 * MINUTE)
    assert asked.timers == [Later(at=soon + 25 * MINUTE, command=end)]


def test_a_delivery_is_requested_once() -> None:
    delivery.given(requested).when(request).then_nothing()


def test_a_search_begins_and_has_an_end() -> None:
    begun = delivery.given(requested).when(begin)
    assert begun.events == [sought]
    assert begun.timers == [Later(at=DEADLINE, command=AbandonDelivery(delivery_id=DELIVERY, deadline=DEADLINE))]


@pytest.mark.parametrize("past", [(), (requested, sought), (requested, called_off)])
def test_a_search_begins_only_while_it_is_waited_for(past: tuple[Event, ...]) -> None:
    delivery.given(*past).when(begin).then_nothing()


def test_a_late_kitchen_has_the_search_begin_later() -> None:
    moved = delivery.given(requested).when(reschedule(40))
    later = AT + 32 * MINUTE
    told = DeliveryRescheduled(at=AT, **IDS, ready_by=AT + 40 * MINUTE, search_at=later, is_ready=False)
    assert moved.events == [told]
    assert moved.timers == [Later(at=later, command=BeginSearch(delivery_id=DELIVERY, search_at=later))]
    delivery.given(requested, told).when(begin).then_nothing()
    delivery.given(requested, told).when(but(begin, at=later, search_at=later)).then(but(sought, at=later))


def test_food_that_is_ready_has_the_search_begin_at_once() -> None:
    moved = delivery.given(requested).when(reschedule(3, is_ready=True))
    moment = AT + 3 * MINUTE
    told = DeliveryRescheduled(at=moment, **IDS, ready_by=moment, search_at=moment, is_ready=True)
    assert moved.events == [told, but(sought, at=moment)]


def test_a_search_under_way_gets_another_end() -> None:
    moved = delivery.given(requested, sought).when(reschedule(40))
    told = DeliveryRescheduled(at=SEARCH_AT, **IDS, ready_by=AT + 40 * MINUTE, search_at=SEARCH_AT, is_ready=False)
    assert moved.events == [told]
    end = AT + 65 * MINUTE
    assert moved.timers == [Later(at=end, command=AbandonDelivery(delivery_id=DELIVERY, deadline=end))]
    delivery.given(requested, sought, told).when(abandon).then_nothing()


def test_whoever_is_asked_hears_of_another_time() -> None:
    told = delivery.given(*UP_TO_OFFERED).when(reschedule(40)).events[0]
    assert isinstance(told, DeliveryRescheduled)
    assert told.courier_id == OTSOS
    told = delivery.given(*UP_TO_CHOSEN).when(reschedule(40)).events[0]
    assert isinstance(told, DeliveryRescheduled)
    assert told.courier_id is None, "a courier who is only chosen does not know of it"


def test_a_courier_on_the_way_is_waited_for_once_the_food_is_ready() -> None:
    ready = delivery.given(*UP_TO_ASSIGNED).when(reschedule(20, is_ready=True))
    waits = GiveUpOnCourier(delivery_id=DELIVERY, offer_id=OFFER, arrived=False)
    assert ready.timers == [Later(at=READY_BY + 10 * MINUTE, command=waits)]
    assert delivery.given(*UP_TO_ASSIGNED).when(reschedule(40)).timers == []


def test_what_was_said_or_is_too_late_to_say_changes_nothing() -> None:
    ready = DeliveryRescheduled(at=AT, **IDS, ready_by=AT, search_at=AT, is_ready=True)
    delivery.when(reschedule(30)).then_nothing()
    delivery.given(requested).when(reschedule(20)).then_nothing()
    delivery.given(requested, ready).when(reschedule(40)).then_nothing()
    delivery.given(requested, called_off).when(reschedule(40)).then_nothing()
    delivery.given(*UP_TO_PICKED_UP).when(reschedule(40)).then_nothing()


def test_the_nearest_by_street_is_chosen() -> None:
    delivery.given(requested, sought).when(found).then(chosen)


def test_the_next_best_is_chosen_when_the_nearest_is_busy() -> None:
    delivery.given(*UP_TO_CHOSEN).when(pass_over).then(later_chosen)


def test_nobody_is_found_when_all_are_busy() -> None:
    second = but(pass_over, offer_id=SECOND_OFFER)
    passed = delivery.given(*UP_TO_CHOSEN, later_chosen).when(second)
    assert passed.events == [nobody]
    assert passed.timers == [
        Later(at=SEARCH_AT + timedelta(seconds=20), command=SeekAgain(delivery_id=DELIVERY, after_round=1))
    ]


def test_nobody_near_is_nobody_found() -> None:
    delivery.given(requested, sought).when(but(found, candidates=())).then(nobody)


def test_the_next_round_looks_wider() -> None:
    wider = but(sought, at=again.at, round=2, radius_m=RADII_M[1])
    delivery.given(requested, sought, nobody).when(again).then(wider)


def test_rounds_grow_as_wide_as_it_gets() -> None:
    past: list[Event] = [requested]
    for number in range(1, 8):
        radius_m = RADII_M[min(number, len(RADII_M)) - 1]
        past += [but(sought, round=number, radius_m=radius_m), but(nobody, round=number, radius_m=radius_m)]
    eighth = delivery.given(*past).when(but(again, after_round=7)).events
    assert eighth == [but(sought, at=again.at, round=8, radius_m=RADII_M[-1])]


def test_who_did_not_answer_is_asked_again_only_when_nobody_else_is_left() -> None:
    lapsed = OfferLapsed(at=SEARCH_AT, **IDS, offer_id=OFFER, courier_id=OTSOS)
    second = but(sought, round=2, excluded=(OTSOS,))
    past = (*UP_TO_OFFERED, lapsed, second)
    in_second = but(found, round=2)
    delivery.given(*past).when(in_second).then(
        but(chosen, round=2, offer_id=SECOND_OFFER, courier_id=ILVESES, ride_seconds=300.0, considered=(near_ilves,))
    )
    nobody_else = but(nobody, round=2)
    delivery.given(*past).when(but(in_second, candidates=(near_otso,))).then(nobody_else)
    third = delivery.given(*past, nobody_else).when(but(again, after_round=2)).events
    assert third == [but(sought, at=again.at, round=3, radius_m=RADII_M[1])]


def test_who_said_no_is_not_chosen_again_whoever_claims_that_they_are_near() -> None:
    declined = OfferDeclined(at=SEARCH_AT, **IDS, offer_id=OFFER, courier_id=OTSOS, reason=DeclineReason.TOO_FAR)
    second = but(sought, round=2, excluded=(OTSOS,))
    asked = delivery.given(*UP_TO_OFFERED, declined, second)
    asked.when(but(found, round=2, candidates=(near_otso,))).then(but(nobody, round=2))


@pytest.mark.parametrize(
    "past",
    [
        (requested,),
        (requested, sought, nobody),
        UP_TO_CHOSEN,
        UP_TO_ASSIGNED,
        (requested, sought, called_off),
        (requested, sought, nobody, but(sought, round=2)),
    ],
)
def test_an_answer_to_another_round_changes_nothing(past: tuple[Event, ...]) -> None:
    delivery.given(*past).when(found).then_nothing()


@pytest.mark.parametrize("past", [(), (requested, sought), UP_TO_OFFERED, (*UP_TO_CHOSEN, later_chosen)])
def test_only_who_is_being_reserved_is_passed_over(past: tuple[Event, ...]) -> None:
    delivery.given(*past).when(pass_over).then_nothing()


@pytest.mark.parametrize(
    "past",
    [
        (),
        (requested, sought),
        (requested, sought, nobody, but(sought, round=2)),
        (requested, sought, nobody, but(sought, round=2), but(nobody, round=2)),
    ],
)
def test_only_a_search_that_rests_goes_on_after_the_pause(past: tuple[Event, ...]) -> None:
    delivery.given(*past).when(again).then_nothing()


def test_a_search_ends_in_time() -> None:
    delivery.given(requested, sought).when(abandon).then(abandoned)
    delivery.given(requested, sought, nobody).when(abandon).then(abandoned)


def test_a_round_after_the_end_is_none() -> None:
    late = at(again, DEADLINE)
    delivery.given(requested, sought, nobody).when(late).then(abandoned)
    delivery.given(requested, sought).when(at(but(found, candidates=()), DEADLINE)).then(abandoned)


@pytest.mark.parametrize("past", [(), (requested,), UP_TO_CHOSEN, UP_TO_OFFERED, UP_TO_ASSIGNED])
def test_whoever_is_asked_at_the_end_may_still_answer(past: tuple[Event, ...]) -> None:
    delivery.given(*past).when(abandon).then_nothing()


def test_candidates_are_ranked_by_ride_and_each_once() -> None:
    further = but_ride(OTSOS, 900.0)
    assert ranked((further, near_ilves, near_otso), ()) == (near_otso, near_ilves)
    assert ranked((near_ilves, near_otso), {OTSOS}) == (near_ilves,)
    twins = (but_ride("courier_b", 60.0), but_ride("courier_a", 60.0))
    assert [each.courier_id for each in ranked(twins, ())] == ["courier_a", "courier_b"]
    assert ranked((), ()) == ()


def but_ride(courier_id: str, ride_seconds: float) -> Considered:
    return Considered(courier_id=courier_id, ride_seconds=ride_seconds)
