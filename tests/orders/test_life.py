"""The life of an order: every command in every status, by everybody."""

from collections.abc import Mapping

import msgspec
import pytest

from kernel.deciding import Later
from kernel.messages import ANONYMOUS, Command, Viewer
from subgraphs.orders.commands import CloseUncollected, GiveUpOnKitchen, ViewerCommand
from subgraphs.orders.domain import ORDERS
from subgraphs.orders.domain.actions import COOKING, OrderAction, available_actions, parties
from subgraphs.orders.domain.handover import CODE_ATTEMPTS, CODE_LOCK
from subgraphs.orders.domain.kitchen import MAX_PREP_MINUTES, MAX_REJECTED_ITEMS
from subgraphs.orders.domain.order import ENDED
from subgraphs.orders.domain.refusals import (
    CollectionCodeLocked,
    IllegalTransition,
    InvalidInput,
    NotAllowed,
    OrderNotFound,
    OrderVersionConflict,
)
from subgraphs.orders.events import (
    CollectionCodeMistaken,
    Fulfilment,
    Handover,
    OrderAccepted,
    OrderCancelled,
    OrderCompleted,
    OrderDelayed,
    OrderEvent,
    OrderReady,
    OrderRejected,
    OrderStatus,
    PreparationStarted,
)
from tests.orders.ordering import (
    AINO,
    BREAD,
    COOK,
    EERO,
    MINUTE,
    NOW,
    ORDER,
    PAST,
    RESTAURANT,
    RIVAL,
    SALMON,
    SANNA,
    VIEWERS_COMMANDS,
    accept,
    accepted,
    by,
    cancel,
    close,
    collect,
    confirmed,
    delay,
    mark_ready,
    placed,
    ready,
    reject,
    start,
)
from tests.scenario import Scenario

S = OrderStatus
ACTIONS: Mapping[type[Command], OrderAction] = dict(
    zip(
        map(type, VIEWERS_COMMANDS),
        (
            OrderAction.ACCEPT_ORDER,
            OrderAction.REJECT_ORDER,
            OrderAction.START_PREPARING,
            OrderAction.DELAY_ORDER,
            OrderAction.MARK_ORDER_READY,
            OrderAction.CONFIRM_COLLECTION,
            OrderAction.CANCEL_ORDER,
        ),
        strict=True,
    )
)
LEGAL: Mapping[tuple[OrderStatus, type[Command]], type[OrderEvent]] = {
    (S.PLACED, type(cancel)): OrderCancelled,
    (S.CONFIRMED, type(cancel)): OrderCancelled,
    (S.ACCEPTED, type(cancel)): OrderCancelled,
    (S.CONFIRMED, type(accept)): OrderAccepted,
    (S.CONFIRMED, type(reject)): OrderRejected,
    (S.ACCEPTED, type(start)): PreparationStarted,
    (S.ACCEPTED, type(delay)): OrderDelayed,
    (S.ACCEPTED, type(mark_ready)): OrderReady,
    (S.PREPARING, type(delay)): OrderDelayed,
    (S.PREPARING, type(mark_ready)): OrderReady,
    (S.READY_FOR_PICKUP, type(collect)): OrderCompleted,
}
REPEATED = {
    (S.ACCEPTED, type(accept)),
    (S.REJECTED, type(reject)),
    (S.PREPARING, type(start)),
    (S.READY_FOR_PICKUP, type(mark_ready)),
    (S.COMPLETED, type(collect)),
    (S.CANCELLED, type(cancel)),
}
UNSEEN_BY_STAFF = {S.PLACED, S.FAILED}
"""The kitchen is asked only once there is money."""


def order_in(status: OrderStatus) -> Scenario:
    return Scenario(ORDERS, PAST[status])


@pytest.mark.parametrize("command", VIEWERS_COMMANDS, ids=lambda command: type(command).__name__)
@pytest.mark.parametrize("status", PAST, ids=lambda status: status.value)
def test_every_command_in_every_status(status: OrderStatus, command: ViewerCommand) -> None:
    case = (status, type(command))
    decided = order_in(status).when(command)
    if command.viewer == COOK and status in UNSEEN_BY_STAFF:
        decided.then_refused(OrderNotFound)
    elif case in LEGAL:
        assert [type(event) for event in decided.events] == [LEGAL[case]]
    elif case in REPEATED:
        decided.then_nothing()
    else:
        refusal = decided.then_refused(IllegalTransition)
        allowed = {
            ACTIONS[kind] for at, kind in LEGAL if at is status and (kind is type(cancel)) == (command is cancel)
        }
        if command.viewer == COOK and status in COOKING:
            allowed.add(OrderAction.CANCEL_ORDER)
        assert isinstance(refusal, IllegalTransition)
        assert (refusal.status, set(refusal.allowed)) == (status, allowed)


