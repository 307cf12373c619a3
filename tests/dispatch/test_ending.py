"""Ending without a customer who eats: called off, undeliverable, returned, lost."""

from datetime import datetime, timedelta

import msgspec
import pytest

from kernel.deciding import Later
from kernel.messages import Event
from subgraphs.dispatch.commands import CancelDelivery, LoseCourier
from subgraphs.dispatch.domain import DELIVERIES
from subgraphs.dispatch.domain.actions import DeliveryAction, DeliveryStatus
from subgraphs.dispatch.domain.refusals import DeliveryStatusMismatch, NotAllowed, NotFound, TooSoon
from subgraphs.dispatch.events import (
    DeliveryAbandoned,
    DeliveryCancelled,
    DeliveryCancelRefused,
    DeliveryFailed,
    DeliveryFailure,
    DeliveryReturned,
    UndeliverableReason,
)
from tests.dispatch.courses import (
    AINO,
    DELIVERY,
    DISPATCHER,
    EERO,
    IDS,
    MINUTE,
    OFFER,
    OTSOS,
    READY_BY,
    SANNA,
    SECOND_OFFER,
    UP_TO_ASSIGNED,
    UP_TO_CHOSEN,
    UP_TO_DOOR,
    UP_TO_OFFERED,
    UP_TO_PICKED_UP,
    UP_TO_RETURNING,
    at,
    at_door,
    bring_back,
    but,
    by,
    give_up,
    picked_up,
    requested,
    sought,
    undeliverable,
)
from tests.scenario import Scenario

delivery = Scenario(DELIVERIES)
cancel = CancelDelivery(at=READY_BY, delivery_id=DELIVERY, asked=True)
cancelled = DeliveryCancelled(at=READY_BY, **IDS)
refused = DeliveryCancelRefused(at=READY_BY, **IDS, courier_id=OTSOS)
lose = LoseCourier(at=READY_BY + timedelta(hours=2), delivery_id=DELIVERY, offer_id=OFFER)
lost = DeliveryFailed(at=lose.at, **IDS, offer_id=OFFER, courier_id=OTSOS, reason=DeliveryFailure.COURIER_LOST)
returned = DeliveryReturned(
    at=undeliverable.at,
    **IDS,
    offer_id=OFFER,
    courier_id=OTSOS,
    reason=UndeliverableReason.CUSTOMER_UNREACHABLE,
    charged=True,
)
abandoned = DeliveryAbandoned(at=READY_BY, **IDS, rounds=1)


@pytest.mark.parametrize("past", [(requested,), (requested, sought)])
def test_what_nobody_is_chosen_for_is_called_off(past: tuple[Event, ...]) -> None:
    delivery.given(*past).when(cancel).then(cancelled).when(cancel).then_nothing()


@pytest.mark.parametrize("past", [UP_TO_CHOSEN, UP_TO_OFFERED, UP_TO_ASSIGNED])
def test_who_is_chosen_asked_or_on_the_way_is_named_when_it_is_called_off(past: tuple[Event, ...]) -> None:
    delivery.given(*past).when(cancel).then(but(cancelled, offer_id=OFFER, courier_id=OTSOS))


@pytest.mark.parametrize("past", [UP_TO_PICKED_UP, UP_TO_DOOR])
def test_what_was_fetched_is_not_called_off(past: tuple[Event, ...]) -> None:
    moment = max(READY_BY, past[-1].at)
    told = delivery.given(*past).when(cancel).then(but(refused, at=moment))
    assert told.state == msgspec.structs.replace(delivery.given(*past).state, last_at=moment)
    delivery.given(*past).when(but(cancel, asked=False)).then_nothing()


@pytest.mark.parametrize("past", [(), (requested, sought, abandoned), (*UP_TO_RETURNING, returned)])
def test_what_is_over_is_not_called_off(past: tuple[Event, ...]) -> None:
    delivery.given(*past).when(cancel).then_nothing()


@pytest.mark.parametrize(
    "reason",
    [
        UndeliverableReason.CUSTOMER_UNREACHABLE,
        UndeliverableReason.ADDRESS_WRONG,
        UndeliverableReason.REFUSED_BY_CUSTOMER,
    ],
)
def test_what_nobody_takes_goes_back(reason: UndeliverableReason) -> None:
    report = at(but(give_up, reason=reason), undeliverable.at)
    sent_back = delivery.given(*UP_TO_DOOR).when(report)
    assert sent_back.events == [but(undeliverable, reason=reason)]
    again = LoseCourier(delivery_id=DELIVERY, offer_id=OFFER, returning=True)
    assert sent_back.timers == [Later(at=undeliverable.at + timedelta(hours=2), command=again)]
    delivery.given(*UP_TO_DOOR, but(undeliverable, reason=reason)).when(report).then_nothing()


