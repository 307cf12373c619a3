"""What the supervisor must know of a program to keep it running."""

import asyncio
import signal
from collections.abc import Awaitable, Callable, Mapping
from enum import IntEnum

from msgspec import Struct

READY_ANSWER_WITHIN_SECONDS = 3.0


class Closing(IntEnum):
    """When a program is stopped as the platform closes: the lowest first, those of one number together."""

    DOOR = 0
    """Takes work from outside."""
    WORK = 1
    DERIVED = 2
    """An engine that keeps what can be had again."""
    JOURNAL = 3
    """Keeps what must not be lost."""


class Program(Struct, frozen=True, kw_only=True):
    """One process of the platform."""

    name: str
    prepare: Callable[[], None]
    """Called before each start; may block for a second or two."""
    command: Callable[[], list[str]]
    """The argument list, tied to the calling process so that it dies with it."""
    ready: Callable[[], Awaitable[bool]]
    """Whether it does its work now; asked often while it starts, answers within three seconds, never raises."""
    stop_signal: signal.Signals = signal.SIGTERM
    grace_seconds: float = 10.0
    environment: Mapping[str, str] | None = None
    """None: the supervisor's own."""
    needs_engines: bool = False
    """Whether it can only start once the engines run and the database is of this version."""
    closing: Closing = Closing.WORK


def nothing() -> None:
    """There is nothing to prepare."""


async def answers_ready(host: str, port: int, path: str = "/health/ready") -> bool:
    """Whether `GET` of the path answers 200; one connection, no HTTP library."""
    try:
        async with asyncio.timeout(READY_ANSWER_WITHIN_SECONDS):
            reader, writer = await asyncio.open_connection(host, port)
            try:
                writer.write(f"GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n".encode())
                status_line = await reader.readline()
            finally:
                writer.close()
    except (OSError, TimeoutError, ValueError):
        return False
    return status_line.split(b" ")[1:2] == [b"200"]
