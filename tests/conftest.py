"""What every test may ask for. All engines are real; each pytest process (each xdist worker too) has its own.

- `anyio_backend`: asyncio. Mark async tests with `pytestmark = pytest.mark.anyio`; no event loop plugin is needed.
- `postgres` (session): a `PostgresForTests`. `.create_database(template="template1")` → URL of a new database as its
  owner, `.template(name, prepare)` → name of a template database that `prepare(url)` filled once in this session (clone
  it with `create_database(name)`, 60–100 ms), `.drop_database(url)`.
- `postgres_url` (function) and `module_postgres_url` (module): owner's URL of an empty, fresh database.
- `migrated_url` (function) and `module_migrated_url` (module): the same, already migrated (a clone of a template).
  `runtime_url(url)` turns such a URL into the one of the restricted role `runtime`, password `RUNTIME_PASSWORD`.
- `own_postgres` (function): a cluster of the test's own, for tests that hold transactions open or kill the server.
- `valkey_url` (function): URL of an empty Valkey. `valkey` (session): the server.
- `kafka` (function): bootstrap servers of a Kafka without topics. `kafka_broker` (session): the broker.
  `own_kafka` (function): a running broker of the test's own folder, for tests that kill it; takes 7 s.
- `opensearch` (function): URL of an OpenSearch without indices, as SEARCH_URL names it. `opensearch_node` (session).
  Whoever asks for one of these gets the marker `engines` (a parameter must carry it itself), which `make test` leaves
  out and `make test-engines` runs; without `make engines` they skip and say so.
- `free_port(block=1)`: a port nobody listens on, or the first of a block.
- `test_settings(**changes)`: `Settings` with test secrets and free ports; changes are environment variables.

Roles belong to a whole Postgres server: a migration creates them only if they are absent. Write connections one test
leaves open end with the test: dropping a database closes them.
"""

import asyncio
import socket
from collections.abc import Callable, Coroutine, Generator, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from urllib.parse import urlsplit

import asyncpg
import pytest
from hypothesis import HealthCheck, settings

from runtime.engines.kafka import KafkaBroker
from runtime.engines.opensearch import OpenSearchNode
from runtime.engines.postgres import PostgresCluster
from runtime.engines.running import free_port as find_free_port
from runtime.engines.running import running
from runtime.engines.valkey import ValkeyServer
from runtime.settings import PORT_OFFSETS, SECRET_NAMES, Settings
from tests.engines import delete_indices, delete_topics, running_kafka, running_opensearch

OWNER_PASSWORD = "owner-password-of-tests"
RUNTIME_PASSWORD = "runtime-password-of-tests"
settings.register_profile("untimed", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("untimed")  # the machine may be busy with others

ENGINES = frozenset({"kafka_broker", "own_kafka", "opensearch_node"})


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Whatever needs an engine of Java's is marked, so that nobody forgets to."""
    for item in items:
        if isinstance(item, pytest.Function) and ENGINES & set(item.fixturenames):
            item.add_marker("engines")


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    return "asyncio"


def free_port(block: int = 1) -> int:
    """A port nobody listens on, or the first of a block of them."""
    return find_free_port(block=block)


def runtime_url(owner_url: str) -> str:
    """The same database as the restricted role of the processes."""
    parts = urlsplit(owner_url)
    return f"postgresql://runtime:{RUNTIME_PASSWORD}@{parts.hostname}:{parts.port}{parts.path}"


def test_settings(**changes: str) -> Settings:
    """Settings of a platform under test: its own ports, fixed secrets; changes are environment variables."""
    ports = {name.upper(): str(free_port()) for name in PORT_OFFSETS}
    secrets = {name.upper(): f"{name}-of-tests" for name in SECRET_NAMES}
    known = {"OWNER_PASSWORD": OWNER_PASSWORD, "RUNTIME_PASSWORD": RUNTIME_PASSWORD}
    return Settings.from_environment({**ports, **secrets, **known, **changes})


test_settings.__test__ = False  # pyright: ignore[reportFunctionMemberAccess]  (a helper, not a test)


class PostgresForTests:
    """A running server and the databases made in it."""

    def __init__(self, cluster: PostgresCluster) -> None:
        self.cluster = cluster
        self.templates: set[str] = set()
        self.numbers = count(1)

    def create_database(self, template: str = "template1") -> str:
        name = f"test_{next(self.numbers)}"
        self.execute(f'create database "{name}" template "{template}" strategy file_copy')
        return self.cluster.url(name)

    def drop_database(self, url: str) -> None:
        self.execute(f'drop database if exists "{urlsplit(url).path[1:]}" with (force)')

    def template(self, name: str, prepare: Callable[[str], None]) -> str:
        if name not in self.templates:
            self.execute(f'create database "{name}"')
            prepare(self.cluster.url(name))
            self.templates.add(name)
        return name

    def execute(self, statement: str) -> None:
        async def run() -> None:
            connection = await asyncpg.connect(self.cluster.url("postgres"))
            try:
                await connection.execute(statement)
            finally:
                await connection.close()

        run_apart(run())


def run_apart(work: Coroutine[object, object, object]) -> None:
    """Run it to its end in a thread with a loop of its own, so that a fixture may call it from inside a loop too."""
    with ThreadPoolExecutor(max_workers=1) as thread:
        thread.submit(asyncio.run, work).result()


@contextmanager
def running_postgres(folder: Path) -> Generator[PostgresForTests]:
    cluster = PostgresCluster(folder=folder, port=free_port(), password=OWNER_PASSWORD, durable=False)
    with running(cluster):
        yield PostgresForTests(cluster)


@pytest.fixture(scope="session")
def postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PostgresForTests]:
    folder = tmp_path_factory.mktemp("postgres") / "cluster"
    with running_postgres(folder) as server:
        yield server


