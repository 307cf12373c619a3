"""Asks the platform and the payment provider for the facts of an evening, once all is quiet."""

import asyncio
from collections.abc import Coroutine, Iterable
from typing import TypeVar

import httpx
from msgspec import MsgspecError, Struct, json

from simulator.demo.documents import (
    COURIER,
    DELIVERY,
    EVENTS,
    ORDER,
    Paged,
)
from simulator.demo.facts import CourierStory, Entry, Evening, Story
from simulator.graph import Graph, Operation, Outage, Patience
from simulator.living import Diary
from simulator.signing_in import SignedIn

SUPPORT, DISPATCHER = "sanna", "dispatch"
PATIENCE = Patience(tries=15, first_s=0.1, longest_s=1.0)
AT_ONCE = 6
ASK_AGAIN_S = 1.0
JOURNAL_PAGE = 1000
NodeT = TypeVar("NodeT")


class JournalPage(Struct, frozen=True):
    entries: tuple[Entry, ...]
    next_after: int
    has_more: bool


class Gatherer:
    """Reads with the eyes of support and of a dispatcher."""

    def __init__(self, graph: str, issuer: str, provider: str, provider_secret: str, http: httpx.AsyncClient) -> None:
        nobody = Graph(graph, patience=PATIENCE, http=http)
        self._support, self._dispatcher = (
            nobody.signed_in_as(SignedIn(person, issuer, http, PATIENCE)) for person in (SUPPORT, DISPATCHER)
        )
        self._http = http
        self._journal_url = f"{provider}/v1/journal"
        self._journal_headers = {"authorization": f"Bearer {provider_secret}"}
        self._turn = asyncio.Semaphore(AT_ONCE)

    async def evening(self, diary: Diary, within_s: float) -> Evening:
        """When every acknowledged order has ended and every payment is settled, or time is up.

        Raises Outage when the platform cannot say, or GraphRefused.
        """
        stories: dict[str, Story] = {}
        deadline = asyncio.get_running_loop().time() + within_s
        while True:
            is_late = asyncio.get_running_loop().time() > deadline
            try:
                journal = await self.journal()
                known = {order.order_id for order in diary.acknowledged} | {entry.reference for entry in journal}
                await self._read_again(known, stories)
            except Outage:
                if is_late:
                    raise
            else:
                if is_late or all(is_quiet(stories.get(order_id)) for order_id in known):
                    break
            await asyncio.sleep(ASK_AGAIN_S)
        seen = {event.courier.id for story in stories.values() for event in story.delivery if event.courier}
        on_shift = {courier.courier_id for courier in diary.couriers.values() if courier.courier_id}
        couriers = await together(self._courier(courier_id) for courier_id in sorted(seen | on_shift))
        return Evening(diary, tuple(stories.values()), tuple(couriers), await self.journal())

    async def _read_again(self, known: Iterable[str], stories: dict[str, Story]) -> None:
        """Those of which more may come."""
        waiting = [order_id for order_id in known if not is_quiet(stories.get(order_id))]
        found = await together(self._story(order_id) for order_id in waiting)
        stories.update({story.order_id: story for story in found if story is not None})

    async def journal(self) -> tuple[Entry, ...]:
        """All of the provider's own books. Raises Outage."""
        entries: list[Entry] = []
        page = JournalPage((), 0, True)
        while page.has_more:
            page = await self._journal_page(page.next_after)
            entries.extend(page.entries)
        return tuple(entries)

    async def _story(self, order_id: str) -> Story | None:
        """None when support sees no such order. Raises Outage."""
        async with self._turn:
            found = (await self._support.ask(ORDER, {"id": order_id})).order
            if found is None:
                return None
            events = await all_of(self._support, EVENTS, order_id)
            return found.story(events, await all_of(self._dispatcher, DELIVERY, order_id))

    async def _courier(self, courier_id: str) -> CourierStory:
        async with self._turn:
            return CourierStory(courier_id, await all_of(self._dispatcher, COURIER, courier_id))

    async def _journal_page(self, after: int) -> JournalPage:
        query = {"after": str(after), "limit": str(JOURNAL_PAGE)}
        try:
            answer = await self._http.get(self._journal_url, params=query, headers=self._journal_headers)
            return json.decode(answer.content, type=JournalPage)
        except (httpx.TransportError, MsgspecError) as cut:
            raise Outage(f"The provider does not show its journal: {cut or type(cut).__name__}.") from cut


async def together(asking: Iterable[Coroutine[object, object, NodeT]]) -> list[NodeT]:
    """All answers, in order. Raises what the first that failed raised."""
    try:
        async with asyncio.TaskGroup() as tasks:
            asked = [tasks.create_task(question) for question in asking]
    except BaseExceptionGroup as failures:
        raise failures.exceptions[0] from None
    return [task.result() for task in asked]


async def all_of(graph: Graph, listing: Operation[Paged[NodeT]], of: str) -> tuple[NodeT, ...]:
    """Every node of a list that is read page by page."""
    nodes: list[NodeT] = []
    after: str | None = None
    while True:
        page = (await graph.ask(listing, {"id": of, "after": after})).page
        if page is None:
            return tuple(nodes)
        nodes.extend(page.nodes)
        if not page.page_info.has_next_page:
            return tuple(nodes)
        after = page.page_info.end_cursor


def is_quiet(story: Story | None) -> bool:
    """Whether nothing more is to come of it."""
    return story is not None and story.has_ended and story.is_settled
