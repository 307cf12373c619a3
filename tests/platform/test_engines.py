"""The engines that tests and `make up` run."""

import socket

import asyncpg
import pytest

from runtime.engines.valkey import ValkeyServer
from tests.conftest import PostgresForTests

pytestmark = pytest.mark.anyio


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
