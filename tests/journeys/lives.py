"""Orders that live through outages: one loop each, driven by what the order's own stream says."""

from collections.abc import Awaitable, Callable, Mapping
from contextlib import aclosing
from enum import Enum
from uuid import UUID, uuid4

from msgspec import Struct

from simulator.graph import Graph, Operation, Outcome, Result, Thread
from tests.journeys.dining import ENDED
from tests.journeys.streams import KITCHEN_UPDATES, UPDATES


class Seen(Struct, frozen=True, rename="camel"):
    """An order as streams and queries show it here."""

    id: str
    version: int
    status: str
    collection_code: str | None = None


class Item(Struct, frozen=True, rename="camel"):
    """An item of a stream, or an event of `orderEvents`."""

    sequence: int = 0
    cursor: str | None = None
    type: str | None = None
    occurred_at: str | None = None
    changed: tuple[str, ...] = ()
    order: Seen | None = None


class OrderUpdates(Struct, frozen=True, rename="camel"):
    order_updates: Item


class KitchenUpdates(Struct, frozen=True, rename="camel"):
    restaurant_order_updates: Item


class Identified(Struct, frozen=True):
    id: str


class Done(Outcome, frozen=True):
    quote: Identified | None = None
    order: Identified | None = None


class Ending(Enum):
    """How somebody means an order to end."""

    COLLECTED = "COMPLETED"
    DELIVERED = "DELIVERED"
    REJECTED = "REJECTED"
    CANCELLED = "CANCELLED"
    DECLINED = "FAILED"


def mutation(name: str, selected: str) -> Operation[Result[Done]]:
    title = name[0].upper() + name[1:]
    document = (
        f"mutation {title}($input: {title}Input!) {{ result: {name}(input: $input) {{ __typename"
        f" ... on {title}Success {{ {selected} }} ... on UserError {{ code message path }} }} }}"
    )
    return Operation(document, Result[Done])


QUOTE = mutation("quoteOrder", "quote { id }")
STEPS = {
    name: mutation(name, "order { id }")
    for name in (
        "placeOrder", "cancelOrder", "acceptOrder", "rejectOrder", "startPreparing", "markOrderReady",
        "confirmCollection",
    )
}  # fmt: skip
WATCH = Operation(UPDATES.replace("version status", "version status collectionCode"), OrderUpdates)
WATCH_KITCHEN = Operation(KITCHEN_UPDATES, KitchenUpdates)


class Life(Struct):
    """One order: what is meant to become of it, and what its watcher heard."""

    ending: Ending
    order_id: str = ""
    heard: list[Item] = []

    @property
    def status(self) -> str:
        order = self.heard[-1].order if self.heard else None
        return order.status if order else ""


class Table:
    """A customer and a kitchen who take every order to its end, however often they must ask."""

    def __init__(
        self,
        customer: Graph,
        kitchen: Graph,
        restaurant_id: str,
        lines: list[dict[str, object]],
        door: dict[str, object],
    ) -> None:
        self.customer = customer
        self.kitchen = kitchen
        self.restaurant_id = restaurant_id
        self.lines = lines
        self.door = door

    async def live(self, life: Life, card: str, acknowledged: Callable[[], None]) -> None:
        """Order, then do what the stream gives reason to, until it has ended."""
        quoting: dict[str, object] = {"restaurantId": self.restaurant_id, "lines": self.lines}
        if life.ending is Ending.DELIVERED:
            quoting |= {"fulfilment": "DELIVERY", "delivery": self.door}
        quoted = (await act(self.customer, QUOTE, quoting)).quote
        assert quoted is not None, "a quote that was given can be read"
        placing: dict[str, object] = {"quoteId": quoted.id, "paymentToken": card}
        placed = (await act(self.customer, STEPS["placeOrder"], placing)).order
        assert placed is not None, "an order that was placed can be read"
        life.order_id = placed.id
        acknowledged()
        thread = Thread[OrderUpdates](lambda item: item.order_updates.cursor, is_last)
        async with aclosing(self.customer.watch(WATCH, {"id": life.order_id}, thread)) as updates:
            async for update in updates:
                life.heard.append(update.order_updates)
                await self._answer(life)

    async def listen(self, heard: list[Item]) -> None:
        """Everything the kitchen hears, until cancelled."""
        thread = Thread[KitchenUpdates](lambda item: item.restaurant_order_updates.cursor, lambda _: False)
        async with aclosing(self.kitchen.watch(WATCH_KITCHEN, {"id": self.restaurant_id}, thread)) as updates:
            async for update in updates:
                heard.append(update.restaurant_order_updates)  # noqa: PERF401 - each counts at once

    async def _answer(self, life: Life) -> None:
        """What a person would do who sees the order in this status."""
        if life.status == "PLACED":
            return
        if life.status == "CONFIRMED" and life.ending is Ending.CANCELLED:
            await self._step(self.customer, "cancelOrder", life)
        elif life.status == "CONFIRMED" and life.ending is Ending.REJECTED:
            await self._step(self.kitchen, "rejectOrder", life, reason="TOO_BUSY")
        elif life.status == "READY_FOR_PICKUP" and life.ending is Ending.DELIVERED:
            return  # A courier comes for it.
        elif step := self._cooking.get(life.status):
            await step(life)

    @property
    def _cooking(self) -> Mapping[str, Callable[[Life], Awaitable[None]]]:
        return {
            "CONFIRMED": lambda life: self._step(self.kitchen, "acceptOrder", life, prepMinutes=10),
            "ACCEPTED": lambda life: self._step(self.kitchen, "startPreparing", life),
            "PREPARING": lambda life: self._step(self.kitchen, "markOrderReady", life),
            "READY_FOR_PICKUP": self._hand_over,
        }

    async def _hand_over(self, life: Life) -> None:
        order = life.heard[-1].order
        assert order is not None, "the stream shows the order"
        await self._step(self.kitchen, "confirmCollection", life, code=order.collection_code)

    async def _step(self, who: Graph, name: str, life: Life, **given: object) -> None:
        await act(who, STEPS[name], {"orderId": life.order_id, **given})


async def act(who: Graph, step: Operation[Result[Done]], given: dict[str, object], key: UUID | None = None) -> Done:
    """The mutation's success, asked for with one key until it is known."""
    done = await who.act(step, {"idempotencyKey": str(key or uuid4()), **given})
    assert done.refusal is None, done
    return done


def is_last(update: OrderUpdates) -> bool:
    order = update.order_updates.order
    return order is not None and order.status in ENDED
