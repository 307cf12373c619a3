"""What the conformance suite may ask for.

- `deployment` (session, for each router): a graph with everything behind it, or the one given by `--graph-url`.
- `sign_in(name)` (function): that demo person, signed in at the issuer; `sign_in(None)` is nobody.
- `aino`, `nobody` … (function): these people. `meal` (function): what they ordered, made once for each deployment.
- `client` (function): a bare HTTP client of the graph's server. `talk` (function): opens a bare socket.
"""

from collections.abc import AsyncGenerator, Callable, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager

import httpx
import pytest
from websockets.asyncio.client import connect
from websockets.typing import Origin, Subprotocol

from simulator.graph import Patience
from simulator.signing_in import SignedIn
from tests.journeys.conftest import SignIn
from tests.journeys.person import PROTOCOL, Person
from tests.router.asking import Conversation
from tests.router.conformance.deployment import ROUTERS, Deployment, by_url, deployed
from tests.router.conformance.meals import Meal, kept_meal

Talk = Callable[..., AbstractAsyncContextManager[Conversation]]


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("conformance of a router that others run")
    group.addoption("--graph-url", help="its graph: http://127.0.0.1:4000/graphql")
    group.addoption("--issuer-url", help="where the demo people sign in; by default three ports above the graph's")
    group.addoption("--allowed-origin", help="an origin of pages that may use it; by default its own")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "deployment" in metafunc.fixturenames:
        given = metafunc.config.getoption("graph_url", None)
        metafunc.parametrize("deployment", [given or "by url"] if given else ROUTERS, indirect=True, scope="session")


@pytest.fixture(scope="session")
def deployment(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployment]:
    option = request.config.getoption
    if request.param not in ROUTERS:
        yield by_url(request.param, option("issuer_url", None), option("allowed_origin", None))
        return
    with deployed(request.param, tmp_path_factory.mktemp(request.param)) as opened:
        yield opened


@pytest.fixture
async def sign_in(deployment: Deployment) -> AsyncGenerator[SignIn]:
    limits = httpx.Limits(max_connections=100, max_keepalive_connections=20)
    async with httpx.AsyncClient(timeout=20, limits=limits) as http:

        async def known(name: str | None) -> Person:
            if name and name not in deployment.tokens:
                deployment.tokens[name] = await SignedIn(name, deployment.issuer_url, http, Patience()).token()
            return Person(http, deployment.graph_url, name or "nobody", deployment.tokens.get(name or ""))

        yield known


@pytest.fixture
async def aino(sign_in: SignIn) -> Person:
    return await sign_in("aino")


@pytest.fixture
async def eero(sign_in: SignIn) -> Person:
    return await sign_in("eero")


@pytest.fixture
async def nobody(sign_in: SignIn) -> Person:
    return await sign_in(None)


@pytest.fixture
async def meal(deployment: Deployment, sign_in: SignIn) -> Meal:
    return await kept_meal(sign_in, deployment.kept)


@pytest.fixture
async def client(deployment: Deployment) -> AsyncGenerator[httpx.AsyncClient]:
    async with httpx.AsyncClient(base_url=deployment.root_url, timeout=20) as opened:
        yield opened


@pytest.fixture
def talk(deployment: Deployment) -> Talk:
    @asynccontextmanager
    async def open_socket(protocol: str = PROTOCOL, origin: str | None = None) -> AsyncGenerator[Conversation]:
        async with connect(
            deployment.socket_url,
            subprotocols=[Subprotocol(protocol)],
            origin=Origin(origin) if origin else None,
            compression=None,
            close_timeout=1,
            proxy=None,
        ) as socket:
            yield Conversation(socket)

    return open_socket
