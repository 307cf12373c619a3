"""Who does what in an evening: customers, kitchens, couriers, dispatchers; mostly what is expected, often not."""

from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta

import msgspec

from kernel.ids import person_id, typed_id
from kernel.messages import Command, Refusal, Viewer
from kernel.places import Position, Vehicle
from subgraphs.dispatch.commands import (
    AcceptOffer,
    ConfirmDropoff,
    ConfirmPickup,
    ConfirmReturn,
    DeclineOffer,
    GoOffline,
    GoOnline,
    ReassignDelivery,
    ReportUndeliverable,
)
from subgraphs.dispatch.domain.actions import CARRYING, FETCHING, LOOKING, ON_THE_WAY, DeliveryStatus
from subgraphs.dispatch.domain.delivery import Delivery
from subgraphs.dispatch.domain.ending import RIDE_WAIT
from subgraphs.dispatch.events import DeclineReason, ReassignmentReason, UndeliverableReason
from subgraphs.dispatch.reactions import delivery_of
from subgraphs.orders.commands import (
    AcceptOrder,
    CancelOrder,
    ConfirmCollection,
    DelayOrder,
    MarkOrderReady,
    RejectOrder,
    StartPreparing,
)
from subgraphs.orders.domain.order import Order
from subgraphs.orders.events import CancellationReason, Fulfilment, OrderStatus, RejectionReason
from subgraphs.tracking.effects import arrivals
from subgraphs.tracking.positions import Point
from subgraphs.tracking.views.trips import TRIP_VIEW
from tests.orders.deliveries import DOOR, place_delivery
from tests.orders.ordering import AINO, COOK, KITCHEN, SANNA, WORKPLACES, place
from tests.sagas.choices import Choices
from tests.sagas.doubles import DECLINED_TOKEN
from tests.sagas.world import World
from tests.spelling import uuid_of

RIDERS = tuple(Viewer(subject=f"courier-{number}", roles=frozenset({"courier"})) for number in (1, 2, 3))
RIDER_OF: Mapping[str, Viewer] = {person_id("courier", rider.subject): rider for rider in RIDERS}
COURIERS = tuple(RIDER_OF)
DISPATCHER = Viewer(subject="dispatch", roles=frozenset({"dispatcher"}))
S, D = OrderStatus, DeliveryStatus
Deed = Callable[[], Refusal | None]


def place_order(world: World, number: int, fulfilment: Fulfilment, *, token: str = "tok_visa") -> str:
    """A customer orders; the card may turn out to be empty."""
    order_id, pattern = typed_id("order", uuid_of(number)), place_delivery
    if fulfilment is Fulfilment.TAKEAWAY:
        pattern = place
    assert pattern.quote is not None
    carriage = pattern.quote.carriage
    if carriage is not None and number % 2:
        dropoff = msgspec.structs.replace(DOOR, leave_at_door=True)
        carriage = msgspec.structs.replace(carriage, dropoff=dropoff)
    quote = msgspec.structs.replace(pattern.quote, quote_id=typed_id("quote", uuid_of(number)), carriage=carriage)
    command = msgspec.structs.replace(pattern, order_id=order_id, quote=quote, payment_token=token)
    assert world.ask(command, AINO) is None
    return order_id


def tokens(choices: Choices) -> str:
    return DECLINED_TOKEN if choices.number() % 32 == 31 else "tok_visa"


