"""The engines that tests and `make up` run."""

import os
import socket
import subprocess
import sys
from pathlib import Path

import asyncpg
import pytest

from runtime.engines.postgres import PostgresBroken, PostgresCluster
from runtime.engines.programs import ProgramMissing, postgres_programs, valkey_program
from runtime.engines.valkey import ValkeyServer
from tests.conftest import PostgresForTests, free_port

pytestmark = pytest.mark.anyio
ROOT = Path(__file__).parents[2]


async def test_a_database_is_empty_and_has_the_settings_we_rely_on(postgres_url: str) -> None:
    connection = await asyncpg.connect(postgres_url)
    try:
        assert await connection.fetchval("select count(*) from pg_tables where schemaname = 'public'") == 0
        assert await connection.fetchval("show max_connections") == "200"
        assert await connection.fetchval("show shared_preload_libraries") == "pg_stat_statements"
        assert await connection.fetchval("show synchronous_commit") == "on"
        assert await connection.fetchval("select datlocprovider = 'b' from pg_database where datname = 'template1'")
    finally:
        await connection.close()


async def test_a_template_is_filled_once_and_its_clones_are_apart(postgres: PostgresForTests) -> None:
    calls: list[str] = []
    names = {postgres.template("counted", calls.append) for _ in range(3)}
    assert len(calls) == 1
    first, second = (postgres.create_database(names.copy().pop()) for _ in range(2))
    assert first != second


@pytest.mark.parametrize("_time", range(2))
async def test_valkey_is_empty_for_each_test(valkey_url: str, valkey: ValkeyServer, _time: int) -> None:
    assert valkey.accepts()
    with socket.create_connection((valkey.host, valkey.port), timeout=5) as connection:
        connection.sendall(b"DBSIZE\r\n")
        assert connection.recv(64) == b":0\r\n"
        connection.sendall(b"SET left behind\r\n")
        assert connection.recv(64) == b"+OK\r\n"
    assert valkey_url == valkey.url()


START_AND_STOP = """
import os, sys
from pathlib import Path
from runtime.engines.postgres import PostgresCluster
from runtime.engines.running import free_port, running
cluster = PostgresCluster(folder=Path(sys.argv[1]), port=free_port(), password="a-password-of-tests", durable=False)
with running(cluster) as process:
    assert cluster.accepts()
    print("as root" if os.geteuid() == 0 else "as a person", cluster.server_process() is not None)
"""


@pytest.mark.parametrize("prefix", [(), ("unshare", "--user", "--map-user=1000", "--map-group=1000", "--")])
def test_postgres_starts_for_root_and_for_anybody(tmp_path: Path, prefix: tuple[str, ...]) -> None:
    command = [*prefix, sys.executable, "-c", START_AND_STOP, str(tmp_path / "cluster")]
    for _ in ("made", "found"):
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)
        assert (done.returncode, done.stderr) == (0, "")
        assert done.stdout.endswith(" True\n")
        assert done.stdout.startswith("as a person" if prefix or os.geteuid() else "as root")


def test_a_lock_that_a_dead_server_left_is_forgotten_and_a_live_one_is_not(tmp_path: Path) -> None:
    cluster = PostgresCluster(
        folder=tmp_path / "cluster", port=free_port(), password="a-password-of-tests", durable=False
    )
    cluster.prepare()
    lock = cluster.folder / "postmaster.pid"
    lock.write_text(f"{os.getpid()}\n")  # a stranger has that number now
    cluster.prepare()
    assert not lock.exists()
    with subprocess.Popen(["sleep", "600"], cwd=cluster.folder) as server:
        lock.write_text(f"{server.pid}\n")
        cluster.prepare()
        assert cluster.server_process() == server.pid
        server.kill()


def test_a_cluster_is_whole_or_not_there(tmp_path: Path) -> None:
    broken = PostgresCluster(
        folder=tmp_path / "cluster", port=1, password="x" * 16, programs=str(fake_initdb(tmp_path))
    )
    with pytest.raises(PostgresBroken, match="the disk is full"):
        broken.prepare()
    assert not (tmp_path / "cluster").exists()
    assert [path.name for path in tmp_path.iterdir()] == ["programs"]


def fake_initdb(folder: Path) -> Path:
    programs = folder / "programs"
    programs.mkdir()
    for name in ("initdb", "postgres"):
        (programs / name).write_text("#!/bin/sh\necho the disk is full >&2\nexit 1\n")
        (programs / name).chmod(0o755)
    return programs


def test_programs_that_are_nowhere_are_named(tmp_path: Path) -> None:
    with pytest.raises(ProgramMissing, match=str(tmp_path)):
        postgres_programs(str(tmp_path))
    with pytest.raises(ProgramMissing, match="no-such-valkey"):
        valkey_program("no-such-valkey")
