"""Calling an order off: who may until when, when it is done at once, and when dispatch is asked first."""

from collections.abc import Mapping

import msgspec
import pytest

from kernel.deciding import Later
from subgraphs.orders.commands import CancelOrder, GiveUpOnKitchen, ViewerCommand
from subgraphs.orders.domain import ORDERS
from subgraphs.orders.domain.cancelling import KITCHEN_PATIENCE, REASONS
from subgraphs.orders.domain.refusals import IllegalTransition, InvalidInput, NotAllowed, OrderNotFound
from subgraphs.orders.events import (
    CancellationReason,
    CancellationRefused,
    CancellationRequested,
    CancelledBy,
    Fulfilment,
    OrderCancelled,
    OrderDelayed,
    OrderEvent,
    OrderPickedUp,
    OrderStatus,
)
from tests.orders.deliveries import (
    COURIER,
    DELIVERY_PAST,
    abandon,
    called_off,
    give_up,
    grant,
    kitchen_cancels,
    pick_up,
    refuse,
    refused,
    support_cancels,
)
from tests.orders.ordering import (
    AT,
    COOK,
    IDS,
    MINUTE,
    NOW,
    ORDER,
    PAST,
    VIEWERS_COMMANDS,
    accepted,
    by,
    cancel,
    delay,
)
from tests.scenario import Scenario

S, F, B = OrderStatus, Fulfilment, CancelledBy
PASTS: Mapping[Fulfilment, Mapping[OrderStatus, tuple[OrderEvent, ...]]] = {F.TAKEAWAY: PAST, F.DELIVERY: DELIVERY_PAST}
CASES = [(fulfilment, status) for fulfilment, pasts in PASTS.items() for status in pasts]
ASKING: Mapping[CancelledBy, CancelOrder] = {
    B.CUSTOMER: cancel,
    B.RESTAURANT: kitchen_cancels,
    B.SUPPORT: support_cancels,
}
MAY: Mapping[CancelledBy, set[OrderStatus]] = {
    B.CUSTOMER: {S.PLACED, S.CONFIRMED, S.ACCEPTED},
    B.RESTAURANT: {S.ACCEPTED, S.PREPARING, S.READY_FOR_PICKUP},
    B.SUPPORT: {S.PLACED, S.CONFIRMED, S.ACCEPTED, S.PREPARING, S.READY_FOR_PICKUP},
}
AT_ONCE = {S.PLACED, S.CONFIRMED}
PENDING = Scenario(ORDERS, DELIVERY_PAST[S.CANCEL_PENDING])


def order_in(status: OrderStatus, fulfilment: Fulfilment = F.DELIVERY) -> Scenario:
    return Scenario(ORDERS, PASTS[fulfilment][status])


@pytest.mark.parametrize(("fulfilment", "status"), CASES, ids=str)
@pytest.mark.parametrize("who", ASKING, ids=str)
def test_who_may_call_an_order_off_until_when(who: CancelledBy, fulfilment: Fulfilment, status: OrderStatus) -> None:
    command = ASKING[who]
    decided = order_in(status, fulfilment).when(command)
    if who is B.RESTAURANT and status in {S.PLACED, S.FAILED}:
        decided.then_refused(OrderNotFound)
    elif status in {S.CANCELLED, S.CANCEL_PENDING}:
        decided.then_nothing()
    elif status not in MAY[who]:
        refusal = decided.then_refused(IllegalTransition)
        assert isinstance(refusal, IllegalTransition)
        assert refusal.status is status
    else:
        at_once = fulfilment is F.TAKEAWAY or status in AT_ONCE
        kind = OrderCancelled if at_once else CancellationRequested
        decided.then(kind(at=NOW, **IDS, by=who, reason=command.reason, while_status=status))


def test_a_cook_who_orders_at_work_is_a_customer_first() -> None:
    placed, *rest = DELIVERY_PAST[S.READY_FOR_PICKUP]
    own = Scenario(ORDERS, (msgspec.structs.replace(placed, customer_id=COOK.subject), *rest[:2]))
    (event,) = own.when(by(cancel, COOK)).events
    assert isinstance(event, CancellationRequested)
    assert event.by is B.CUSTOMER
    cooking = Scenario(ORDERS, (msgspec.structs.replace(placed, customer_id=COOK.subject), *rest))
    (event,) = cooking.when(kitchen_cancels).events
    assert isinstance(event, CancellationRequested)
    assert event.by is B.RESTAURANT


@pytest.mark.parametrize("reason", CancellationReason, ids=lambda reason: reason.value)
@pytest.mark.parametrize("who", ASKING, ids=str)
def test_nobody_gives_a_reason_that_is_somebody_elses(who: CancelledBy, reason: CancellationReason) -> None:
    decided = order_in(S.ACCEPTED).when(msgspec.structs.replace(ASKING[who], reason=reason))
    if reason in REASONS[who]:
        assert len(decided.events) == 1
    else:
        refusal = decided.then_refused(InvalidInput)
        assert isinstance(refusal, InvalidInput)
        assert refusal.path == ("reason",)


def test_only_support_speaks_for_the_platform() -> None:
    for reason in (CancellationReason.KITCHEN_SILENT, CancellationReason.NO_COURIER):
        assert {who for who, reasons in REASONS.items() if reason in reasons} == {B.SUPPORT}


