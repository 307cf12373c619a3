"""aiokafka's clients, none of which loses sight of a connection or waits for ever when it is closed."""

import asyncio
from contextlib import suppress
from typing import Any, cast

import aiokafka.client
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.client import AIOKafkaClient
from aiokafka.errors import KafkaConnectionError, KafkaError
from aiokafka.protocol.metadata import MetadataRequest

LEAVE_WITHIN_S = 2.0
"""For a consumer to leave its group in good order; while Kafka is away it cannot."""
CLOSE_WITHIN_S = 1.0
"""For what was written to be sent; to a broker that hangs it never is."""
_connecting = cast("Any", aiokafka.client)


class Client(AIOKafkaClient):
    """aiokafka's own loses sight of a first connection whose asker is cancelled, of one that the broker has ended when
    another takes its place, and of each that is made once it is closing."""

    _ended = False

    async def bootstrap(self) -> None:
        """Learns who is there from the first server that answers. Raises KafkaConnectionError; may be cancelled."""
        mine = cast("Any", self)
        for host, port, _ in mine.hosts:
            with suppress(KafkaError, OSError, TimeoutError):
                await self._learn_from(host, port)
                break
        else:
            raise KafkaConnectionError(f"Nobody answers at {self._bootstrap_servers}")
        mine._sync_task = mine._sync_task or asyncio.create_task(self._md_synchronizer(), name="kafka:metadata")  # noqa: SLF001

    async def _learn_from(self, host: str, port: int) -> None:
        cluster = cast("Any", self.cluster)
        settings = {"client_id": self._client_id, "request_timeout_ms": self._request_timeout_ms}
        connection = await _connecting.create_conn(host, port, **settings)
        try:
            cluster.update_metadata(await connection.send(MetadataRequest([])))
        finally:
            connection.close()

    async def _get_conn(self, node_id: Any, **how: Any) -> Any:
        if self._ended:
            return None
        for known in self._known():
            if not known.connected():
                known.close()
        connection = await cast("Any", super())._get_conn(node_id, **how)  # noqa: SLF001
        if self._ended and connection is not None:
            connection.close()
            return None
        return connection

    def force_metadata_update(self) -> Any:
        """Fails once this is closing: nobody is left to update anything."""
        if not self._ended:
            return cast("Any", super()).force_metadata_update()
        failed: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        failed.set_exception(KafkaConnectionError("closed"))
        failed.exception()  # Not everybody who asks for news waits for them.
        return failed

    async def close(self) -> None:
        """Ends all connections, and whatever waits for their answers fails. Takes no longer than CLOSE_WITHIN_S."""
        self._ended = True
        writers = [known._writer for known in self._known()]  # noqa: SLF001
        closing = asyncio.create_task(cast("Any", super()).close(), name="kafka:closing")
        try:
            await asyncio.wait([closing], timeout=CLOSE_WITHIN_S)
        finally:
            for writer in writers:
                if writer is not None:
                    writer.transport.abort()
        await asyncio.wait([closing])
        waiting: asyncio.Future[bool] | None = cast("Any", self)._md_update_fut  # noqa: SLF001
        if waiting is not None and not waiting.done():
            waiting.set_result(False)

    def _known(self) -> list[Any]:
        return [*cast("Any", self)._conns.values()]  # noqa: SLF001


class Producer(AIOKafkaProducer):
    """aiokafka's own tries for ever when it is idempotent, and closes only after it has succeeded."""

    def __init__(self, **settings: Any) -> None:
        cast("Any", super()).__init__(**settings)
        guard(self.client)

    async def stop(self) -> None:
        """Closes at once; what was on its way may arrive or not."""
        self._closed = True
        accumulator: Any = self._message_accumulator
        accumulator._batches.clear()  # noqa: SLF001  (it has no other way of giving up)
        await self.client.close()
        sending: asyncio.Task[None] | None = self._sender.sender_task
        if sending is not None:
            sending.cancel()
            await asyncio.wait([sending], timeout=CLOSE_WITHIN_S)


class Consumer(AIOKafkaConsumer):
    """aiokafka's own waits for its group while Kafka is away, and leaves its work running when it is cancelled."""

    def __init__(self, *topics: str, **settings: Any) -> None:
        cast("Any", super()).__init__(*topics, **settings)
        guard(self._client)

    async def stop(self) -> None:
        """Leaves its group if it can, and closes."""
        leaving = asyncio.create_task(cast("Any", super()).stop(), name="kafka:leaving")
        try:
            await asyncio.wait([leaving], timeout=LEAVE_WITHIN_S)
        finally:
            await self._client.close()  # Whatever it still waits for fails, and it goes on to its end.
            await asyncio.wait([leaving], timeout=CLOSE_WITHIN_S)
            leaving.cancel()


class Admin(AIOKafkaAdminClient):
    """aiokafka's own, with our client."""

    def __init__(self, **settings: Any) -> None:
        cast("Any", super()).__init__(**settings)
        guard(self._client)


def guard(client: Any) -> None:
    """Makes ours of the client that one of aiokafka's others has made for itself: it takes none from outside."""
    client.__class__ = Client
