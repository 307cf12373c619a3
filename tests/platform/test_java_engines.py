"""Kafka and OpenSearch as `make up ENGINES=real` and the tests run them."""

import asyncio
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from runtime.adapters.kafka.administering import Topic, open_administration
from runtime.engines import jars
from runtime.engines.kafka import KafkaBroker
from runtime.engines.opensearch import OpenSearchNode
from runtime.engines.programs import ProgramMissing
from runtime.engines.running import running
from runtime.prerequisites import CannotStart
from runtime.settings import Settings
from runtime.supervision.listing import engines
from runtime.supervision.up import check_java_engines, ports_of
from tests.conftest import test_settings
from tests.engines import ask, kafka_broker_in, opensearch_node_in, skip_without

ROOT = Path(__file__).parents[2]
NOTES = Topic(name="notes", partitions=3, settings={"retention.ms": "1000"})


@pytest.mark.anyio
@pytest.mark.parametrize("_time", range(2))
async def test_kafka_has_no_topics_for_each_test(kafka: str, _time: int) -> None:
    async with open_administration(kafka) as topics:
        assert await topics.partitions() == {}
        await topics.create([NOTES])
        assert await topics.partitions() == {"notes": 3}
        assert await topics.settings(["notes"]) == {"notes": {"retention.ms": "1000"}}


@pytest.mark.parametrize("_time", range(2))
def test_opensearch_has_no_indices_for_each_test(opensearch: str, opensearch_node: OpenSearchNode, _time: int) -> None:
    assert opensearch == opensearch_node.url
    assert b"notes" not in ask(opensearch_node, "GET", "/_cat/indices")[1]
    assert ask(opensearch_node, "PUT", "/notes")[0] == 200


@pytest.mark.engines
@pytest.mark.parametrize("make", [kafka_broker_in, opensearch_node_in])
def test_a_killed_engine_comes_back_in_its_folder_on_another_port(
    make: Callable[[Path], KafkaBroker | OpenSearchNode], tmp_path: Path
) -> None:
    engine = make(tmp_path / "engine")
    skip_without("kafka" if isinstance(engine, KafkaBroker) else "opensearch")
    with running(engine, within_seconds=90) as process:
        leave_something(engine)
        process.kill()
        process.wait()
        assert not engine.accepts()
    other = make(tmp_path / "engine")
    assert other.port != engine.port
    with running(other, within_seconds=90):
        assert still_there(other)


def leave_something(engine: KafkaBroker | OpenSearchNode) -> None:
    if isinstance(engine, KafkaBroker):
        asyncio.run(make_notes(engine.servers))
        return
    assert ask(engine, "PUT", "/notes/_doc/1?refresh=true", b'{"a": 1}')[0] == 201


async def make_notes(servers: str) -> None:
    async with open_administration(servers) as topics:
        await topics.create([NOTES])


def still_there(engine: KafkaBroker | OpenSearchNode) -> bool:
    if isinstance(engine, KafkaBroker):
        return asyncio.run(partitions_of(engine.servers)) == {"notes": 3}
    return b'"found":true' in ask(engine, "GET", "/notes/_doc/1")[1]


async def partitions_of(servers: str) -> dict[str, int]:
    async with open_administration(servers) as topics:
        return dict(await topics.partitions())


STARTER = """
import subprocess, sys
from pathlib import Path
from runtime.engines.kafka import KafkaBroker
broker = KafkaBroker(folder=Path(sys.argv[1]), port=int(sys.argv[2]), controller_port=int(sys.argv[2]) + 1)
print(subprocess.Popen(broker.command(), start_new_session=True).pid, flush=True)
input()
"""


@pytest.mark.engines
def test_an_engine_dies_with_whoever_started_it(tmp_path: Path) -> None:
    skip_without("kafka")
    broker = kafka_broker_in(tmp_path / "broker")
    broker.prepare()
    arguments = [sys.executable, "-c", STARTER, str(broker.folder), str(broker.port)]
    with subprocess.Popen(arguments, stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=ROOT) as parent:
        assert parent.stdout is not None
        process = psutil.Process(int(parent.stdout.readline()))
        while not broker.accepts():
            assert process.is_running()
        parent.kill()
    process.wait(timeout=20)
    assert not broker.accepts()


def test_a_missing_java_or_engine_is_one_sentence(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    with pytest.raises(ProgramMissing, match=r"need Java 17 or newer, and '/nowhere/java' does not start\."):
        jars.java_program("/nowhere/java")
    old = tmp_path / "java"
    old.write_text("#!/bin/sh\necho 'openjdk version \"11.0.2\"' >&2\n")
    old.chmod(0o755)
    with pytest.raises(ProgramMissing, match=r"need Java 17 or newer, and this is 11\."):
        jars.java_program(str(old))
    monkeypatch.setattr(jars, "ENGINES", tmp_path / ".engines")
    with pytest.raises(ProgramMissing, match=r"There is no kafka in \.engines: run `make engines` once\."):
        jars.jars_of("kafka")


def test_a_jar_that_is_not_as_locked_is_refused(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(jars, "ENGINES", tmp_path / ".engines")

    def a_stranger(_engine: str, folder: Path) -> None:
        folder.mkdir(parents=True)
        (folder / "kafka-clients-4.1.1.jar").write_bytes(b"another one")

    monkeypatch.setattr(jars, "run_maven", a_stranger)
    with pytest.raises(CannotStart, match=r"What Maven fetched for kafka is refused: .* not as locked\."):
        jars.fetch("kafka")
    assert list((tmp_path / ".engines").iterdir()) == []


def test_without_maven_one_sentence_says_so() -> None:
    done = subprocess.run(
        [sys.executable, "-c", "from runtime.engines.jars import *; run_maven('kafka', Path('x'))"],
        env={**os.environ, "PATH": "/nowhere"},
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert "Maven is needed to fetch Kafka and OpenSearch, and no mvn is on PATH." in done.stderr


def names(settings: Settings) -> set[str]:
    return {program.name for program in engines(settings)}


def test_real_engines_run_beside_the_others_and_have_ports_of_their_own() -> None:
    real = test_settings(ENGINES="real")
    assert names(real) - names(test_settings()) == {"kafka", "opensearch"}
    ports = ports_of(real)
    assert ports["kafka"] == real.kafka_port
    assert ports["opensearch"] == real.opensearch_port
    assert len(set(ports.values())) == len(ports)
    assert real.event_log_url == real.positions_url == f"kafka://127.0.0.1:{real.kafka_port}"


def test_engines_that_others_run_are_not_started() -> None:
    elsewhere = {"EVENT_LOG_URL": "kafka://k:9092", "POSITIONS_URL": "valkey:", "SEARCH_URL": "opensearch://o:9200"}
    assert names(test_settings(ENGINES="real", **elsewhere)) == names(test_settings())
    assert "kafka" in names(test_settings(ENGINES="real", EVENT_LOG_URL="journal:"))


def test_a_platform_that_cannot_run_its_engines_says_so(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    check_java_engines(test_settings(JAVA_BIN="/nowhere/java"))
    monkeypatch.setattr(jars, "ENGINES", tmp_path / ".engines")
    with pytest.raises(CannotStart, match="run `make engines` once"):
        check_java_engines(test_settings(ENGINES="real"))