@pytest.fixture
def own_postgres(tmp_path: Path) -> Iterator[PostgresForTests]:
    with running_postgres(tmp_path / "own-cluster") as server:
        yield server


@pytest.fixture
def postgres_url(postgres: PostgresForTests) -> Iterator[str]:
    yield from a_database(postgres)


@pytest.fixture(scope="module")
def module_postgres_url(postgres: PostgresForTests) -> Iterator[str]:
    yield from a_database(postgres)


@pytest.fixture
def migrated_url(postgres: PostgresForTests) -> Iterator[str]:
    yield from a_database(postgres, postgres.template("migrated", migrate_database))


@pytest.fixture(scope="module")
def module_migrated_url(postgres: PostgresForTests) -> Iterator[str]:
    yield from a_database(postgres, postgres.template("migrated", migrate_database))


def a_database(postgres: PostgresForTests, template: str = "template1") -> Iterator[str]:
    url = postgres.create_database(template)
    yield url
    postgres.drop_database(url)


def migrate_database(url: str) -> None:
    from runtime.adapters.postgres.migrating import migrate
    from runtime.wiring import SCHEMAS

    run_apart(migrate(test_settings(OWNER_DATABASE_URL=url, DATABASE_URL=runtime_url(url)), SCHEMAS))


@pytest.fixture(scope="session")
def valkey(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ValkeyServer]:
    server = ValkeyServer(folder=tmp_path_factory.mktemp("valkey") / "server", port=free_port(), durable=False)
    with running(server):
        yield server


@pytest.fixture
def valkey_url(valkey: ValkeyServer) -> str:
    """An empty Valkey: what an earlier test left is gone."""
    with socket.create_connection((valkey.host, valkey.port), timeout=5) as connection:
        connection.sendall(b"FLUSHALL\r\n")
        assert connection.recv(64) == b"+OK\r\n"
    return valkey.url()


@pytest.fixture(scope="session")
def kafka_broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[KafkaBroker]:
    with running_kafka(tmp_path_factory.mktemp("kafka") / "broker") as broker:
        yield broker


@pytest.fixture
def kafka(kafka_broker: KafkaBroker) -> str:
    """A Kafka without topics: what an earlier test left is gone."""
    run_apart(delete_topics(kafka_broker.servers))
    return kafka_broker.servers


@pytest.fixture
def own_kafka(tmp_path: Path) -> Iterator[KafkaBroker]:
    with running_kafka(tmp_path / "own-kafka") as broker:
        yield broker


@pytest.fixture(scope="session")
def opensearch_node(tmp_path_factory: pytest.TempPathFactory) -> Iterator[OpenSearchNode]:
    with running_opensearch(tmp_path_factory.mktemp("opensearch") / "node") as node:
        yield node


@pytest.fixture
def opensearch(opensearch_node: OpenSearchNode) -> str:
    """An OpenSearch without indices and templates."""
    delete_indices(opensearch_node)
    return opensearch_node.url
