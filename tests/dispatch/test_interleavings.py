"""Couriers and deliveries in any interleaving, with repeats: never two engagements or offers, and all comes to rest."""

from collections import defaultdict
from collections.abc import Mapping
from datetime import timedelta
from itertools import count

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from kernel.messages import Command, Viewer
from kernel.places import Vehicle
from subgraphs.dispatch.commands import (
    AcceptOffer,
    CancelDelivery,
    ConfirmDropoff,
    ConfirmPickup,
    ConfirmReturn,
    DeclineOffer,
    GoOffline,
    GoOnline,
    ReassignDelivery,
    RecordArrival,
    RecordNearDoor,
    ReportUndeliverable,
    RescheduleDelivery,
)
from subgraphs.dispatch.domain.actions import CARRYING, ENDED, DeliveryStatus
from subgraphs.dispatch.events import (
    Considered,
    CourierReleased,
    CourierReserved,
    CourierWentOnline,
    DeclineReason,
    DeliveryAssigned,
    DeliveryCancelled,
    DeliveryCompleted,
    DeliveryFailed,
    DeliveryReturned,
    DeliveryUnassigned,
    OfferDeclined,
    OfferLapsed,
    OfferMade,
    OfferWithdrawn,
    ReassignmentReason,
    UndeliverableReason,
)
from subgraphs.dispatch.views import DeliveryView, fold_delivery
from tests.dispatch.courses import DISPATCHER, courier_of
from tests.dispatch.town import RIDERS, Town

ENDS = (
    OfferDeclined,
    OfferLapsed,
    OfferWithdrawn,
    DeliveryUnassigned,
    DeliveryCompleted,
    DeliveryReturned,
    DeliveryFailed,
    DeliveryCancelled,
)
"""What ends the engagement of a courier."""
riders = st.sampled_from(RIDERS)
near = st.lists(
    st.builds(
        Considered,
        courier_id=st.sampled_from([courier_of(each) for each in RIDERS]),
        ride_seconds=st.floats(10, 900),
    ),
    max_size=4,
)


