"""Offering: one courier is asked at a time, and what becomes of that."""

from datetime import timedelta

import pytest

from kernel.deciding import Later
from kernel.messages import Event
from kernel.places import Position, distance_m
from subgraphs.dispatch.commands import GiveUpOnCourier, LapseOffer, WithdrawOffer
from subgraphs.dispatch.domain import DELIVERIES
from subgraphs.dispatch.domain.actions import OfferStatus
from subgraphs.dispatch.domain.offering import about
from subgraphs.dispatch.domain.refusals import CourierOffline, NotFound, OfferNotOpen
from subgraphs.dispatch.events import (
    DeclineReason,
    DeliveryAbandoned,
    DeliveryCancelled,
    DeliveryRescheduled,
    DeliveryUnassigned,
    OfferDeclined,
    OfferLapsed,
    OfferWithdrawn,
    UnassignmentReason,
)
from tests.dispatch.courses import (
    AINO,
    DELIVERY,
    DISPATCHER,
    DROPOFF,
    IDS,
    ILVES,
    MINUTE,
    NEAR_DROPOFF,
    OFFER,
    OTSOS,
    READY_BY,
    SEARCH_AT,
    SECOND_OFFER,
    UP_TO_ASSIGNED,
    UP_TO_CHOSEN,
    UP_TO_OFFERED,
    UP_TO_PICKED_UP,
    accept,
    assigned,
    at,
    but,
    by,
    decline,
    make,
    offered,
    requested,
    sought,
)
from tests.scenario import Scenario

delivery = Scenario(DELIVERIES)
lapse = LapseOffer(at=offered.expires_at, delivery_id=DELIVERY, offer_id=OFFER)
withdraw = WithdrawOffer(at=SEARCH_AT, delivery_id=DELIVERY, offer_id=OFFER)
declined = OfferDeclined(at=SEARCH_AT, **IDS, offer_id=OFFER, courier_id=OTSOS, reason=DeclineReason.TOO_FAR)
lapsed = OfferLapsed(at=offered.expires_at, **IDS, offer_id=OFFER, courier_id=OTSOS)
withdrawn = OfferWithdrawn(at=SEARCH_AT, **IDS, offer_id=OFFER, courier_id=OTSOS)
called_off = DeliveryCancelled(at=SEARCH_AT, **IDS, offer_id=OFFER, courier_id=OTSOS)
second_round = but(sought, round=2, excluded=(OTSOS,))
unassigned = DeliveryUnassigned(
    at=SEARCH_AT, **IDS, offer_id=OFFER, courier_id=OTSOS, reason=UnassignmentReason.COURIER_ASKED
)
DEADLINE = READY_BY + 25 * MINUTE


def test_who_is_reserved_is_asked() -> None:
    asked = delivery.given(*UP_TO_CHOSEN).when(make)
    assert asked.events == [offered]
    assert asked.timers == [Later(at=offered.expires_at, command=LapseOffer(delivery_id=DELIVERY, offer_id=OFFER))]


@pytest.mark.parametrize(
    "past",
    [(), (requested, sought), UP_TO_OFFERED, UP_TO_ASSIGNED, (*UP_TO_CHOSEN, called_off), (*UP_TO_CHOSEN, withdrawn)],
)
def test_who_is_reserved_too_late_is_not_asked(past: tuple[Event, ...]) -> None:
    delivery.given(*past).when(make).then_nothing()


def test_the_one_who_is_asked_accepts() -> None:
    delivery.given(*UP_TO_OFFERED).when(accept).then(assigned).when(accept).then_nothing()


def test_who_accepts_when_the_food_is_ready_is_waited_for() -> None:
    ready = DeliveryRescheduled(at=SEARCH_AT, **IDS, ready_by=SEARCH_AT, search_at=SEARCH_AT, is_ready=True)
    accepted = delivery.given(*UP_TO_OFFERED, ready).when(accept)
    waits = GiveUpOnCourier(delivery_id=DELIVERY, offer_id=OFFER, arrived=False)
    assert accepted.timers == [Later(at=assigned.pickup_expected_at + 10 * MINUTE, command=waits)]


def test_nobody_accepts_without_a_shift() -> None:
    delivery.given(*UP_TO_OFFERED).when(but(accept, online=False)).then_refused(CourierOffline)


@pytest.mark.parametrize("somebody", [AINO, ILVES, DISPATCHER])
def test_only_the_one_who_is_asked_answers(somebody: object) -> None:
    for command in (accept, decline):
        delivery.given(*UP_TO_OFFERED).when(but(command, viewer=somebody)).then_refused(NotFound)
        delivery.given(*UP_TO_CHOSEN).when(but(command, viewer=somebody)).then_refused(NotFound)


