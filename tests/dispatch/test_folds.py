"""Couriers, offers and deliveries as they are shown: one fold each."""

from datetime import timedelta
from typing import Any

import pytest

from kernel.log import Recorded
from kernel.messages import Event
from kernel.places import Vehicle
from projections import PROJECTIONS
from projections.staff import OF_DISPATCH
from subgraphs.dispatch.domain import DELIVERIES
from subgraphs.dispatch.domain.actions import ENDED, DeliveryStatus, OfferStatus
from subgraphs.dispatch.events import (
    CourierReleased,
    CourierUnavailable,
    CourierWentOffline,
    DeclineReason,
    DeliveryAbandoned,
    DeliveryCancelled,
    DeliveryCompleted,
    DeliveryFailed,
    DeliveryFailure,
    DeliveryRescheduled,
    DeliveryReturned,
    DeliveryUnassigned,
    DropoffPinMistaken,
    DropoffProof,
    NobodyFound,
    OfferDeclined,
    OfferLapsed,
    OfferWithdrawn,
    PickupCodeMistaken,
    UnassignmentReason,
    Unavailability,
    UndeliverableReason,
)
from subgraphs.dispatch.views import (
    COURIER_PROJECTION,
    DELIVERY_PROJECTION,
    OFFER_PROJECTION,
    CourierView,
    DeliveryView,
    OfferView,
    fold_courier,
    fold_delivery,
    fold_offer,
)
from subgraphs.dispatch.views import PROJECTIONS as OWN
from tests.dispatch.courses import (
    DELIVERY,
    DROPOFF,
    IDS,
    MINUTE,
    NEAR_DROPOFF,
    OFFER,
    OTSOS,
    PICKUP,
    READY_BY,
    SEARCH_AT,
    SECOND_OFFER,
    UP_TO_ASSIGNED,
    UP_TO_CHOSEN,
    UP_TO_DOOR,
    UP_TO_OFFERED,
    UP_TO_PICKED_UP,
    UP_TO_RETURNING,
    arrived,
    assigned,
    at_door,
    but,
    chosen,
    offered,
    online,
    picked_up,
    requested,
    reserved,
    sought,
    undeliverable,
)
from tests.spelling import AT, recorded

OFFERED: dict[str, Any] = {**IDS, "offer_id": OFFER, "courier_id": OTSOS}
LATER = READY_BY + 20 * MINUTE
completed = DeliveryCompleted(at=LATER, **OFFERED, proof=DropoffProof.PIN)
returned = DeliveryReturned(at=LATER, **OFFERED, reason=UndeliverableReason.CUSTOMER_UNREACHABLE, charged=True)
lost = DeliveryFailed(at=LATER, **OFFERED, reason=DeliveryFailure.COURIER_LOST)
cancelled = DeliveryCancelled(at=LATER, **OFFERED)
abandoned = DeliveryAbandoned(at=LATER, **IDS, rounds=3)
unassigned = DeliveryUnassigned(at=LATER, **OFFERED, reason=UnassignmentReason.NO_SHOW)
declined = OfferDeclined(at=LATER, **OFFERED, reason=DeclineReason.TOO_FAR)
nobody = NobodyFound(at=LATER, **IDS, round=1, radius_m=2000)


def told(*events: Event) -> list[Recorded]:
    return [recorded(event, DELIVERY, version) for version, event in enumerate(events, start=1)]


def delivery_after(*events: Event) -> DeliveryView:
    view: DeliveryView | None = None
    for record in told(*events):
        view = fold_delivery(view, record)
    assert view is not None
    return view


def offer_after(*events: Event, offer_id: str = OFFER) -> OfferView | None:
    view: OfferView | None = None
    for record in told(*events):
        if (offer_id,) in OFFER_PROJECTION.keys(record):
            view = fold_offer(view, record, (offer_id,))
    return view


def courier_after(*events: Event) -> CourierView | None:
    view: CourierView | None = None
    for version, event in enumerate(events, start=1):
        view = fold_courier(view, recorded(event, OTSOS, version))
    return view


