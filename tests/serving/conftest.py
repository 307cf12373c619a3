"""The parlour behind its door: `http` talks to the application, `server` is a real one."""

from collections.abc import AsyncGenerator
from contextlib import AbstractAsyncContextManager

import httpx
import pytest
from starlette.applications import Starlette

from runtime.serving import build_app
from tests.serving.guests import GuestServer, serving
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


def serving_parlour() -> AbstractAsyncContextManager[GuestServer]:
    return serving(build_app([parlour()], door(HANDS), init_within_s=0.3))


@pytest.fixture(scope="module")
async def server() -> AsyncGenerator[GuestServer]:
    """A real server for the module's tests."""
    async with serving_parlour() as guest:
        yield guest


@pytest.fixture
async def own_server() -> AsyncGenerator[GuestServer]:
    """A real server for one test, which may stop it."""
    async with serving_parlour() as guest:
        yield guest
