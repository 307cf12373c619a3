"""Taking: the loop of one intake, which lives with losses."""

import asyncio
import logging
from collections.abc import Sequence
from typing import Any, Protocol

from kernel.calling import Call, Refused
from kernel.equipment import Equipment
from kernel.handling import Handler
from kernel.messages import Command
from kernel.ports import Outage
from kernel.subgraph import Intake

OUTAGE_PAUSE_S = 0.5
_log = logging.getLogger(__name__)


class Source(Protocol):
    """Something lossy that an intake takes from."""

    async def next(self) -> Sequence[object]:
        """Waits, a few seconds at most, and gives the next batch, the oldest first; empty when nothing came.

        Raises `Outage` when the engine is away.
        """
        ...


class Taker:
    """Takes batch after batch; one that fails is dropped with a line in the log."""

    def __init__(self, intake: Intake[Any], port: Source, handler: Handler, equipment: Equipment) -> None:
        self.name = intake.name
        self._intake, self._port, self._handler, self._equipment = intake, port, handler, equipment

    async def run(self) -> None:
        """Takes until cancelled."""
        while True:
            try:
                await self.take_next()
            except Outage as outage:
                _log.warning("waits out an outage", extra={"consumer": self.name, "error": str(outage)})
                await asyncio.sleep(OUTAGE_PAUSE_S)
            except Exception:  # noqa: BLE001 - a bug: said with its cause, and the next batch is newer
                _log.exception("dropped a batch", extra={"consumer": self.name})
                await asyncio.sleep(OUTAGE_PAUSE_S)  # A source that fails at once must not spin.

    async def take_next(self) -> None:
        """Waits for one batch and deals with it."""
        batch = await self._port.next()
        if not batch:
            return
        now = self._equipment.clock.now()
        for command in await self._intake.take(batch, self._port, self._equipment.views, now):
            await self._hand_in(command)

    async def _hand_in(self, command: Command) -> None:
        outcome = await self._handler.handle(command, Call(correlation=self._equipment.ids.new("intake")))
        if isinstance(outcome, Refused):
            about = {
                "consumer": self.name,
                "command": type(command).__name__,
                "refusal": type(outcome.refusal).__name__,
            }
            _log.warning("dropped a command", extra=about)