@pytest.mark.parametrize("command", VIEWERS_COMMANDS, ids=lambda command: type(command).__name__)
@pytest.mark.parametrize("status", PAST, ids=lambda status: status.value)
def test_the_wrong_actor_changes_nothing(status: OrderStatus, command: ViewerCommand) -> None:
    past = order_in(status)
    for stranger in (EERO, RIVAL, ANONYMOUS):
        past.when(by(command, stranger)).then_refused(OrderNotFound)
    if command is cancel:
        if status in UNSEEN_BY_STAFF:
            past.when(by(command, COOK)).then_refused(OrderNotFound)
    else:
        past.when(by(command, AINO)).then_refused(NotAllowed)
        past.when(by(command, SANNA)).then_refused(NotAllowed)


@pytest.mark.parametrize("command", VIEWERS_COMMANDS, ids=lambda command: type(command).__name__)
def test_an_order_there_is_not(command: ViewerCommand) -> None:
    Scenario(ORDERS).when(command).then_refused(OrderNotFound)


@pytest.mark.parametrize(("status", "kind"), LEGAL)
def test_an_expected_version_is_kept(status: OrderStatus, kind: type[Command]) -> None:
    command = next(one for one in VIEWERS_COMMANDS if type(one) is kind)
    version = len(PAST[status])
    stale = msgspec.structs.replace(command, expected_version=version - 1)
    assert order_in(status).when(stale).then_refused(OrderVersionConflict) == OrderVersionConflict(
        order_id=ORDER, current_version=version
    )
    fresh = msgspec.structs.replace(command, expected_version=version)
    assert [type(event) for event in order_in(status).when(fresh).events] == [LEGAL[status, kind]]


def test_a_repeat_is_harmless_even_with_the_version_of_before() -> None:
    order_in(S.ACCEPTED).when(msgspec.structs.replace(accept, expected_version=2)).then_nothing()


def test_ended_orders_have_nothing_left_to_do() -> None:
    for status in ENDED:
        for viewer in (AINO, COOK, SANNA):
            standing = parties(viewer, "aino", works_there=viewer == COOK, in_kitchen=True)
            assert available_actions(viewer, standing, status, Fulfilment.TAKEAWAY) == ()


def test_actions_are_those_of_the_viewer() -> None:
    def actions(viewer: Viewer, status: OrderStatus, fulfilment: Fulfilment = Fulfilment.TAKEAWAY) -> set[OrderAction]:
        standing = parties(viewer, "aino", works_there=viewer == COOK, in_kitchen=status is not S.PLACED)
        return set(available_actions(viewer, standing, status, fulfilment))

    assert actions(AINO, S.PLACED) == actions(SANNA, S.CONFIRMED) == {OrderAction.CANCEL_ORDER}
    assert actions(COOK, S.PLACED) == actions(EERO, S.CONFIRMED) == set()
    assert actions(COOK, S.CONFIRMED) == {OrderAction.ACCEPT_ORDER, OrderAction.REJECT_ORDER}
    assert actions(AINO, S.ACCEPTED) == actions(SANNA, S.READY_FOR_PICKUP) == {OrderAction.CANCEL_ORDER}
    assert actions(AINO, S.PREPARING) == actions(SANNA, S.PICKED_UP) == actions(COOK, S.CANCEL_PENDING) == set()
    assert actions(COOK, S.READY_FOR_PICKUP) == {OrderAction.CONFIRM_COLLECTION, OrderAction.CANCEL_ORDER}
    assert actions(COOK, S.READY_FOR_PICKUP, Fulfilment.DELIVERY) == {OrderAction.CANCEL_ORDER}


def test_accepting_says_when_it_will_be_ready() -> None:
    decided = order_in(S.CONFIRMED).when(accept)
    decided.then(
        OrderAccepted(
            at=NOW,
            order_id=ORDER,
            restaurant_id=RESTAURANT,
            prep_minutes=20,
            ready_by=NOW + 20 * MINUTE,
            customer_id="aino",
            currency="EUR",
        )
    )
    assert decided.timers == [
        Later(at=NOW + 80 * MINUTE, command=GiveUpOnKitchen(order_id=ORDER, ready_by=NOW + 20 * MINUTE))
    ]


