"""The same customer and kitchen, but a courier brings the food: what the tests of delivery talk about."""

from collections.abc import Mapping
from typing import Any

import msgspec

from kernel.ids import person_id
from kernel.messages import SYSTEM
from kernel.places import Position
from subgraphs.orders.commands import (
    AbandonOrder,
    AnnounceOrder,
    DeliverOrder,
    DeliveryCommand,
    DropOrderCourier,
    FailOrder,
    GiveUpOnKitchen,
    GrantCancellation,
    NameOrderCourier,
    PickUpOrder,
    RefuseCancellation,
    ReturnOrder,
    TurnOrderBack,
)
from subgraphs.orders.events import (
    CancellationReason,
    CancellationRefused,
    CancellationRequested,
    CancelledBy,
    Carriage,
    CourierAssigned,
    CourierUnassigned,
    DeliveryAddress,
    DropoffProof,
    FailureReason,
    Fulfilment,
    OrderArriving,
    OrderCancelled,
    OrderDelivered,
    OrderEvent,
    OrderFailed,
    OrderPickedUp,
    OrderReturned,
    OrderReturning,
    OrderStatus,
)
from tests.orders.ordering import (
    AT,
    COOK,
    IDS,
    KITCHEN,
    MINUTE,
    NOW,
    ORDER,
    PAST,
    SANNA,
    a_price,
    a_quote,
    accepted,
    by,
    cancel,
    confirmed,
    failed,
    place,
    placed,
    quote_order,
    ready,
    started,
)

S = OrderStatus
COURIER, OTHER_COURIER = person_id("courier", "otso"), person_id("courier", "liisa")
DOOR = DeliveryAddress(
    street="Pellavatehtaankatu",
    house_number="9 B 12",
    postal_code="33100",
    city="Tampere",
    position=Position(latitude=60.18, longitude=24.94),
    instructions="The bell says Virtanen; door code 4711.",
)
WAY = Carriage(
    pickup=KITCHEN.position,
    pickup_name=KITCHEN.name,
    pickup_address=KITCHEN.address,
    dropoff=DOOR,
    distance_m=1112,
)
PRICE = a_price(distance_m=WAY.distance_m)

quote_delivery = msgspec.structs.replace(quote_order, fulfilment=Fulfilment.DELIVERY, delivery=DOOR)
DELIVERY_QUOTE = a_quote(fulfilment=Fulfilment.DELIVERY, carriage=WAY, price=PRICE)
place_delivery = msgspec.structs.replace(place, quote=DELIVERY_QUOTE)

placed_delivery = msgspec.structs.replace(
    placed, fulfilment=Fulfilment.DELIVERY, carriage=WAY, price=PRICE, total_minor=PRICE.total_minor
)
accepted_delivery = msgspec.structs.replace(accepted, carriage=WAY)
ready_delivery = msgspec.structs.replace(ready, collect_by=None)
assigned = CourierAssigned(at=AT + 21 * MINUTE, **IDS, courier_id=COURIER)
unassigned = CourierUnassigned(at=AT + 22 * MINUTE, **IDS, courier_id=COURIER)
picked_up = OrderPickedUp(at=AT + 24 * MINUTE, **IDS, courier_id=COURIER)
arriving = OrderArriving(at=AT + 26 * MINUTE, **IDS)
delivered = OrderDelivered(at=AT + 27 * MINUTE, **IDS, courier_id=COURIER, proof=DropoffProof.PIN)
returning = OrderReturning(at=AT + 27 * MINUTE, **IDS, reason="CUSTOMER_UNREACHABLE")
returned = OrderReturned(at=AT + 29 * MINUTE, **IDS, reason="CUSTOMER_UNREACHABLE", charged=True)
lost = OrderFailed(at=AT + 28 * MINUTE, **IDS, reason=FailureReason.DELIVERY_FAILED, detail="FOOD_DAMAGED")
requested = CancellationRequested(
    at=AT + 2 * MINUTE,
    **IDS,
    by=CancelledBy.CUSTOMER,
    reason=CancellationReason.CHANGED_MIND,
    while_status=S.ACCEPTED,
)
refused = CancellationRefused(at=AT + 3 * MINUTE, **IDS, status=S.ACCEPTED)
called_off = OrderCancelled(
    at=AT + 3 * MINUTE,
    **IDS,
    by=CancelledBy.CUSTOMER,
    reason=CancellationReason.CHANGED_MIND,
    while_status=S.ACCEPTED,
)

_COOKED = (placed_delivery, confirmed, accepted_delivery, started, ready_delivery)
_GONE = (*_COOKED, assigned, picked_up)
DELIVERY_PAST: Mapping[OrderStatus, tuple[OrderEvent, ...]] = {
    S.PLACED: (placed_delivery,),
    S.CONFIRMED: (placed_delivery, confirmed),
    S.ACCEPTED: _COOKED[:3],
    S.PREPARING: _COOKED[:4],
    S.READY_FOR_PICKUP: _COOKED,
    S.PICKED_UP: _GONE,
    S.ARRIVING: (*_GONE, arriving),
    S.DELIVERED: (*_GONE, arriving, delivered),
    S.RETURNING: (*_GONE, arriving, returning),
    S.RETURNED: (*_GONE, arriving, returning, returned),
    S.REJECTED: (placed_delivery, *PAST[S.REJECTED][1:]),
    S.CANCEL_PENDING: (*_COOKED[:3], requested),
    S.CANCELLED: (*_COOKED[:3], requested, called_off),
    S.EXPIRED: (placed_delivery, *PAST[S.EXPIRED][1:]),
    S.FAILED: (placed_delivery, failed),
}
"""How an order to be delivered got to each of its statuses."""

_TO: dict[str, Any] = {"at": NOW, "viewer": SYSTEM, "order_id": ORDER}
name_courier = NameOrderCourier(**_TO, courier_id=COURIER)
drop_courier = DropOrderCourier(**_TO, courier_id=COURIER)
pick_up = PickUpOrder(**_TO, courier_id=COURIER)
announce = AnnounceOrder(**_TO)
deliver = DeliverOrder(**_TO, courier_id=COURIER, proof=DropoffProof.LEFT_AT_DOOR)
turn_back = TurnOrderBack(**_TO, reason="REFUSED_BY_CUSTOMER")
bring_back = ReturnOrder(**_TO, reason="REFUSED_BY_CUSTOMER", charged=True)
grant = GrantCancellation(**_TO)
refuse = RefuseCancellation(**_TO)
abandon = AbandonOrder(**_TO)
lose = FailOrder(**_TO, reason=FailureReason.DELIVERY_FAILED, detail="COURIER_LOST")
give_up = GiveUpOnKitchen(**_TO, ready_by=accepted.ready_by)

DELIVERY_NEWS: tuple[DeliveryCommand | FailOrder, ...] = (
    name_courier,
    drop_courier,
    pick_up,
    announce,
    deliver,
    turn_back,
    bring_back,
    grant,
    refuse,
    abandon,
    lose,
)
"""Everything that dispatch can tell an order."""

kitchen_cancels = msgspec.structs.replace(by(cancel, COOK), reason=CancellationReason.ITEMS_UNAVAILABLE)
support_cancels = by(cancel, SANNA)
