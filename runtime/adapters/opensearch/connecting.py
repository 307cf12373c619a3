"""Connections to OpenSearch: a bounded pool, an end to every wait, and one word for whatever goes wrong."""

import asyncio
import logging
import ssl
from collections.abc import AsyncGenerator, Generator
from contextlib import asynccontextmanager, contextmanager
from typing import Any, TypeVar
from urllib.parse import unquote, urlsplit

import msgspec
from opensearchpy import AsyncOpenSearch
from opensearchpy.exceptions import OpenSearchException, TransportError

from kernel.ports import Outage

CONNECTIONS = 16
"""Of one process; who finds none free waits for one within its own time."""
BULK_WITHIN_S = 30.0
AnswerT = TypeVar("AnswerT")


@asynccontextmanager
async def open_client(url: str) -> AsyncGenerator[AsyncOpenSearch]:
    """A client of the cluster at `url`, `opensearch://[USER:PASSWORD@]HOST:PORT` (`opensearchs:` with TLS).

    Nothing is sent before it is used, and nothing is ever sent twice by itself.
    """
    logging.getLogger("opensearch").setLevel(logging.CRITICAL)  # It tells of every request; who waits tells of outages.
    parts = urlsplit(url)
    secure = parts.scheme == "opensearchs"
    client = AsyncOpenSearch(
        hosts=[{"host": parts.hostname or "127.0.0.1", "port": parts.port or 9200}],
        http_auth=None if parts.username is None else (unquote(parts.username), unquote(parts.password or "")),
        use_ssl=secure,
        ssl_context=ssl.create_default_context() if secure else None,
        timeout=BULK_WITHIN_S,
        max_retries=0,
        retry_on_timeout=False,
        pool_maxsize=CONNECTIONS,
    )
    try:
        yield client
    finally:
        await client.close()


@contextmanager
def outages() -> Generator[None]:
    """Turns whatever the engine could not or would not do into Outage."""
    try:
        yield
    except (OpenSearchException, OSError, TimeoutError, msgspec.ValidationError) as error:
        raise Outage(f"OpenSearch: {_reason(error)}") from error


async def asked(
    client: AsyncOpenSearch, method: str, path: str, *, within_s: float, body: object = None, **params: str
) -> Any:
    """The answer to one request.

    Raises:
        TransportError: the engine refused it, or was not reached.
        TimeoutError: `within_s` passed.
    """
    content = None if body is None else body if isinstance(body, bytes) else msgspec.json.encode(body)
    async with asyncio.timeout(within_s):
        return await client.transport.perform_request(method, path, params=params, body=content)


def status_of(error: TransportError) -> int:
    """The HTTP status of a refusal; 0 when there was no answer."""
    status = error.status_code
    return status if isinstance(status, int) else 0


def _reason(error: Exception) -> str:
    if isinstance(error, TransportError):
        return f"{error.status_code} {error.error}"
    return f"{type(error).__name__}: {error}"
