"""Watching: the documents, and watchers that come back after every cut, with a sequence or without."""

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
LOCATION = """phase signalLost position { latitude longitude accuracyM recordedAt coarse }
  eta { pickupAt deliveryAt earliest latest calculatedAt }"""
LOCATION_NOW = f"query Now($id: ID!) {{ deliveryLocation(orderId: $id) {{ {LOCATION} }} }}"
LOCATIONS = f"subscription Where($id: ID!) {{ deliveryLocation(orderId: $id) {{ {LOCATION} }} }}"

OFFERS_STATE = "offers { id status expiresAt } delivery { id version status }"
OFFERS_NOW = f"query Now {{ courier {{ {OFFERS_STATE} }} }}"
OFFERS = f"""subscription Offers {{ courierOffers {{ __typename ... on OpenOffers {{ {OFFERS_STATE} }}
  ... on OfferOpened {{ offer {{ id status expiresAt }} }} ... on OfferClosed {{ offer {{ id status expiresAt }} }}
  ... on CourierDeliveryChanged {{ deliveryId delivery {{ id version status }} }} }} }}"""


@dataclass
class Watcher:
    """Watches one stream through any number of cuts."""

    person: Person
    document: str
    id: str | None = None
    items: list[Json] = field(default_factory=list[Json])
    cuts: int = 0
    done: bool = False
    _watch: Watch | None = None

    @property
    def variables(self) -> Json:
        return {} if self.id is None else {"id": self.id}

    async def follow(self) -> None:
        """Until the stream completes, or the last item has come."""
        while not self.done:
            await self.look()
            try:
                async with self.person.watch(self.document, **self.variables) as self._watch:
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

    async def look(self) -> None:
        """Something to do before each connection."""

    async def _listen(self, watch: Watch) -> None:
        while not self.done:
            try:
                self.take(await watch.item())
            except StreamEnded:
                self.done = True

    def take(self, item: Json) -> None:
        """One more item."""
        self.items.append(item)


@dataclass
class Beholder(Watcher):
    """Watches something without a sequence: each time it comes back, the first item is what the query answers.

    `question` asks for the same outside of the stream, and `seen` is what of both is compared.
    """

    question: str = ""
    seen: Callable[[Json], Json] = lambda item: item
    compared: int = 0
    """How many beginnings fell into a moment in which nothing changed."""
    _before: Json | None = None

    async def now(self) -> Json:
        """What the query answers."""
        return self.seen(next(iter((await self.person.ask(self.question, **self.variables)).values())))

    @property
    def told(self) -> Json:
        """What they know by now."""
        return self.seen(self.items[-1])

    async def knows_the_truth(self) -> bool:
        """Whether that is how it is."""
        return bool(self.items) and self.told == await self.now()

    async def look(self) -> None:
        self._before = await self.now()

    async def _listen(self, watch: Watch) -> None:
        first = await watch.item()
        if await self.now() == self._before:
            assert self.seen(first) == self._before, self.document
            self.compared += 1
        self.take(first)
        await super()._listen(watch)


@dataclass
class Follower(Watcher):
    """Watches something with a sequence, and resumes with the last cursor."""

    is_last: Callable[[Json], bool] = lambda _: False

    @property
    def variables(self) -> Json:
        return {"id": self.id, "after": self.cursor}

    @property
    def cursor(self) -> str | None:
        return self.items[-1]["cursor"] if self.items else None

    @property
    def events(self) -> list[Json]:
        """The events as `orderEvents` has them, the first item aside."""
        return [without_type(item) for item in self.items if item["__typename"] == "OrderEvent"]

    def take(self, item: Json) -> None:
        super().take(item)
        self.done = self.is_last(item)


def without_type(item: Json) -> dict[str, Any]:
    return {name: value for name, value in item.items() if name != "__typename"}
