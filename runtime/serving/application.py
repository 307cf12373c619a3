"""The ASGI application of some subgraphs, each at its own path, and the server that runs it."""

import asyncio
import gc
import socket
from collections.abc import Mapping, Sequence

import uvicorn
from starlette.applications import Starlette
from starlette.routing import BaseRoute, Route, WebSocketRoute

from kernel.graph.limits import Limits
from runtime.health import Check, health_routes
from runtime.serving.callers import Door
from runtime.serving.executing import Execution, Served
from runtime.serving.posting import Posting
from runtime.serving.sockets import INIT_WITHIN_S, Sockets
from runtime.serving.streaming import Draining

MAX_FRAME_BYTES = 64 * 1024
GRACE_S = 10
KEEP_ALIVE_S = 30
BACKLOG = 2048
METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE")
"""All of them come to our handler, which says in JSON what it takes."""


def build_app(
    served: Sequence[Served],
    door: Door,
    *,
    checks: Mapping[str, Check] | None = None,
    limits: Limits | None = None,
    init_within_s: float = INIT_WITHIN_S,
) -> Starlette:
    """`/<name>/graphql` for each subgraph (POST, server-sent events, WebSocket), and the health and metrics routes."""
    draining = asyncio.Event()
    routes: list[BaseRoute] = [*health_routes({**(checks or {}), "not stopping": _running(draining)})]
    for each in served:
        execution = Execution(each, limits)
        path = f"/{each.name}/graphql"
        routes.append(Route(path, Posting(execution, door, draining).answer, methods=METHODS))
        routes.append(WebSocketRoute(path, Sockets(execution, door, init_within_s).converse))
    app = Starlette(routes=routes)
    app.state.draining = draining
    return app


def _running(draining: Draining) -> Check:
    async def check() -> None:
        if draining.is_set():
            raise RuntimeError("the process is about to stop")

    return check


class DrainingServer(uvicorn.Server):
    """Ends streams and turns unready before it closes connections, so that stopping loses no request."""

    def __init__(self, config: uvicorn.Config, draining: Draining) -> None:
        super().__init__(config)
        self._draining = draining

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        self._draining.set()
        await super().shutdown(sockets)


def configuration(app: Starlette) -> uvicorn.Config:
    """As strict at the wire as the application is above it."""
    return uvicorn.Config(
        app,
        http="httptools",
        ws="websockets-sansio",
        ws_max_size=MAX_FRAME_BYTES,
        ws_per_message_deflate=False,
        timeout_keep_alive=KEEP_ALIVE_S,
        timeout_graceful_shutdown=GRACE_S,
        server_header=False,
        log_config=None,
        access_log=False,
    )


def listening_at(host: str, port: int) -> socket.socket:
    """A socket that answers at once. Raises `OSError` when the port is taken.

    asyncio would forget to set TCP_NODELAY on what a socket of ours accepts, since it does not name its protocol; each
    answer on a kept connection then waits 40 ms for the client's delayed acknowledgement. Linux lets it be inherited.
    """
    bound = socket.create_server((host, port), backlog=BACKLOG)
    bound.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return bound


async def serve(app: Starlette, host: str, port: int) -> None:
    """Serves `app` until the process is told to stop. Raises `OSError` when the port is taken."""
    # What was made to start with lives as long as the process: looking through it again and again costs pauses of
    # up to a second with thousands of watchers.
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 50)
    with listening_at(host, port) as bound:
        await DrainingServer(configuration(app), app.state.draining).serve(sockets=[bound])