PASTS: dict[DeliveryStatus, tuple[Event, ...]] = {
    DeliveryStatus.SCHEDULED: (requested,),
    DeliveryStatus.SEARCHING: (requested, sought, nobody),
    DeliveryStatus.OFFERED: UP_TO_OFFERED,
    DeliveryStatus.ASSIGNED: UP_TO_ASSIGNED,
    DeliveryStatus.AT_RESTAURANT: (*UP_TO_ASSIGNED, arrived),
    DeliveryStatus.PICKED_UP: UP_TO_PICKED_UP,
    DeliveryStatus.AT_DOOR: UP_TO_DOOR,
    DeliveryStatus.RETURNING: UP_TO_RETURNING,
    DeliveryStatus.DELIVERED: (*UP_TO_DOOR, completed),
    DeliveryStatus.RETURNED: (*UP_TO_RETURNING, returned),
    DeliveryStatus.CANCELLED: (*UP_TO_OFFERED, cancelled),
    DeliveryStatus.ABANDONED: (requested, sought, abandoned),
    DeliveryStatus.FAILED: (*UP_TO_DOOR, lost),
}


@pytest.mark.parametrize("status", DeliveryStatus, ids=lambda status: status.value)
def test_a_delivery_is_shown_in_its_status(status: DeliveryStatus) -> None:
    past = PASTS[status]
    view, state = delivery_after(*past), DELIVERIES.fold(past)  # pyright: ignore[reportArgumentType]
    assert state is not None
    assert view.status is state.status is status
    assert (view.version, view.changed_at) == (len(past), past[-1].at)
    assert (view.ended_at is not None) == (status in ENDED)
    assert view.courier_id == state.courier_id


def test_a_delivery_shows_what_its_events_said() -> None:
    view = delivery_after(*UP_TO_DOOR, completed)
    assert (view.pickup, view.dropoff, view.ready_by, view.search_at) == (PICKUP, DROPOFF, READY_BY, SEARCH_AT)
    assert (view.requested_at, view.assigned_at) == (AT, assigned.at)
    assert (view.pickup_expected_at, view.arrived_at) == (assigned.pickup_expected_at, arrived.at)
    assert (view.picked_up_at, view.at_door_at, view.completed_at) == (picked_up.at, at_door.at, LATER)
    assert (view.courier_id, view.proof, view.rounds) == (OTSOS, DropoffProof.PIN, 1)
    assert delivery_after(*UP_TO_RETURNING).undeliverable_reason is undeliverable.reason
    assert delivery_after(*UP_TO_DOOR, lost).failure is DeliveryFailure.COURIER_LOST


def test_a_delivery_that_was_taken_away_forgets_its_courier() -> None:
    view = delivery_after(*UP_TO_ASSIGNED, arrived, unassigned)
    assert (view.courier_id, view.assigned_at, view.pickup_expected_at, view.arrived_at) == (None,) * 4


def test_a_delivery_shows_the_kitchens_time_and_wrong_codes() -> None:
    moved = DeliveryRescheduled(at=AT, **IDS, ready_by=LATER, search_at=AT, is_ready=True)
    view = delivery_after(requested, moved)
    assert (view.ready_by, view.search_at, view.is_ready) == (LATER, AT, True)
    wrong = PickupCodeMistaken(at=AT, **IDS, courier_id=OTSOS, attempts=3)
    assert delivery_after(*UP_TO_ASSIGNED, wrong).wrong_codes == 3
    locked = DropoffPinMistaken(at=AT, **IDS, courier_id=OTSOS, attempts=5, locked_until=LATER)
    view = delivery_after(*UP_TO_PICKED_UP, locked)
    assert (view.wrong_codes, view.code_locked_until) == (0, LATER)


def test_an_offer_is_open_until_it_is_answered() -> None:
    offer = offer_after(*UP_TO_OFFERED)
    assert offer is not None
    assert (offer.status, offer.made_at, offer.expires_at) == (OfferStatus.OPEN, SEARCH_AT, offered.expires_at)
    assert (offer.delivery_id, offer.courier_id, offer.pickup) == (DELIVERY, OTSOS, PICKUP)
    assert (offer.dropoff_near, offer.answered_at) == (NEAR_DROPOFF, None)
    assert delivery_after(*UP_TO_OFFERED).offer == offer


@pytest.mark.parametrize(
    ("event", "status"),
    [
        (but(assigned, at=LATER), OfferStatus.ACCEPTED),
        (declined, OfferStatus.DECLINED),
        (OfferLapsed(at=LATER, **OFFERED), OfferStatus.EXPIRED),
        (OfferWithdrawn(at=LATER, **OFFERED), OfferStatus.WITHDRAWN),
        (cancelled, OfferStatus.WITHDRAWN),
    ],
)
def test_an_offer_shows_what_became_of_it(event: Event, status: OfferStatus) -> None:
    offer = offer_after(*UP_TO_OFFERED, event)
    assert offer is not None
    assert (offer.status, offer.answered_at) == (status, LATER)
    assert delivery_after(*UP_TO_OFFERED, event).offer == offer
    assert offer.decline_reason is (DeclineReason.TOO_FAR if event is declined else None)


