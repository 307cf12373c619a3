"""What a request costs in each router: `python -m tests.benchmarks.routers [REQUESTS] [AT_ONCE]`.

The same requests to the same small subgraphs by four ways in one run: straight to a subgraph, through the gateway, to
Hive Router without its front, and through the front and Hive Router. Processor time is each process's own.
"""

import asyncio
import json
import sys
import tempfile
import time
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path
from urllib.parse import urlsplit

import psutil
from msgspec import Struct

from tests.router.processes import Gateway, composed, running_gateway, running_subgraphs
from tests.router.subgraphs import CREDENTIAL

OPERATIONS: Mapping[str, Mapping[str, object]] = {
    "query": {"query": "query Echo($text: String!) { echo(text: $text) }", "variables": {"text": "x" * 100}},
    "join": {"query": "query Dish($id: ID!) { dish(id: $id) { id name praise } }", "variables": {"id": "7"}},
    "mutation": {"query": 'mutation Rename($id: ID!) { rename(id: $id, name: "x") { id } }', "variables": {"id": "7"}},
    "page": {"query": "query Page { dishes(first: 50) { id name padding similar(first: 2) { id name } } }"},
}
WARM = 300


class Way(Struct, frozen=True):
    """Where the requests go, and whose time they take."""

    name: str
    address: str
    processes: Mapping[str, psutil.Process]


async def main(requests: int, at_once: int) -> None:
    with ExitStack() as stack:
        supergraph = composed(Path(stack.enter_context(tempfile.TemporaryDirectory())))
        subgraphs = stack.enter_context(running_subgraphs())
        gateway = stack.enter_context(running_gateway(supergraph, subgraphs.url))
        edge = stack.enter_context(running_gateway(supergraph, subgraphs.url, "hive"))
        served = psutil.Process(subgraphs.process.pid)
        print(f"{requests} requests, {at_once} at once; milliseconds of processor time for each")
        for name, operation in OPERATIONS.items():
            for way in ways(gateway, edge, subgraphs.url):
                if way.name == "subgraph" and name in {"join"}:
                    continue  # nobody joins there
                await measure(way, served, name, json.dumps(operation).encode(), requests, at_once)


def ways(gateway: Gateway, edge: Gateway, subgraphs: str) -> tuple[Way, ...]:
    assert edge.behind
    node, front = psutil.Process(gateway.process.pid), psutil.Process(edge.process.pid)
    hive = psutil.Process(edge.behind.process.pid)
    return (
        Way("subgraph", f"{subgraphs}/dishes/graphql", {}),
        Way("gateway", f"{gateway.url}/graphql", {"gateway": node}),
        Way("hive alone", f"{edge.behind.url}/graphql", {"hive-router": hive}),
        Way("front + hive", f"{edge.url}/graphql", {"front": front, "hive-router": hive}),
    )


async def measure(way: Way, served: psutil.Process, name: str, body: bytes, requests: int, at_once: int) -> None:
    await send(way.address, body, WARM, at_once)
    watched = {**way.processes, "subgraphs": served}
    before = {process: spent(watched[process]) for process in watched}
    began = time.perf_counter()
    await send(way.address, body, requests, at_once)
    seconds = time.perf_counter() - began
    costs = {process: (spent(watched[process]) - before[process]) / requests * 1000 for process in watched}
    of_routers = sum(cost for process, cost in costs.items() if process != "subgraphs")
    told = ", ".join(f"{process} {cost:.3f}" for process, cost in costs.items())
    print(f"{name:9} {way.name:13} {requests / seconds:7.0f}/s   router {of_routers:6.3f}   ({told})", flush=True)


def spent(process: psutil.Process) -> float:
    times = process.cpu_times()
    return times.user + times.system


async def send(address: str, body: bytes, requests: int, at_once: int) -> None:
    """That many requests over `at_once` kept connections; fails when one is not answered with data."""
    parts = urlsplit(address)
    headers = (
        f"POST {parts.path} HTTP/1.1\r\nhost: {parts.netloc}\r\ncontent-type: application/json\r\n"
        f"x-router-credential: {CREDENTIAL}\r\ncontent-length: {len(body)}\r\n\r\n"
    )

    async def connection() -> None:
        reader, writer = await asyncio.open_connection(parts.hostname, parts.port)
        for _ in range(requests // at_once):
            writer.write(headers.encode() + body)
            head = (await reader.readuntil(b"\r\n\r\n")).lower()
            length = int(head.split(b"content-length:")[1].split(b"\r\n")[0])
            answer = await reader.readexactly(length)
            assert b'"errors":[' not in answer, answer
        writer.close()

    async with asyncio.TaskGroup() as connections:
        for _ in range(at_once):
            connections.create_task(connection())


if __name__ == "__main__":
    numbers = [int(word) for word in sys.argv[1:]]
    asyncio.run(main(*(numbers or [4000]), *([] if len(numbers) > 1 else [16])))
