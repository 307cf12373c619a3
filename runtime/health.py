"""What every process answers to whoever watches it: is it alive, is it ready, what does it measure."""

import asyncio
import socket
from collections.abc import AsyncGenerator, Awaitable, Callable, Generator, Mapping
from contextlib import asynccontextmanager, contextmanager

import uvicorn
from prometheus_client import CONTENT_TYPE_LATEST, Gauge, generate_latest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp

from runtime.logs import logger

CHECK_WITHIN_SECONDS = 2.0
TASKS = Gauge("event_loop_tasks", "Tasks of the process that have not ended, as it was asked.")

Check = Callable[[], Awaitable[object]]


def health_routes(checks: Mapping[str, Check]) -> list[Route]:
    """`/health/live`, `/health/ready` and `/metrics`, to mount in any Starlette application.

    A check is ready when it returns and not ready when it raises; each has two seconds, and all run at once. What it
    raised is logged and not shown.
    """

    async def live(_request: Request) -> Response:
        return JSONResponse({"status": "live"})

    async def ready(_request: Request) -> Response:
        names = list(checks)
        verdicts = await asyncio.gather(*(passes(name, checks[name]) for name in names))
        status = 200 if all(verdicts) else 503
        return JSONResponse(
            {
                "status": "ready" if status == 200 else "not ready",
                "checks": {name: "ok" if verdict else "failed" for name, verdict in zip(names, verdicts, strict=True)},
            },
            status_code=status,
        )

    async def metrics(_request: Request) -> Response:
        TASKS.set(len(asyncio.all_tasks()))
        return Response(generate_latest(), media_type=CONTENT_TYPE_LATEST)

    return [Route("/health/live", live), Route("/health/ready", ready), Route("/metrics", metrics)]


async def passes(name: str, check: Check) -> bool:
    try:
        async with asyncio.timeout(CHECK_WITHIN_SECONDS):
            await check()
    except Exception as error:  # noqa: BLE001  (whatever is wrong, the answer is "not ready")
        logger("health").warning("not ready", check=name, error=repr(error))
        return False
    return True


def health_app(checks: Mapping[str, Check]) -> Starlette:
    """For a process that serves nothing else."""
    return Starlette(routes=health_routes(checks))


class GuestServer(uvicorn.Server):
    """A server inside somebody else's process: signals are not its business, and it says when it listens."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.listening = asyncio.Event()
        self.ended = asyncio.Event()

    async def serve(self, sockets: list[socket.socket] | None = None) -> None:
        try:
            await super().serve(sockets)
        finally:
            self.ended.set()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.listening.set()

    @contextmanager
    def capture_signals(self) -> Generator[None]:
        yield


@asynccontextmanager
async def listening(app: ASGIApp, host: str, port: int) -> AsyncGenerator[None]:
    """The application answers HTTP inside the block, once it is entered. Raises OSError when the port is taken."""
    configuration = uvicorn.Config(app, log_config=None, access_log=False, ws="none", timeout_graceful_shutdown=3)
    server = GuestServer(configuration)
    with socket.create_server((host, port), backlog=128) as bound:
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(server.serve(sockets=[bound]))
            try:
                await server.listening.wait()
                yield
            finally:
                server.should_exit = True
                await server.ended.wait()  # before the group would cancel it in the middle of its closing
