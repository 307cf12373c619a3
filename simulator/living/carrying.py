"""What a courier does with one delivery: fetch it, bring it, and if nobody opens, take it back."""

from datetime import timedelta
from typing import Protocol

from simulator.living.deeds import DROP_OFF, GIVE_UP, PICK_UP, REASSIGN, RETURN, Deed, Riding
from simulator.living.diary import Courier, count
from simulator.living.moving import Moving
from simulator.living.questions import DeliverySeen, Where
from simulator.living.scene import Scene
from simulator.living.somebody import Somebody
from simulator.lots import Lots
from simulator.streets import Spot

WRONG_CODE = "000000"
REST_S = 20.0
"""Seconds of the platform before another attempt at what was refused."""


class Mind(Protocol):
    """What a courier knows about themselves."""

    def see(self, delivery: DeliverySeen) -> None:
        """A step has changed the delivery."""
        ...

    def lose(self, delivery_id: str) -> None:
        """A step has given the delivery away."""
        ...

    async def look(self) -> None:
        """Ask how one stands: whoever has lost the thread finds it so."""
        ...


class Carrying:
    """The steps. Each is gone on with until its goal is reached; whoever gives the courier another goal cancels it."""

    def __init__(self, somebody: Somebody, moving: Moving, noted: Courier, mind: Mind) -> None:
        self._somebody = somebody
        self._scene: Scene = somebody.scene
        self._moving = moving
        self._noted = noted
        self._mind = mind

    async def fetch(self, delivery: DeliverySeen) -> None:
        lots = await self._lots(delivery)
        self._noted.doing = "to the restaurant"
        if lots.chance("breaks down", self._scene.plan.tempers.courier_asks_to_be_replaced):
            await self._scene.clock.wait(lots.between("breaks down after", 10, 60))
            await self._carry_out(REASSIGN, delivery, reason="BREAKDOWN")
        if delivery.pickup:
            await self._moving.ride_to(_spot(delivery.pickup.position))
        self._noted.doing = "at the restaurant"
        ordered = await self._scene.orders.find(_order_id(delivery))
        hatch = await self._scene.hatches.find(ordered.restaurant_id)
        code = await hatch.handed_out(ordered.order_id)
        await self._scene.clock.wait(lots.between("takes it", 10, 40))
        if lots.chance("mistypes", self._scene.plan.tempers.courier_mistypes) and code != WRONG_CODE:
            await self._carry_out(PICK_UP, delivery, code=WRONG_CODE)
        await self._until_done(PICK_UP, delivery, code=code)

    async def bring(self, delivery: DeliverySeen) -> None:
        lots = await self._lots(delivery)
        self._noted.doing = "to the customer"
        if delivery.dropoff:
            await self._moving.ride_to(_spot(delivery.dropoff.position))
        self._noted.doing = "at the door"
        await self._scene.clock.wait(lots.between("climbs the stairs", 15, 60))
        if delivery.dropoff and delivery.dropoff.leave_at_door:
            await self._until_done(DROP_OFF, delivery, leftAtDoor=True)
            return
        door = await self._scene.doors.find(_order_id(delivery))
        pin = await door.answered()
        if pin is None:
            await self._until_done(GIVE_UP, delivery, reason="CUSTOMER_UNREACHABLE")
        else:
            await self._until_done(DROP_OFF, delivery, pin=pin)

    async def take_back(self, delivery: DeliverySeen) -> None:
        self._noted.doing = "back to the restaurant"
        if delivery.pickup:
            await self._moving.ride_to(_spot(delivery.pickup.position))
        await self._until_done(RETURN, delivery)

    async def _until_done(self, deed: Deed[Riding], delivery: DeliverySeen, **given: object) -> None:
        while (outcome := await self._carry_out(deed, delivery, **given)).refusal:
            soonest = self._scene.clock.after(REST_S)
            await self._scene.clock.wait_until(max(soonest, (outcome.until or soonest) + timedelta(seconds=1)))
            await self._mind.look()

    async def _carry_out(self, deed: Deed[Riding], delivery: DeliverySeen, **given: object) -> Riding:
        outcome = await self._somebody.carry_out(deed, delivery.id, deliveryId=delivery.id, **given)
        count(self._noted.did, outcome.typename if outcome.refusal else deed.name)
        if outcome.delivery:
            self._mind.see(outcome.delivery)
        elif not outcome.refusal:
            self._mind.lose(delivery.id)
        return outcome

    async def _lots(self, delivery: DeliverySeen) -> Lots:
        ordered = await self._scene.orders.find(_order_id(delivery))
        self._noted.order_id = ordered.order_id
        return Lots(f"{self._scene.plan.seed}/{self._somebody.name}/{ordered.number}")


def _order_id(delivery: DeliverySeen) -> str:
    return delivery.order.id if delivery.order else ""


def _spot(position: Where) -> Spot:
    return Spot(position.latitude, position.longitude)
