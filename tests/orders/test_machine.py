"""Whatever is asked of an order, in whatever order and at whatever time: what must always hold, holds."""

from datetime import datetime, timedelta
from typing import cast

import msgspec
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from kernel.deciding import Later
from kernel.messages import Command, Event, Refusal, Viewer
from subgraphs.orders.commands import AnyOrderCommand, ViewerCommand
from subgraphs.orders.domain import ORDERS
from subgraphs.orders.domain.order import ENDED, Order
from subgraphs.orders.events import (
    OrderCompleted,
    OrderConfirmed,
    OrderEvent,
    OrderPlaced,
    OrderRejected,
    OrderStatus,
)
from subgraphs.orders.views import OrderView, shown
from tests.orders.ordering import (
    AINO,
    AT,
    COOK,
    EERO,
    RIVAL,
    SANNA,
    VIEWERS_COMMANDS,
    a_price,
    a_quote,
    by,
    confirm,
    fail,
    place,
)


class AnyLife(RuleBasedStateMachine):
    """Commands of everybody, timers and payments, in any order; clocks that differ by up to a minute."""

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
        assert len(events) <= 1, "one transition is one event"
        if isinstance(command, ViewerCommand):
            assert command.expected_version in {None, len(self.events)} or not events
        self.timers.extend(item for item in decision if isinstance(item, Later))
        for event in events:
            assert isinstance(event, OrderEvent)
            self.events.append(event)

    @initialize(tip=st.integers(0, 500))
    def place(self, tip: int) -> None:
        self.ask(msgspec.structs.replace(place, quote=a_quote(price=a_price(tip))))

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
        if hasattr(asked, "ready_by"):
            changes["ready_by"] = self.now + timedelta(minutes=30)
        self.ask(cast("AnyOrderCommand", msgspec.structs.replace(asked, **changes)))

    @rule(command=st.sampled_from([confirm, fail]))
    def the_provider_answers(self, command: AnyOrderCommand) -> None:
        self.ask(msgspec.structs.replace(command, at=self.now))

    @rule(number=st.integers(0, 20))
    def a_timer_rings(self, number: int) -> None:
        if self.timers:
            timer = self.timers[number % len(self.timers)]
            self.now = max(self.now, timer.at)
            self.ask(_at(timer.command, self.now))

    @rule()
    def the_quote_is_placed_again(self) -> None:
        self.ask(msgspec.structs.replace(place, at=self.now))

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
        if set(kinds) & {OrderRejected, OrderCompleted}:
            assert OrderConfirmed in kinds

    @invariant()
    def it_begins_once(self) -> None:
        assert [isinstance(event, OrderPlaced) for event in self.events] == [True] + [False] * (len(self.events) - 1)

    @invariant()
    def a_waiting_order_has_a_timer(self) -> None:
        order = self.order
        waits = {OrderStatus.PLACED, OrderStatus.CONFIRMED, OrderStatus.READY_FOR_PICKUP}
        if order is not None and order.status in waits:
            ringing = [
                timer for timer in self.timers if getattr(timer.command, "since_version", 0) == order.since_version
            ]
            assert ringing, f"nothing would ever end {order.status}"


def _at(command: Command, at: datetime) -> AnyOrderCommand:
    return cast("AnyOrderCommand", msgspec.structs.replace(command, at=at))


AnyLife.TestCase.settings = settings(max_examples=60, stateful_step_count=25, deadline=None)
TestAnyLife = AnyLife.TestCase
