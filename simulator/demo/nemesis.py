"""Kills each process of a platform once, at moments drawn by the seed, and writes down what it did."""

import asyncio
import os
import signal
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from datetime import datetime
from random import Random

from msgspec import Struct

from simulator.demo.starting import Process

POSTGRES = "postgres"
FIRST, LAST = 0.06, 0.88
"""Shares of the evening between which it strikes: there must be something to lose, and time to show what was lost."""
LOOK_S = 0.2
BACK_WITHIN_S = 90.0


class Strike(Struct, frozen=True):
    """When, as a share of the evening, who."""

    at: float
    victim: str


class Deed(Struct, frozen=True):
    """What was done, and how long the platform was without it."""

    at: datetime
    victim: str
    number: signal.Signals
    process: int
    away_s: float | None
    """Real seconds until it was ready again; None if it never was."""

    def __str__(self) -> str:
        back = "never came back" if self.away_s is None else f"was ready again after {self.away_s:.1f} s"
        return f"{self.victim} ({self.process}) got {self.number.name} and {back}"


def strikes(victims: Sequence[str], seed: str) -> list[Strike]:
    """Each victim once, in an order and at moments of the seed's, one in each equal part of the evening."""
    chance = Random(f"nemesis {seed}")
    order = sorted(victims)
    chance.shuffle(order)
    part = (LAST - FIRST) / max(len(order), 1)
    return [Strike(FIRST + part * (place + 0.8 * chance.random()), victim) for place, victim in enumerate(order)]


def blow(victim: str) -> signal.Signals:
    """How it dies: Postgres by its immediate stop, a crash of all its processes at once; the others are killed."""
    return signal.SIGQUIT if victim == POSTGRES else signal.SIGKILL


class Nemesis:
    """`progress` says how much of the evening is over, 1 at its end; `look` what processes there are now."""

    def __init__(
        self,
        seed: str,
        progress: Callable[[], float],
        look: Callable[[], Awaitable[Sequence[Process]]],
        now: Callable[[], datetime],
    ) -> None:
        self.deeds: list[Deed] = []
        self.victims: tuple[str, ...] = ()
        self._seed = seed
        self._progress = progress
        self._look = look
        self._now = now

    async def run(self) -> None:
        """Returns when everybody was killed once."""
        self.victims = tuple(process.name for process in await self._look())
        for strike in strikes(self.victims, self._seed):
            while self._progress() < strike.at:  # noqa: ASYNC110  (the evening goes on in other people's tasks)
                await asyncio.sleep(LOOK_S)
            await self._strike(strike.victim)

    @property
    def spared(self) -> list[str]:
        """Who should have been killed, and lives or never came back."""
        done = {deed.victim for deed in self.deeds if deed.away_s is not None}
        return [victim for victim in self.victims if victim not in done]

    async def _strike(self, victim: str) -> None:
        """Waits for it to be well before, so that each blow counts, and afterwards, so that they are told apart."""
        target = await self._ready(victim, other_than=None)
        if target is None:
            return
        number, at, began = blow(victim), self._now(), asyncio.get_running_loop().time()
        with suppress(ProcessLookupError):
            os.kill(target, number)
        back = await self._ready(victim, other_than=target)
        away_s = None if back is None else asyncio.get_running_loop().time() - began
        self.deeds.append(Deed(at, victim, number, target, away_s))

    async def _ready(self, victim: str, other_than: int | None) -> int | None:
        """Its process, once it is ready; None when that takes too long."""
        with suppress(TimeoutError):
            async with asyncio.timeout(BACK_WITHIN_S):
                while True:
                    for process in await self._look():
                        if process.name == victim and process.state == "ready" and process.process != other_than:
                            return process.process
                    await asyncio.sleep(LOOK_S)
        return None
