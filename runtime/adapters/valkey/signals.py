"""Signals over Valkey: published at best effort, fanned out in the process by broadcaster."""

import asyncio
import contextlib
from collections.abc import AsyncGenerator, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager

from redis.exceptions import RedisError

from kernel.ports import Wakeup
from runtime.adapters.background import background
from runtime.adapters.valkey.broadcasting import ValkeyBackend, Wakeups
from runtime.adapters.valkey.connecting import connect

PUBLISH_TIMEOUT_S = 1.0
MOST_AT_ONCE = 1000


class ValkeySignals:
    """Wake-ups through Valkey. Own watchers are woken at once, others by batches; whatever fails is lost."""

    def __init__(self, url: str) -> None:
        self._wakeups = Wakeups(ValkeyBackend(url))
        # One retry: the connection in hand may be from before a restart of the server.
        self._client = connect(url, answer_timeout_s=PUBLISH_TIMEOUT_S, retries=1)
        self._pending: dict[str, None] = {}
        self._news = asyncio.Event()
        self.lost = 0
        """Keys that could not be published since the start."""

    async def publish(self, keys: Sequence[str]) -> None:
        for key in keys:
            self._wakeups.mark(key)
            self._pending[key] = None
        self._news.set()

    def watch(self, keys: Sequence[str]) -> AbstractAsyncContextManager[Wakeup]:
        return self._wakeups.mailbox(keys)

    def watched(self) -> frozenset[str]:
        """The keys that somebody in this process watches."""
        return self._wakeups.watched()

    @asynccontextmanager
    async def running(self) -> AsyncGenerator["ValkeySignals"]:
        """Publishes and listens while it is entered."""
        try:
            async with self._wakeups, background(self._publish_pending(), "signals:publish"):
                yield self
        finally:
            with contextlib.suppress(RedisError, OSError, TimeoutError):
                await self._client.aclose()

    async def _publish_pending(self) -> None:
        """Keys that gather while a batch is on its way are the next batch: bounded, since they are a set."""
        while True:
            await self._news.wait()
            await asyncio.sleep(0)
            batch = list(self._pending)[:MOST_AT_ONCE]
            for key in batch:
                del self._pending[key]
            if not self._pending:
                self._news.clear()
            try:
                async with asyncio.timeout(PUBLISH_TIMEOUT_S):
                    pipeline = self._client.pipeline(transaction=False)
                    for key in batch:
                        pipeline.publish(key, "")
                    await pipeline.execute()
            except Exception:  # noqa: BLE001 - whatever it was, it must not end the publishing of all that follows
                self.lost += len(batch)
                self._pending.clear()


@asynccontextmanager
async def open_signals(url: str) -> AsyncGenerator[ValkeySignals]:
    """Signals of one process; opens while Valkey is away, too."""
    async with ValkeySignals(url).running() as signals:
        yield signals
