"""Watching a stream through every cut, and writing down what came."""

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Generic, TypeVar

from msgspec import Struct

from simulator.graph import Line, Operation, Thread
from simulator.living.diary import ENDED, Heard, Watched
from simulator.living.questions import (
    KITCHEN_UPDATES,
    LOCATION,
    OFFERS,
    ORDER_UPDATES,
    LocationTold,
    OrderItem,
    OrderTold,
    ShiftTold,
)
from simulator.living.somebody import Somebody

T = TypeVar("T")


class Channel(Struct, Generic[T], frozen=True):
    """A subscription: its name, its document, where it goes on and when it is over."""

    name: str
    operation: Operation[T]
    order_item: Callable[[T], OrderItem | None] = lambda _: None
    ended: Callable[[T], bool] = lambda _: False


def _order_has_ended(told: OrderTold) -> bool:
    return told.item.order is not None and told.item.order.status in ENDED


ORDER = Channel[OrderTold]("orderUpdates", ORDER_UPDATES, lambda told: told.item, _order_has_ended)
KITCHEN = Channel[OrderTold]("restaurantOrderUpdates", KITCHEN_UPDATES, lambda told: told.item)
COURIER_PLACE = Channel[LocationTold]("deliveryLocation", LOCATION, ended=lambda told: told.item.phase == "ENDED")
SHIFT = Channel[ShiftTold]("courierOffers", OFFERS)


class Watcher(Generic[T]):
    """One watcher of one stream. One in five loses its connection now and then, as people on trains do."""

    def __init__(self, somebody: Somebody, channel: Channel[T], of: str, take: Callable[[T], None]) -> None:
        """`take` is given each item as it comes."""
        self._somebody = somebody
        self._scene = somebody.scene
        self._channel = channel
        self._take = take
        self._line = Line()
        key = f"{channel.name} {somebody.name} {of}"
        self.noted = self._scene.diary.watched.setdefault(
            key, Watched(stream=channel.name, of=of, person=somebody.name)
        )
        self._line.resumed = self.noted.connections

    async def run(self) -> None:
        """Until the stream has ended."""
        async with asyncio.TaskGroup() as tasks:
            cutting = tasks.create_task(self._cut_off_now_and_then())
            await self._somebody.persist(self._channel.name, self._follow)
            cutting.cancel()

    async def _follow(self) -> None:
        if self.noted.ended:
            return
        thread = Thread[T](cursor=self._cursor, ended=self._channel.ended, after=self.noted.cursor, line=self._line)
        variables = {"id": self.noted.of} if "$id" in self._channel.operation.document else {}
        async for told in self._somebody.graph.watch(self._channel.operation, variables, thread):
            self._note(told)
            self._take(told)
        self.noted.ended = True

    def _cursor(self, told: T) -> str | None:
        item = self._channel.order_item(told)
        return item.cursor if item else None

    def _note(self, told: T) -> None:
        self.noted.items += 1
        self.noted.ended = self._channel.ended(told)
        if item := self._channel.order_item(told):
            self._note_item(item)

    def _note_item(self, item: OrderItem) -> None:
        self.noted.cursor = item.cursor or self.noted.cursor
        if item.typename == "ResyncRequired":
            self.noted.resyncs += 1
            return
        for order in (item.order, *item.orders):
            if order:
                self.noted.heard.append(Heard(item.sequence or order.version, item.type, order.id))
        opened_at = self._line.opened_at
        if item.occurred_at and opened_at and (happened := self._scene.clock.real(item.occurred_at)) >= opened_at:
            self._scene.diary.events.append(round((datetime.now(UTC) - happened).total_seconds() * 1000, 1))

    async def _cut_off_now_and_then(self) -> None:
        tempers, lots = self._scene.plan.tempers, self._somebody.lots
        purpose = f"cut {self._channel.name} {self._number()}"
        if not lots.chance(purpose, tempers.watcher_is_cut_off):
            return
        while self.noted.cuts < tempers.cuts:
            share = lots.share(f"{purpose} {self.noted.cuts}")
            await self._scene.clock.wait((0.2 + 1.6 * share) * tempers.seconds_between_cuts)
            self.noted.cuts += self._line.cut()

    def _number(self) -> str:
        """Which of the person's watchers this is; ids of orders are chance, and nothing is drawn by them."""
        ordered = self._scene.diary.order_of(self.noted.of)
        return str(ordered.number) if ordered else ""
