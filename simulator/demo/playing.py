"""One demo from beginning to end: the platform, the town on it, the board, the nemesis, the audit, the report."""

import asyncio
import signal
from collections.abc import AsyncGenerator, Callable, Coroutine
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import httpx
from msgspec import Struct, json
from msgspec.structs import replace

from simulator.demo.auditing import audit
from simulator.demo.board import Board
from simulator.demo.costs import processor_s
from simulator.demo.facts import Evening
from simulator.demo.findings import Verdict
from simulator.demo.folder import Folder, Kept
from simulator.demo.gathering import Gatherer
from simulator.demo.glance import Glance, Onlooker
from simulator.demo.map_page import pages, showing
from simulator.demo.nemesis import Nemesis
from simulator.demo.report import Circumstances, passes, report
from simulator.demo.starting import DidNotOpen, Platform, Site
from simulator.living import Clock, Plan, Town

FRIDAY = datetime(2026, 1, 16, 17, 0, tzinfo=ZoneInfo("Europe/Helsinki"))
MORE_THAN_LAST_TIME = 1.5
"""No time may pass for those who were stopped in the middle of something, so time waits for a platform that opens again
this many times as long as it needed before."""
MINUTES_OF_A_HUNDRED, LEAST_MINUTES = 28.0, 4.0
"""In which a hundred people get hungry; more people take longer, since there are no more couriers for them."""
LAST_ORDER_MINUTES = 30.0
"""About how long the last order takes."""
KEEP_EVERY_S = 2.0
QUIET_WITHIN_S = 60.0
NEMESIS_ENDS_WITHIN_S = 120.0
MAP_OFFSET = 40
"""The ports of the platform come before it."""
STOPPED, FAILED = 130, 1
DIED = "starting it again"
Say = Callable[[str], None]


class Wish(Struct, frozen=True, kw_only=True):
    """What the demo was asked for."""

    folder: Path
    port: int
    restaurants: int
    couriers: int
    chaos: bool
    show_map: bool
    resume: bool


