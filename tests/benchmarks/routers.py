"""What a request costs in each router: `python -m tests.benchmarks.routers [REQUESTS] [AT_ONCE]`.

The same requests by three ways in one run: through the gateway, to Hive Router without its front, and through the front
and Hive Router. The subgraphs behind answer at once; processor time is each process's own.
"""

import asyncio
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Generator, Mapping
from contextlib import ExitStack, contextmanager
from itertools import count
from pathlib import Path
from urllib.parse import urlsplit

import psutil
from msgspec import Struct

from runtime.engines.running import free_port
from tests.router.processes import ROOT, Gateway, composed, running_gateway

OPERATIONS: Mapping[str, Mapping[str, object]] = {
    "query": {"query": "query Echo($text: String!) { echo(text: $text) }", "variables": {"text": "x" * 100}},
    "mutation": {"query": 'mutation Rename($id: ID!) { rename(id: $id, name: "x") { id } }', "variables": {"id": "7"}},
    "join": {"query": "query Dish($id: ID!) { dish(id: $id) { id name praise } }", "variables": {"id": "7"}},
    "page": {"query": "query Page { dishes(first: 50) { id name padding praise } }"},
}
WARM = 2000


class Way(Struct, frozen=True):
    """Where the requests go, and whose time they take."""

    name: str
    address: str
    processes: Mapping[str, psutil.Process]


async def main(requests: int, at_once: int) -> None:
    with ExitStack() as stack:
        supergraph = composed(Path(stack.enter_context(tempfile.TemporaryDirectory())))
        subgraphs = stack.enter_context(stub_subgraphs())
        gateway = stack.enter_context(running_gateway(supergraph, subgraphs))
        edge = stack.enter_context(running_gateway(supergraph, subgraphs, "hive"))
        print(f"{requests} requests, {at_once} at once; microseconds of processor time for each")
        for name, operation in OPERATIONS.items():
            for way in ways(gateway, edge):
                await measure(way, name, json.dumps(operation).encode(), requests, at_once)


@contextmanager
def stub_subgraphs() -> Generator[str]:
    """Their address."""
    port = free_port()
    process = subprocess.Popen([sys.executable, "-m", "tests.benchmarks.stub_subgraphs", str(port)], cwd=ROOT)
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        process.kill()
        process.wait()


def ways(gateway: Gateway, edge: Gateway) -> tuple[Way, ...]:
    assert edge.behind
    node, front = psutil.Process(gateway.process.pid), psutil.Process(edge.process.pid)
    hive = psutil.Process(edge.behind.process.pid)
    return (
        Way("gateway", f"{gateway.url}/graphql", {"gateway": node}),
        Way("hive alone", f"{edge.behind.url}/graphql", {"hive-router": hive}),
        Way("front + hive", f"{edge.url}/graphql", {"front": front, "hive-router": hive}),
    )


async def measure(way: Way, name: str, body: bytes, requests: int, at_once: int) -> None:
    await send(way.address, body, WARM, at_once)
    before = {process: spent(way.processes[process]) for process in way.processes}
    began = time.perf_counter()
    await send(way.address, body, requests, at_once)
    seconds = time.perf_counter() - began
    costs = {process: (spent(way.processes[process]) - before[process]) / requests * 1e6 for process in before}
    told = " + ".join(f"{process} {cost:.0f}" for process, cost in costs.items())
    print(f"{name:9} {way.name:13} {requests / seconds:7.0f}/s {sum(costs.values()):7.0f} µs   {told}", flush=True)


def spent(process: psutil.Process) -> float:
    times = process.cpu_times()
    return times.user + times.system


async def send(address: str, body: bytes, requests: int, at_once: int) -> None:
    """That many requests over `at_once` kept connections; fails when one is not answered with data."""
    parts = urlsplit(address)
    numbers = count()
    headers = (
        f"POST {parts.path} HTTP/1.1\r\nhost: {parts.netloc}\r\ncontent-type: application/json\r\n"
        f"content-length: {len(body)}\r\n"
    )

    async def connection() -> None:
        reader, writer = await asyncio.open_connection(parts.hostname, parts.port)
        for _ in range(requests // at_once):
            identified = f"{headers}x-request-id: {next(numbers)}\r\n\r\n"  # requests alike would be asked once
            writer.write(identified.encode() + body)
            head = (await reader.readuntil(b"\r\n\r\n")).lower()
            length = int(head.split(b"content-length:")[1].split(b"\r\n")[0])
            answer = await reader.readexactly(length)
            assert b'"errors":[' not in answer, answer
        writer.close()

    async with asyncio.TaskGroup() as connections:
        for _ in range(at_once):
            connections.create_task(connection())


if __name__ == "__main__":
    given = [int(word) for word in sys.argv[1:]]
    asyncio.run(main(*(given + [4000, 16][len(given) :])))
