"""What orders say of themselves afterwards, to hold against what their watchers were told."""

from msgspec import Struct

from simulator.graph import Graph, Operation
from simulator.living import Watched


class Told(Struct, frozen=True):
    sequence: int
    type: str


class Page(Struct, frozen=True):
    nodes: tuple[Told, ...]


class Story(Struct, frozen=True):
    events: Page


STORY = Operation(
    "query Story($id: ID!) { events: orderEvents(orderId: $id, first: 100) { nodes { sequence type } } }", Story
)


async def missed(customer: Graph, watched: Watched) -> bool:
    """Whether the customer's list is not what the order's story says, from where the list begins."""
    story = (await customer.ask(STORY, {"id": watched.of})).events.nodes
    first, *heard = [(item.sequence, item.type) for item in watched.heard]
    return first[1] != "SNAPSHOT" or heard != [(event.sequence, event.type) for event in story[first[0] :]]
