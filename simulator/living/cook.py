"""The kitchen of one restaurant: takes orders on, cooks them, and hands them to whoever comes for them."""

import asyncio
from datetime import timedelta

from simulator.living.deeds import ACCEPT, DELAY, READY, REJECT, START, Deed, Ordering
from simulator.living.diary import ENDED, Kitchen, count
from simulator.living.fates import REJECTED
from simulator.living.questions import LOOK, OPEN_ORDERS, PICKUP_CODE, OrderSeen, OrderTold
from simulator.living.scene import Scene
from simulator.living.somebody import Somebody
from simulator.living.watcher import KITCHEN, Watcher
from simulator.lots import Lots

AT_WORK = frozenset({"CONFIRMED", "ACCEPTED", "PREPARING"})
STANDS_THERE = frozenset({"READY_FOR_PICKUP"})
REASONS = ("TOO_BUSY", "ITEMS_UNAVAILABLE", "CLOSING")
SHORTEST_MINUTES = 4
LOOK_AGAIN_S = 0.5
"""Real seconds."""


class Ticket:
    """An order as it hangs in the kitchen."""

    def __init__(self, order: OrderSeen) -> None:
        self.order = order
        self.changed = asyncio.Event()
        self.task: asyncio.Task[None] | None = None
        self.is_delayed = False

    def seen(self, order: OrderSeen) -> None:
        """Only what is newer counts: streams and outcomes may cross."""
        if order.version > self.order.version:
            self.order = order
            self.changed.set()

    async def changes(self) -> None:
        self.changed.clear()
        await self.changed.wait()


class Cook:
    def __init__(self, scene: Scene, restaurant_id: str, kitchen: Kitchen) -> None:
        self.scene = scene
        self.restaurant_id = restaurant_id
        self.kitchen = kitchen
        self.somebody = Somebody(scene, kitchen.owner)
        self.tickets = dict[str, Ticket]()
        self._hung = asyncio.Event()

    async def live(self) -> None:
        """For ever: a kitchen does not know which order was the last."""
        async with asyncio.TaskGroup() as tasks:
            self._tasks = tasks
            watcher = Watcher(self.somebody, KITCHEN, self.restaurant_id, self._take)
            await self.somebody.persist("read the tickets", self._read_tickets)
            if watcher.noted.cursor:
                self._looks()  # What was missed will come: the stream goes on where it was left.
            await watcher.run()

    async def handed_out(self, order_id: str) -> str:
        while True:
            ticket = self.tickets.get(order_id)
            if ticket and ticket.order.status in STANDS_THERE:
                break
            await (ticket.changes() if ticket else self._next_ticket())
        while True:
            order = (await self.somebody.ask(PICKUP_CODE, {"id": order_id})).order
            if order and order.pickup_code:
                return order.pickup_code
            await asyncio.sleep(LOOK_AGAIN_S)

    async def _read_tickets(self) -> None:
        """A stream that is resumed does not tell again what hangs there."""
        restaurant = (await self.somebody.ask(OPEN_ORDERS, {"id": self.restaurant_id})).restaurant
        for order in restaurant.orders.nodes if restaurant and restaurant.orders else ():
            self._hang(order)

    async def _next_ticket(self) -> None:
        self._hung.clear()
        await self._hung.wait()

    def _looks(self) -> None:
        self.scene.screens.put(self.restaurant_id, self.kitchen.name)

    def _take(self, told: OrderTold) -> None:
        self._looks()
        for order in (told.item.order, *told.item.orders):
            if order:
                self._hang(order)

    def _hang(self, order: OrderSeen) -> None:
        ticket = self.tickets.setdefault(order.id, Ticket(order))
        ticket.seen(order)
        self._hung.set()
        if ticket.task is None and ticket.order.status in AT_WORK:
            ticket.task = self._tasks.create_task(self._see_to(ticket))

    async def _see_to(self, ticket: Ticket) -> None:
        await self.somebody.persist("cook", lambda: self._cook(ticket))

    async def _cook(self, ticket: Ticket) -> None:
        number = (await self.scene.orders.find(ticket.order.id)).number
        lots = Lots(f"{self.scene.plan.seed}/{self.kitchen.owner}/{number}")
        while ticket.order.status not in ENDED | STANDS_THERE:
            match ticket.order.status:
                case "CONFIRMED":
                    await self._answer(ticket, lots, self.scene.fates.of(number))
                case "ACCEPTED":
                    await self._start(ticket, lots)
                case "PREPARING":
                    await self._finish(ticket, lots)
                case _:
                    await ticket.changes()  # The platform makes up its mind, about a cancellation say.

    async def _answer(self, ticket: Ticket, lots: Lots, fate: str) -> None:
        await self.scene.clock.wait(lots.between("looks after", 5, 30))
        if fate == REJECTED:
            await self._do(REJECT, ticket, reason=lots.one("reason", REASONS))
        else:
            minutes = round(self.kitchen.prep_minutes * lots.between("minutes", 0.6, 1.0))
            await self._do(ACCEPT, ticket, prepMinutes=max(minutes, SHORTEST_MINUTES))

    async def _start(self, ticket: Ticket, lots: Lots) -> None:
        await self.scene.clock.wait(lots.between("starts after", 10, 90))
        await self._do(START, ticket)

    async def _finish(self, ticket: Ticket, lots: Lots) -> None:
        promised = ticket.order.ready_by or self.scene.clock.now()
        if not ticket.is_delayed and lots.chance("is late", self.scene.plan.tempers.kitchen_is_late):
            ticket.is_delayed = True
            await self.scene.clock.wait_until(promised - timedelta(minutes=2))
            later = max(promised, self.scene.clock.now()) + timedelta(minutes=lots.number("delay", 4, 9))
            await self._do(DELAY, ticket, readyBy=later)
        else:
            await self.scene.clock.wait_until(promised - timedelta(seconds=lots.between("haste", -45, 120)))
            await self._do(READY, ticket)

    async def _do(self, deed: Deed[Ordering], ticket: Ticket, **more: object) -> None:
        """Do it, or see why it makes no sense any more."""
        order_id = ticket.order.id
        outcome = await self.somebody.carry_out(deed, order_id, orderId=order_id, **more)
        count(self.kitchen.did, outcome.typename if outcome.refusal else deed.name)
        order = outcome.order
        if outcome.refusal:
            await asyncio.sleep(LOOK_AGAIN_S)
            order = (await self.somebody.ask(LOOK, {"id": order_id})).order
        if order:
            ticket.seen(order)
