"""Every process answers whether it lives, whether it is ready, and what it measures."""

import asyncio
import json
import socket

import httpx
import pytest

from runtime.health import Check, health_app, listening
from runtime.supervision.program import answers_ready
from tests.conftest import free_port

pytestmark = pytest.mark.anyio


class Unreachable(Exception):
    """What a check finds."""


async def passes() -> None:
    """All is well."""


async def fails() -> None:
    raise Unreachable("postgresql://owner:secret@host")


async def hangs() -> None:
    await asyncio.Event().wait()


async def answer(checks: dict[str, Check], path: str) -> httpx.Response:
    transport = httpx.ASGITransport(health_app(checks))
    async with httpx.AsyncClient(transport=transport, base_url="http://process") as client:
        return await client.get(path)


async def test_alive_whatever_the_checks_find() -> None:
    assert (await answer({"database": fails}, "/health/live")).status_code == 200


async def test_ready_when_every_check_passes() -> None:
    found = await answer({"database": passes, "valkey": passes}, "/health/ready")
    assert (found.status_code, found.json()["checks"]) == (200, {"database": "ok", "valkey": "ok"})


@pytest.mark.parametrize("check", [fails, hangs])
async def test_not_ready_names_the_check_and_hides_what_it_found(monkeypatch: pytest.MonkeyPatch, check: Check) -> None:
    monkeypatch.setattr("runtime.health.CHECK_WITHIN_SECONDS", 0.05)
    found = await answer({"database": check, "valkey": passes}, "/health/ready")
    assert (found.status_code, found.json()["checks"]) == (503, {"database": "failed", "valkey": "ok"})
    assert "secret" not in json.dumps(found.json())


async def test_metrics_tell_memory_tasks_and_processor_time() -> None:
    text = (await answer({}, "/metrics")).text
    assert f"\nevent_loop_tasks {float(len(asyncio.all_tasks()))}\n" in text
    assert "process_resident_memory_bytes" in text
    assert "process_cpu_seconds_total" in text


async def test_a_process_listens_inside_the_block_and_not_after() -> None:
    port = free_port()
    async with listening(health_app({"database": passes}), "127.0.0.1", port):
        assert await answers_ready("127.0.0.1", port)
    assert not await answers_ready("127.0.0.1", port)


async def test_not_ready_is_not_an_answer() -> None:
    port = free_port()
    async with listening(health_app({"database": fails}), "127.0.0.1", port):
        assert not await answers_ready("127.0.0.1", port)


async def test_a_taken_port_is_an_error() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken, pytest.raises(OSError, match="in use"):
        async with listening(health_app({}), "127.0.0.1", taken.getsockname()[1]):
            pass
