"""Connecting to Kafka, and the line between an outage and a mistake."""

import logging
from collections.abc import AsyncGenerator, Generator
from contextlib import asynccontextmanager, contextmanager
from typing import Any

from aiokafka.errors import KafkaError

from kernel.ports import Outage
from runtime.adapters.kafka.clients import Admin

REQUEST_TIMEOUT_MS = 10_000
logging.getLogger("aiokafka").setLevel(logging.CRITICAL)  # It tells of each try; whoever tries tells of outages.
SCHEME = "kafka://"


@contextmanager
def outages() -> Generator[None]:
    """Turns whatever Kafka could not do into Outage; what is a mistake of ours its caller must sort out inside."""
    try:
        yield
    except (KafkaError, OSError, TimeoutError) as error:
        raise Outage(f"Kafka: {type(error).__name__}: {error}") from error


def servers_of(url: str) -> str:
    """The bootstrap servers that a `kafka://HOST:PORT,…` names."""
    return url.removeprefix(SCHEME).rstrip("/")


@asynccontextmanager
async def open_admin(servers: str) -> AsyncGenerator[Any]:
    """A client that makes and changes topics, connected. It is handed on untyped: aiokafka declares few types.

    Raises Outage when no server answers.
    """
    with outages():
        client: Any = Admin(bootstrap_servers=servers, request_timeout_ms=REQUEST_TIMEOUT_MS)
        try:
            await client.start()
            yield client
        finally:
            await client.close()
