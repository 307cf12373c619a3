"""Work that runs beside a context and ends with it."""

import asyncio
from collections.abc import AsyncGenerator, Coroutine
from contextlib import asynccontextmanager

ASK_AGAIN_S = 0.2


@asynccontextmanager
async def background(work: Coroutine[object, object, None], name: str) -> AsyncGenerator[None]:
    """Runs `work` while the context is entered."""
    task = asyncio.create_task(work, name=name)
    try:
        yield
    finally:
        await ended(task)


async def ended(task: "asyncio.Task[None]") -> None:
    """Cancels until it has ended: drivers have been seen to swallow a cancellation that met them while connecting."""
    while not task.done():
        task.cancel()
        await asyncio.wait([task], timeout=ASK_AGAIN_S)
