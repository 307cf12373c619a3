"""Kafka and OpenSearch for tests: started once in a session, emptied for each test, absent with one sentence."""

import http.client
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

import pytest

from runtime.adapters.kafka.administering import open_administration
from runtime.engines.jars import check_runs
from runtime.engines.kafka import KafkaBroker
from runtime.engines.opensearch import OpenSearchNode
from runtime.engines.programs import ProgramMissing
from runtime.engines.running import Engine, free_port, running

START_WITHIN_SECONDS = 90


def skip_without(engine: str) -> None:
    """Skips the test that asks, and says what would make it run."""
    try:
        check_runs(engine)
    except ProgramMissing as missing:
        pytest.skip(str(missing))


def kafka_broker_in(folder: Path) -> KafkaBroker:
    port = free_port(block=2)
    return KafkaBroker(folder=folder, port=port, controller_port=port + 1, short_lived=True)


def opensearch_node_in(folder: Path) -> OpenSearchNode:
    port = free_port(block=2)
    return OpenSearchNode(folder=folder, port=port, transport_port=port + 1, short_lived=True)


@contextmanager
def running_kafka(folder: Path) -> Generator[KafkaBroker]:
    skip_without("kafka")
    broker = kafka_broker_in(folder)
    with started(broker):
        yield broker


@contextmanager
def running_opensearch(folder: Path) -> Generator[OpenSearchNode]:
    skip_without("opensearch")
    node = opensearch_node_in(folder)
    with started(node):
        yield node


@contextmanager
def started(engine: Engine) -> Generator[None]:
    with running(engine, within_seconds=START_WITHIN_SECONDS):
        yield


async def delete_topics(servers: str) -> None:
    """Every topic but Kafka's own; what is made afterwards under the same name is new and empty."""
    async with open_administration(servers) as kafka:
        await kafka.delete(await kafka.partitions())


def delete_indices(node: OpenSearchNode) -> None:
    """Every index with its aliases, and every index template."""
    for path in ("/_all?expand_wildcards=all", "/_index_template/*"):
        assert ask(node, "DELETE", path)[0] in {200, 404}


def ask(node: OpenSearchNode, method: str, path: str, body: bytes | None = None) -> tuple[int, bytes]:
    """Status and body of one request."""
    connection = http.client.HTTPConnection(node.host, node.port, timeout=30)
    try:
        connection.request(method, path, body, {"Content-Type": "application/json"} if body else {})
        answer = connection.getresponse()
        return answer.status, answer.read()
    finally:
        connection.close()