class Demo:
    def __init__(self, wish: Wish, folder: Folder, kept: Kept, say: Say) -> None:
        self._wish = wish
        self._folder = folder
        self._kept = kept
        self._say = say
        patience = MORE_THAN_LAST_TIME if wish.resume else 1.0
        started = datetime.now(UTC) + timedelta(seconds=kept.opening_s * patience)
        self._clock = Clock(rate=kept.rate, started=started, origin=kept.at.astimezone(UTC))
        self._town: Town | None = None
        self._stopped = False
        self._over = False

    async def run(self) -> int:
        """The exit code: 0 when the evening passes, 130 when it was stopped before its end."""
        playing = asyncio.current_task()
        assert playing is not None, "a coroutine runs in a task"
        for number in (signal.SIGINT, signal.SIGTERM):
            asyncio.get_running_loop().add_signal_handler(number, self._ask_to_stop, playing)
        site = Site(
            folder=self._folder.path, port=self._wish.port, clock=self._clock, restaurants=self._wish.restaurants
        )
        async with httpx.AsyncClient(timeout=15.0) as http:
            platform = Platform(site, http)
            try:
                return await self._play_on(platform, http)
            except asyncio.CancelledError:
                return STOPPED
            except DidNotOpen as reason:
                self._say(f"The platform did not open. {reason}")
                return FAILED
            finally:
                self._say("Stopping the platform.")
                await platform.stop()
                self._keep()
                if self._stopped:
                    self._say("Stopped; nothing is left running. `make demo RESUME=1` goes on from here.")

    def _ask_to_stop(self, playing: asyncio.Task[object]) -> None:
        if self._stopped:
            return
        self._stopped = True
        if self._town is None:
            playing.cancel()
        else:
            self._town.stop()

    async def _play_on(self, platform: Platform, http: httpx.AsyncClient) -> int:
        self._say(f"Opening a platform in {self._folder.path} on ports {self._wish.port} and up.")
        self._say(f"Time goes {self._kept.rate:g} times as fast as here.")
        opening = asyncio.get_running_loop().time()
        await platform.open()
        self._kept = replace(self._kept, opening_s=asyncio.get_running_loop().time() - opening)
        if self._wish.resume:
            await self._clock.wait_until(self._clock.origin)
        town = Town.opened(self._plan(platform.site))
        nemesis = Nemesis(self._kept.seed, self._progress_of(town), platform.processes, self._clock.now)
        began = asyncio.get_running_loop().time()
        await self._let_live(town, platform, nemesis)
        if self._stopped:
            return STOPPED
        if platform.ended.is_set():
            last = " / ".join(line for _, line in list(platform.said)[-3:])
            self._say(f"The platform ended in the middle of the evening. {last}")
            return FAILED
        real_s = asyncio.get_running_loop().time() - began
        evening = await self._gathered(town, platform.site, http)
        circumstances = Circumstances(
            seed=self._kept.seed,
            rate=self._kept.rate,
            real_s=real_s,
            time_zone=town.city.timezone,
            processor_s=processor_s(await platform.metrics()),
            killed=[str(deed) for deed in nemesis.deeds],
            spared=nemesis.spared,
        )
        return self._tell(evening, audit(evening), circumstances)

    def _plan(self, site: Site) -> Plan:
        return Plan(
            graph=site.graph,
            issuer=site.issuer,
            clock=self._clock,
            seed=self._kept.seed,
            orders=self._kept.orders,
            couriers=self._wish.couriers,
            minutes=max(MINUTES_OF_A_HUNDRED * self._kept.orders / 100, LEAST_MINUTES),
            diary=self._folder.diary,
        )

    async def _let_live(self, town: Town, platform: Platform, nemesis: Nemesis) -> None:
        """Until every order has ended, or somebody stopped it, or the platform is gone."""
        onlooker = Onlooker(town.diary, self._kept.orders)
        self._town = town
        async with AsyncExitStack() as around:
            if self._wish.show_map:
                address = await around.enter_async_context(
                    showing(pages(town, lambda: self._glance(onlooker)), self._wish.port + MAP_OFFSET)
                )
                self._say(f"The town, moving: {address}")
            board = Board(lambda: self._glance(onlooker), lambda: news_of(platform, nemesis))
            for work in (board.show(), self._keep_on(), stop_with(town, platform)):
                await around.enter_async_context(meanwhile(work))
            striking = asyncio.create_task(nemesis.run()) if self._wish.chaos else None
            try:
                await town.run()
                self._over, self._town = True, None
                if striking is not None and not self._stopped:
                    await asyncio.wait([striking], timeout=NEMESIS_ENDS_WITHIN_S)
            finally:
                if striking is not None:
                    striking.cancel()

    async def _gathered(self, town: Town, site: Site, http: httpx.AsyncClient) -> Evening:
        self._say("All is quiet; asking the platform and the payment provider what happened.")
        gatherer = Gatherer(site.graph, site.issuer, site.address(4), site.provider_secret, http)
        evening = await gatherer.evening(town.diary, QUIET_WITHIN_S)
        (self._folder.path / "facts.json").write_bytes(json.encode(evening))
        return evening

    def _tell(self, evening: Evening, verdict: Verdict, circumstances: Circumstances) -> int:
        text = report(evening, verdict, circumstances)
        (self._folder.path / "report.txt").write_text(text)
        self._say(text)
        return 0 if passes(verdict, circumstances) else FAILED

    def _progress_of(self, town: Town) -> Callable[[], float]:
        def progress() -> float:
            if self._over or town.diary.began is None:
                return float(self._over)
            minutes = (self._clock.now() - town.diary.began).total_seconds() / 60
            return minutes / (town.plan.minutes + LAST_ORDER_MINUTES)

        return progress

    def _glance(self, onlooker: Onlooker) -> Glance:
        return onlooker.glance(self._clock.now().astimezone(FRIDAY.tzinfo), asyncio.get_running_loop().time())

    def _keep(self) -> None:
        self._folder.keep(replace(self._kept, at=max(self._clock.now(), self._clock.origin)))

    async def _keep_on(self) -> None:
        """Remember what time it is, for the case that nobody is left to do it at the end."""
        while True:
            self._keep()
            await asyncio.sleep(KEEP_EVERY_S)


@asynccontextmanager
async def meanwhile(work: Coroutine[object, object, None]) -> AsyncGenerator[None]:
    """Goes on as long as the block does."""
    task = asyncio.create_task(work)
    try:
        yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


async def stop_with(town: Town, platform: Platform) -> None:
    """Nobody is left to talk to when the platform has ended."""
    await platform.ended.wait()
    town.stop()


def news_of(platform: Platform, nemesis: Nemesis) -> list[str]:
    """Who died and was started again, and what the nemesis did, in the order of its moments."""
    deaths = [(at, line.partition(" (log")[0]) for at, line in platform.said if DIED in line]
    killed = [(deed.at, str(deed)) for deed in nemesis.deeds]
    return [f"{at.astimezone(FRIDAY.tzinfo):%H:%M:%S} {line}" for at, line in sorted(deaths + killed)]
