"""What the tests of the gateway may ask for.

- `graph` (session): the composed supergraph of the tests' subgraphs, as a file.
- `subgraphs` (session): their process. `router` (session): who plans and executes, each in turn.
- `gateway` (session): a gateway before them with that router and the usual settings.
- `client` (function): an HTTP client of that gateway, `post(document, **variables)`.
- `talk` (function): opens a WebSocket of that gateway.
"""

from collections.abc import AsyncGenerator, Iterator
from pathlib import Path

import httpx
import pytest

from tests.router.hive_router import hive_router_bin
from tests.router.processes import Gateway, Subgraphs, composed, running_gateway, running_subgraphs


@pytest.fixture(scope="session")
def graph(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return composed(tmp_path_factory.mktemp("supergraph"))


@pytest.fixture(scope="session")
def subgraphs() -> Iterator[Subgraphs]:
    with running_subgraphs() as running:
        yield running


@pytest.fixture(scope="session", params=["gateway", "hive"])
def router(request: pytest.FixtureRequest) -> str:
    if request.param == "hive":
        hive_router_bin()
    return request.param


@pytest.fixture(scope="session")
def gateway(graph: Path, subgraphs: Subgraphs, router: str) -> Iterator[Gateway]:
    with running_gateway(graph, subgraphs.url, router) as running:
        yield running
        assert running.process.poll() is None, "a test brought the gateway down"
        assert running.complaints == []
        assert not [record for record in running.records if record["level"] == "error"]


@pytest.fixture
async def client(gateway: Gateway) -> AsyncGenerator[httpx.AsyncClient]:
    async with httpx.AsyncClient(base_url=gateway.url, timeout=20) as opened:
        yield opened
