"""Connecting to Valkey without redis-py's own ten retries: they hide outages and break calls that block."""

from typing import Any

from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff

CONNECT_TIMEOUT_S = 1.0


def connect(url: str, answer_timeout_s: float | None, retries: int = 0) -> Any:
    """A client that connects when it is first used; None for clients that block on purpose.

    It is handed on untyped: redis-py declares its results for its synchronous and asynchronous clients at once.
    """
    return Redis.from_url(  # pyright: ignore[reportUnknownMemberType]
        url,
        socket_timeout=answer_timeout_s,
        socket_connect_timeout=CONNECT_TIMEOUT_S,
        retry=Retry(NoBackoff(), retries),
    )
