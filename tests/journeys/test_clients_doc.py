"""The page for clients is true: its blocks run, and its tables are what the graph, the cards and the router say."""

import asyncio
import os
import re

import pytest
from graphql import GraphQLSchema, build_schema, parse, validate

from kernel.graph.errors import INTERNAL, PUBLIC_CODES
from runtime.development.provider.cards import cards_table
from tests.journeys.conftest import SignIn
from tests.journeys.page import ROOT, Reader, blocks_of
from tests.journeys.person import Json
from tests.journeys.refusal_tables import own_fields, refusals_by_mutation
from tests.running_platform import RunningPlatform

pytestmark = [pytest.mark.anyio, pytest.mark.journey, pytest.mark.timeout(240)]

PAGE = ROOT / "docs" / "clients.md"
ROUTER = ROOT / "router" / "gateway"
ROW = re.compile(r"^\| `?(\w+)`? \| (.*?) ?\|", re.MULTILINE)


@pytest.fixture(scope="module")
def schema() -> GraphQLSchema:
    return build_schema((ROOT / "schema" / "api.graphql").read_text())


async def test_every_block_does_what_the_page_says(platform: RunningPlatform, sign_in: SignIn) -> None:
    environment = {**os.environ, "PORT": str(platform.port), "DATA_DIR": str(platform.data_dir)}
    reader = Reader(sign_in, environment)
    block = None
    try:
        async with asyncio.timeout(200), asyncio.TaskGroup() as aside:
            for block in blocks_of(PAGE):
                await reader.follow(block, aside)
            await reader.close_tabs()
    except BaseException as failed:
        failed.add_note(f"{PAGE.name}, the last block begun is the one at line {block.line if block else 0}")
        raise
    assert any("COMPLETED" in said for said in reader.said), "the watcher in Python saw the end"
    assert any("event: complete" in said for said in reader.said), "and so did curl"
    (followed,) = [tab.items for tab in reader.tabs if "deliveryLocation" in tab.document]
    assert_comes_closer([item["position"] for item in followed if item["position"]])
    assert followed[0]["position"] is None, "nobody was on the way yet"
    assert followed[-1]["phase"] == "ENDED"


def assert_comes_closer(positions: list[Json]) -> None:
    """The courier moves on the customer's map: coarsely to the restaurant, exactly to the door."""
    exact = [position for position in positions if not position["coarse"]]
    assert len({(position["latitude"], position["longitude"]) for position in exact}) >= 3, positions
    assert positions[0]["coarse"], "until the food is fetched"
    moments = [position["recordedAt"] for position in positions]
    assert moments == sorted(moments)


def test_the_tables_of_refusals_are_the_graphs(schema: GraphQLSchema) -> None:
    text = PAGE.read_text()
    assert refusals_by_mutation(schema) in text
    said = {name: re.findall(r"`(\w+)`", fields) for name, fields in ROW.findall(section(text, "Refusals"))}
    assert {name: said.get(name) for name in own_fields(schema)} == own_fields(schema)


def test_the_documents_of_the_readme_fit_the_graph(schema: GraphQLSchema) -> None:
    blocks = [block for block in blocks_of(ROOT / "README.md") if block.language == "graphql"]
    documents = [document for block in blocks for document in block.text.split("\n\n")]
    assert documents
    for document in documents:
        assert validate(schema, parse(document)) == []


def test_the_cards_are_the_providers() -> None:
    assert cards_table() in PAGE.read_text()


def test_every_error_code_is_explained() -> None:
    explained = {name for name, _ in ROW.findall(section(PAGE.read_text(), "Errors")) if name.isupper()}
    refused = set(re.findall(r'Refused\(\d+, "(\w+)"', javascript()))
    assert explained == {*PUBLIC_CODES, INTERNAL, *refused}


def test_every_close_code_is_explained() -> None:
    explained = {code for code, _ in ROW.findall(section(PAGE.read_text(), "When a socket closes")) if code.isdigit()}
    said = re.findall(r"(?:close|ProtocolBroken)\((\d{4}),|SLOW_CONSUMER = (\d{4})", javascript())
    assert explained == {code for pair in said for code in pair if code}


def javascript() -> str:
    """The gateway's own code."""
    files = [path for path in ROUTER.rglob("*.js") if "node_modules" not in path.parts]
    return "\n".join(path.read_text() for path in files)


def section(text: str, heading: str) -> str:
    return text.split(f"\n## {heading}\n", 1)[1].split("\n## ", 1)[0]
