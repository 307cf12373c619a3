"""Subgraphs that answer at once and always the same: `python -m tests.benchmarks.stub_subgraphs PORT`.

They have the schemas of the router's tests. What is measured before them is the router's alone.
"""

import asyncio
import json
import re
import sys

DISHES = [
    {"id": str(place), "name": f"dish {place}", "padding": "x" * 100, "__typename": "Dish"} for place in range(50)
]
ANSWERS = {
    b"echo": {"echo": "x" * 100},
    b"rename": {"rename": DISHES[0]},
    b"dishes": {"dishes": DISHES},
    b"dish": {"dish": DISHES[0]},
}
LENGTH = re.compile(rb"content-length: *(\d+)", re.IGNORECASE)
KEYS = re.compile(rb'"id":"')
ALIAS = re.compile(rb"(\w+): *_entities")


def answer_to(body: bytes) -> bytes:
    """The prepared answer for the field that is asked for; for a join, as many entities as keys were sent."""
    if b"_entities" in body:
        alias = ALIAS.search(body)
        entities = [{"praise": "people like it", "__typename": "Dish"}] * len(KEYS.findall(body))
        data: object = {alias.group(1).decode() if alias else "_entities": entities}
    else:
        data = next(answer for field, answer in ANSWERS.items() if field in body)
    return json.dumps({"data": data}, separators=(",", ":")).encode()


class Connection(asyncio.Protocol):
    """One kept connection, one request after the other."""

    def __init__(self) -> None:
        self.received = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        self.received += data
        head, blank, rest = self.received.partition(b"\r\n\r\n")
        found = LENGTH.search(head)
        if not blank or not found or len(rest) < int(found.group(1)):
            return
        self.received = b""
        body = answer_to(rest)
        lines = f"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {len(body)}\r\n\r\n"
        self.transport.write(lines.encode() + body)


async def serve(port: int) -> None:
    server = await asyncio.get_running_loop().create_server(Connection, "127.0.0.1", port)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(serve(int(sys.argv[1])))
