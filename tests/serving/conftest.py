"""The parlour behind its door: `http` talks to the application, `server` is a real one."""

import asyncio
import socket
from collections.abc import AsyncGenerator, Generator
from contextlib import contextmanager

import httpx
import pytest
from starlette.applications import Starlette

from runtime.serving import build_app
from runtime.serving.application import DrainingServer, configuration
from tests.serving.parlour import ROUTER, TALKS, Hands, Talk, door, parlour


@pytest.fixture
def hands() -> Hands:
    return Hands()


@pytest.fixture
def talk() -> Talk:
    TALKS["talk"] = Talk()
    return TALKS["talk"]


@pytest.fixture
def app(hands: Hands) -> Starlette:
    return build_app([parlour()], door(hands), init_within_s=0.3)


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


@pytest.fixture
async def server(app: Starlette) -> AsyncGenerator[GuestServer]:
    """A real server, gone when the test is over."""
    guest = GuestServer(app)
    with socket.create_server(("127.0.0.1", 0)) as bound:
        guest.address = "127.0.0.1:" + str(bound.getsockname()[1])
        running = asyncio.create_task(guest.serve([bound]))
        await guest.listening.wait()
        yield guest
        guest.should_exit = True
        await running
