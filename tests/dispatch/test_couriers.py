"""Couriers: shifts, and one engagement at a time."""

from datetime import timedelta

import pytest

from kernel.places import Vehicle
from subgraphs.dispatch.commands import ReleaseCourier, ReserveCourier
from subgraphs.dispatch.domain import COURIERS
from subgraphs.dispatch.domain.refusals import DeliveryInProgress, InvalidInput, NotAllowed
from subgraphs.dispatch.events import (
    CourierReleased,
    CourierUnavailable,
    CourierWentOffline,
    Unavailability,
)
from tests.dispatch.courses import (
    AINO,
    DELIVERY,
    DISPATCHER,
    OFFER,
    OTSOS,
    SECOND_OFFER,
    but,
    by,
    go_offline,
    go_online,
    online,
    reserved,
)
from tests.scenario import Scenario
from tests.spelling import AT

courier = Scenario(COURIERS)
offline = CourierWentOffline(at=AT, courier_id=OTSOS)
reserve = ReserveCourier(at=AT, courier_id=OTSOS, delivery_id=DELIVERY, offer_id=OFFER)
reserve_second = but(reserve, offer_id=SECOND_OFFER)
release = ReleaseCourier(at=AT, courier_id=OTSOS, offer_id=OFFER)
released = CourierReleased(at=AT, courier_id=OTSOS, delivery_id=DELIVERY, offer_id=OFFER)


def unavailable(reason: Unavailability, offer_id: str = OFFER) -> CourierUnavailable:
    return CourierUnavailable(at=AT, courier_id=OTSOS, delivery_id=DELIVERY, offer_id=offer_id, reason=reason)


def test_a_courier_begins_a_shift_once() -> None:
    courier.when(go_online).then(online).when(go_online).then_nothing()


def test_a_name_is_taken_without_its_margins() -> None:
    courier.when(but(go_online, display_name="  Otso ")).then(online)


def test_a_vehicle_can_be_changed_on_a_shift() -> None:
    courier.given(online).when(but(go_online, vehicle=Vehicle.CAR)).then(but(online, vehicle=Vehicle.CAR))


@pytest.mark.parametrize("name", ["", "   ", "x" * 61, "O\ttso"])
def test_a_name_has_letters(name: str) -> None:
    refusal = courier.when(but(go_online, display_name=name)).then_refused(InvalidInput)
    assert isinstance(refusal, InvalidInput)
    assert refusal.path == ("displayName",)


def test_only_couriers_have_shifts() -> None:
    for somebody in (AINO, DISPATCHER):
        courier.when(by(go_online, somebody)).then_refused(NotAllowed)
        courier.given(online).when(by(go_offline, somebody)).then_refused(NotAllowed)


def test_a_courier_ends_the_shift_once() -> None:
    courier.given(online).when(go_offline).then(offline).when(go_offline).then_nothing()
    courier.when(go_offline).then_nothing()


def test_a_shift_does_not_end_while_something_is_carried() -> None:
    carrying = but(go_offline, carried_delivery_id=DELIVERY)
    refusal = courier.given(online, reserved).when(carrying).then_refused(DeliveryInProgress)
    assert isinstance(refusal, DeliveryInProgress)
    assert refusal.delivery_id == DELIVERY


def test_what_a_view_still_shows_as_carried_keeps_nobody_on_a_shift() -> None:
    carrying = but(go_offline, carried_delivery_id=DELIVERY)
    courier.given(online, reserved, released).when(carrying).then(offline)


def test_going_offline_names_the_offer_that_is_open() -> None:
    left = but(offline, delivery_id=DELIVERY, offer_id=OFFER)
    courier.given(online, reserved).when(go_offline).then(left)


def test_a_free_courier_is_reserved_once() -> None:
    courier.given(online).when(reserve).then(reserved).when(reserve).then_nothing()


def test_an_engaged_courier_is_not_reserved_again() -> None:
    busy = unavailable(Unavailability.ENGAGED, SECOND_OFFER)
    courier.given(online, reserved).when(reserve_second).then(busy)


def test_a_courier_without_a_shift_is_not_reserved() -> None:
    courier.when(reserve).then(unavailable(Unavailability.OFFLINE))
    courier.given(online, offline).when(reserve).then(unavailable(Unavailability.OFFLINE))


def test_a_released_courier_is_free_for_the_next() -> None:
    second = but(reserved, offer_id=SECOND_OFFER)
    courier.given(online, reserved).when(release).then(released).when(reserve_second).then(second)


def test_nobody_is_released_from_another_engagement() -> None:
    courier.given(online).when(release).then_nothing()
    courier.given(online, but(reserved, offer_id=SECOND_OFFER)).when(release).then_nothing()


def test_an_engagement_outlasts_the_shift() -> None:
    gone = but(offline, delivery_id=DELIVERY, offer_id=OFFER)
    courier.given(online, reserved, gone).when(release).then(released)
    courier.given(online, reserved, gone, online).when(reserve_second).then(
        unavailable(Unavailability.ENGAGED, SECOND_OFFER)
    )


def test_a_courier_who_could_not_be_reserved_is_as_they_were() -> None:
    courier.given(online, unavailable(Unavailability.ENGAGED, SECOND_OFFER)).when(reserve).then(reserved)


def test_the_time_of_a_courier_never_goes_back() -> None:
    later = but(online, at=AT + timedelta(seconds=5))
    decided = courier.given(later).when(reserve).events
    assert decided == [but(reserved, at=later.at)]
