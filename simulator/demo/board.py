"""The board: a live picture in a terminal, a line now and then anywhere else."""

import asyncio
import sys
from collections.abc import Callable, Mapping, Sequence
from typing import TextIO

from rich.columns import Columns
from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.panel import Panel
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from simulator.demo.glance import Glance
from simulator.demo.numbers import Spread

LIVE_EVERY_S = 0.25
PLAIN_EVERY_S = 5.0
LAST_LINES = 4
Look = Callable[[], Glance]
News = Callable[[], Sequence[str]]


class Board:
    """Shows what `look` sees, and the last of the `news`, until it is cancelled."""

    def __init__(self, look: Look, news: News, output: TextIO = sys.stdout) -> None:
        self._look = look
        self._news = news
        self._console = Console(file=output)

    async def show(self) -> None:
        if self._console.is_terminal:
            await self._show_live()
        else:
            await self._show_lines()

    async def _show_live(self) -> None:
        with Live(self._picture(), console=self._console, auto_refresh=False, transient=True) as live:
            try:
                while True:
                    live.update(self._picture(), refresh=True)
                    await asyncio.sleep(LIVE_EVERY_S)
            finally:
                live.update("", refresh=True)

    async def _show_lines(self) -> None:
        told = set[str]()
        while True:
            for line in self._news():
                if line not in told:
                    self._console.file.write(f"  {line}\n")
                    told.add(line)
            self._console.file.write(f"{plain(self._look())}\n")
            self._console.file.flush()
            await asyncio.sleep(PLAIN_EVERY_S)

    def _picture(self) -> RenderableType:
        return picture(self._look(), self._news())


def picture(glance: Glance, news: Sequence[str]) -> RenderableType:
    """The whole board."""
    head = Table.grid(expand=True)
    head.add_column()
    head.add_column(justify="right")
    head.add_row(
        Text(f"{glance.at:%A %H:%M:%S}", style="bold"),
        f"{glance.acknowledged} of {glance.wanted} ordered, {glance.ended} ended · {glance.real_s:.0f} s",
    )
    panels = Columns(
        [
            counts("Orders", glance.statuses),
            counts("Couriers", glance.couriers),
            counts("Offers", glance.offers),
            speeds(glance),
        ],
        equal=False,
    )
    bar = ProgressBar(total=1.0, completed=min(glance.progress, 1.0))
    return Group(head, bar, panels, *(Text(line, style="dim", overflow="ellipsis") for line in news[-LAST_LINES:]))


def counts(title: str, numbers: Mapping[str, int]) -> Panel:
    table = Table.grid(padding=(0, 2))
    table.add_column()
    table.add_column(justify="right")
    for name, number in numbers.items():
        table.add_row(name, str(number))
    return Panel(table, title=title, title_align="left")


def speeds(glance: Glance) -> Panel:
    table = Table.grid(padding=(0, 2))
    table.add_row("events heard", f"{glance.events}, {glance.events_per_s:.0f} a second")
    table.add_row("mutations", latency(glance.mutations_ms))
    table.add_row("event to subscriber", latency(glance.events_ms))
    table.add_row("mishaps outlived", str(glance.mishaps))
    return Panel(table, title="In real time", title_align="left")


def latency(spread: Spread | None) -> str:
    return "–" if spread is None else f"p50 {spread.p50:.0f} ms, p95 {spread.p95:.0f} ms"


def plain(glance: Glance) -> str:
    """The same in one line."""
    orders = ", ".join(f"{count} {status}" for status, count in glance.statuses.items()) or "no orders yet"
    couriers = ", ".join(f"{count} {doing}" for doing, count in glance.couriers.items())
    speed = f"{glance.events_per_s:.0f} events/s, {latency(glance.events_ms)}"
    return f"{glance.at:%H:%M:%S}  {orders} | couriers: {couriers or 'none yet'} | {speed}"
