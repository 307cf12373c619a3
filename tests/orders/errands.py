"""Deliveries through the graph: asked for, placed, accepted, told of, looked at."""

from typing import Any

import msgspec

from kernel.calling import Accepted
from kernel.messages import Command, Viewer
from tests.orders.bench import Bench, Json
from tests.orders.deliveries import (
    DOOR,
)
from tests.orders.ordering import (
    AINO,
    RESTAURANT,
    SALMON,
)

ADDRESS: dict[str, Any] = {
    "street": DOOR.street,
    "houseNumber": DOOR.house_number,
    "postalCode": DOOR.postal_code,
    "city": DOOR.city,
    "position": {"latitude": DOOR.position.latitude, "longitude": DOOR.position.longitude},
    "instructions": DOOR.instructions,
    "leaveAtDoor": True,
}
QUOTE: dict[str, Any] = {
    "restaurantId": RESTAURANT,
    "fulfilment": "DELIVERY",
    "lines": [{"itemId": SALMON, "quantity": 1}],
    "delivery": ADDRESS,
}
ORDER = """
query($id: ID!) { order(id: $id) { status availableActions pickupCode dropoffPin collectionCode
  deliveryAddress { street houseNumber postalCode city position { latitude longitude } instructions leaveAtDoor }
  pickedUpAt deliveredAt returnedAt cancellationRequestedAt collectBy endedAt } }
"""


async def quoted(bench: Bench, viewer: Viewer = AINO, **changes: object) -> Json:
    fields = """... on QuoteOrderSuccess { quote { id fulfilment price { fees { kind amount { minor } } } } }
                ... on OutOfRange { distanceM radiusM }"""
    return await bench.change(viewer, "quoteOrder", {**QUOTE, **changes}, fields)


async def placed(bench: Bench, viewer: Viewer = AINO) -> str:
    given = {"quoteId": (await quoted(bench, viewer))["quote"]["id"], "paymentToken": "tok_visa"}
    return (await bench.change(viewer, "placeOrder", given, "... on PlaceOrderSuccess { order { id } }"))["order"]["id"]


async def accepted(bench: Bench, viewer: Viewer = AINO) -> str:
    order_id = await placed(bench, viewer)
    await bench.pay(order_id)
    await bench.kitchen_does(order_id, "acceptOrder", prepMinutes=20)
    return order_id


async def tell(bench: Bench, order_id: str, *news: Command) -> None:
    """Has the order hear what dispatch and tracking say."""
    for command in news:
        told = msgspec.structs.replace(command, order_id=order_id, at=bench.clock.now())
        assert isinstance(await bench.do(told), Accepted)


async def shown(bench: Bench, viewer: Viewer, order_id: str) -> Json | None:
    await bench.catch_up()
    return (await bench.ask(viewer, ORDER, id=order_id))["order"]