class AnyEvening(RuleBasedStateMachine):
    """Three couriers, some orders, and everything that people, positions, timers and repeats may do, in any order."""

    def __init__(self) -> None:
        super().__init__()
        self.town = Town()
        self.numbers = count(1)

    def ask(self, command: Command, who: Viewer | None = None) -> None:
        self.town.handle(command, f"cmd_asked_{next(self.numbers)}", who)

    @initialize(on_shift=st.sets(riders, min_size=1), orders=st.integers(1, 2), steps=st.sampled_from([5, 2, 9, 0, 15]))
    def begin(self, on_shift: set[Viewer], orders: int, steps: int) -> None:
        for who in RIDERS:
            if who in on_shift:
                self.goes_online(who)
        for _ in range(orders):
            self.town.order()
        for number in range(steps):
            self.it_goes_on_as_it_should(number, "DELIVERED")

    @rule(number=st.integers(0, 9), end=st.sampled_from(["DELIVERED", "RETURNED"]))
    def it_goes_on_as_it_should(self, number: int, end: str) -> None:
        """Chance alone would seldom bring food to a door."""
        under_way = self.town.under_way
        self.town.settle([Considered(courier_id=courier_of(each), ride_seconds=60.0) for each in RIDERS])
        if not under_way:
            return
        delivery = self.town.delivery(under_way[number % len(under_way)].id)
        if delivery is None or delivery.engagement is None:
            if delivery is not None and delivery.status is DeliveryStatus.SCHEDULED:
                ready = RescheduleDelivery(delivery_id=delivery.id, ready_by=self.town.now, is_ready=True)
                self.ask(ready)
            return
        who = next(each for each in RIDERS if courier_of(each) == delivery.engagement.courier_id)
        leave = ReportUndeliverable(delivery_id=delivery.id, reason=UndeliverableReason.REFUSED_BY_CUSTOMER)
        hand_over = ConfirmDropoff(delivery_id=delivery.id, pin_is_right=True)
        following: Mapping[DeliveryStatus, Command] = {
            DeliveryStatus.OFFERED: AcceptOffer(delivery_id=delivery.id, offer_id=delivery.engagement.offer_id),
            DeliveryStatus.ASSIGNED: RecordArrival(delivery_id=delivery.id, courier_id=courier_of(who)),
            DeliveryStatus.AT_RESTAURANT: ConfirmPickup(delivery_id=delivery.id, code_is_right=True),
            DeliveryStatus.PICKED_UP: RecordNearDoor(delivery_id=delivery.id, courier_id=courier_of(who)),
            DeliveryStatus.AT_DOOR: hand_over if end == "DELIVERED" else leave,
            DeliveryStatus.RETURNING: ConfirmReturn(delivery_id=delivery.id),
        }
        if delivery.status is DeliveryStatus.AT_DOOR and end == "RETURNED":
            self.time_passes(600)
        if delivery.status in following:
            self.ask(following[delivery.status], who)

    @rule()
    def an_order_is_accepted(self) -> None:
        if self.town.orders < 4:
            self.town.order()

    @rule(who=riders)
    def goes_online(self, who: Viewer) -> None:
        self.ask(GoOnline(courier_id=courier_of(who), vehicle=Vehicle.BICYCLE, display_name=who.subject), who)

    @rule(who=riders, knows=st.booleans())
    def goes_offline(self, who: Viewer, knows: bool) -> None:
        """They may accept between the question what they carry and the shift's end."""
        carried = [each.id for each in self.town.under_way if each.courier_id == courier_of(who)]
        fact = carried[0] if carried and knows else None
        self.ask(GoOffline(courier_id=courier_of(who), carried_delivery_id=fact), who)

    @rule(number=st.integers(0, 9), again=st.sampled_from([0, 0, 0, 1, 2, 5]))
    def something_is_reacted_to(self, number: int, again: int) -> None:
        streams = self.town.unreacted or ([*self.town.streams] if again else [])
        if streams:
            stream = streams[number % len(streams)]
            if again == 0 or self.town.reacted[stream]:
                self.town.react(stream, again=again)

    @rule(number=st.integers(0, 9), found=near)
    def a_search_is_answered(self, number: int, found: list[Considered]) -> None:
        if self.town.unsearched:
            self.town.search(self.town.unsearched[number % len(self.town.unsearched)], found)

    @rule(found=near)
    def everything_follows(self, found: list[Considered]) -> None:
        """Chance alone would seldom bring an offer about."""
        self.town.settle(found)

    @rule(number=st.integers(0, 30), late=st.sampled_from([0, 0, 1, 90]))
    def a_timer_rings(self, number: int, late: int) -> None:
        if self.town.timers:
            self.town.ring(number, late=timedelta(seconds=late))

    @rule(seconds=st.sampled_from([1, 30, 60, 600]))
    def time_passes(self, seconds: int) -> None:
        self.town.now += timedelta(seconds=seconds)

    @rule(number=st.integers(0, 30), accepts=st.sampled_from([True, True, False]), online=st.booleans())
    def an_offer_is_answered(self, number: int, accepts: bool, online: bool) -> None:
        """Any offer that was ever made, the latest ones more often."""
        made = [record.message for record in self.town.log if isinstance(record.message, OfferMade)][-4:]
        if made:
            offer = made[number % len(made)]
            who = next(each for each in RIDERS if courier_of(each) == offer.courier_id)
            delivery_id, offer_id = offer.delivery_id, offer.offer_id
            if accepts:
                known_online = online or self.town.courier(who).online
                self.ask(AcceptOffer(delivery_id=delivery_id, offer_id=offer_id, online=known_online), who)
            else:
                self.ask(DeclineOffer(delivery_id=delivery_id, offer_id=offer_id, reason=DeclineReason.OTHER), who)

    @rule(number=st.integers(0, 9), right=st.booleans(), step=st.integers(0, 6), who=st.none() | riders)
    def somebody_carries(self, number: int, right: bool, step: int, who: Viewer | None) -> None:
        """Any courier tries anything, whoever carries it most of all."""
        if not self.town.under_way:
            return
        delivery = self.town.under_way[number % len(self.town.under_way)]
        own = [each for each in RIDERS if courier_of(each) == delivery.courier_id]
        acting = who or (own[0] if own else DISPATCHER)
        steps: tuple[Command, ...] = (
            RecordArrival(delivery_id=delivery.id, courier_id=courier_of(acting)),
            ConfirmPickup(delivery_id=delivery.id, code_is_right=right),
            RecordNearDoor(delivery_id=delivery.id, courier_id=courier_of(acting)),
            ConfirmDropoff(delivery_id=delivery.id, pin_is_right=right),
            ReportUndeliverable(delivery_id=delivery.id, reason=UndeliverableReason.CUSTOMER_UNREACHABLE),
            ConfirmReturn(delivery_id=delivery.id),
            ReassignDelivery(delivery_id=delivery.id, reason=ReassignmentReason.OTHER),
        )
        self.ask(steps[step], acting)

    @rule(number=st.integers(0, 9), is_ready=st.booleans(), minutes=st.integers(0, 40))
    def the_kitchen_tells(self, number: int, is_ready: bool, minutes: int) -> None:
        if self.town.deliveries:
            delivery_id = self.town.deliveries[number % len(self.town.deliveries)]
            ready_by = self.town.now + timedelta(minutes=0 if is_ready else minutes)
            self.ask(RescheduleDelivery(delivery_id=delivery_id, ready_by=ready_by, is_ready=is_ready))

    @rule(number=st.integers(0, 9), asked=st.booleans())
    def an_order_is_called_off(self, number: int, asked: bool) -> None:
        if self.town.deliveries:
            delivery_id = self.town.deliveries[number % len(self.town.deliveries)]
            self.ask(CancelDelivery(delivery_id=delivery_id, asked=asked))

    def a_courier_has_one_engagement_at_a_time(self) -> None:
        held: dict[str, str] = {}
        for record in self.town.log:
            match record.message:
                case CourierReserved() as reserved:
                    assert reserved.courier_id not in held, "reserved while engaged"
                    held[reserved.courier_id] = reserved.offer_id
                case CourierReleased() as released:
                    assert held.pop(released.courier_id) == released.offer_id, "released from what they were not in"
                case _:
                    pass

    def nobody_is_in_two_deliveries_and_no_delivery_has_two_couriers(self) -> None:
        by_courier: dict[str, set[str]] = defaultdict(set)
        by_delivery: dict[str, str] = {}
        for record in self.town.log:
            event = record.message
            if isinstance(event, OfferMade):
                assert event.delivery_id not in by_delivery, "two live offers"
                by_delivery[event.delivery_id] = event.offer_id
                by_courier[event.courier_id].add(event.offer_id)
                assert len(by_courier[event.courier_id]) == 1, "a courier with two live engagements"
            elif isinstance(event, DeliveryAssigned):
                assert by_delivery[event.delivery_id] == event.offer_id, "assigned without an open offer"
            elif isinstance(event, ENDS) and by_delivery.get(event.delivery_id, "none") == event.offer_id:
                del by_delivery[event.delivery_id]
                by_courier[str(event.courier_id)].discard(str(event.offer_id))

    @invariant()
    def whoever_is_asked_is_reserved_for_it(self) -> None:
        for delivery in self.town.under_way:
            engagement = delivery.engagement
            if engagement is not None and (engagement.expires_at is not None or delivery.status in CARRYING):
                who = next(each for each in RIDERS if courier_of(each) == engagement.courier_id)
                assert self.town.courier(who).offer_id == engagement.offer_id

    def times_never_go_back(self) -> None:
        for events in self.town.streams.values():
            times = [event.at for event in events]
            assert times == sorted(times)

    def what_is_shown_is_what_is_decided_on(self) -> None:
        for delivery_id in self.town.deliveries:
            view: DeliveryView | None = None
            for record in self.town.records(delivery_id):
                view = fold_delivery(view, record)
            delivery = self.town.delivery(delivery_id)
            assert view is not None
            assert delivery is not None
            assert (view.status, view.courier_id, view.ready_by) == (
                delivery.status,
                delivery.courier_id,
                delivery.ready_by,
            )
            assert (view.wrong_codes, view.code_locked_until) == (delivery.wrong_codes, delivery.locked_until)

    def teardown(self) -> None:
        """People stop; kitchens finish, or their orders are called off. Then everything ends by itself."""
        for number, delivery in enumerate(self.town.under_way):
            if not delivery.is_ready and number % 2:
                self.ask(CancelDelivery(delivery_id=delivery.id, asked=True))
            elif not delivery.is_ready:
                self.ask(RescheduleDelivery(delivery_id=delivery.id, ready_by=self.town.now, is_ready=True))
        everybody = [Considered(courier_id=courier_of(each), ride_seconds=60.0) for each in RIDERS]
        self.town.come_to_rest(everybody)
        for delivery_id in self.town.deliveries:
            delivery = self.town.delivery(delivery_id)
            assert delivery is not None
            assert delivery.status in ENDED
            assert delivery.engagement is None
        for who in RIDERS:
            assert self.town.courier(who).offer_id is None, "a courier whom nobody ever frees"
        # What holds of the whole log held at every moment of it.
        self.a_courier_has_one_engagement_at_a_time()
        self.nobody_is_in_two_deliveries_and_no_delivery_has_two_couriers()
        self.times_never_go_back()
        self.what_is_shown_is_what_is_decided_on()


def test_an_evening_without_couriers_comes_to_rest() -> None:
    town = Town()
    delivery_id = town.order()
    town.come_to_rest()
    delivery = town.delivery(delivery_id)
    assert delivery is not None
    assert delivery.status in ENDED
    assert not any(isinstance(record.message, CourierWentOnline) for record in town.log)


AnyEvening.TestCase.settings = settings(max_examples=40, stateful_step_count=40)
TestAnyEvening = AnyEvening.TestCase