@pytest.mark.parametrize("command", VIEWERS_COMMANDS, ids=lambda command: type(command).__name__)
def test_nothing_is_done_to_an_order_that_may_be_called_off_in_a_moment(command: ViewerCommand) -> None:
    decided = PENDING.when(command)
    if isinstance(command, CancelOrder):
        decided.then_nothing()
        return
    refusal = decided.then_refused(IllegalTransition)
    assert refusal == IllegalTransition(status=S.CANCEL_PENDING, allowed=())


def test_dispatch_answers_and_the_order_ends_as_it_was_asked() -> None:
    PENDING.when(msgspec.structs.replace(grant, at=AT + 3 * MINUTE)).then(called_off)


def test_dispatch_answers_too_late_and_the_order_goes_on() -> None:
    decided = PENDING.when(msgspec.structs.replace(refuse, at=AT + 3 * MINUTE))
    resumed = decided.then(refused)
    assert decided.timers == [
        Later(
            at=accepted.ready_by + KITCHEN_PATIENCE, command=GiveUpOnKitchen(order_id=ORDER, ready_by=accepted.ready_by)
        )
    ]
    assert resumed.state.status is S.ACCEPTED
    resumed.when(grant).then_nothing()
    resumed.when(refuse).then_nothing()
    assert [type(event) for event in resumed.when(cancel).events] == [CancellationRequested]


def test_a_refusal_gives_the_kitchen_new_patience_and_a_ready_order_none() -> None:
    late = msgspec.structs.replace(refuse, at=AT + 500 * MINUTE)
    (timer,) = PENDING.when(late).timers
    assert timer.at == late.at + KITCHEN_PATIENCE
    ready = order_in(S.READY_FOR_PICKUP)
    (asked,) = ready.when(support_cancels).events
    decided = ready.given(asked).when(refuse)
    assert decided.events == [CancellationRefused(at=NOW, **IDS, status=S.READY_FOR_PICKUP)]
    assert decided.timers == []


@pytest.mark.parametrize("status", [S.ACCEPTED, S.PREPARING, S.READY_FOR_PICKUP])
def test_a_pickup_that_crosses_the_request_wins(status: OrderStatus) -> None:
    before = order_in(status)
    (asked,) = before.when(support_cancels).events
    gone = (
        before.given(asked)
        .when(pick_up)
        .then(CancellationRefused(at=NOW, **IDS, status=status), OrderPickedUp(at=NOW, **IDS, courier_id=COURIER))
    )
    assert gone.state.status is S.PICKED_UP
    for answer in (refuse, grant):
        gone.when(answer).then_nothing()


@pytest.mark.parametrize("fulfilment", F, ids=str)
@pytest.mark.parametrize("status", [S.ACCEPTED, S.PREPARING])
def test_a_kitchen_that_forgets_is_waited_for_an_hour(status: OrderStatus, fulfilment: Fulfilment) -> None:
    kind = OrderCancelled if fulfilment is F.TAKEAWAY else CancellationRequested
    order_in(status, fulfilment).when(give_up).then(
        kind(at=NOW, **IDS, by=B.PLATFORM, reason=CancellationReason.KITCHEN_SILENT, while_status=status)
    )


def test_a_delay_renews_the_patience() -> None:
    decided = order_in(S.PREPARING).when(delay)
    assert decided.timers == [
        Later(at=delay.ready_by + KITCHEN_PATIENCE, command=GiveUpOnKitchen(order_id=ORDER, ready_by=delay.ready_by))
    ]
    (event,) = decided.events
    assert isinstance(event, OrderDelayed)
    delayed = order_in(S.PREPARING).given(event)
    delayed.when(give_up).then_nothing()
    assert len(delayed.when(msgspec.structs.replace(give_up, ready_by=delay.ready_by)).events) == 1


@pytest.mark.parametrize(("fulfilment", "status"), CASES, ids=str)
def test_nobody_waits_for_a_kitchen_that_has_nothing_to_do(fulfilment: Fulfilment, status: OrderStatus) -> None:
    if status not in {S.ACCEPTED, S.PREPARING}:
        order_in(status, fulfilment).when(give_up).then_nothing()


def test_there_is_no_order_to_give_up() -> None:
    Scenario(ORDERS).when(give_up).then_refused(OrderNotFound)


@pytest.mark.parametrize("status", [S.ACCEPTED, S.PREPARING, S.READY_FOR_PICKUP])
def test_an_order_nobody_will_carry_is_called_off(status: OrderStatus) -> None:
    order_in(status).when(abandon).then(
        OrderCancelled(at=NOW, **IDS, by=B.PLATFORM, reason=CancellationReason.NO_COURIER, while_status=status)
    )


def test_whoever_asked_before_nobody_was_found_is_named() -> None:
    PENDING.when(msgspec.structs.replace(abandon, at=AT + 3 * MINUTE)).then(called_off)


def test_who_asked_and_was_refused_is_forgotten() -> None:
    going_on = PENDING.given(refused)
    going_on.when(pick_up).then(OrderPickedUp(at=NOW, **IDS, courier_id=COURIER))
    alone = going_on.when(abandon).events[-1]
    assert isinstance(alone, OrderCancelled)
    assert (alone.by, alone.reason) == (CancelledBy.PLATFORM, CancellationReason.NO_COURIER)


def test_others_may_not_cancel_at_all() -> None:
    for viewer in ("fia", "dispatcher"):
        role = "finance" if viewer == "fia" else "dispatcher"
        stranger = msgspec.structs.replace(COOK, subject=viewer, roles=frozenset({role}))
        order_in(S.ACCEPTED).when(by(cancel, stranger)).then_refused(NotAllowed)
