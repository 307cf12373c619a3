"""What may be done to a delivery: by whom and in which status. The one table of its life."""

from collections.abc import Mapping
from enum import Enum

from kernel.messages import Value, Viewer
from kernel.ownership import Action, Parties, may

CUSTOMER, COURIER, CARRIER, STAFF, HIMSELF = "customer", "courier", "carrier", "staff", "himself"


class DeliveryStatus(Enum):
    SCHEDULED = "SCHEDULED"
    SEARCHING = "SEARCHING"
    OFFERED = "OFFERED"
    ASSIGNED = "ASSIGNED"
    AT_RESTAURANT = "AT_RESTAURANT"
    PICKED_UP = "PICKED_UP"
    AT_DOOR = "AT_DOOR"
    RETURNING = "RETURNING"
    DELIVERED = "DELIVERED"
    RETURNED = "RETURNED"
    CANCELLED = "CANCELLED"
    ABANDONED = "ABANDONED"
    FAILED = "FAILED"


class OfferStatus(Enum):
    OPEN = "OPEN"
    ACCEPTED = "ACCEPTED"
    DECLINED = "DECLINED"
    EXPIRED = "EXPIRED"
    WITHDRAWN = "WITHDRAWN"


class DeliveryAction(Enum):
    REASSIGN_DELIVERY = "REASSIGN_DELIVERY"
    CONFIRM_PICKUP = "CONFIRM_PICKUP"
    CONFIRM_DROPOFF = "CONFIRM_DROPOFF"
    REPORT_UNDELIVERABLE = "REPORT_UNDELIVERABLE"
    CONFIRM_RETURN = "CONFIRM_RETURN"


class Rule(Value):
    """Who may take an action, and when."""

    action: Action
    statuses: frozenset[DeliveryStatus]


FETCHING = frozenset({DeliveryStatus.ASSIGNED, DeliveryStatus.AT_RESTAURANT})
"""A courier is on the way to the food, or beside it."""
ON_THE_WAY = frozenset({DeliveryStatus.PICKED_UP, DeliveryStatus.AT_DOOR})
"""A courier has the food and goes to the customer."""
CARRYING = FETCHING | ON_THE_WAY | {DeliveryStatus.RETURNING}
"""A courier has accepted it and it has not ended."""
LOOKING = frozenset({DeliveryStatus.SCHEDULED, DeliveryStatus.SEARCHING, DeliveryStatus.OFFERED})
"""It waits for a courier."""
ENDED = frozenset(DeliveryStatus) - CARRYING - LOOKING
"""Statuses that nothing leads out of."""

OVERSEERS = frozenset({"dispatcher", "support", "admin"})

BE_COURIER = Action(name="beCourier", roles=frozenset({"courier"}))
SEE = Action(name="seeDelivery", relations=frozenset({CUSTOMER, COURIER, STAFF}), roles=OVERSEERS)
SEE_DOOR = Action(name="seeDoor", relations=frozenset({CUSTOMER, CARRIER}), roles=OVERSEERS)
SEE_ALL_NEWS = Action(name="seeAllNewsOfDelivery", roles=OVERSEERS)
SEE_WAITING = Action(name="seeWaitingDeliveries", roles=frozenset({"dispatcher", "admin"}))
SEE_OFFER = Action(name="seeOffer", relations=frozenset({HIMSELF}), roles=OVERSEERS)
SEE_COURIER = Action(name="seeCourier", relations=frozenset({HIMSELF, CUSTOMER}), roles=OVERSEERS)
SEE_SHIFT = Action(name="seeShift", relations=frozenset({HIMSELF}), roles=frozenset({"dispatcher", "admin"}))
SEE_COURIER_NEWS = Action(name="seeNewsOfCourier", roles=frozenset({"dispatcher", "admin"}))


def _courier(name: str, statuses: frozenset[DeliveryStatus], roles: frozenset[str] = frozenset()) -> Rule:
    return Rule(action=Action(name=name, relations=frozenset({COURIER}), roles=roles), statuses=statuses)


RULES: Mapping[DeliveryAction, Rule] = {
    DeliveryAction.REASSIGN_DELIVERY: _courier("reassignDelivery", FETCHING, frozenset({"dispatcher"})),
    DeliveryAction.CONFIRM_PICKUP: _courier("confirmPickup", FETCHING),
    DeliveryAction.CONFIRM_DROPOFF: _courier("confirmDropoff", ON_THE_WAY),
    DeliveryAction.REPORT_UNDELIVERABLE: _courier("reportUndeliverable", ON_THE_WAY | {DeliveryStatus.RETURNING}),
    DeliveryAction.CONFIRM_RETURN: _courier(
        "confirmReturn", frozenset({DeliveryStatus.RETURNING}), frozenset({"dispatcher"})
    ),
}


def parties(
    viewer: Viewer, customer_id: str, *, is_courier: bool, status: DeliveryStatus, is_staff: bool = False
) -> Parties:
    """The delivery's parties as far as `viewer` is concerned; who has brought it to its end carries it no more."""
    himself, nobody = frozenset({viewer.subject}), frozenset[str]()
    return {
        CUSTOMER: frozenset({customer_id}),
        COURIER: himself if is_courier else nobody,
        CARRIER: himself if is_courier and status in CARRYING else nobody,
        STAFF: himself if is_staff else nobody,
    }


def available_actions(viewer: Viewer, standing: Parties, status: DeliveryStatus) -> tuple[DeliveryAction, ...]:
    """What `viewer`, who stands to the delivery as `standing` says, may do to it now."""
    return tuple(
        wanted for wanted, rule in RULES.items() if status in rule.statuses and may(viewer, rule.action, standing)
    )
