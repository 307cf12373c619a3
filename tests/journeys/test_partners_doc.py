"""The page for partners is true: its blocks run through the router, fit the contract, and show nobody else's orders."""

import asyncio
import os

import pytest
from graphql import GraphQLSchema, build_schema, parse, validate

from runtime.development.issuer.people import PARTNER_SCOPES
from tests.journeys.conftest import PARTNER, SignIn
from tests.journeys.page import ROOT, Reader, blocks_of
from tests.journeys.person import Person
from tests.running_platform import RunningPlatform

pytestmark = [pytest.mark.anyio, pytest.mark.journey, pytest.mark.timeout(240)]

PAGE = ROOT / "docs" / "partners.md"
SEEN = "status collectionCode deliveryAddress { street } payments { status }"


@pytest.fixture
def contract() -> GraphQLSchema:
    return build_schema((ROOT / "schema" / "partner.graphql").read_text())


async def test_every_block_does_what_the_page_says(
    platform: RunningPlatform, sign_in: SignIn, aino: Person, sanna: Person
) -> None:
    async def as_partner(name: str | None) -> Person:
        assert name == "partner"
        return await sign_in(PARTNER)

    environment = {**os.environ, "PORT": str(platform.port), "DATA_DIR": str(platform.data_dir)}
    reader = Reader(as_partner, environment)
    block = None
    try:
        async with asyncio.timeout(200), asyncio.TaskGroup() as aside:
            for block in blocks_of(PAGE):
                await reader.follow(block, aside)
            await reader.close_tabs()
    except BaseException as failed:
        failed.add_note(f"{PAGE.name}, the last block begun is the one at line {block.line if block else 0}")
        raise
    (watched,) = [tab.items for tab in reader.tabs if not tab.is_endless]
    assert watched[-1]["order"]["status"] == "COMPLETED"
    for order in (reader.kept["ORDER"], reader.kept["SECOND"]):
        asked = f'query Look {{ order(id: "{order}") {{ {SEEN} }} }}'
        assert (await aino.ask(asked))["order"] is None
        assert (await sanna.ask(asked))["order"] is not None


def test_its_documents_fit_the_contract(contract: GraphQLSchema) -> None:
    documents = [block.text for block in blocks_of(PAGE) if block.language == "graphql"]
    assert len(documents) > 10
    for document in documents:
        assert validate(contract, parse(document)) == []


def test_it_names_the_scopes_there_are() -> None:
    text = PAGE.read_text()
    assert all(f"| `{scope}` |" in text for scope in PARTNER_SCOPES)
