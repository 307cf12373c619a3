"""The application as a process: its socket, its health, and how it stops."""

import socket

import httpx
import pytest
from starlette.applications import Starlette

from runtime.serving.application import listening_at

pytestmark = pytest.mark.anyio


def test_what_the_socket_accepts_answers_at_once() -> None:
    with listening_at("127.0.0.1", 0) as bound, socket.create_connection(bound.getsockname()):
        accepted, _ = bound.accept()
        with accepted:
            assert accepted.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY) == 1


def test_a_taken_port_is_said_to_be_taken() -> None:
    with listening_at("127.0.0.1", 0) as bound, pytest.raises(OSError, match="in use"):
        listening_at("127.0.0.1", bound.getsockname()[1])


async def test_a_process_about_to_stop_is_not_ready_but_alive(app: Starlette, http: httpx.AsyncClient) -> None:
    assert (await http.get("/health/ready")).status_code == 200
    app.state.draining.set()
    assert (await http.get("/health/ready")).status_code == 503
    assert (await http.get("/health/live")).status_code == 200


async def test_paths_of_no_subgraph_are_not_found(http: httpx.AsyncClient) -> None:
    for path in ("/", "/graphql", "/parlour", "/other/graphql", "/parlour/graphql/"):
        answer = await http.post(path, json={"query": "{ hello }"})
        assert answer.status_code in {404, 307}
