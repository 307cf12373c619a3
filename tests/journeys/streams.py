"""Watching orders and kitchens: the documents, and a watcher that comes back after every cut."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from websockets.exceptions import ConnectionClosed

from tests.journeys.person import Json, Person, StreamEnded, Watch

EVENT = "... on OrderEvent { sequence cursor type occurredAt changed order { id version status } }"
UPDATES = f"""subscription Updates($id: ID!, $after: String) {{ orderUpdates(orderId: $id, after: $after) {{ __typename
  ... on OrderSnapshot {{ sequence cursor order {{ id version status }} }} {EVENT}
  ... on ResyncRequired {{ reason }} }} }}"""
KITCHEN_UPDATES = f"""subscription Kitchen($id: ID!, $after: String) {{
  restaurantOrderUpdates(restaurantId: $id, after: $after) {{ __typename
  ... on OpenOrders {{ cursor orders {{ id version status }} }} {EVENT} ... on ResyncRequired {{ reason }} }} }}"""

MENU_STATE = "asOf menuVersion pausedUntil unavailableItems { id name price { minor } }"
MENU_NOW = f"query Now($id: ID!) {{ menuAvailability(restaurantId: $id) {{ {MENU_STATE} }} }}"
MENU_CHANGES = f"""subscription Menu($id: ID!) {{
  menuChanges(restaurantId: $id) {{ {MENU_STATE} changedItems {{ id }} goneItemIds }} }}"""


@dataclass
class Follower:
    """Watches one stream through any number of cuts, and resumes with the last cursor."""

    person: Person
    document: str
    id: str
    is_last: Callable[[Json], bool] = lambda _: False
    items: list[Json] = field(default_factory=list[Json])
    cuts: int = 0
    done: bool = False
    _watch: Watch | None = None

    async def follow(self) -> None:
        """Until the stream completes, or the last item has come."""
        while not self.done:
            try:
                async with self.person.watch(self.document, id=self.id, after=self.cursor) as self._watch:
                    await self._listen(self._watch)
            except ConnectionClosed:
                self.cuts += 1

    def cut(self) -> bool:
        """Lose the connection, if there is one."""
        watch, self._watch = self._watch, None
        if watch is None:
            return False
        watch.cut()
        return True

    @property
    def cursor(self) -> str | None:
        return self.items[-1]["cursor"] if self.items else None

    @property
    def events(self) -> list[Json]:
        """The events as `orderEvents` has them, the first item aside."""
        return [without_type(item) for item in self.items if item["__typename"] == "OrderEvent"]

    async def _listen(self, watch: Watch) -> None:
        while not self.done:
            try:
                self.items.append(await watch.item())
            except StreamEnded:
                self.done = True
                return
            self.done = self.is_last(self.items[-1])


def without_type(item: Json) -> dict[str, Any]:
    return {name: value for name, value in item.items() if name != "__typename"}
