"""The living city: its people, all at once, for one evening."""

import asyncio

from simulator.city import City, read_city
from simulator.living.diary import Diary, read_diary
from simulator.living.plan import Plan


class Town:
    """One evening. Nothing is shared with the platform but its address and its clock."""

    def __init__(self, plan: Plan, city: City, diary: Diary) -> None:
        """`diary` is a new one, or the one of the evening that is to go on."""
        self.plan = plan
        self.city = city
        self.diary = diary
        self._stopped = asyncio.Event()

    @classmethod
    def opened(cls, plan: Plan) -> "Town":
        """With the plan's city, and its diary if there is one. Raises BrokenCityFile."""
        return cls(plan, read_city(plan.city), read_diary(plan.diary) or Diary(seed=plan.seed))

    async def run(self) -> None:
        """Returns when all orders have ended and everybody has gone home, or soon after `stop`.

        Outages, refusals and mistakes of the platform are noted in the diary and outlived.
        """
        await self._stopped.wait()

    def stop(self) -> None:
        """Let everybody drop what they do, as a power cut would; the diary remembers where they were."""
        self._stopped.set()
