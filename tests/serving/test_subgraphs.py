"""Every subgraph over its real engines, asked whatever its schema allows, by strangers and by people of every role."""

import pytest

from kernel.ownership import Viewer
from runtime.serving import Door, Served, build_app
from runtime.settings import Settings
from runtime.wiring import SUBGRAPHS, open_platform
from tests.conftest import runtime_url, test_settings
from tests.serving.conformance import check_app
from tests.serving.parlour import ROUTER, SECRET

pytestmark = pytest.mark.anyio

ROLES = {"aino": "customer", "owner-1": "restaurant", "sanna": "support", "admin": "admin"}


async def verify(token: str) -> Viewer:
    return Viewer(subject=token, roles=frozenset({ROLES[token]}))


@pytest.fixture
def platform_settings(migrated_url: str, valkey_url: str) -> Settings:
    return test_settings(OWNER_DATABASE_URL=migrated_url, DATABASE_URL=runtime_url(migrated_url), VALKEY_URL=valkey_url)


@pytest.mark.parametrize("name", [subgraph.name for subgraph in SUBGRAPHS])
async def test_a_subgraph_answers_whatever_its_schema_allows(platform_settings: Settings, name: str) -> None:
    async with open_platform(platform_settings) as platform:
        (subgraph,) = [each for each in platform.subgraphs if each.name == name]
        served: Served = platform.served(subgraph)
        app = build_app([served], Door(SECRET, verify))
        looked_at = await check_app(
            app, f"/{name}/graphql", served.schema.core, ROUTER, tokens=[None, *ROLES], examples=10
        )
    assert looked_at > 0
