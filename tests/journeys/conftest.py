"""The whole platform for journeys: real processes, a small city, and the people of the demo with their tokens.

- `platform` (session): a running platform of its own folder and ports. Nobody may stop any of its processes.
- `sign_in(name)` (function): that demo person or partner, signed in at the issuer; `sign_in(None)` is nobody.
- `aino`, `eero`, `kitchen`, `sanna` … (function): these people.
"""

from collections.abc import AsyncGenerator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager

import httpx
import pytest

from runtime.settings import Settings
from simulator.graph import Patience
from simulator.signing_in import SignedIn
from tests.journeys.person import Person
from tests.running_platform import RunningPlatform, platform_in

PARTNER = "partner-demo"
SMALL_CITY = {"CITY_RESTAURANTS": "4"}
SignIn = Callable[[str | None], Awaitable[Person]]


@pytest.fixture(scope="session")
def platform(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningPlatform]:
    with platform_in(tmp_path_factory.mktemp("journeys") / "kept", environment=SMALL_CITY) as opened:
        yield opened


@pytest.fixture(scope="session")
def kept() -> dict[str, str]:
    """The restaurant of `kept_restaurant`, once it is there."""
    return {}


@asynccontextmanager
async def door_of(platform: RunningPlatform) -> AsyncGenerator[SignIn]:
    """Signs people in at that platform; each once, however often asked."""
    known: dict[str | None, Person] = {}
    limits = httpx.Limits(max_connections=100, max_keepalive_connections=20)
    async with httpx.AsyncClient(timeout=20, limits=limits) as http:

        async def sign_in(name: str | None) -> Person:
            if name not in known:
                token = await token_of(platform, http, name) if name else None
                known[name] = Person(http, platform.graph_url, name or "nobody", token)
            return known[name]

        yield sign_in


async def token_of(platform: RunningPlatform, http: httpx.AsyncClient, name: str) -> str:
    """From the issuer: for a person as a web page would, for the partner by its own credentials."""
    issuer = platform.address(3, "")
    if name != PARTNER:
        return await SignedIn(name, issuer, http, Patience()).token()
    secret = Settings.from_environment({"DATA_DIR": str(platform.data_dir)}).partner_secret
    form = {"grant_type": "client_credentials"}
    return (await http.post(f"{issuer}/token", data=form, auth=(PARTNER, secret))).json()["access_token"]


@pytest.fixture
async def sign_in(platform: RunningPlatform) -> AsyncGenerator[SignIn]:
    async with door_of(platform) as door:
        yield door


@pytest.fixture
async def aino(sign_in: SignIn) -> Person:
    return await sign_in("aino")


@pytest.fixture
async def eero(sign_in: SignIn) -> Person:
    return await sign_in("eero")


@pytest.fixture
async def kitchen(sign_in: SignIn) -> Person:
    return await sign_in("kitchen")


@pytest.fixture
async def sanna(sign_in: SignIn) -> Person:
    return await sign_in("sanna")


@pytest.fixture
async def nobody(sign_in: SignIn) -> Person:
    return await sign_in(None)
