"""Serves one of the development processes on its port, and says in the logs whom it answered."""

import re
import time
import uuid

import uvicorn
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from runtime.logs import logger, request_context

REQUEST_ID = re.compile(r"[A-Za-z0-9._:-]{1,64}")
TRACEPARENT = re.compile(r"00-([0-9a-f]{32})-[0-9a-f]{16}-[0-9a-f]{2}")
UNTOLD = ("/health/", "/metrics")
"""Asked every few seconds by whoever watches us: not worth a line."""


class Told:
    """Logs every request once it is answered, with its ids; never its query, headers or body: they may hold secrets."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"].startswith(UNTOLD):
            await self._app(scope, receive, send)
            return
        headers = Request(scope).headers
        offered = headers.get("x-request-id", "")
        trace = TRACEPARENT.fullmatch(headers.get("traceparent", ""))
        with request_context(
            offered if REQUEST_ID.fullmatch(offered) else uuid.uuid4().hex, trace.group(1) if trace else None
        ):
            await self._answer(scope, receive, send)

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        begun, status = time.perf_counter(), 0

        async def sending(message: Message) -> None:
            nonlocal status
            status = message.get("status", status)
            await send(message)

        try:
            await self._app(scope, receive, sending)
        finally:
            taken_ms = round((time.perf_counter() - begun) * 1_000, 1)
            told = {"method": scope["method"], "path": scope["path"], "status": status, "taken_ms": taken_ms}
            logger("requests").info("answered", **told)


def server(app: ASGIApp, host: str, port: int) -> uvicorn.Server:
    """A server that leaves logging to the process and lets requests end for 3 s when it is stopped."""
    config = uvicorn.Config(
        Told(app),
        host=host,
        port=port,
        ws="none",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        timeout_graceful_shutdown=3,
    )
    return uvicorn.Server(config)
