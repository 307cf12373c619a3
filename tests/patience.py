"""Waiting for a condition, never for a time."""

import asyncio
from collections.abc import Awaitable, Callable

AT_MOST_S = 60.0
"""What is to come comes much sooner, but not always on a machine that others use too."""
PAUSE_S = 0.01


async def eventually(holds: Callable[[], Awaitable[bool]], at_most_s: float = AT_MOST_S) -> None:
    """Returns as soon as `holds` does. Raises TimeoutError when it does not in time."""
    async with asyncio.timeout(at_most_s):
        while not await holds():
            await asyncio.sleep(PAUSE_S)
