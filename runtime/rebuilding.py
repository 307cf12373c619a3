"""The role `rebuild`: one view anew from the first record of the log, while the live one goes on serving.

Outages are waited out: what was folded before is kept, and an index, which is built quickly, is begun anew.
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

from kernel.consuming import LONGEST_PAUSE_S, Consumer
from kernel.digesting import Projecting
from kernel.equipment import Equipment
from kernel.log import by_journal
from kernel.messages import Row
from kernel.ports import EventLog, Outage
from kernel.projecting import Projection
from kernel.tailing import OUTAGE_PAUSE_S, Tail
from projections import PROJECTIONS
from runtime.adapters.postgres.pool import Database
from runtime.adapters.postgres.rebuilding import cast_shadow, is_swapped, owner_of, shadow_of, swap
from runtime.logs import logger
from runtime.prerequisites import CannotStart
from runtime.settings import Settings
from runtime.wiring import Platform, open_platform

LOOK_AGAIN_S = 0.05
Answer = TypeVar("Answer")


async def run(settings: Settings, name: str) -> None:
    """Rebuilds the view `name`, or what an engine keeps under it, and returns when it serves."""
    projections = {each.view.name: each for each in PROJECTIONS}
    async with open_platform(settings) as platform:
        builders = {builder.name: builder for _, builder in platform.builders}
        if name in builders:
            await through_outages(builders[name].rebuild, name)
        elif name in projections:
            await _rebuild_view(settings, platform, projections[name])
        else:
            raise CannotStart(f"There is no view {name}; there are {', '.join(sorted([*projections, *builders]))}.")
    logger("rebuild").info("rebuilt", view=name)


async def _rebuild_view(settings: Settings, platform: Platform, projection: Projection[Row]) -> None:
    async with owner_of(settings.owner_database_url) as owner:
        await rebuild(owner, projection, platform.log, platform.equipment[projection.domain])


async def rebuild(owner: Database, projection: Projection[Row], log: EventLog, equipment: Equipment) -> None:
    """Folds the whole log into a shadow and swaps it in once it has caught up with the live view."""
    await through_outages(lambda: cast_shadow(owner, projection), projection.view.name)
    shadow = shadow_of(projection)
    tails = [Tail(log, journal, topics) for journal, topics in by_journal(shadow.topics).items()]
    consumer = Consumer(Projecting(shadow, equipment.view_store), tails, equipment)
    work = [asyncio.create_task(each.run(), name=f"rebuild:{shadow.view.name}") for each in (*tails, consumer)]

    async def serves() -> bool:
        if await is_swapped(owner, projection):
            return True
        return await caught_up(consumer, log, tails) and await swap(owner, projection)

    try:
        while not await through_outages(serves, projection.view.name):
            await asyncio.wait(work, timeout=LOOK_AGAIN_S, return_when=asyncio.FIRST_COMPLETED)
            for task in work:
                if task.done():
                    task.result()
    finally:
        for task in work:
            task.cancel()
        await asyncio.wait(work)


async def caught_up(consumer: Consumer, log: EventLog, tails: list[Tail]) -> bool:
    """Whether the consumer has seen everything that can be read at this moment."""
    for part in (part for tail in tails for part in tail.partitions):
        if part not in consumer.at or consumer.at[part] < await log.head(*part):
            return False
    return True


async def through_outages(step: Callable[[], Awaitable[Answer]], view: str) -> Answer:
    """The answer of `step`, which is taken again for as long as the engines are away; that is said once."""
    pause = OUTAGE_PAUSE_S
    while True:
        try:
            return await step()
        except Outage as outage:
            if pause == OUTAGE_PAUSE_S:
                logger("rebuild").warning("waits out an outage", view=view, error=str(outage))
            await asyncio.sleep(pause)
            pause = min(pause * 2, LONGEST_PAUSE_S)
