"""Whatever is asked of an order, in whatever order and at whatever time: what must always hold, holds."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import cast

import msgspec
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from kernel.deciding import Later
from kernel.messages import Command, Event, Refusal, Viewer
from subgraphs.orders.commands import AnyOrderCommand, CancelOrder, GiveUpOnKitchen, ViewerCommand
from subgraphs.orders.domain import ORDERS
from subgraphs.orders.domain.order import ENDED, Order
from subgraphs.orders.events import (
    CancellationReason,
    CancellationRefused,
    CancellationRequested,
    CourierAssigned,
    FailureReason,
    Fulfilment,
    OrderAccepted,
    OrderCancelled,
    OrderCompleted,
    OrderConfirmed,
    OrderDelivered,
    OrderEvent,
    OrderFailed,
    OrderPickedUp,
    OrderPlaced,
    OrderRejected,
    OrderReturned,
    OrderStatus,
)
from subgraphs.orders.views import OrderView, shown
from subgraphs.payments.commands import RequestAuthorisation, RequestCapture, RequestVoid
from subgraphs.payments.reactions import react
from tests.orders.deliveries import (
    DELIVERY_NEWS,
    DELIVERY_QUOTE,
    WAY,
    announce,
    bring_back,
    deliver,
    grant,
    pick_up,
    refuse,
    turn_back,
)
from tests.orders.ordering import (
    AINO,
    AT,
    COOK,
    EERO,
    ORDER,
    RIVAL,
    SANNA,
    VIEWERS_COMMANDS,
    a_price,
    a_quote,
    accept,
    by,
    confirm,
    fail,
    mark_ready,
    place,
)
from tests.spelling import recorded

S = OrderStatus


class AnyLife(RuleBasedStateMachine):
    """Commands of everybody, timers, payments and couriers, in any order; clocks that differ by up to a minute."""

    def __init__(self) -> None:
        super().__init__()
        self.events: list[OrderEvent] = []
        self.timers: list[Later] = []
        self.now = AT
        self.ended_with: int | None = None

    @property
    def order(self) -> Order | None:
        return ORDERS.fold(self.events)

    @property
    def view(self) -> OrderView | None:
        view: OrderView | None = None
        for version, event in enumerate(self.events, start=1):
            view = shown(view, event, version)
        return view

    def ask(self, command: AnyOrderCommand) -> None:
        before = self.order
        decision = ORDERS.decide(command, before)
        if isinstance(decision, Refusal):
            return
        events = [item for item in decision if isinstance(item, Event)]
        if [type(event) for event in events] != [CancellationRefused, OrderPickedUp]:
            assert len(events) <= 1, "one transition is one event, unless a pickup crosses a request to cancel"
        if isinstance(command, ViewerCommand):
            assert command.expected_version in {None, len(self.events)} or not events
        self.timers.extend(item for item in decision if isinstance(item, Later))
        for event in events:
            assert isinstance(event, OrderEvent)
            self.events.append(event)

    @initialize(
        tip=st.integers(0, 500), carried=st.sampled_from([True, True, False]), steps=st.sampled_from([2, 3, 4, 0, 5])
    )
    def place(self, tip: int, carried: bool, steps: int) -> None:
        self.quote = a_quote(price=a_price(tip))
        if carried:
            self.quote = msgspec.structs.replace(DELIVERY_QUOTE, price=a_price(tip, WAY.distance_m))
        self.ask(msgspec.structs.replace(place, quote=self.quote))
        for _ in range(steps):
            self._go_on(pick_up, deliver)

    @rule(answer=st.sampled_from([pick_up, grant, refuse]), end=st.sampled_from([deliver, turn_back]))
    def it_goes_on_as_it_should(self, answer: AnyOrderCommand, end: AnyOrderCommand) -> None:
        self._go_on(answer, end)

    def _go_on(self, answer: AnyOrderCommand, end: AnyOrderCommand) -> None:
        """Chance alone would seldom bring food to a door."""
        following: Mapping[OrderStatus, AnyOrderCommand] = {
            S.PLACED: confirm,
            S.CONFIRMED: accept,
            S.ACCEPTED: mark_ready,
            S.PREPARING: mark_ready,
            S.READY_FOR_PICKUP: pick_up,
            S.CANCEL_PENDING: answer,
            S.PICKED_UP: announce,
            S.ARRIVING: end,
            S.RETURNING: bring_back,
        }
        if self.order is not None and self.order.status in following:
            self.ask(_at(following[self.order.status], self.now))

    @rule(seconds=st.sampled_from([-50, -5, 0, 5, 60, 600]))
    def pass_time(self, seconds: int) -> None:
        self.now += timedelta(seconds=seconds)

    @rule(
        command=st.sampled_from(VIEWERS_COMMANDS),
        viewer=st.none() | st.sampled_from([AINO, COOK, EERO, RIVAL, SANNA]),
        expected=st.none() | st.integers(0, 8),
        right=st.booleans(),
    )
    def somebody_asks(self, command: ViewerCommand, viewer: Viewer | None, expected: int | None, right: bool) -> None:
        asked = command if viewer is None else by(command, viewer)
        changes: dict[str, object] = {"at": self.now, "expected_version": expected}
        if hasattr(asked, "code_is_right"):
            changes["code_is_right"] = right
        if isinstance(asked, CancelOrder):
            changes["reason"] = CancellationReason.OTHER
        if hasattr(asked, "ready_by"):
            changes["ready_by"] = self.now + timedelta(minutes=30)
        self.ask(cast("AnyOrderCommand", msgspec.structs.replace(asked, **changes)))

    @rule(command=st.sampled_from([confirm, fail]))
    def the_provider_answers(self, command: AnyOrderCommand) -> None:
        self.ask(msgspec.structs.replace(command, at=self.now))

    @rule(number=st.integers(0, 20))
    def a_timer_rings(self, number: int) -> None:
        if self.timers:
            timer = self.timers.pop(number % len(self.timers))
            self.now = max(self.now, timer.at)
            self.ask(_at(timer.command, self.now))

    @rule(command=st.sampled_from(DELIVERY_NEWS))
    def a_courier_is_heard_of(self, command: AnyOrderCommand) -> None:
        self.ask(msgspec.structs.replace(command, at=self.now))

    @rule()
    def the_quote_is_placed_again(self) -> None:
        self.ask(msgspec.structs.replace(place, quote=self.quote, at=self.now))

    @invariant()
    def times_never_go_back(self) -> None:
        times = [event.at for event in self.events]
        assert times == sorted(times)

    @invariant()
    def the_version_counts_events(self) -> None:
        order, view = self.order, self.view
        if order is not None and view is not None:
            assert order.version == view.version == len(self.events)
            assert order.since_version <= order.version
            assert (order.status, order.ready_by) == (view.status, view.ready_by)
            assert (order.in_kitchen, order.wrong_codes) == (view.in_kitchen, view.wrong_codes)

    @invariant()
    def the_total_adds_up(self) -> None:
        order, view = self.order, self.view
        if order is not None and view is not None:
            price = view.price
            parts = sum(line.total_minor for line in price.lines) + sum(fee.amount_minor for fee in price.fees)
            assert order.total_minor == price.total_minor == parts + price.tip_minor >= 0

    @invariant()
    def an_ended_order_stays_as_it_is(self) -> None:
        order = self.order
        if order is None or order.status not in ENDED:
            assert self.ended_with is None
        else:
            self.ended_with = self.ended_with or len(self.events)
            assert len(self.events) == self.ended_with

    @invariant()
    def the_kitchen_never_works_unpaid(self) -> None:
        kinds = [type(event) for event in self.events]
        if set(kinds) & {OrderRejected, OrderCompleted, OrderAccepted, CourierAssigned, OrderPickedUp}:
            assert OrderConfirmed in kinds

    @invariant()
    def only_what_was_fetched_arrives_and_nothing_fetched_is_called_off(self) -> None:
        kinds = [type(event) for event in self.events]
        if OrderPickedUp in kinds:
            fetched = kinds.index(OrderPickedUp)
            assert kinds.count(OrderPickedUp) == 1
            assert OrderAccepted in kinds[:fetched]
            assert not {OrderCancelled, CancellationRequested, CourierAssigned} & set(kinds[fetched:])
        else:
            assert not {OrderDelivered, OrderReturned} & set(kinds)

    @invariant()
    def each_fulfilment_has_its_own_end(self) -> None:
        order, kinds = self.order, {type(event) for event in self.events}
        if order is not None and order.fulfilment is Fulfilment.TAKEAWAY:
            assert not kinds & {CourierAssigned, CancellationRequested, OrderPickedUp, OrderDelivered}
            assert order.status is not S.CANCEL_PENDING
        else:
            assert OrderCompleted not in kinds

    @invariant()
    def a_refused_cancellation_leaves_no_trace(self) -> None:
        order, view = self.order, self.view
        for number, event in enumerate(self.events):
            if isinstance(event, CancellationRefused):
                before = [one for one in self.events[:number] if isinstance(one, CancellationRequested)][-1]
                assert event.status is before.while_status
        if order is not None and view is not None and order.status not in ENDED:
            pending = order.status is S.CANCEL_PENDING
            assert (order.cancelling is not None) == (view.cancellation_requested_at is not None) == pending

    @invariant()
    def money_moves_once(self) -> None:
        moved = [command for event in self.events for command in react(recorded(event, ORDER))]
        ends = [type(command) for command in moved[1:]]
        assert [type(command) for command in moved[:1]] == [RequestAuthorisation]
        order, last = self.order, self.events[-1]
        declined = isinstance(last, OrderFailed) and last.reason is FailureReason.PAYMENT_DECLINED
        if order is None or order.status not in ENDED or declined:
            assert ends == []
        else:
            had = isinstance(last, OrderCompleted | OrderDelivered) or (
                isinstance(last, OrderReturned) and last.charged
            )
            assert ends == [RequestCapture if had else RequestVoid]

    @invariant()
    def it_begins_once(self) -> None:
        assert [isinstance(event, OrderPlaced) for event in self.events] == [True] + [False] * (len(self.events) - 1)

    @invariant()
    def a_waiting_order_has_a_timer(self) -> None:
        order = self.order
        if order is None:
            return
        waits = {S.PLACED, S.CONFIRMED}
        if order.fulfilment is Fulfilment.TAKEAWAY:
            waits.add(S.READY_FOR_PICKUP)
        if order.status in waits:
            ringing = [
                timer for timer in self.timers if getattr(timer.command, "since_version", 0) == order.since_version
            ]
            assert ringing, f"nothing would ever end {order.status}"
        if order.status in {S.ACCEPTED, S.PREPARING}:
            assert order.ready_by is not None
            assert any(
                isinstance(timer.command, GiveUpOnKitchen) and timer.command.ready_by == order.ready_by
                for timer in self.timers
            ), "a kitchen that forgets would never be given up"


def _at(command: Command, at: datetime) -> AnyOrderCommand:
    return cast("AnyOrderCommand", msgspec.structs.replace(command, at=at))


AnyLife.TestCase.settings = settings(max_examples=100, stateful_step_count=40)
TestAnyLife = AnyLife.TestCase
