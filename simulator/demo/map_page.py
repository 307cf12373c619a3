"""A page with the town's streets and its couriers, moving: served by the demo itself, which asks nobody else."""

import asyncio
from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

from msgspec import Struct, json

from simulator.city import Bounds, City
from simulator.demo.glance import Glance
from simulator.living import Town

PAGE = Path(__file__).with_name("map_page.html")
READS_WITHIN_S = 5.0
LONGEST_REQUEST = 16 * 1024
Place = tuple[float, float]
Answer = tuple[str, bytes]
"""Content type and body."""


class Streets(Struct, frozen=True):
    bounds: Bounds
    ways: list[list[Place]]
    kitchens: list[Place]


class Dot(Struct, frozen=True):
    at: Place
    carrying: bool


class Now(Struct, frozen=True):
    clock: str
    orders: str
    couriers: Mapping[str, Dot]


def streets_of(city: City) -> Streets:
    """Every street of the map, and every place that serves food."""
    ways = [[(city.nodes[node].latitude, city.nodes[node].longitude) for node in way.nodes] for way in city.ways]
    return Streets(city.bounds, ways, [(place.latitude, place.longitude) for place in city.restaurants])


def now_of(town: Town, glance: Glance) -> Now:
    couriers = {
        name: Dot((courier.latitude, courier.longitude), bool(courier.order_id))
        for name, courier in town.diary.couriers.items()
        if courier.doing != "offline"
    }
    orders = f"{glance.acknowledged} of {glance.wanted} ordered, {glance.ended} ended"
    return Now(f"{glance.at:%A %H:%M:%S}", orders, couriers)


def pages(town: Town, look: Callable[[], Glance]) -> Mapping[str, Callable[[], Answer]]:
    """What is answered at which path."""
    streets = json.encode(streets_of(town.city))
    return {
        "/": lambda: ("text/html; charset=utf-8", PAGE.read_bytes()),
        "/town": lambda: ("application/json", streets),
        "/now": lambda: ("application/json", json.encode(now_of(town, look()))),
    }


@asynccontextmanager
async def showing(answers: Mapping[str, Callable[[], Answer]], port: int) -> AsyncGenerator[str]:
    """The page's address; it is served inside the block, to this machine alone."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            async with asyncio.timeout(READS_WITHIN_S):
                head = await reader.readuntil(b"\r\n\r\n")
            writer.write(response(answers, head))
            await writer.drain()
        except (OSError, TimeoutError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            pass  # the browser left: nobody is there to be told
        finally:
            writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", port, limit=LONGEST_REQUEST)
    async with server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/"


def response(answers: Mapping[str, Callable[[], Answer]], head: bytes) -> bytes:
    method, path = (*head.split(b" ", 2), b"", b"")[:2]
    answer = answers.get(path.decode("ascii", "replace")) if method == b"GET" else None
    status, (kind, body) = ("200 OK", answer()) if answer else ("404 Not Found", ("text/plain", b"Not here.\n"))
    headers = f"HTTP/1.1 {status}\r\nContent-Type: {kind}\r\nContent-Length: {len(body)}\r\nCache-Control: no-store\r\n"
    return f"{headers}Connection: close\r\n\r\n".encode() + body
