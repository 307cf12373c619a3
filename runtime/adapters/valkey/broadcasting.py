"""Broadcaster's fan-out over a backend of our own: wake-ups that may be merged, and never block or pile up."""

import asyncio
import contextlib
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from typing import Any

from broadcaster import Broadcast
from broadcaster import Event as Published
from redis.exceptions import RedisError

from runtime.adapters.background import ended
from runtime.adapters.valkey.connecting import connect

EVERYBODY = "wake:everybody"
"""A channel that is always subscribed: a connection without any cannot be read."""
READ_TIMEOUT_S = 1.0
SUBSCRIBE_TIMEOUT_S = 1.0
FIRST_PAUSE_S, LONGEST_PAUSE_S = 0.05, 2.0


class Mailbox(asyncio.Queue[Published | None]):
    """A subscriber's queue that holds one thing: that there was news."""

    def __init__(self) -> None:
        super().__init__()
        self._dirty = asyncio.Event()

    async def put(self, item: Published | None) -> None:
        self._dirty.set()

    def mark(self) -> None:
        """There may be news."""
        self._dirty.set()

    async def wait(self, timeout_s: float) -> bool:
        """As kernel.ports.Wakeup."""
        if not self._dirty.is_set():
            try:
                async with asyncio.timeout(timeout_s):
                    await self._dirty.wait()
            except TimeoutError:
                return False
        self._dirty.clear()
        return True


class ValkeyBackend:
    """Broadcaster's backend over redis-py's pub/sub: reconnects by itself and says when something may be lost.

    The stock backend delivers nothing with redis-py 8 and ends silently with the first lost connection.
    """

    def __init__(self, url: str) -> None:
        self._client = connect(url, answer_timeout_s=None)
        self._pubsub: Any = None
        self._channels: set[str] = set()
        self._confirmed: dict[str, asyncio.Event] = {}
        self._changing = asyncio.Lock()
        self._pause = FIRST_PAUSE_S
        self._away = False

    async def connect(self) -> None:
        """Nothing: the first read connects, so that a platform starts while Valkey is away."""

    async def disconnect(self) -> None:
        await self._drop()
        await self._client.aclose()

    async def publish(self, channel: str, message: Any) -> None:
        """Not used: publishing has a client of its own, which may time out."""
        raise NotImplementedError

    async def subscribe(self, group: str) -> None:
        """Subscribes; returns when the server has confirmed it, at once while the server is away."""
        fresh = group not in self._channels
        self._channels.add(group)
        confirmed = self._confirmed.setdefault(group, asyncio.Event())
        with contextlib.suppress(TimeoutError, RedisError, OSError):
            async with asyncio.timeout(SUBSCRIBE_TIMEOUT_S):
                if fresh:
                    await self._change("subscribe", group)
                if not self._away:
                    await confirmed.wait()

    async def unsubscribe(self, group: str) -> None:
        self._channels.discard(group)
        self._confirmed.pop(group, None)
        with contextlib.suppress(TimeoutError, RedisError, OSError):
            async with asyncio.timeout(SUBSCRIBE_TIMEOUT_S):
                await self._change("unsubscribe", group)

    async def _change(self, verb: str, group: str) -> None:
        """Without a connection nothing is sent: the next one subscribes to all there is."""
        async with self._changing:
            if self._pubsub is not None and (verb == "subscribe") == (group in self._channels):
                await getattr(self._pubsub, verb)(group)

    async def next_published(self) -> Published:
        """The next channel with news; EVERYBODY after a connection was lost, since anything may have been missed."""
        while True:
            try:
                pubsub = self._pubsub or await self._connected()
                message = await pubsub.get_message(timeout=READ_TIMEOUT_S)
            except (RedisError, OSError, TimeoutError, RuntimeError):
                self._away = True
                await self._drop()
                await asyncio.sleep(self._pause)
                self._pause = min(self._pause * 2, LONGEST_PAUSE_S)
                continue
            if message is None:
                continue
            channel = message["channel"].decode()
            if message["type"] == "message":
                return Published(channel, "")
            if message["type"] == "subscribe" and (confirmed := self._confirmed.get(channel)):
                confirmed.set()
            if message["type"] == "subscribe" and channel == EVERYBODY:
                self._pause, self._away = FIRST_PAUSE_S, False
                return Published(EVERYBODY, "")

    async def _connected(self) -> Any:
        """A new connection, subscribed to all there is; _pubsub before that, so that a failure drops it."""
        async with self._changing:
            self._pubsub = self._client.pubsub()
            async with asyncio.timeout(SUBSCRIBE_TIMEOUT_S * 2):
                await self._pubsub.subscribe(*self._channels, EVERYBODY)
        return self._pubsub

    async def _drop(self) -> None:
        pubsub, self._pubsub = self._pubsub, None
        if pubsub is not None:
            with contextlib.suppress(RedisError, OSError):
                await pubsub.aclose()


class Wakeups(Broadcast):
    """Broadcaster with mailboxes of one flag instead of queues without bound, and without its race at subscribing."""

    _subscribers: dict[str, set[asyncio.Queue[Published | None]]]
    _listener_task: "asyncio.Task[None]"

    def __init__(self, backend: ValkeyBackend) -> None:
        super().__init__(backend=backend)  # pyright: ignore[reportArgumentType]  (a protocol in all but its declaration)
        self._own = backend

    async def disconnect(self) -> None:
        """Ends listening for certain before the connection is closed, which the stock one leaves to chance."""
        await ended(self._listener_task)
        await self._own.disconnect()

    @asynccontextmanager
    async def mailbox(self, keys: Sequence[str]) -> AsyncGenerator[Mailbox]:
        """A mailbox that is marked for news of any of `keys` from entering on."""
        mailbox = Mailbox()
        for key in keys:
            self._subscribers.setdefault(key, set()).add(mailbox)
        self._subscribers.setdefault(EVERYBODY, set()).add(mailbox)
        try:
            async with asyncio.TaskGroup() as group:
                for key in dict.fromkeys(keys):
                    group.create_task(self._own.subscribe(key))
            yield mailbox
        finally:
            await self._leave(mailbox, keys)

    async def _leave(self, mailbox: Mailbox, keys: Sequence[str]) -> None:
        self._subscribers[EVERYBODY].discard(mailbox)
        for key in dict.fromkeys(keys):
            holders = self._subscribers[key]
            holders.discard(mailbox)
            if not holders:
                del self._subscribers[key]
                await self._own.unsubscribe(key)

    def watched(self) -> frozenset[str]:
        """The keys that have a mailbox."""
        return frozenset(self._subscribers) - {EVERYBODY}

    def mark(self, key: str) -> None:
        """Wakes this process's own watchers of `key` without the way over Valkey."""
        for mailbox in self._subscribers.get(key, ()):
            if isinstance(mailbox, Mailbox):
                mailbox.mark()
