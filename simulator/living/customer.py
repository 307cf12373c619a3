"""A customer: gets hungry, orders, follows, wonders when it comes, opens the door, and may say how it was."""

import asyncio

from simulator.living.deeds import CANCEL, REVIEW
from simulator.living.diary import ENDED, EtaAsked, Ordered, count
from simulator.living.fates import CANCELS_AT_ONCE, CANCELS_LATE, NOT_AT_HOME
from simulator.living.hunger import Hunger
from simulator.living.questions import DROPOFF_PIN, ETA, LocationTold, OrderTold
from simulator.living.scene import Scene
from simulator.living.somebody import Somebody
from simulator.living.watcher import COURIER_PLACE, ORDER, Watcher

WONDERS_AT = frozenset({"CONFIRMED", "ACCEPTED", "COURIER_ASSIGNED", "PICKED_UP"})
LAST_LOOK_S = 5.0
"""Real seconds in which the courier's place is told to have ended, too."""

STARS = (5, 5, 5, 4, 4, 4, 3, 2, 1)
WORDS = ("", "Warm and quick.", "Would order again.", "A bit late.", "Kiitos!", "The sauce had leaked.")


class Customer:
    def __init__(self, scene: Scene, ordered: Ordered) -> None:
        self.scene = scene
        self.ordered = ordered
        self.somebody = Somebody(scene, ordered.person)
        self.lots = self.somebody.lots
        self.fate = scene.fates.of(ordered.number)
        self._following: asyncio.Task[None] | None = None
        self._happened = asyncio.Queue[str](maxsize=100)
        """Types of events, for whoever reacts to them; when it is full they are let go."""

    async def live(self) -> None:
        """The whole evening, from wherever the diary says it is."""
        await self.scene.clock.wait_until(self.ordered.hungry_at)
        if not self.ordered.order_id and not self.ordered.gave_up:
            await self.somebody.persist("order", Hunger(self.somebody, self.ordered).still)
        if self.ordered.order_id and not self.ordered.settled:
            self.scene.orders.put(self.ordered.order_id, self.ordered)
            self.scene.doors.put(self.ordered.order_id, self)
            await self._wait_for_it()
            await self._say_how_it_was()
            self.ordered.settled = True

    async def answered(self) -> str | None:
        if self.fate == NOT_AT_HOME:
            return None
        await self.scene.clock.wait(self.lots.between("to the door", 8, 45))
        order = (await self.somebody.ask(DROPOFF_PIN, {"id": self.ordered.order_id})).order
        return order.dropoff_pin if order else None

    async def _wait_for_it(self) -> None:
        watcher = Watcher(self.somebody, ORDER, self.ordered.order_id, self._take)
        if self.ordered.status in ENDED and watcher.noted.ended:
            return
        async with asyncio.TaskGroup() as tasks:
            asides = [tasks.create_task(self._react(tasks)), tasks.create_task(self._change_mind())]
            await watcher.run()
            if self._following:
                await asyncio.wait([self._following], timeout=LAST_LOOK_S)
            for aside in (*asides, self._following):
                if aside:
                    aside.cancel()

    def _take(self, told: OrderTold) -> None:
        order, ordered = told.item.order, self.ordered
        if order is None:
            return
        ordered.status, ordered.reason = order.status, order.reason
        ordered.assigned += told.item.type == "COURIER_ASSIGNED"
        if order.status in ENDED:
            ordered.ended_at = told.item.occurred_at or self.scene.clock.now()
        if not self._happened.full():
            self._happened.put_nowait(told.item.type)

    async def _react(self, tasks: asyncio.TaskGroup) -> None:
        """Ask when it comes whenever something happens, and follow the courier once there is one."""
        while True:
            if self.ordered.assigned and self._following is None and self._follows_courier():
                watcher = Watcher(self.somebody, COURIER_PLACE, self.ordered.order_id, self._saw_courier)
                self._following = tasks.create_task(watcher.run())
            if await self._happened.get() in WONDERS_AT:
                await self.somebody.persist("ask for the eta", self._ask_eta)

    def _follows_courier(self) -> bool:
        return self.lots.chance("follows the courier", self.scene.plan.tempers.follows_the_courier)

    async def _ask_eta(self) -> None:
        order = (await self.somebody.ask(ETA, {"id": self.ordered.order_id})).order
        if order and order.eta:
            asked = EtaAsked(
                order_id=order.id,
                asked_at=self.scene.clock.now(),
                status=order.status,
                delivery_at=order.eta.delivery_at,
                earliest=order.eta.earliest,
                latest=order.eta.latest,
            )
            self.scene.diary.etas.append(asked)

    def _saw_courier(self, told: LocationTold) -> None:
        seen, tally = told.item, self.scene.diary.places_seen
        precision = "NO_POSITION" if seen.position is None else "COARSE" if seen.position.coarse else "EXACT"
        count(tally, f"{seen.phase} {precision}")
        count(tally, "SIGNAL_LOST", int(seen.signal_lost))

    async def _change_mind(self) -> None:
        """A few cancel within a minute; some wait until the kitchen is at it, and may hear that it is too late."""
        if self.fate == CANCELS_AT_ONCE:
            await self.scene.clock.wait(self.lots.between("cancels after", 5, 60))
        elif self.fate == CANCELS_LATE:
            await self.scene.clock.wait(self.lots.between("cancels after", 180, 900))
        else:
            return
        if not self.ordered.cancelled:
            await self.somebody.persist("cancel", self._cancel)

    async def _cancel(self) -> None:
        reason = self.lots.one("cancels because", ("CHANGED_MIND", "ORDERED_BY_MISTAKE", "WAIT_TOO_LONG"))
        order_id = self.ordered.order_id
        outcome = await self.somebody.carry_out(CANCEL, order_id, orderId=order_id, reason=reason)
        self.ordered.cancelled = outcome.typename if outcome.refusal else "asked"

    async def _say_how_it_was(self) -> None:
        if self.ordered.status != "DELIVERED" or self.ordered.reviewed:
            return
        if self.lots.chance("reviews", self.scene.plan.tempers.reviews):
            await self.scene.clock.wait(self.lots.between("eats", 30, 120))
            await self.somebody.persist("review", self._review)

    async def _review(self) -> None:
        restaurant = {"stars": self.lots.one("stars", STARS), "text": self.lots.one("words", WORDS)}
        courier = {"stars": self.lots.one("stars for the ride", STARS), "text": ""}
        given = {"orderId": self.ordered.order_id, "restaurant": restaurant, "courier": courier}
        outcome = await self.somebody.carry_out(REVIEW, self.ordered.order_id, **given)
        self.ordered.reviewed = outcome.typename if outcome.refusal else "done"
