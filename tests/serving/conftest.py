"""The parlour behind its door: `http` talks to the application, `server` is a real one."""

import asyncio
import socket
from collections.abc import AsyncGenerator, Generator
from contextlib import asynccontextmanager, contextmanager

import httpx
import pytest
from starlette.applications import Starlette

from runtime.serving import build_app
from runtime.serving.application import DrainingServer, configuration
from tests.serving.parlour import HANDS, ROUTER, TALKS, Hands, Talk, door, parlour


@pytest.fixture
def hands() -> Hands:
    """The clock of every parlour, set back to where it began."""
    HANDS.seconds = Hands().seconds
    return HANDS


@pytest.fixture
def talk() -> Talk:
    TALKS["talk"] = Talk()
    return TALKS["talk"]


@pytest.fixture
def app() -> Starlette:
    return build_app([parlour()], door(HANDS), init_within_s=0.3)


@pytest.fixture
async def http(app: Starlette) -> AsyncGenerator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(app, raise_app_exceptions=True)
    async with httpx.AsyncClient(transport=transport, base_url="http://parlour", headers=ROUTER) as client:
        yield client


class GuestServer(DrainingServer):
    """A server inside the test's process: signals are not its business, and it says when it listens."""

    def __init__(self, app: Starlette) -> None:
        super().__init__(configuration(app), app.state.draining)
        self.listening = asyncio.Event()
        self.address = ""

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.listening.set()

    @contextmanager
    def capture_signals(self) -> Generator[None]:
        yield


@asynccontextmanager
async def started() -> AsyncGenerator[GuestServer]:
    guest = GuestServer(build_app([parlour()], door(HANDS), init_within_s=0.3))
    with socket.create_server(("127.0.0.1", 0)) as bound:
        guest.address = "127.0.0.1:" + str(bound.getsockname()[1])
        running = asyncio.create_task(guest.serve([bound]))
        await guest.listening.wait()
        yield guest
        guest.should_exit = True
        await running


@pytest.fixture(scope="module")
async def server() -> AsyncGenerator[GuestServer]:
    """A real server for the module's tests."""
    async with started() as guest:
        yield guest


@pytest.fixture
async def own_server() -> AsyncGenerator[GuestServer]:
    """A real server for one test, which may stop it."""
    async with started() as guest:
        yield guest
