"""What may be done to an order: by whom, in which status, for which fulfilment. The one table of its life."""

from collections.abc import Mapping
from enum import Enum

from kernel.messages import Value, Viewer
from kernel.ownership import Action, Parties, may
from subgraphs.orders.events import Fulfilment, OrderStatus

CUSTOMER, STAFF = "customer", "staff"


class OrderAction(Enum):
    ACCEPT_ORDER = "ACCEPT_ORDER"
    REJECT_ORDER = "REJECT_ORDER"
    START_PREPARING = "START_PREPARING"
    DELAY_ORDER = "DELAY_ORDER"
    MARK_ORDER_READY = "MARK_ORDER_READY"
    CONFIRM_COLLECTION = "CONFIRM_COLLECTION"
    CANCEL_ORDER = "CANCEL_ORDER"


class Rule(Value):
    """Who may take an action, and when."""

    action: Action
    statuses: frozenset[OrderStatus]
    fulfilments: frozenset[Fulfilment] = frozenset(Fulfilment)


def _kitchen(name: str, *statuses: OrderStatus, fulfilments: frozenset[Fulfilment] = frozenset(Fulfilment)) -> Rule:
    action = Action(name=name, relations=frozenset({STAFF}))
    return Rule(action=action, statuses=frozenset(statuses), fulfilments=fulfilments)


QUOTE = Action(name="quoteOrder", roles=frozenset({"customer"}))
SEE = Action(
    name="seeOrder",
    relations=frozenset({CUSTOMER, STAFF}),
    roles=frozenset({"support", "finance", "dispatcher", "admin"}),
)
SEE_KITCHEN = Action(name="seeKitchenOrders", relations=frozenset({STAFF}), roles=frozenset({"support", "admin"}))
SEE_CODE = Action(name="seeCollectionCode", relations=frozenset({CUSTOMER}))
SEE_DECLINE = Action(
    name="seeDecline", relations=frozenset({CUSTOMER}), roles=frozenset({"support", "finance", "admin"})
)
RULES: Mapping[OrderAction, Rule] = {
    OrderAction.ACCEPT_ORDER: _kitchen("acceptOrder", OrderStatus.CONFIRMED),
    OrderAction.REJECT_ORDER: _kitchen("rejectOrder", OrderStatus.CONFIRMED),
    OrderAction.START_PREPARING: _kitchen("startPreparing", OrderStatus.ACCEPTED),
    OrderAction.DELAY_ORDER: _kitchen("delayOrder", OrderStatus.ACCEPTED, OrderStatus.PREPARING),
    OrderAction.MARK_ORDER_READY: _kitchen("markOrderReady", OrderStatus.ACCEPTED, OrderStatus.PREPARING),
    OrderAction.CONFIRM_COLLECTION: _kitchen(
        "confirmCollection", OrderStatus.READY_FOR_PICKUP, fulfilments=frozenset({Fulfilment.TAKEAWAY})
    ),
    OrderAction.CANCEL_ORDER: Rule(
        action=Action(name="cancelOrder", relations=frozenset({CUSTOMER}), roles=frozenset({"support"})),
        statuses=frozenset({OrderStatus.PLACED, OrderStatus.CONFIRMED}),
    ),
}


def parties(viewer: Viewer, customer_id: str, *, works_there: bool, in_kitchen: bool) -> Parties:
    """The order's parties as far as `viewer` is concerned. Until a kitchen is asked, its staff have no part in it."""
    staff = frozenset({viewer.subject}) if works_there and in_kitchen else frozenset[str]()
    return {CUSTOMER: frozenset({customer_id}), STAFF: staff}


def available_actions(
    viewer: Viewer, standing: Parties, status: OrderStatus, fulfilment: Fulfilment
) -> tuple[OrderAction, ...]:
    """What `viewer`, who stands to the order as `standing` says, may do to it now."""
    return tuple(
        wanted
        for wanted, rule in RULES.items()
        if status in rule.statuses and fulfilment in rule.fulfilments and may(viewer, rule.action, standing)
    )