class Cast:
    """Everybody who has a part in one order, and what they may do now."""

    def __init__(self, world: World, order_id: str, choices: Choices) -> None:
        self.world, self.order_id, self.choices = world, order_id, choices
        self.delivery_id = delivery_of(order_id)

    @property
    def order(self) -> Order:
        order = self.world.state(self.order_id)
        assert isinstance(order, Order)
        return order

    @property
    def delivery(self) -> Delivery | None:
        delivery = self.world.state(self.delivery_id)
        assert delivery is None or isinstance(delivery, Delivery)
        return delivery

    def rider(self) -> Viewer:
        """The courier whom it concerns, or anybody."""
        engagement = None if self.delivery is None else self.delivery.engagement
        return self.choices.of(RIDERS) if engagement is None else RIDER_OF[engagement.courier_id]

    def act(self, *, helpfully: bool) -> None:
        """Somebody does something: what is to be done next, or whatever comes to mind."""
        deeds = self._next_deeds() if helpfully else self._deeds()
        if deeds:
            self.choices.of(deeds)()

    def _next_deeds(self) -> Sequence[Deed]:
        kitchen: Mapping[OrderStatus, Deed] = {
            S.CONFIRMED: self.accept,
            S.ACCEPTED: self.start,
            S.PREPARING: self.mark_ready,
        }
        courier: Mapping[DeliveryStatus, Deed] = {
            D.OFFERED: self.accept_offer,
            D.ASSIGNED: self.be_at_restaurant,
            D.AT_RESTAURANT: self.pick_up,
            D.PICKED_UP: self.be_at_door,
            D.AT_DOOR: self.drop_off,
            D.RETURNING: self.bring_back,
        }
        deeds: list[Deed] = []
        if self.order.status in kitchen:
            deeds.append(kitchen[self.order.status])
        if self.order.status is S.READY_FOR_PICKUP and self.order.fulfilment is Fulfilment.TAKEAWAY:
            deeds.append(self.collect)
        if self.delivery is not None and self.delivery.status in courier:
            deeds.append(courier[self.delivery.status])
        return deeds

    def _deeds(self) -> Sequence[Deed]:
        of_kitchen: Sequence[Deed] = (self.delay, self.mark_ready, self.accept, self.reject, self.start, self.collect)
        of_cancelling: Sequence[Deed] = (
            lambda: self.cancel(AINO, CancellationReason.CHANGED_MIND),
            lambda: self.cancel(COOK, CancellationReason.TOO_BUSY),
            lambda: self.cancel(SANNA, CancellationReason.SUSPECTED_FRAUD),
        )
        of_courier = self._courier_deeds(None if self.delivery is None else self.delivery.status)
        return self.choices.of((of_courier, of_kitchen, of_courier, of_courier, of_kitchen, of_courier, of_cancelling))

    def _courier_deeds(self, status: DeliveryStatus | None) -> Sequence[Deed]:
        asked: Sequence[Deed] = (self.decline_offer, self.go_offline, self.accept_offer, self.go_online)
        if status in LOOKING or status is None:
            return asked
        if status in FETCHING:
            return (
                lambda: self.reassign(self.rider()),
                lambda: self.reassign(DISPATCHER),
                lambda: self.pick_up(right=False),
                self.pick_up,
                self.be_at_restaurant,
                self.go_offline,
            )
        if status in ON_THE_WAY:
            return (
                lambda: self.report(UndeliverableReason.REFUSED_BY_CUSTOMER),
                lambda: self.report(UndeliverableReason.FOOD_DAMAGED),
                lambda: self.drop_off(right=False),
                lambda: self.drop_off(right=None),
                self.drop_off,
                self.wait_at_door,
                lambda: self.reassign(DISPATCHER),
            )
        return (self.bring_back, self.be_at_door, self.drop_off, self.go_online, *asked)

    # The kitchen and whoever calls it off.

    def accept(self) -> Refusal | None:
        minutes = self.choices.of((10, 1, 20, 45))
        return self._at_counter(AcceptOrder(order_id=self.order_id, workplaces=_THERE, prep_minutes=minutes))

    def reject(self) -> Refusal | None:
        command = RejectOrder(order_id=self.order_id, workplaces=_THERE, reason=RejectionReason.TOO_BUSY)
        return self._at_counter(command)

    def start(self) -> Refusal | None:
        return self._at_counter(StartPreparing(order_id=self.order_id, workplaces=_THERE))

    def delay(self) -> Refusal | None:
        ready_by = self.world.now + timedelta(minutes=self.choices.of((15, 1, 60)))
        return self._at_counter(DelayOrder(order_id=self.order_id, workplaces=_THERE, ready_by=ready_by))

    def mark_ready(self) -> Refusal | None:
        return self._at_counter(MarkOrderReady(order_id=self.order_id, workplaces=_THERE))

    def collect(self) -> Refusal | None:
        right = self.choices.number() % 4 != 3
        return self._at_counter(ConfirmCollection(order_id=self.order_id, workplaces=_THERE, code_is_right=right))

    def _at_counter(self, command: Command) -> Refusal | None:
        return self.world.ask(command, COOK)

    def cancel(self, who: Viewer, reason: CancellationReason) -> Refusal | None:
        there = WORKPLACES.get(who.subject, ())
        return self.world.ask(CancelOrder(order_id=self.order_id, workplaces=there, reason=reason), who)

    # The courier.

    def go_online(self, rider: Viewer | None = None) -> Refusal | None:
        who = rider or self.rider()
        vehicle = self.choices.of(tuple(Vehicle))
        courier_id = person_id("courier", who.subject)
        command = GoOnline(courier_id=courier_id, vehicle=vehicle, display_name=who.subject)
        return self.world.ask(command, who)

    def go_offline(self) -> Refusal | None:
        """They may take food over between the question what they carry and the shift's end."""
        who, is_asked_in_time = self.rider(), self.choices.number() % 2 == 1
        courier_id = person_id("courier", who.subject)
        carried = self.delivery_id if is_asked_in_time and self._carries(courier_id) else None
        return self.world.ask(GoOffline(courier_id=courier_id, carried_delivery_id=carried), who)

    def _carries(self, courier_id: str) -> bool:
        delivery = self.delivery
        engaged = None if delivery is None or delivery.status not in CARRYING else delivery.engagement
        return engaged is not None and engaged.courier_id == courier_id

    def accept_offer(self) -> Refusal | None:
        who, offer_id = self.rider(), self._offer_id()
        return self.world.ask(AcceptOffer(delivery_id=self.delivery_id, offer_id=offer_id), who)

    def decline_offer(self) -> Refusal | None:
        command = DeclineOffer(delivery_id=self.delivery_id, offer_id=self._offer_id(), reason=DeclineReason.TOO_FAR)
        return self.world.ask(command, self.rider())

    def _offer_id(self) -> str:
        """Of the last offer, or now and then of an earlier one."""
        offers = () if self.delivery is None else self.delivery.offers
        if not offers:
            return "offer_none"
        return offers[0].offer_id if self.choices.number() % 8 == 7 else offers[-1].offer_id

    def reassign(self, who: Viewer) -> Refusal | None:
        return self.world.ask(ReassignDelivery(delivery_id=self.delivery_id, reason=ReassignmentReason.OTHER), who)

    def pick_up(self, *, right: bool = True) -> Refusal | None:
        return self.world.ask(ConfirmPickup(delivery_id=self.delivery_id, code_is_right=right), self.rider())

    def drop_off(self, *, right: bool | None = True) -> Refusal | None:
        return self.world.ask(ConfirmDropoff(delivery_id=self.delivery_id, pin_is_right=right), self.rider())

    def report(self, reason: UndeliverableReason) -> Refusal | None:
        return self.world.ask(ReportUndeliverable(delivery_id=self.delivery_id, reason=reason), self.rider())

    def wait_at_door(self) -> Refusal | None:
        """Nobody opens, for so long that the food may go back."""
        self.world.now += RIDE_WAIT
        return self.report(UndeliverableReason.CUSTOMER_UNREACHABLE)

    def bring_back(self) -> Refusal | None:
        who = DISPATCHER if self.choices.number() % 4 == 3 else self.rider()
        return self.world.ask(ConfirmReturn(delivery_id=self.delivery_id), who)

    def be_at_restaurant(self) -> Refusal | None:
        return self._be_at(KITCHEN.position)

    def be_at_door(self) -> Refusal | None:
        return self._be_at(DOOR.position)

    def _be_at(self, place: Position) -> Refusal | None:
        """The courier's device says where they are; the trip is as it was last known."""
        trip = self.world.shown.one(TRIP_VIEW, self.order_id)
        if trip is None or not trip.under_way or trip.courier_id is None:
            return None
        point = Point(
            courier_id=trip.courier_id,
            latitude=place.latitude,
            longitude=place.longitude,
            accuracy_m=5.0,
            sequence=1,
            recorded_at=self.world.now,
            received_at=self.world.now,
        )
        for command in arrivals(trip, [point]):
            self.world.report(command)
        return None


_THERE = (KITCHEN.id,)
