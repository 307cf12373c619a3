"""What the people of the city do: mutations, and what is read from their outcomes."""

from collections.abc import Sequence
from datetime import datetime
from typing import Generic, TypeVar
from uuid import UUID

from msgspec import Struct

from simulator.graph import Operation, Outcome, Result
from simulator.living.questions import DELIVERY, ORDER, CourierKnown, DeliverySeen, OrderSeen, Where

OutcomeT = TypeVar("OutcomeT", bound=Outcome)


class Line(Struct, frozen=True, rename="camel"):
    item_id: str
    quantity: int
    option_ids: Sequence[str] = ()


class DoorStep(Struct, frozen=True, rename="camel"):
    """The input type DeliveryAddressInput."""

    street: str
    house_number: str
    position: Where
    city: str = "Helsinki"
    instructions: str = ""
    leave_at_door: bool = False


class Quoting(Struct, frozen=True, rename="camel"):
    idempotency_key: UUID
    restaurant_id: str
    lines: Sequence[Line]
    delivery: DoorStep
    tip_minor: int = 0
    fulfilment: str = "DELIVERY"


class Placing(Struct, frozen=True, rename="camel"):
    idempotency_key: UUID
    quote_id: str
    payment_token: str


class Point(Struct, frozen=True, rename="camel"):
    """Where a courier was; `sequence` only grows."""

    latitude: float
    longitude: float
    accuracy_m: float
    sequence: int
    recorded_at: datetime


class Reporting(Struct, frozen=True):
    positions: Sequence[Point]


class Identified(Struct, frozen=True):
    id: str


class Quoted(Outcome, frozen=True):
    quote: Identified | None = None


class Ordering(Outcome, frozen=True):
    """The outcome of a mutation on an order. After `QuoteAlreadyUsed` it holds the order too."""

    order: OrderSeen | None = None


class Riding(Outcome, frozen=True):
    """The outcome of a mutation on a delivery; `until` says when it is not too soon or no longer locked."""

    delivery: DeliverySeen | None = None
    until: datetime | None = None


class Duty(Outcome, frozen=True):
    courier: CourierKnown | None = None


class Dropped(Struct, frozen=True):
    reason: str
    count: int


class Reported(Outcome, frozen=True):
    accepted: int = 0
    dropped: tuple[Dropped, ...] = ()


class Deed(Generic[OutcomeT]):
    """A mutation: `success` is selected of its success, `more` are further fragments."""

    def __init__(self, name: str, outcome: type[OutcomeT], success: str = "", more: str = "") -> None:
        title = name[0].upper() + name[1:]
        selected = f"... on {title}Success {{ {success} }} " if success else ""
        self.name = name
        self.operation = Operation(
            f"mutation {title}($input: {title}Input!) {{ result: {name}(input: $input) {{ __typename"
            f" {selected}... on UserError {{ code message path }} {more} }} }}",
            Result[outcome],
        )


ORDER_NOW = f"order {{ {ORDER} }}"
DELIVERY_NOW = f"delivery {{ {DELIVERY} }}"
TOO_SOON = "... on TooSoon { until }"
LOCKED = "... on CodeLocked { until }"

QUOTE = Deed("quoteOrder", Quoted, "quote { id }")
PLACE = Deed("placeOrder", Ordering, ORDER_NOW, f"... on QuoteAlreadyUsed {{ {ORDER_NOW} }}")
CANCEL = Deed("cancelOrder", Ordering, ORDER_NOW)
REVIEW = Deed("reviewOrder", Outcome)

ACCEPT = Deed("acceptOrder", Ordering, ORDER_NOW)
REJECT = Deed("rejectOrder", Ordering, ORDER_NOW)
START = Deed("startPreparing", Ordering, ORDER_NOW)
DELAY = Deed("delayOrder", Ordering, ORDER_NOW)
READY = Deed("markOrderReady", Ordering, ORDER_NOW)

GO_ONLINE = Deed("goOnline", Duty, "courier { id }")
GO_OFFLINE = Deed("goOffline", Duty, "courier { id }")
ACCEPT_OFFER = Deed("acceptOffer", Riding, DELIVERY_NOW)
DECLINE_OFFER = Deed("declineOffer", Outcome)
REASSIGN = Deed("reassignDelivery", Riding, DELIVERY_NOW)
PICK_UP = Deed("confirmPickup", Riding, DELIVERY_NOW, LOCKED)
DROP_OFF = Deed("confirmDropoff", Riding, DELIVERY_NOW, LOCKED)
GIVE_UP = Deed("reportUndeliverable", Riding, DELIVERY_NOW, TOO_SOON)
RETURN = Deed("confirmReturn", Riding, DELIVERY_NOW)
REPORT = Deed("reportPositions", Reported, "accepted dropped { reason count }")
