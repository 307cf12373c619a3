"""A courier who lives through outages: looks again and again how things stand, and does what is next."""

import asyncio
from datetime import UTC, datetime
from uuid import uuid4

from msgspec import Struct

from simulator.graph import Graph, Operation, Outcome, Result
from tests.journeys.carrying import Spot
from tests.journeys.lives import Done, mutation

LOOKS_PER_S = 4


class Identified(Struct, frozen=True):
    id: str


class Carried(Struct, frozen=True):
    id: str
    status: str
    order: Identified


class Courier(Struct, frozen=True):
    id: str
    offers: tuple[Identified, ...]
    delivery: Carried | None = None


class Myself(Struct, frozen=True):
    courier: Courier


class Codes(Struct, frozen=True, rename="camel"):
    pickup_code: str | None = None
    dropoff_pin: str | None = None


class Coded(Struct, frozen=True):
    order: Codes


class Event(Struct, frozen=True):
    type: str


class Events(Struct, frozen=True):
    nodes: tuple[Event, ...]


class Engagements(Struct, frozen=True, rename="camel"):
    courier_events: Events


MYSELF = Operation("query Myself { courier { id offers { id } delivery { id status order { id } } } }", Myself)
CODES = Operation("query Codes($id: ID!) { order(id: $id) { pickupCode dropoffPin } }", Coded)
ENGAGEMENTS = Operation(
    "query Engagements($id: ID!) { courierEvents(courierId: $id, first: 100) { nodes { type } } }", Engagements
)
BEGIN = mutation("goOnline", "courier { id }")
ACCEPT = mutation("acceptOffer", "delivery { id }")
FETCH = mutation("confirmPickup", "delivery { id }")
HAND_OVER = mutation("confirmDropoff", "delivery { id }")
REPORT = Operation(
    "mutation Report($input: ReportPositionsInput!) { result: reportPositions(input: $input) { __typename"
    " ... on UserError { code message } } }",
    Result[Outcome],
)


class StubbornCourier:
    """Stands at the restaurant, and takes everything to a door around the corner."""

    def __init__(self, graph: Graph, kitchen: Graph, customer: Graph, spot: Spot) -> None:
        self.graph = graph
        self.kitchen = kitchen
        self.customer = customer
        self.spot = spot
        self.id = ""
        self.reported = 0

    async def work(self) -> None:
        """Until cancelled."""
        await self._step(BEGIN, vehicle="BICYCLE", displayName="Stubborn")
        while True:
            await self._report()
            myself = (await self.graph.ask(MYSELF, {})).courier
            self.id = myself.id
            for offer in myself.offers:
                await self._step(ACCEPT, offerId=offer.id)
            if myself.delivery is not None:
                await self._carry(myself.delivery)
            await asyncio.sleep(1 / LOOKS_PER_S)  # the courier's own pace, not a wait for something

    async def _carry(self, delivery: Carried) -> None:
        about = {"id": delivery.order.id}
        if delivery.status in {"ASSIGNED", "AT_RESTAURANT"}:
            code = (await self.kitchen.ask(CODES, about)).order.pickup_code
            if code is not None:
                await self._step(FETCH, deliveryId=delivery.id, code=code)
        else:
            pin = (await self.customer.ask(CODES, about)).order.dropoff_pin
            if pin is not None:
                await self._step(HAND_OVER, deliveryId=delivery.id, pin=pin)

    async def _report(self) -> None:
        self.reported += 1
        point = {
            **self.spot.json,
            "accuracyM": 5,
            "sequence": self.reported,
            "recordedAt": datetime.now(UTC).isoformat(),
        }
        await self.graph.act(REPORT, {"positions": [point]})

    async def _step(self, step: Operation[Result[Done]], **given: object) -> None:
        """Refused steps are looked at anew: the offer may have lapsed, the delivery moved on."""
        await self.graph.act(step, {"idempotencyKey": str(uuid4()), **given})
