"""Ticking: fires the durable timers of one domain when the platform's clock says so."""

import traceback
from datetime import datetime

from kernel.calling import Accepted, Call, Refused
from kernel.digesting import Rejected
from kernel.equipment import Equipment
from kernel.handling import Handler
from kernel.ids import derive_id
from kernel.log import START, Meta, Sealed
from kernel.messages import Command
from kernel.ports import DeadLetter, DueTimer, Outage

LONGEST_NAP_S = 1.0
BATCH = 100


class Ticker:
    """Handles the commands of due timers; a command that is stale by then changes nothing."""

    def __init__(self, handler: Handler, equipment: Equipment) -> None:
        self.name = f"{handler.name}.timers"
        self._handler, self._timers, self._dead_letters = handler, equipment.timers, equipment.dead_letters
        self._clock, self._signals, self._codec = equipment.clock, equipment.signals, equipment.codec

    async def run(self) -> None:
        """Fires until cancelled; a timer fires at most a nap late."""
        async with self._signals.watch([f"log:{self._handler.name}"]) as wakeup:
            while True:
                try:
                    fired = await self._fire_due()
                    nap = 0.0 if fired else await self._nap_s()
                except Outage:
                    nap = LONGEST_NAP_S
                if nap > 0:
                    await wakeup.wait(nap)

    async def _nap_s(self) -> float:
        earliest = await self._timers.next_at()
        if earliest is None:
            return LONGEST_NAP_S
        remaining = (earliest - self._clock.now()).total_seconds() / self._clock.rate
        return min(max(remaining, 0.001), LONGEST_NAP_S)

    async def _fire_due(self) -> bool:
        now = self._clock.now()
        due = await self._timers.due(now, BATCH)
        for timer in due:
            try:
                await self._fire(timer)
            except Outage:
                raise
            except Exception as error:  # noqa: BLE001 - a bug or a refusal: kept with its cause, other timers go on
                await self._dead_letters.park(self._letter(timer, now, error))
                await self._timers.finish(timer.id)
        return bool(due)

    async def _fire(self, timer: DueTimer) -> None:
        command = self._codec.message(timer.type, timer.data)
        assert isinstance(command, Command)  # only commands are ever set as timers
        call = Call(
            correlation=timer.id,
            causation=timer.id,
            command_id=derive_id("cmd", timer.id, "fired"),
            timer_done=timer.id,
        )
        outcome = await self._handler.handle(command, call)
        if isinstance(outcome, Refused):
            raise Rejected(command, outcome.refusal)
        if isinstance(outcome, Accepted) and not outcome.fresh:
            await self._timers.finish(timer.id)

    def _letter(self, timer: DueTimer, now: datetime, error: Exception) -> DeadLetter:
        record = Sealed(
            journal=self._handler.name,
            partition=0,
            at=START,
            topic=self.name,
            stream=timer.id,
            version=None,
            id=timer.id,
            type=timer.type,
            data=timer.data,
            meta=Meta(actor="system", correlation=timer.id),
            recorded_at=now,
        )
        trace = "".join(traceback.format_exception(error))
        return DeadLetter(consumer=self.name, key=timer.id, record=record, error=repr(error), traceback=trace)
