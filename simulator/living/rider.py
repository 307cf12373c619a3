"""A courier: begins a shift, answers offers, does one delivery after the other, and now and then takes a break."""

import asyncio
from collections.abc import Awaitable, Callable

from simulator.living.carrying import Carrying
from simulator.living.deeds import ACCEPT_OFFER, DECLINE_OFFER, GO_OFFLINE, GO_ONLINE
from simulator.living.diary import Courier, count
from simulator.living.moving import Moving
from simulator.living.questions import MYSELF, DeliverySeen, OfferSeen, ShiftTold
from simulator.living.reporting import Reporter
from simulator.living.scene import Scene
from simulator.living.somebody import Somebody
from simulator.living.standing import BRING, FETCH, TAKE_BACK, Goal, Standing
from simulator.living.watcher import SHIFT, Watcher
from simulator.streets import Spot

DECLINES_BECAUSE = ("TOO_FAR", "TOO_BUSY", "OTHER")


class Rider:
    def __init__(self, scene: Scene, name: str, noted: Courier) -> None:
        self.scene = scene
        self.noted = noted
        self.somebody = Somebody(scene, name)
        self.lots = self.somebody.lots
        self.moving = Moving(scene.streets, scene.clock, noted.vehicle, Spot(noted.latitude, noted.longitude))
        self._reporter = Reporter(self.somebody, self.moving, noted)
        self._standing = Standing()
        self._carrying = Carrying(self.somebody, self.moving, noted, self)
        self._answered = set[str]()

    async def live(self) -> None:
        """Until cancelled. A shift that was under way is gone on with."""
        await self.scene.clock.wait(self.lots.between("comes", 0, 60))
        self.noted.doing = "offline"
        await self.somebody.persist("look", self.look)
        await self.somebody.persist("go online", self._go_online)
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._reporter.report_for_ever())
            tasks.create_task(Watcher(self.somebody, SHIFT, self.noted.courier_id, self._take).run())
            await self._work(tasks)

    async def go_home(self) -> None:
        await self._end_shift("offline")

    async def _work(self, tasks: asyncio.TaskGroup) -> None:
        goal: Goal | None = None
        step: asyncio.Task[None] | None = None
        while True:
            self._standing.changed.clear()
            for offer in self._standing.offers.values():
                if offer.status == "OPEN" and offer.id not in self._answered:
                    self._answered.add(offer.id)
                    tasks.create_task(self._answer(offer))
            if (wanted := self._standing.goal(self.noted.courier_id)) != goal:
                if step:
                    step.cancel()
                step = tasks.create_task(self._pursue(wanted, goal))
                goal = wanted
            await self._standing.changed.wait()

    async def _pursue(self, goal: Goal | None, before: Goal | None) -> None:
        delivery = self._standing.delivery
        if goal is None or delivery is None:
            self.noted.doing, self.noted.order_id = "free", ""
            if before:
                await self.somebody.persist("take a break", self._maybe_take_a_break)
            return
        steps = {FETCH: self._carrying.fetch, BRING: self._carrying.bring, TAKE_BACK: self._carrying.take_back}
        await self.somebody.persist(goal[1], _with(steps[goal[1]], delivery))

    async def _answer(self, offer: OfferSeen) -> None:
        count(self.noted.did, "offers")
        number, tempers = self.noted.did["offers"], self.scene.plan.tempers
        await self.scene.clock.wait(self.lots.between(f"thinks {number}", 1, 6))
        if self.lots.chance(f"lets lapse {number}", tempers.courier_lets_lapse):
            count(self.noted.did, "letLapse")
        elif self.lots.chance(f"declines {number}", tempers.courier_declines):
            await self.somebody.persist("decline", lambda: self._decline(offer, number))
        else:
            await self.somebody.persist("accept", lambda: self._accept(offer))

    async def _accept(self, offer: OfferSeen) -> None:
        outcome = await self.somebody.carry_out(ACCEPT_OFFER, offer.id, offerId=offer.id)
        count(self.noted.did, outcome.typename if outcome.refusal else ACCEPT_OFFER.name)
        if outcome.delivery:
            self.see(outcome.delivery)

    async def _decline(self, offer: OfferSeen, number: int) -> None:
        reason = self.lots.one(f"declines because {number}", DECLINES_BECAUSE)
        outcome = await self.somebody.carry_out(DECLINE_OFFER, offer.id, offerId=offer.id, reason=reason)
        count(self.noted.did, outcome.typename if outcome.refusal else DECLINE_OFFER.name)

    async def _go_online(self) -> None:
        if self.noted.doing != "offline":
            return
        number = self.somebody.name.rpartition("-")[2]
        given = {"vehicle": self.noted.vehicle, "displayName": f"Courier {number}"}
        outcome = await self.somebody.carry_out(GO_ONLINE, self.scene.clock.now().isoformat(), **given)
        count(self.noted.did, outcome.typename if outcome.refusal else GO_ONLINE.name)
        if outcome.courier:
            self.noted.courier_id, self.noted.doing = outcome.courier.id, "free"

    async def _maybe_take_a_break(self) -> None:
        count(self.noted.did, "deliveries")
        number = self.noted.did["deliveries"]
        if not self.lots.chance(f"pauses {number}", self.scene.plan.tempers.courier_pauses):
            return
        if await self._end_shift("pause"):
            await self.scene.clock.wait(self.lots.between(f"pause {number}", 120, 300))
            self.noted.doing = "offline"
            await self._go_online()

    async def _end_shift(self, doing: str) -> bool:
        outcome = await self.somebody.carry_out(GO_OFFLINE, self.scene.clock.now().isoformat())
        count(self.noted.did, outcome.typename if outcome.refusal else GO_OFFLINE.name)
        if not outcome.refusal:
            self.noted.doing = doing
        return not outcome.refusal

    async def look(self) -> None:
        courier = (await self.somebody.ask(MYSELF, {})).courier
        if courier is None:
            return
        self.noted.courier_id = courier.id
        if courier.online and self.noted.doing == "offline":
            self.noted.doing = "free"
        self._standing.know(courier.offers, courier.delivery)

    def see(self, delivery: DeliverySeen) -> None:
        self._standing.see(delivery)

    def lose(self, delivery_id: str) -> None:
        self._standing.lose(delivery_id)

    def _take(self, told: ShiftTold) -> None:
        self._standing.take(told.item)


def _with(step: Callable[[DeliverySeen], Awaitable[None]], delivery: DeliverySeen) -> Callable[[], Awaitable[None]]:
    return lambda: step(delivery)
