"""Server-sent events, as graphql-sse's distinct connections: `next` events, then `complete`, with line feeds only."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing, suppress
from typing import TypeVar

import orjson
from starlette.responses import StreamingResponse

from runtime.serving.executing import Answer

ResultT = TypeVar("ResultT")

EVENT_STREAM = "text/event-stream"
HEARTBEAT_S = 12.0

Draining = asyncio.Event
"""Set when the process is about to stop: streams end, and their clients resume elsewhere."""

COMPLETE = b"event: complete\ndata: \n\n"
HEARTBEAT = b":\n\n"


def encode(answer: Answer) -> bytes:
    """One `next` event. Line feeds, not CRLF: readers split events on two of them."""
    return b"event: next\ndata: " + orjson.dumps(answer.payload) + b"\n\n"


def event_stream(answers: AsyncGenerator[Answer, None], draining: Draining) -> StreamingResponse:
    """`answers` as a response that closes them when the client leaves."""
    headers = {"Cache-Control": "no-cache", "X-Accel-Buffering": "no"}
    return StreamingResponse(events(answers, draining), headers=headers, media_type=EVENT_STREAM)


async def events(
    answers: AsyncGenerator[Answer, None], draining: Draining, heartbeat_s: float = HEARTBEAT_S
) -> AsyncGenerator[bytes, None]:
    """The events of `answers`, with a comment whenever it is quiet, until they end or the process drains."""
    stopping = asyncio.ensure_future(draining.wait())
    upcoming: asyncio.Future[Answer] | None = None
    async with aclosing(answers):
        try:
            yield HEARTBEAT  # The headers reach the client at once, and it knows that the stream stands.
            while not draining.is_set():
                upcoming = upcoming or asyncio.ensure_future(anext(answers))
                await asyncio.wait({upcoming, stopping}, timeout=heartbeat_s, return_when=asyncio.FIRST_COMPLETED)
                if not upcoming.done():
                    yield HEARTBEAT
                    continue
                done, upcoming = upcoming, None
                try:
                    answer = done.result()
                except StopAsyncIteration:
                    break
                yield encode(answer)
            yield COMPLETE
        finally:
            # Before closing the generator: it must not be running then.
            await _stopped(upcoming)
            await _stopped(stopping)


async def _stopped(waiting: asyncio.Future[ResultT] | None) -> None:
    if waiting is not None and not waiting.done():
        waiting.cancel()
        with suppress(asyncio.CancelledError):
            await waiting
