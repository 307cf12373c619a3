"""The page for readers of topics is true: its blocks run over a Kafka, and its tables are what the contract says."""

import asyncio
import json
import os
import re
import shutil
from pathlib import Path
from typing import Any

import pytest
import yaml

from kernel.log import START
from runtime.adapters.kafka.topics import topic
from runtime.adapters.postgres.log import PARTITIONS
from runtime.schema.topics import FILE, HEADERS
from tests.conftest import runtime_url, test_settings
from tests.contracts.publishing import Publisher, make_topics, open_publisher
from tests.journeys.page import ROOT, Block, Reader, blocks_of
from tests.journeys.person import Person
from tests.orders.bench import Bench, Counted, open_bench
from tests.patience import eventually

PAGE = ROOT / "docs" / "events.md"
TOPICS = ("orders.commands", "orders.events")
EVENTS_OF_AN_ORDER = 6  # its quote, placed, confirmed, accepted, begun, ready
REFERENCE = re.compile(r"#/components/schemas/(\w+)")


@pytest.fixture
def reader(kafka: str, tmp_path: Path) -> Reader:
    """Somebody with an address of Kafka and a folder."""
    return Reader(nobody, {**os.environ, "KAFKA": kafka, "EVENTS_FILE": str(tmp_path / "events.sqlite")})


async def nobody(name: str | None) -> Person:
    raise AssertionError(f"nothing on the page is asked of the graph, as {name} or anybody else")


@pytest.mark.anyio
@pytest.mark.engines
@pytest.mark.timeout(180)
async def test_every_block_does_what_the_page_says(
    reader: Reader, kafka: str, migrated_url: str, valkey_url: str
) -> None:
    settings = test_settings(
        OWNER_DATABASE_URL=migrated_url, DATABASE_URL=runtime_url(migrated_url), VALKEY_URL=valkey_url
    )
    await make_topics(kafka, TOPICS)
    async with open_bench(settings) as bench, open_publisher(kafka, bench.log, TOPICS) as publisher:
        await read_the_page(reader, bench, publisher)
    if shutil.which("kcat") is None:
        pytest.skip("kcat is not installed: its blocks were left out, the others are as the page says")


async def read_the_page(reader: Reader, bench: Bench, publisher: Publisher) -> None:
    bash = [block for block in blocks_of(PAGE) if block.language == "bash"]
    read, check = [block for block in blocks_of(PAGE) if block.language == "python"]
    order_id = await bench.up_to_ready()
    await all_published(bench, publisher)
    for block in bash:
        if "kcat" not in block.text or shutil.which("kcat"):
            await said(reader, block)
    if shutil.which("kcat"):
        shown = reader.said[-1]
        assert "OrderPlaced" in shown
        assert f"key {order_id}" in shown
        assert "ce_specversion=1.0" in shown

    assert await said(reader, read) == f"{EVENTS_OF_AN_ORDER} new, 0 repeated\n"
    assert await said(reader, read) == "0 new, 0 repeated\n"
    publisher.fall_back()
    await bench.quote()
    await all_published(bench, publisher)
    assert await said(reader, read) == f"1 new, {EVENTS_OF_AN_ORDER} repeated\n"
    assert await said(reader, check) == f"{EVENTS_OF_AN_ORDER + 1} as the contract says\n"


async def all_published(bench: Bench, publisher: Publisher) -> None:
    """Returns when all that was journaled is in Kafka; records show a moment after they are written."""

    async def all_show() -> bool:
        showing = await bench.log.read({(name, number): START for name in TOPICS for number in range(PARTITIONS)}, 500)
        (written,) = await bench.equipment.views.fetch(Counted, "select count(*) as events from journal")
        return len(showing) == written.events

    await eventually(all_show)
    await publisher.publish()


async def said(reader: Reader, block: Block) -> str:
    """What the block prints."""
    async with asyncio.TaskGroup() as aside:
        await reader.follow(block, aside)
    return reader.said[-1]


@pytest.fixture(scope="module")
def contract() -> dict[str, Any]:
    return yaml.safe_load((ROOT / "schema" / FILE).read_text())


def reached(schemas: dict[str, Any], names: set[str]) -> set[str]:
    """These schemas and all that they refer to."""
    held = {found for name in names for found in REFERENCE.findall(json.dumps(schemas[name]))}
    return names if held <= names else reached(schemas, names | held)


def subjects(schemas: dict[str, Any], names: set[str]) -> set[str]:
    """The fields that say whose personal data there is in these."""
    fields = [field for name in reached(schemas, names) for field in schemas[name].get("properties", {}).values()]
    return {field["x-personal"]["subject"] for field in fields if "x-personal" in field}


def test_its_table_of_topics_is_the_contracts(contract: dict[str, Any]) -> None:
    rows = re.findall(r"^\| `([\w.]+)` \| [^|]+ \| (\d+) \| ([^|]*)\|$", PAGE.read_text(), re.MULTILINE)
    shown = {name: (int(messages), {*re.findall(r"`(\w+)`", whose)}) for name, messages, whose in rows}
    schemas = contract["components"]["schemas"]
    assert shown == {
        channel["address"]: (len(channel["messages"]), subjects(schemas, {*channel["messages"]}))
        for channel in contract["channels"].values()
    }


def test_its_table_of_headers_is_the_contracts() -> None:
    text = PAGE.read_text()
    rows = re.findall(
        r"^\| (`[\w-]+`(?:, `[\w-]+`)*) \|", text.split("| Header | Says |")[1].split("\n## ")[0], re.MULTILINE
    )
    assert {name for row in rows for name in re.findall(r"`([\w-]+)`", row)} == HEADERS.keys()


def test_it_says_how_topics_are_divided_and_kept() -> None:
    text, declared = PAGE.read_text(), topic("orders.events", replication=1)
    days = int(declared.settings["retention.ms"]) // 86_400_000
    assert f"A topic has {declared.partitions} partitions" in text
    assert f"range({declared.partitions})" in text
    assert f"Records are kept for {days} days" in text
    assert declared.settings["segment.ms"] == "86400000"
    assert topic("tracking.positions", replication=1).settings["retention.ms"] == str(15 * 60_000)
