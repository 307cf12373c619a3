"""What may be done to an order: by whom, in which status, for which fulfilment. The one table of its life."""

from collections.abc import Mapping
from enum import Enum

from kernel.messages import Value, Viewer
from kernel.ownership import Action, Parties, may
from subgraphs.orders.events import CancelledBy, Fulfilment, OrderStatus

CUSTOMER, STAFF = "customer", "staff"
CREATE, READ = "order:create", "order:read"
"""Scopes of partners, who are the customers of the orders they place."""


class OrderAction(Enum):
    ACCEPT_ORDER = "ACCEPT_ORDER"
    REJECT_ORDER = "REJECT_ORDER"
    START_PREPARING = "START_PREPARING"
    DELAY_ORDER = "DELAY_ORDER"
    MARK_ORDER_READY = "MARK_ORDER_READY"
    CONFIRM_COLLECTION = "CONFIRM_COLLECTION"
    CANCEL_ORDER = "CANCEL_ORDER"


class Grant(Value):
    """Who may take an action, and when."""

    action: Action
    statuses: frozenset[OrderStatus]
    fulfilments: frozenset[Fulfilment] = frozenset(Fulfilment)

    def holds(self, viewer: Viewer, standing: Parties, status: OrderStatus, fulfilment: Fulfilment) -> bool:
        """Whether `viewer`, who stands to the order as `standing` says, may do so now."""
        return status in self.statuses and fulfilment in self.fulfilments and may(viewer, self.action, standing)


def _kitchen(name: str, *statuses: OrderStatus, fulfilments: frozenset[Fulfilment] = frozenset(Fulfilment)) -> Grant:
    action = Action(name=name, relations=frozenset({STAFF}))
    return Grant(action=action, statuses=frozenset(statuses), fulfilments=fulfilments)


_OWN = frozenset({CUSTOMER})
_SEEING = frozenset({CREATE, READ})
QUOTE = Action(name="quoteOrder", roles=frozenset({"customer", "partner"}), scopes=frozenset({CREATE}))
PLACE = Action(name="placeOrder", relations=_OWN, scopes=frozenset({CREATE}))
SEE_QUOTE = Action(name="seeQuote", relations=_OWN, scopes=_SEEING)
SEE = Action(
    name="seeOrder",
    relations=frozenset({CUSTOMER, STAFF}),
    roles=frozenset({"support", "finance", "dispatcher", "admin"}),
    scopes=_SEEING,
)
SEE_KITCHEN = Action(name="seeKitchenOrders", relations=frozenset({STAFF}), roles=frozenset({"support", "admin"}))
SEE_CODE = Action(name="seeCollectionCode", relations=_OWN, scopes=_SEEING)
SEE_PICKUP_CODE = Action(name="seePickupCode", relations=frozenset({STAFF}))
SEE_DROPOFF_PIN = Action(name="seeDropoffPin", relations=_OWN, scopes=_SEEING)
SEE_ADDRESS = Action(
    name="seeDeliveryAddress", relations=_OWN, roles=frozenset({"support", "dispatcher", "admin"}), scopes=_SEEING
)
SEE_DECLINE = Action(
    name="seeDecline", relations=_OWN, roles=frozenset({"support", "finance", "admin"}), scopes=_SEEING
)

ASKED = frozenset({OrderStatus.PLACED, OrderStatus.CONFIRMED})
"""The kitchen has not taken it on."""
COOKING = frozenset({OrderStatus.ACCEPTED, OrderStatus.PREPARING, OrderStatus.READY_FOR_PICKUP})
"""The kitchen has it."""
CANCELLERS: Mapping[CancelledBy, Grant] = {
    CancelledBy.CUSTOMER: Grant(
        action=Action(name="cancelOrder", relations=_OWN, scopes=frozenset({CREATE})),
        statuses=ASKED | {OrderStatus.ACCEPTED},
    ),
    CancelledBy.RESTAURANT: _kitchen("cancelOrder", *COOKING),
    CancelledBy.SUPPORT: Grant(
        action=Action(name="cancelOrder", roles=frozenset({"support"})), statuses=ASKED | COOKING
    ),
}
"""Until when each may call an order off; nobody can once a courier has the food."""

RULES: Mapping[OrderAction, tuple[Grant, ...]] = {
    OrderAction.ACCEPT_ORDER: (_kitchen("acceptOrder", OrderStatus.CONFIRMED),),
    OrderAction.REJECT_ORDER: (_kitchen("rejectOrder", OrderStatus.CONFIRMED),),
    OrderAction.START_PREPARING: (_kitchen("startPreparing", OrderStatus.ACCEPTED),),
    OrderAction.DELAY_ORDER: (_kitchen("delayOrder", OrderStatus.ACCEPTED, OrderStatus.PREPARING),),
    OrderAction.MARK_ORDER_READY: (_kitchen("markOrderReady", OrderStatus.ACCEPTED, OrderStatus.PREPARING),),
    OrderAction.CONFIRM_COLLECTION: (
        _kitchen("confirmCollection", OrderStatus.READY_FOR_PICKUP, fulfilments=frozenset({Fulfilment.TAKEAWAY})),
    ),
    OrderAction.CANCEL_ORDER: tuple(CANCELLERS.values()),
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
        for wanted, grants in RULES.items()
        if any(grant.holds(viewer, standing, status, fulfilment) for grant in grants)
    )