@pytest.mark.parametrize(
    ("past", "until"),
    [
        (UP_TO_DOOR, at_door.at + 5 * MINUTE),
        (UP_TO_PICKED_UP, picked_up.at + 30 * MINUTE),
        ((*UP_TO_PICKED_UP, but(at_door, at=picked_up.at + 28 * MINUTE)), picked_up.at + 30 * MINUTE),
    ],
)
def test_the_customer_is_waited_for(past: tuple[Event, ...], until: datetime) -> None:
    early = at(give_up, until - timedelta(milliseconds=1))
    assert delivery.given(*past).when(early).then_refused(TooSoon) == TooSoon(until=until)
    assert delivery.given(*past).when(at(give_up, until)).events == [but(undeliverable, at=until)]


def test_spoilt_food_goes_nowhere() -> None:
    spoilt = but(give_up, reason=UndeliverableReason.FOOD_DAMAGED)
    failed = but(lost, at=READY_BY, reason=DeliveryFailure.FOOD_DAMAGED)
    delivery.given(*UP_TO_PICKED_UP).when(spoilt).then(failed).when(spoilt).then_nothing()


def test_food_may_be_spoilt_on_its_way_back() -> None:
    spoilt = but(give_up, reason=UndeliverableReason.FOOD_DAMAGED)
    failed = but(lost, at=undeliverable.at, reason=DeliveryFailure.FOOD_DAMAGED)
    delivery.given(*UP_TO_RETURNING).when(spoilt).then(failed).when(spoilt).then_nothing()


def test_what_ended_otherwise_is_not_spoilt_any_more() -> None:
    spoilt = but(give_up, reason=UndeliverableReason.FOOD_DAMAGED)
    for past in ((*UP_TO_DOOR, lost), (*UP_TO_RETURNING, returned)):
        delivery.given(*past).when(spoilt).then_refused(DeliveryStatusMismatch)


@pytest.mark.parametrize("past", [UP_TO_ASSIGNED, (*UP_TO_RETURNING, returned)])
def test_only_what_is_on_its_way_is_undeliverable(past: tuple[Event, ...]) -> None:
    delivery.given(*past).when(give_up).then_refused(DeliveryStatusMismatch)


def test_what_goes_back_for_one_reason_does_not_for_another() -> None:
    other = but(give_up, reason=UndeliverableReason.ADDRESS_WRONG)
    refusal = delivery.given(*UP_TO_RETURNING).when(other).then_refused(DeliveryStatusMismatch)
    assert refusal == DeliveryStatusMismatch(
        status=DeliveryStatus.RETURNING, allowed=(DeliveryAction.REPORT_UNDELIVERABLE, DeliveryAction.CONFIRM_RETURN)
    )


@pytest.mark.parametrize("who", [None, DISPATCHER])
def test_what_is_back_is_charged(who: object) -> None:
    command = bring_back if who is None else but(bring_back, viewer=who)
    delivery.given(*UP_TO_RETURNING).when(command).then(returned).when(command).then_nothing()


def test_only_what_goes_back_comes_back() -> None:
    delivery.given(*UP_TO_DOOR).when(bring_back).then_refused(DeliveryStatusMismatch)


def test_nobody_else_reports_or_returns() -> None:
    for command, past in ((give_up, UP_TO_DOOR), (bring_back, UP_TO_RETURNING)):
        delivery.given(*past).when(by(command, EERO)).then_refused(NotFound)
        for onlooker in (AINO, SANNA):
            delivery.given(*past).when(by(command, onlooker)).then_refused(NotAllowed)
    delivery.given(*UP_TO_DOOR).when(by(give_up, DISPATCHER)).then_refused(NotAllowed)


@pytest.mark.parametrize("past", [UP_TO_PICKED_UP, UP_TO_DOOR])
def test_food_that_never_arrives_is_lost(past: tuple[Event, ...]) -> None:
    delivery.given(*past).when(lose).then(lost)


@pytest.mark.parametrize("past", [(), UP_TO_ASSIGNED, UP_TO_RETURNING, (*UP_TO_RETURNING, returned)])
def test_only_food_that_is_on_its_way_is_lost(past: tuple[Event, ...]) -> None:
    delivery.given(*past).when(lose).then_nothing()
    delivery.given(*UP_TO_DOOR).when(but(lose, offer_id=SECOND_OFFER)).then_nothing()


def test_food_that_never_comes_back_is_lost_too() -> None:
    delivery.given(*UP_TO_RETURNING).when(but(lose, returning=True)).then(lost)
    delivery.given(*UP_TO_DOOR).when(but(lose, returning=True)).then_nothing()
