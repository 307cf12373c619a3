"""Ticking: fires the durable timers of one domain when the platform's clock says so."""

import logging
from collections.abc import Sequence
from datetime import datetime

from kernel.calling import AlreadyConsumed, Call, Refused
from kernel.committing import Advance
from kernel.digesting import Rejected
from kernel.equipment import Equipment
from kernel.handling import Handler
from kernel.ids import derive_id
from kernel.log import START, Meta, Recorded, Sealed
from kernel.messages import SYSTEM, Command
from kernel.parking import Parking
from kernel.ports import Outage
from kernel.timers import DueTimer

LONGEST_NAP_S = 1.0
BATCH = 100
_log = logging.getLogger(__name__)


class Ticker:
    """Handles the commands of due timers; a command that is stale by then changes nothing."""

    def __init__(self, handler: Handler, equipment: Equipment) -> None:
        self.name = timers_of(handler.name)
        self._handler, self._timers = handler, equipment.timers
        self._parking = Parking(self.name, equipment.dead_letters)
        self._clock, self._signals, self._codec = equipment.clock, equipment.signals, equipment.codec

    async def run(self) -> None:
        """Fires until cancelled; a timer fires at most a nap late."""
        async with self._signals.watch([f"log:{self._handler.name}"]) as wakeup:
            while True:
                try:
                    fired = await self._fire_due()
                    nap = 0.0 if fired else await self._nap_s()
                except Outage as outage:
                    _log.warning("waits out an outage", extra={"consumer": self.name, "error": str(outage)})
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
                await self._parking.park(self._record(timer, now), error)
                await self._timers.finish(timer.id)
        return bool(due)

    async def _fire(self, timer: DueTimer) -> None:
        command = self._codec.message(timer.type, timer.data)
        assert isinstance(command, Command)  # only commands are ever set as timers
        outcome = await self._handler.handle(command, _call(timer.id, timer_done=timer.id))
        if isinstance(outcome, Refused):
            raise Rejected(command, outcome.refusal)

    def _record(self, timer: DueTimer, now: datetime) -> Sealed:
        return Sealed(
            journal=self._handler.name,
            partition=0,
            at=START,
            topic=self.name,
            stream=timer.id,
            version=None,
            id=timer.id,
            type=timer.type,
            data=timer.data,
            meta=Meta(actor=SYSTEM.subject, correlation=timer.id),
            recorded_at=now,
        )


class Firing:
    """A ticker's letters, digested: the timers fire after all."""

    def __init__(self, handler: Handler) -> None:
        self.name, self._handler = timers_of(handler.name), handler
        self.topics = (self.name,)

    async def digest(self, records: Sequence[Recorded], advance: Advance) -> bool:
        for record in records:
            assert isinstance(record.message, Command)
            outcome = await self._handler.handle(record.message, _call(record.id, advance=advance))
            if isinstance(outcome, Refused):
                raise Rejected(record.message, outcome.refusal)
            if isinstance(outcome, AlreadyConsumed):
                return False
        return True


def timers_of(domain: str) -> str:
    """The name under which a domain's timers are parked."""
    return f"{domain}.timers"


def _call(timer_id: str, *, timer_done: str | None = None, advance: Advance | None = None) -> Call:
    return Call(
        correlation=timer_id,
        causation=timer_id,
        command_id=derive_id("cmd", timer_id, "fired"),
        timer_done=timer_done,
        advance=advance,
    )
