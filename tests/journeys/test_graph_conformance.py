"""The graph as clients meet it: whatever its schema allows is answered through the router as the contract says."""

import asyncio
from pathlib import Path

import pytest
from graphql import build_schema

from tests.journeys.conftest import SignIn
from tests.running_platform import RunningPlatform
from tests.serving.conformance import check_schema

pytestmark = [pytest.mark.anyio, pytest.mark.journey, pytest.mark.timeout(240)]

API = Path(__file__).parents[2] / "schema" / "api.graphql"


async def test_the_router_answers_whatever_the_schema_allows(platform: RunningPlatform, sign_in: SignIn) -> None:
    people = [await sign_in(name) for name in (None, "aino", "owner-1", "sanna", "admin")]
    looked_at = await asyncio.to_thread(
        check_schema,
        build_schema(API.read_text()),
        platform.graph_url,
        {},
        tokens=[person.token for person in people],
        examples=5,
    )
    assert looked_at > 100
