"""A client of the graph: ask over HTTP, watch over graphql-transport-ws, both patient through outages.

async with Graph(url, credentials=signed_in) as graph:
    placed = await graph.ask(PLACE_ORDER, {"input": order})
    async for news in graph.watch(ORDER_UPDATES, {"orderId": order_id}, thread):
        ...
"""

from simulator.graph.asking import Graph
from simulator.graph.operations import Credentials, GraphError, GraphRefused, Operation, Outage, Outcome, Result
from simulator.graph.patience import Patience
from simulator.graph.watching import Line, Thread

__all__ = [
    "Credentials",
    "Graph",
    "GraphError",
    "GraphRefused",
    "Line",
    "Operation",
    "Outage",
    "Outcome",
    "Patience",
    "Result",
    "Thread",
]