def test_an_accepted_offer_stays_accepted() -> None:
    offer = offer_after(*UP_TO_ASSIGNED, cancelled)
    assert offer is not None
    assert offer.status is OfferStatus.ACCEPTED


def test_an_offer_that_was_never_made_is_not_shown() -> None:
    assert offer_after(*UP_TO_CHOSEN, cancelled) is None
    assert offer_after(*UP_TO_OFFERED, offer_id=SECOND_OFFER) is None
    assert delivery_after(*UP_TO_CHOSEN).offer is None


def test_an_offer_told_twice_is_one() -> None:
    offer = offer_after(*UP_TO_OFFERED)
    assert fold_offer(offer, told(offered)[0], (OFFER,)) == offer


def test_a_courier_is_shown_with_shift_and_engagement() -> None:
    view = courier_after(online, reserved)
    assert view is not None
    assert (view.online, view.vehicle, view.display_name) == (True, Vehicle.BICYCLE, "Otso")
    assert (view.shift_started_at, view.shift_ended_at) == (AT, None)
    assert (view.delivery_id, view.offer_id, view.version) == (DELIVERY, OFFER, 2)
    free = courier_after(
        online, reserved, CourierReleased(at=AT, courier_id=OTSOS, delivery_id=DELIVERY, offer_id=OFFER)
    )
    assert free is not None
    assert (free.delivery_id, free.offer_id) == (None, None)


def test_a_shift_goes_on_with_another_vehicle_and_begins_anew_after_its_end() -> None:
    later = AT + timedelta(hours=1)
    car = but(online, at=later, vehicle=Vehicle.CAR)
    goes_on = courier_after(online, reserved, car)
    assert goes_on is not None
    assert (goes_on.shift_started_at, goes_on.vehicle, goes_on.offer_id) == (AT, Vehicle.CAR, OFFER)
    gone = CourierWentOffline(at=later, courier_id=OTSOS)
    over = courier_after(online, gone)
    assert over is not None
    assert (over.online, over.shift_ended_at) == (False, later)
    anew = courier_after(online, gone, but(car, at=later))
    assert anew is not None
    assert (anew.online, anew.shift_started_at, anew.shift_ended_at) == (True, later, None)


def test_somebody_who_was_never_on_a_shift_is_not_shown() -> None:
    busy = CourierUnavailable(
        at=AT, courier_id=OTSOS, delivery_id=DELIVERY, offer_id=OFFER, reason=Unavailability.OFFLINE
    )
    assert courier_after(busy) is None
    shown = courier_after(online, busy)
    assert shown is not None
    assert shown.version == 2


def test_each_view_is_told_of_its_own() -> None:
    of_courier, of_delivery = recorded(online, OTSOS), recorded(requested, DELIVERY)
    assert COURIER_PROJECTION.keys(of_courier) == [(OTSOS,)]
    assert DELIVERY_PROJECTION.keys(of_delivery) == [(DELIVERY,)]
    assert COURIER_PROJECTION.keys(of_delivery) == DELIVERY_PROJECTION.keys(of_courier) == []
    assert OFFER_PROJECTION.keys(of_delivery) == OFFER_PROJECTION.keys(recorded(online, OTSOS)) == []
    assert fold_courier(None, of_delivery) is None
    assert fold_delivery(None, of_courier) is None


def test_whom_an_event_concerns_is_woken_once_it_is_shown() -> None:
    assert DELIVERY_PROJECTION.wakes(recorded(offered, DELIVERY)) == (OTSOS,)
    assert DELIVERY_PROJECTION.wakes(recorded(completed, DELIVERY)) == (OTSOS,)
    for event in (requested, chosen, abandoned, online):
        assert DELIVERY_PROJECTION.wakes(recorded(event, DELIVERY)) == ()


def test_the_platform_keeps_every_view_of_dispatch() -> None:
    assert [each for each in PROJECTIONS if each.domain == "dispatch"] == [*OWN, OF_DISPATCH]
