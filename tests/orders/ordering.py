"""One customer, one kitchen, one order: what the tests of orders talk about."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any, TypeVar

import msgspec

from kernel.codes import COLLECTION, handover_code
from kernel.ids import typed_id
from kernel.messages import SYSTEM, Viewer
from kernel.places import Position
from subgraphs.orders.commands import (
    AcceptOrder,
    CancelOrder,
    CloseUncollected,
    ConfirmCollection,
    ConfirmOrder,
    DelayOrder,
    ExpireOrder,
    FailOrder,
    MarkOrderReady,
    PlaceOrder,
    QuoteOrder,
    RejectOrder,
    StartPreparing,
    ViewerCommand,
)
from subgraphs.orders.events import (
    CancellationReason,
    CancelledBy,
    FailureReason,
    Fulfilment,
    Handover,
    OrderAccepted,
    OrderCancelled,
    OrderCompleted,
    OrderConfirmed,
    OrderEvent,
    OrderExpired,
    OrderFailed,
    OrderPlaced,
    OrderReady,
    OrderRejected,
    OrderStatus,
    PreparationStarted,
    Price,
    QuoteGiven,
    RejectionReason,
)
from subgraphs.orders.kitchens import (
    Counter,
    KitchenGroupRow,
    KitchenItemRow,
    KitchenOption,
    KitchenRow,
    Selection,
)
from subgraphs.orders.pricing import ChosenLine, price_of
from tests.spelling import AT, uuid_of

ORDER = typed_id("order", uuid_of(1))
QUOTE = typed_id("quote", uuid_of(1))
PAYMENT = typed_id("payment", uuid_of(1))
RESTAURANT = typed_id("restaurant", uuid_of(7))
SOUP, BREAD, SALMON = (typed_id("item", uuid_of(number)) for number in (11, 12, 13))
SIZE, EXTRAS = (typed_id("group", uuid_of(number)) for number in (21, 22))
SMALL, LARGE, DILL, CREAM = (typed_id("option", uuid_of(number)) for number in (31, 32, 33, 34))

AINO = Viewer(subject="aino", roles=frozenset({"customer"}))
EERO = Viewer(subject="eero", roles=frozenset({"customer"}))
COOK = Viewer(subject="owner-1", roles=frozenset({"restaurant"}))
RIVAL = Viewer(subject="owner-2", roles=frozenset({"restaurant"}))
PARTNER = Viewer(subject="partner-demo", roles=frozenset({"partner"}), scopes=frozenset({"order:create", "order:read"}))
PLAIN_PARTNER = Viewer(subject="partner-demo", roles=frozenset({"partner"}))
SANNA = Viewer(subject="sanna", roles=frozenset({"support"}))
WORKPLACES: Mapping[str, tuple[str, ...]] = {"owner-1": (RESTAURANT,), "owner-2": ("restaurant_other",)}

MINUTE = timedelta(minutes=1)
SECRET = b"codes-of-the-tests"
CODE = handover_code(SECRET, ORDER, COLLECTION)

KITCHEN = KitchenRow(
    id=RESTAURANT,
    name="Merimaku",
    address="Satamakatu 1, 33200 Tampere",
    position=Position(latitude=60.17, longitude=24.94),
    delivery_radius_m=3000,
    time_zone="Europe/Helsinki",
    opening_hours="24/7",
    currency="EUR",
    prep_minutes=20,
    minimum_basket_minor=1500,
    paused_until=None,
    retired=False,
    revision=1,
)


def an_item(item_id: str, name: str, price_minor: int, *groups: str) -> KitchenItemRow:
    return KitchenItemRow(
        id=item_id,
        restaurant_id=RESTAURANT,
        name=name,
        price_minor=price_minor,
        tax_rate=1350,
        option_groups=groups,
        unavailable=False,
        unavailable_until=None,
        retired=False,
        revision=1,
    )


def a_group(group_id: str, name: str, choices: tuple[int, int], *options: KitchenOption) -> KitchenGroupRow:
    return KitchenGroupRow(
        id=group_id,
        restaurant_id=RESTAURANT,
        name=name,
        min_choices=choices[0],
        max_choices=choices[1],
        options=options,
        retired=False,
        revision=1,
    )


ITEMS = (
    an_item(SOUP, "Salmon soup", 1290, SIZE, EXTRAS),
    an_item(BREAD, "Rye bread", 250),
    an_item(SALMON, "Salmon on a plank", 2450),
)
GROUPS = (
    a_group(
        SIZE,
        "Size",
        (1, 1),
        KitchenOption(id=SMALL, name="Small", price_minor=0),
        KitchenOption(id=LARGE, name="Large", price_minor=300),
    ),
    a_group(
        EXTRAS,
        "Extras",
        (0, 2),
        KitchenOption(id=DILL, name="Dill", price_minor=50),
        KitchenOption(id=CREAM, name="Cream", price_minor=80),
    ),
)
COUNTER = Counter(kitchen=KITCHEN, items=ITEMS, groups=GROUPS)

LINES = (
    Selection(item_id=SOUP, quantity=2, option_ids=(LARGE, DILL)),
    Selection(item_id=BREAD, quantity=1),
)


def a_price(tip_minor: int = 0, distance_m: int | None = None) -> Price:
    salmon = ChosenLine(
        item_id=SALMON, name="Salmon on a plank", quantity=1, unit_minor=2450, options=(), tax_rate=1350
    )
    return price_of([salmon], 1500, tip_minor, "EUR", distance_m)


def a_quote(**changes: object) -> QuoteGiven:
    quote = QuoteGiven(
        at=AT - MINUTE,
        quote_id=QUOTE,
        customer_id="aino",
        restaurant_id=RESTAURANT,
        fulfilment=Fulfilment.TAKEAWAY,
        price=a_price(),
        expires_at=AT + 14 * MINUTE,
    )
    return msgspec.structs.replace(quote, **changes)


quote_order = QuoteOrder(
    at=AT,
    viewer=AINO,
    quote_id=QUOTE,
    restaurant_id=RESTAURANT,
    fulfilment=Fulfilment.TAKEAWAY,
    lines=LINES,
    counter=COUNTER,
)
place = PlaceOrder(
    at=AT, viewer=AINO, order_id=ORDER, quote_id=QUOTE, payment_token="tok_visa", quote=a_quote(), counter=COUNTER
)

IDS: dict[str, Any] = {"order_id": ORDER, "restaurant_id": RESTAURANT}
placed = OrderPlaced(
    at=AT,
    **IDS,
    quote_id=QUOTE,
    customer_id="aino",
    fulfilment=Fulfilment.TAKEAWAY,
    price=a_price(),
    total_minor=a_price().total_minor,
    currency="EUR",
    payment_token="tok_visa",
    usual_prep_minutes=20,
)
confirmed = OrderConfirmed(at=AT + MINUTE, **IDS, payment_id=PAYMENT, accept_by=AT + 9 * MINUTE)
failed = OrderFailed(at=AT + MINUTE, **IDS, reason=FailureReason.PAYMENT_DECLINED, detail="insufficient_funds")
unpaid = OrderExpired(at=AT + 10 * MINUTE, **IDS, while_status=OrderStatus.PLACED)
accepted = OrderAccepted(
    at=AT + 2 * MINUTE, **IDS, prep_minutes=20, ready_by=AT + 22 * MINUTE, customer_id="aino", currency="EUR"
)
rejected = OrderRejected(at=AT + 2 * MINUTE, order_id=ORDER, restaurant_id=RESTAURANT, reason=RejectionReason.TOO_BUSY)
ignored = OrderExpired(at=AT + 9 * MINUTE, **IDS, while_status=OrderStatus.CONFIRMED)
started = PreparationStarted(at=AT + 3 * MINUTE, **IDS)
ready = OrderReady(at=AT + 20 * MINUTE, **IDS, collect_by=AT + 200 * MINUTE)
completed = OrderCompleted(at=AT + 25 * MINUTE, **IDS, handover=Handover.COLLECTED)
cancelled = OrderCancelled(
    at=AT + 2 * MINUTE,
    **IDS,
    by=CancelledBy.CUSTOMER,
    reason=CancellationReason.CHANGED_MIND,
    while_status=OrderStatus.CONFIRMED,
)

PAST: Mapping[OrderStatus, tuple[OrderEvent, ...]] = {
    OrderStatus.PLACED: (placed,),
    OrderStatus.CONFIRMED: (placed, confirmed),
    OrderStatus.ACCEPTED: (placed, confirmed, accepted),
    OrderStatus.PREPARING: (placed, confirmed, accepted, started),
    OrderStatus.READY_FOR_PICKUP: (placed, confirmed, accepted, started, ready),
    OrderStatus.COMPLETED: (placed, confirmed, accepted, started, ready, completed),
    OrderStatus.REJECTED: (placed, confirmed, rejected),
    OrderStatus.CANCELLED: (placed, confirmed, cancelled),
    OrderStatus.EXPIRED: (placed, confirmed, ignored),
    OrderStatus.FAILED: (placed, failed),
}
"""How an order to be collected got to each of its statuses."""

NOW = AT + 30 * MINUTE
"""After everything that has happened in any `PAST`."""

confirm = ConfirmOrder(at=NOW, viewer=SYSTEM, order_id=ORDER, payment_id=PAYMENT)
fail = FailOrder(
    at=NOW, viewer=SYSTEM, order_id=ORDER, reason=FailureReason.PAYMENT_DECLINED, detail="insufficient_funds"
)


def expire(status: OrderStatus, since_version: int) -> ExpireOrder:
    return ExpireOrder(at=NOW, viewer=SYSTEM, order_id=ORDER, while_status=status, since_version=since_version)


def close(since_version: int) -> CloseUncollected:
    return CloseUncollected(at=NOW, viewer=SYSTEM, order_id=ORDER, since_version=since_version)


accept = AcceptOrder(at=NOW, viewer=COOK, order_id=ORDER, workplaces=(RESTAURANT,), prep_minutes=20)
reject = RejectOrder(at=NOW, viewer=COOK, order_id=ORDER, workplaces=(RESTAURANT,), reason=RejectionReason.TOO_BUSY)
start = StartPreparing(at=NOW, viewer=COOK, order_id=ORDER, workplaces=(RESTAURANT,))
delay = DelayOrder(at=NOW, viewer=COOK, order_id=ORDER, workplaces=(RESTAURANT,), ready_by=NOW + 15 * MINUTE)
mark_ready = MarkOrderReady(at=NOW, viewer=COOK, order_id=ORDER, workplaces=(RESTAURANT,))
collect = ConfirmCollection(at=NOW, viewer=COOK, order_id=ORDER, workplaces=(RESTAURANT,), code_is_right=True)
cancel = CancelOrder(at=NOW, viewer=AINO, order_id=ORDER, reason=CancellationReason.CHANGED_MIND)

VIEWERS_COMMANDS: tuple[ViewerCommand, ...] = (accept, reject, start, delay, mark_ready, collect, cancel)


ViewerCommandT = TypeVar("ViewerCommandT", bound=ViewerCommand)


def by(command: ViewerCommandT, viewer: Viewer) -> ViewerCommandT:
    """The same command from somebody else."""
    return msgspec.structs.replace(command, viewer=viewer, workplaces=WORKPLACES.get(viewer.subject, ()))
