"""Searching: from the kitchen's promise to a courier who is chosen, or to giving up."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from kernel.deciding import Decision, Later
from kernel.ids import derive_id
from kernel.messages import Event
from subgraphs.dispatch.commands import (
    AbandonDelivery,
    BeginSearch,
    PassOver,
    RecordCandidates,
    RequestDelivery,
    RescheduleDelivery,
    SeekAgain,
)
from subgraphs.dispatch.domain.actions import FETCHING, LOOKING, DeliveryStatus
from subgraphs.dispatch.domain.admitting import moment
from subgraphs.dispatch.domain.delivery import Delivery, Phase
from subgraphs.dispatch.domain.evolving import evolve
from subgraphs.dispatch.domain.waiting import waits
from subgraphs.dispatch.events import (
    Considered,
    CourierChosen,
    CourierSought,
    DeliveryAbandoned,
    DeliveryRequested,
    DeliveryRescheduled,
    NobodyFound,
)
from subgraphs.dispatch.matching import ranked

SEARCH_LEAD = timedelta(minutes=8)
"""So much before the food is ready a courier is looked for: about what finding one and their ride take."""
PAUSE = timedelta(seconds=20)
"""Between a round that found nobody and the next."""
RADII_M = (2_000, 4_000, 6_000, 10_000)
"""How far each round looks that follows one in vain; the last is as wide as it gets."""

Following = Sequence[Event | Later]


def request(command: RequestDelivery, delivery: Delivery | None) -> Decision:
    """A delivery is to come about; a courier is looked for when it is time."""
    if delivery is not None:
        return []  # Asking twice is not an error: retries must be harmless.
    requested = DeliveryRequested(
        at=command.at,
        delivery_id=command.delivery_id,
        order_id=command.order_id,
        restaurant_id=command.restaurant_id,
        customer_id=command.customer_id,
        pickup=command.pickup,
        dropoff=command.dropoff,
        distance_m=command.distance_m,
        ready_by=command.ready_by,
        search_at=max(command.at, command.ready_by - SEARCH_LEAD),
        tip_minor=command.tip_minor,
        currency=command.currency,
    )
    return [requested, *_scheduled(evolve(None, requested), command.at)]


def reschedule(command: RescheduleDelivery, delivery: Delivery | None) -> Decision:
    """The search begins later, or at once; one that goes on, and a courier on the way, have more or less time."""
    if delivery is None or delivery.status not in LOOKING | FETCHING:
        return []  # An order that is collected, or food that has been fetched.
    if delivery.is_ready or (command.ready_by == delivery.ready_by and not command.is_ready):
        return []  # It was said before.
    at, scheduled = moment(command, delivery), delivery.status is DeliveryStatus.SCHEDULED
    due = at if command.is_ready else max(at, command.ready_by - SEARCH_LEAD)
    rescheduled = DeliveryRescheduled(
        at=at,
        delivery_id=delivery.id,
        order_id=delivery.order_id,
        ready_by=command.ready_by,
        search_at=due if scheduled else delivery.search_at,
        is_ready=command.is_ready,
        courier_id=delivery.asked_courier_id,
    )
    after = evolve(delivery, rescheduled)
    if scheduled:
        return [rescheduled, *_scheduled(after, at)]
    return [rescheduled, *(waits(after) if after.status in FETCHING else [_end_of_search(after)])]


def begin(command: BeginSearch, delivery: Delivery | None) -> Decision:
    """The time to look for a courier has come."""
    if delivery is None or delivery.status is not DeliveryStatus.SCHEDULED or delivery.search_at != command.search_at:
        return []  # The kitchen has another plan by now, or the order was called off.
    return begun(delivery, moment(command, delivery))


def begun(delivery: Delivery, at: datetime) -> Following:
    """The first round of a search, and its end in time."""
    sought = _sought(delivery, at)
    return [sought, _end_of_search(evolve(delivery, sought))]


def sought_on(delivery: Delivery, at: datetime) -> Following:
    """The next round at once, unless the search has lasted long enough."""
    return [_abandoned(delivery, at)] if at >= delivery.deadline else [_sought(delivery, at)]


def choose(command: RecordCandidates, delivery: Delivery | None) -> Decision:
    """The best of those who are near; or the next round, wider."""
    if delivery is None or delivery.phase is not Phase.SOUGHT or delivery.round != command.round:
        return []  # Somebody else was found, or nobody is needed any more.
    near = ranked(command.candidates, delivery.unwilling | delivery.silent)
    return _chosen(delivery, near, moment(command, delivery))


def pass_over(command: PassOver, delivery: Delivery | None) -> Decision:
    """The chosen courier is busy or gone: the next best one."""
    if delivery is None or not delivery.awaits_reservation_of(command.offer_id):
        return []
    return _chosen(delivery, delivery.next_best, moment(command, delivery))


def seek_again(command: SeekAgain, delivery: Delivery | None) -> Decision:
    """After a pause, wider."""
    if delivery is None or delivery.phase is not Phase.RESTING or delivery.round != command.after_round:
        return []
    return sought_on(delivery, moment(command, delivery))


def abandon(command: AbandonDelivery, delivery: Delivery | None) -> Decision:
    """The search has lasted long enough. Whoever is asked just now may still answer: then that answer decides."""
    if delivery is None or delivery.deadline != command.deadline:
        return []
    if delivery.phase not in {Phase.SOUGHT, Phase.RESTING}:
        return []
    return [_abandoned(delivery, moment(command, delivery))]


def _scheduled(delivery: Delivery, at: datetime) -> Following:
    if delivery.search_at <= at:
        return begun(delivery, at)
    search = BeginSearch(delivery_id=delivery.id, search_at=delivery.search_at)
    return [Later(at=delivery.search_at, command=search)]


def _end_of_search(delivery: Delivery) -> Later:
    deadline = delivery.deadline
    return Later(at=deadline, command=AbandonDelivery(delivery_id=delivery.id, deadline=deadline))


def _sought(delivery: Delivery, at: datetime) -> CourierSought:
    return CourierSought(
        at=at,
        delivery_id=delivery.id,
        order_id=delivery.order_id,
        round=delivery.round + 1,
        radius_m=_radius_m(delivery),
        pickup=delivery.pickup.position,
        excluded=tuple(sorted(delivery.unwilling | delivery.silent)),
    )


def _chosen(delivery: Delivery, near: Sequence[Considered], at: datetime) -> Following:
    if near:
        best = near[0]
        return [
            CourierChosen(
                at=at,
                delivery_id=delivery.id,
                order_id=delivery.order_id,
                round=delivery.round,
                offer_id=derive_id("offer", delivery.id, f"{delivery.choices + 1}"),
                courier_id=best.courier_id,
                ride_seconds=best.ride_seconds,
                considered=tuple(near),
            )
        ]
    if at >= delivery.deadline:
        return [_abandoned(delivery, at)]
    nobody = NobodyFound(
        at=at,
        delivery_id=delivery.id,
        order_id=delivery.order_id,
        round=delivery.round,
        radius_m=_radius_m(delivery),
    )
    return [nobody, Later(at=at + PAUSE, command=SeekAgain(delivery_id=delivery.id, after_round=delivery.round))]


def _abandoned(delivery: Delivery, at: datetime) -> DeliveryAbandoned:
    return DeliveryAbandoned(at=at, delivery_id=delivery.id, order_id=delivery.order_id, rounds=delivery.round)


def _radius_m(delivery: Delivery) -> int:
    return RADII_M[min(delivery.misses, len(RADII_M) - 1)]