@pytest.mark.parametrize("minutes", [-1, 0, MAX_PREP_MINUTES + 1])
def test_preparing_takes_a_plausible_time(minutes: int) -> None:
    order_in(S.CONFIRMED).when(msgspec.structs.replace(accept, prep_minutes=minutes)).then_refused(InvalidInput)


def test_accepting_again_with_another_promise_is_no_repeat() -> None:
    order_in(S.ACCEPTED).when(msgspec.structs.replace(accept, prep_minutes=25)).then_refused(IllegalTransition)


def test_a_rejection_names_what_is_out() -> None:
    named = msgspec.structs.replace(reject, unavailable_items=(SALMON,))
    (event,) = order_in(S.CONFIRMED).when(named).events
    assert isinstance(event, OrderRejected)
    assert event.unavailable_items == (SALMON,)
    too_many = msgspec.structs.replace(reject, unavailable_items=(SALMON,) * (MAX_REJECTED_ITEMS + 1))
    order_in(S.CONFIRMED).when(too_many).then_refused(InvalidInput)


def test_a_rejection_names_only_what_was_ordered() -> None:
    strange = msgspec.structs.replace(reject, unavailable_items=(SALMON, BREAD))
    refusal = order_in(S.CONFIRMED).when(strange).then_refused(InvalidInput)
    assert refusal == InvalidInput(reason="This item is not in the order.", path=("unavailableItemIds", "1"))


def test_a_delay_leads_to_a_later_time_within_bounds() -> None:
    late = (
        order_in(S.PREPARING)
        .when(delay)
        .then(
            OrderDelayed(
                at=NOW,
                order_id=ORDER,
                restaurant_id=RESTAURANT,
                ready_by=NOW + 15 * MINUTE,
                previous_ready_by=accepted.ready_by,
            )
        )
    )
    late.when(delay).then_nothing()
    for ready_by in (NOW + 14 * MINUTE, NOW, NOW + 181 * MINUTE):
        late.when(msgspec.structs.replace(delay, ready_by=ready_by)).then_refused(InvalidInput)


def test_a_ready_order_waits_three_hours() -> None:
    decided = order_in(S.PREPARING).when(mark_ready)
    decided.then(OrderReady(at=NOW, order_id=ORDER, restaurant_id=RESTAURANT, collect_by=NOW + 180 * MINUTE))
    assert decided.timers == [Later(at=NOW + 180 * MINUTE, command=CloseUncollected(order_id=ORDER, since_version=5))]


def test_an_order_nobody_came_for_is_over_and_paid_for() -> None:
    order_in(S.READY_FOR_PICKUP).when(close(5)).then(
        OrderCompleted(at=NOW, order_id=ORDER, restaurant_id=RESTAURANT, handover=Handover.NOT_COLLECTED)
    )


def test_a_delivery_is_not_handed_over_the_counter() -> None:
    delivery = msgspec.structs.replace(placed, fulfilment=Fulfilment.DELIVERY)
    Scenario(ORDERS, (delivery, confirmed, accepted, ready)).when(collect).then_refused(IllegalTransition)


def test_guessing_the_code_is_stopped_for_a_while() -> None:
    wrong = msgspec.structs.replace(collect, code_is_right=False)
    waiting = order_in(S.READY_FOR_PICKUP)
    for attempt in range(1, CODE_ATTEMPTS):
        waiting = waiting.when(wrong).then(
            CollectionCodeMistaken(at=NOW, order_id=ORDER, restaurant_id=RESTAURANT, attempts=attempt)
        )
    locked = waiting.when(wrong).then(
        CollectionCodeMistaken(
            at=NOW, order_id=ORDER, restaurant_id=RESTAURANT, attempts=CODE_ATTEMPTS, locked_until=NOW + CODE_LOCK
        )
    )
    for command in (wrong, collect):
        assert locked.when(command).then_refused(CollectionCodeLocked) == CollectionCodeLocked(until=NOW + CODE_LOCK)
    later = msgspec.structs.replace(wrong, at=NOW + CODE_LOCK)
    (event,) = locked.when(later).events
    assert isinstance(event, CollectionCodeMistaken)
    assert (event.attempts, event.locked_until) == (1, None)
    (event,) = locked.when(msgspec.structs.replace(collect, at=NOW + CODE_LOCK)).events
    assert isinstance(event, OrderCompleted)
