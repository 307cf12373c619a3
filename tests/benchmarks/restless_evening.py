"""What 1,000 lost connections cost: `python -m tests.benchmarks.restless_evening [ORDERS] [RATE]`.

Plays an evening on a platform of its own in which every watcher of every stream is cut off again and again, without a
goodbye. Prints what was missed, and the file handles of each process before, at the end, and when the platform has
been left alone; ends with 1 if anything was missed, or a process holds more handles than it began with.
"""

import asyncio
import sys
from collections import Counter
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory

import httpx
from msgspec import json

from simulator.graph import Graph
from simulator.living import Clock, Diary, Plan, Tempers, Town
from simulator.signing_in import SignedIn
from tests.running_platform import RunningPlatform, platform_in
from tests.simulator.living.stories import missed

ORDERS, RATE = 40, 30.0
CUTS_AT_LEAST = 1000
RESTLESS = Tempers(watcher_is_cut_off=100, cuts=1000, seconds_between_cuts=60, follows_the_courier=100)
MAY_GROW_BY = 24
"""Connections of pools, which open on demand and stay open; what every cut leaked would be a thousand."""
QUIET_WITHIN_S = 90


def main(orders: int, rate: float) -> int:
    friday = {"CLOCK_ORIGIN": "2026-11-27T15:00:00+00:00", "CLOCK_RATE": str(rate), "CITY_RESTAURANTS": "40"}
    with TemporaryDirectory() as folder, platform_in(Path(folder) / "kept", environment=friday) as platform:
        return asyncio.run(evening(platform, orders, rate))


async def evening(platform: RunningPlatform, orders: int, rate: float) -> int:
    plan = plan_for(platform, orders, rate)
    town = Town.opened(plan)
    before = handles(platform)
    await town.run()
    after = handles(platform)
    cuts, unlike = cuts_of(town.diary), await missed_by_customers(plan, town.diary)
    print(f"orders: {dict(town.diary.statuses)}; cut off {cuts.total()} times: {dict(cuts)}")
    print(f"lists that differ from their order's story: {unlike}; mishaps: {len(town.diary.mishaps)}")
    leaks = await settled(platform, before)
    for name, held in before.items():
        verdict = f"leaks {leaks[name]}" if name in leaks else ""
        print(f"{name:18} {held:4} handles before, {after[name]:4} after {verdict}")
    return 0 if cuts.total() >= CUTS_AT_LEAST and not unlike and not leaks and town.diary.ended else 1


def plan_for(platform: RunningPlatform, orders: int, rate: float) -> Plan:
    kept = json.decode((platform.data_dir / "clock.json").read_bytes(), type=dict[str, datetime])
    return Plan(
        graph=platform.graph_url,
        issuer=platform.address(3, ""),
        clock=Clock(rate=rate, started=kept["clock_started"], origin=kept["clock_origin"]),
        orders=orders,
        couriers=max(6, orders // 3),
        minutes=orders * 0.28,
        tempers=RESTLESS,
    )


def cuts_of(diary: Diary) -> Counter[str]:
    cuts = Counter[str]()
    for watched in diary.watched.values():
        cuts[watched.stream] += watched.cuts
    return cuts


async def missed_by_customers(plan: Plan, diary: Diary) -> list[str]:
    async with httpx.AsyncClient() as http:
        unlike = list[str]()
        for watched in diary.watched.values():
            if watched.stream == "orderUpdates":
                credentials = SignedIn(watched.person, plan.issuer, http)
                unlike += [watched.person] * await missed(
                    Graph(plan.graph, credentials=credentials, http=http), watched
                )
        return unlike


def handles(platform: RunningPlatform) -> Mapping[str, int]:
    return {
        name: len(list(Path(f"/proc/{status.process}/fd").iterdir()))
        for name, status in platform.processes().items()
        if status.process
    }


async def settled(platform: RunningPlatform, before: Mapping[str, int]) -> Mapping[str, int]:
    """What is still held above what was held before, once the platform had time to let go; by process."""
    more = dict[str, int]()
    for _ in range(QUIET_WITHIN_S):
        now = handles(platform)
        more = {name: now[name] - held for name, held in before.items() if now[name] - held > MAY_GROW_BY}
        if not more:
            break
        await asyncio.sleep(1)
    return more


if __name__ == "__main__":
    given = sys.argv[1:]
    sys.exit(main(int(given[0]) if given else ORDERS, float(given[1]) if len(given) > 1 else RATE))
