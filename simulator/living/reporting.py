"""A courier's phone reports where it is, in batches; what an outage swallowed goes with the next one."""

from datetime import timedelta

from simulator.graph import GraphRefused, Outage
from simulator.living.deeds import REPORT, Point, Reporting
from simulator.living.diary import Courier, count
from simulator.living.moving import COUNTED_FROM, Moving, Phone
from simulator.living.somebody import Somebody
from simulator.signing_in import SignInRefused

POINTS_APART_S = 20.0
POINTS_AT_ONCE = 2
MOST_POINTS = 40
NEXT_NUMBER = timedelta(seconds=1)
"""Points are numbered by their seconds: closer ones would have one number."""


class Reporter:
    def __init__(self, somebody: Somebody, moving: Moving, noted: Courier) -> None:
        self._somebody = somebody
        self._clock = somebody.scene.clock
        self._moving = moving
        self._noted = noted
        self._phone = Phone(somebody.lots, somebody.scene.plan.tempers.point_is_odd)
        self._waiting = list[Point]()
        self._last_at = COUNTED_FROM

    async def report_for_ever(self) -> None:
        """While the courier is on a shift: every forty seconds, since a minute of silence ends it for a while."""
        due = self._clock.now()
        while True:
            if self._noted.doing not in ("offline", "pause"):
                await self.report()
            due = max(due + timedelta(seconds=POINTS_APART_S * POINTS_AT_ONCE), self._clock.now())
            await self._clock.wait_until(due)

    async def report(self) -> None:
        now = self._clock.now()
        ages = range(POINTS_AT_ONCE - 1, -1, -1)
        moments = [now - timedelta(seconds=POINTS_APART_S * age) for age in ages]
        moments = [moment for moment in moments if moment > self._last_at + NEXT_NUMBER]
        self._last_at = now
        points = self._phone.taken(self._moving.move, moments)
        spot = self._moving.spot()
        self._noted.latitude, self._noted.longitude = spot
        self._noted.odd = self._phone.odd
        self._waiting = [*self._waiting, *points][-MOST_POINTS:]
        try:
            outcome = await self._somebody.act(REPORT, Reporting(self._waiting), patiently=False)
        except (Outage, GraphRefused, SignInRefused):
            self._noted.unsent += len(points)
            return
        if outcome.refusal:
            self._somebody.met("report positions", outcome.refusal)
        self._noted.sent += len(self._waiting)
        self._noted.accepted += outcome.accepted
        for dropped in outcome.dropped:
            count(self._noted.dropped, dropped.reason, dropped.count)
        self._waiting = []
