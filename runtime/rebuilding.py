"""The role `rebuild`: one view anew from the first record of the log, while the live one goes on serving."""

import asyncio

from kernel.consuming import Consumer
from kernel.digesting import Projecting
from kernel.equipment import Equipment
from kernel.log import by_journal
from kernel.messages import Row
from kernel.ports import EventLog
from kernel.projecting import Projection
from kernel.tailing import Tail
from projections import PROJECTIONS
from runtime.adapters.postgres.rebuilding import Owner, cast_shadow, owner_of, shadow_of, swap
from runtime.logs import logger
from runtime.prerequisites import CannotStart
from runtime.settings import Settings
from runtime.wiring import Platform, open_platform

LOOK_AGAIN_S = 0.05


async def run(settings: Settings, name: str) -> None:
    """Rebuilds the view `name`, or what an engine keeps under it, and returns when it serves."""
    projections = {each.view.name: each for each in PROJECTIONS}
    async with open_platform(settings) as platform:
        builders = {builder.name: builder for _, builder in platform.builders}
        if name in builders:
            await builders[name].rebuild()
        elif name in projections:
            await _rebuild_view(settings, platform, projections[name])
        else:
            raise CannotStart(f"There is no view {name}; there are {', '.join(sorted([*projections, *builders]))}.")
    logger("rebuild").info("rebuilt", view=name)


async def _rebuild_view(settings: Settings, platform: Platform, projection: Projection[Row]) -> None:
    async with owner_of(settings.owner_database_url) as owner:
        await rebuild(owner, projection, platform.log, platform.equipment[projection.domain])


async def rebuild(owner: Owner, projection: Projection[Row], log: EventLog, equipment: Equipment) -> None:
    """Folds the whole log into a shadow and swaps it in once it has caught up with the live view."""
    await cast_shadow(owner, projection)
    shadow = shadow_of(projection)
    tails = [Tail(log, journal, topics) for journal, topics in by_journal(shadow.topics).items()]
    consumer = Consumer(Projecting(shadow, equipment.view_store), tails, equipment)
    work = [asyncio.create_task(each.run(), name=f"rebuild:{shadow.view.name}") for each in (*tails, consumer)]
    try:
        while not (await caught_up(consumer, log, tails) and await swap(owner, projection)):
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