def test_nobody_answers_what_was_never_asked() -> None:
    for command in (accept, decline):
        delivery.when(command).then_refused(NotFound)
        delivery.given(*UP_TO_CHOSEN).when(command).then_refused(NotFound)
        delivery.given(*UP_TO_OFFERED).when(but(command, offer_id=SECOND_OFFER)).then_refused(NotFound)


@pytest.mark.parametrize(
    ("past", "status"),
    [
        ((*UP_TO_OFFERED, declined, second_round), OfferStatus.DECLINED),
        ((*UP_TO_OFFERED, lapsed, second_round), OfferStatus.EXPIRED),
        ((*UP_TO_OFFERED, withdrawn, second_round), OfferStatus.WITHDRAWN),
        ((*UP_TO_OFFERED, called_off), OfferStatus.WITHDRAWN),
        ((*UP_TO_ASSIGNED, unassigned, second_round), OfferStatus.ACCEPTED),
        (UP_TO_PICKED_UP, OfferStatus.ACCEPTED),
        ((*UP_TO_ASSIGNED, called_off), OfferStatus.ACCEPTED),
    ],
)
def test_an_offer_that_is_closed_cannot_be_accepted(past: tuple[Event, ...], status: OfferStatus) -> None:
    refusal = delivery.given(*past).when(accept).then_refused(OfferNotOpen)
    assert refusal == OfferNotOpen(status=status)


def test_an_offer_expires_to_the_second_whenever_its_timer_rings() -> None:
    open_offer = delivery.given(*UP_TO_OFFERED)
    for command in (accept, decline):
        open_offer.when(at(command, offered.expires_at)).then_refused(OfferNotOpen)
        assert open_offer.when(at(command, offered.expires_at - timedelta(milliseconds=1))).events


def test_who_declines_is_not_asked_again() -> None:
    delivery.given(*UP_TO_OFFERED).when(decline).then(declined, second_round).when(decline).then_nothing()


@pytest.mark.parametrize("past", [(*UP_TO_OFFERED, lapsed, second_round), UP_TO_ASSIGNED])
def test_an_offer_that_is_closed_cannot_be_declined(past: tuple[Event, ...]) -> None:
    delivery.given(*past).when(decline).then_refused(OfferNotOpen)


def test_an_offer_that_nobody_answers_lapses() -> None:
    delivery.given(*UP_TO_OFFERED).when(lapse).then(lapsed, but(second_round, at=offered.expires_at))


@pytest.mark.parametrize(
    "past",
    [(), UP_TO_CHOSEN, UP_TO_ASSIGNED, (*UP_TO_OFFERED, declined, second_round), (*UP_TO_OFFERED, called_off)],
)
def test_an_offer_that_was_answered_does_not_lapse(past: tuple[Event, ...]) -> None:
    delivery.given(*past).when(lapse).then_nothing()


def test_an_offer_lapses_by_its_own_timer() -> None:
    delivery.given(*UP_TO_OFFERED).when(but(lapse, offer_id=SECOND_OFFER)).then_nothing()


def test_the_offer_of_a_courier_who_left_is_withdrawn() -> None:
    delivery.given(*UP_TO_OFFERED).when(withdraw).then(withdrawn, second_round)
    delivery.given(*UP_TO_CHOSEN).when(withdraw).then(withdrawn, second_round)


@pytest.mark.parametrize("past", [(), (requested, sought), UP_TO_ASSIGNED, UP_TO_PICKED_UP])
def test_who_has_accepted_brings_it_to_its_end_though_they_left(past: tuple[Event, ...]) -> None:
    delivery.given(*past).when(withdraw).then_nothing()
    delivery.given(*UP_TO_OFFERED).when(but(withdraw, offer_id=SECOND_OFFER)).then_nothing()


def test_after_the_end_of_the_search_a_no_is_the_end() -> None:
    late = but(offered, at=DEADLINE - MINUTE, expires_at=DEADLINE)
    abandoned = DeliveryAbandoned(at=DEADLINE, **IDS, rounds=1)
    delivery.given(*UP_TO_CHOSEN, late).when(at(lapse, DEADLINE)).then(but(lapsed, at=DEADLINE), abandoned)


def test_a_courier_who_is_only_asked_is_told_no_door() -> None:
    assert offered.dropoff_near == NEAR_DROPOFF
    assert 0 < distance_m(NEAR_DROPOFF, DROPOFF.position) < 360


@pytest.mark.parametrize("latitude", [60.1865, 0.0, -33.9, 89.99, -90.0])
def test_a_place_is_coarse_anywhere_on_earth(latitude: float) -> None:
    place = Position(latitude=latitude, longitude=24.9531)
    coarse = about(place)
    assert distance_m(coarse, place) <= 360
    assert about(coarse) == coarse, "a neighbour in the same square is told the same"


def test_the_answer_of_somebody_else_is_none_of_theirs() -> None:
    delivery.given(*UP_TO_ASSIGNED).when(by(accept, ILVES)).then_refused(NotFound)
