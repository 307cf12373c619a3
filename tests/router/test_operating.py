"""Running the gateway: health, metrics, logs, the page in a browser, starting with wrong settings, and stopping."""

import asyncio
import json
import os
import re
import signal
import subprocess
from contextlib import AsyncExitStack, aclosing, suppress
from pathlib import Path

import httpx
import psutil
import pytest

from runtime.engines.running import free_port
from tests.router.asking import ask, conversation, events, metric_lines, until
from tests.router.processes import GATEWAY, PATIENCE_S, Gateway, Subgraphs, running_gateway
from tests.router.subgraphs import CREDENTIAL
from tests.router.tokens import token

pytestmark = pytest.mark.anyio


async def test_health_tells_life_from_readiness(client: httpx.AsyncClient) -> None:
    assert (await client.get("/health/live")).json() == {"status": "live"}
    ready = await client.get("/health/ready")
    assert ready.status_code == 200
    assert ready.json() == {"status": "ready", "subgraphs": {"dishes": "ready", "praise": "ready"}}
    assert (await client.post("/health/live")).status_code == 405


async def test_metrics_count_what_is_answered_and_refused(client: httpx.AsyncClient) -> None:
    await ask(client, '{ echo(text: "x") }')
    await client.post("/graphql", content="nonsense", headers={"content-type": "application/json"})
    lines = (await client.get("/metrics")).text.splitlines()
    assert [
        line for line in lines if re.fullmatch(r'gateway_requests_total\{kind="query",outcome="answered"\} \d+', line)
    ]
    assert [line for line in lines if re.fullmatch(r'gateway_refusals_total\{code="BAD_REQUEST"\} \d+', line)]
    assert [
        line
        for line in lines
        if re.fullmatch(r'gateway_upstream_requests_total\{subgraph="(dishes|router)",outcome="answered"\} \d+', line)
    ]
    assert all(line.startswith("#") or re.fullmatch(r"[a-z_]+(\{[^{}]*\})? [0-9.e+-]+", line) for line in lines)


async def test_each_operation_is_a_log_line_with_its_ids_and_no_secret(
    client: httpx.AsyncClient, gateway: Gateway
) -> None:
    trace = "0af7651916cd43dd8448eb211c80319c"
    sent = {
        "x-request-id": "logged-1",
        "traceparent": f"00-{trace}-b7ad6b7169203331-01",
        "authorization": "Bearer secret",
    }
    await ask(client, "query Logged($text: String!) { echo(text: $text) }", sent, text="private")
    record = gateway.wait_for(lambda record: record.get("request_id") == "logged-1")
    assert record["trace_id"] == trace
    assert record["operation"] == "Logged"
    assert record["kind"] == "query"
    assert not [word for word in ("secret", "private", "echo") if word in str(record)]


async def test_the_page_loads_nothing_from_elsewhere(client: httpx.AsyncClient) -> None:
    response = await client.get("/graphql", headers={"accept": "text/html,*/*;q=0.8"})
    assert response.status_code == 200
    assert response.headers["content-type"].startswith("text/html")
    assert "default-src 'self'" in response.headers["content-security-policy"]
    page = response.text
    assert not re.findall(r'<(?:script|link)[^>]+(?:src|href)="(?!data:)[^"]+', page)
    assert page.count("createFetcher(new URL(") == 1
    plain = await client.get("/graphql", headers={"accept": "text/html", "accept-encoding": "identity"})
    assert plain.text == page
    assert (await client.get("/")).headers["location"] == "/graphql"


FETCHING = """
import { createFetcher } from %(fetcher)s;
import { createRequire } from "node:module";
const require = createRequire(%(fetcher)s);
const { parse } = require("graphql");
const fetcher = createFetcher(%(url)s, require("ws").WebSocket);
const ask = (query) => fetcher({ query }, { headers: { Authorization: %(token)s }, documentAST: parse(query) });
const results = [await ask("{ caller { authorization } }")];
for await (const result of ask("subscription { served(count: 2) { id caller { authorization } } }"))
  results.push(result);
const refused = await ask("subscription { nothing }").next().catch((errors) => errors);
process.stdout.write(JSON.stringify({ results, refused }));
"""


async def test_the_pages_fetcher_sends_its_headers_with_requests_and_sockets(gateway: Gateway) -> None:
    bearer = token("http://127.0.0.1:9")
    fetcher = GATEWAY.parent / "front" / "fetcher.js"
    values = {"fetcher": fetcher.as_uri(), "url": f"{gateway.url}/graphql", "token": bearer}
    script = FETCHING % {name: json.dumps(value) for name, value in values.items()}
    run = await asyncio.to_thread(
        subprocess.run,
        ["node", "--input-type=module", "-e", script],
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        check=True,
    )
    told = json.loads(run.stdout)
    first, *served = [result["data"] for result in told["results"]]
    assert first["caller"]["authorization"] == bearer
    assert [item["served"]["id"] for item in served] == ["0", "1"]
    assert served[0]["served"]["caller"]["authorization"] == bearer
    assert told["refused"][0]["extensions"]["code"] == "GRAPHQL_VALIDATION_FAILED"


async def test_many_streams_at_once_are_no_reason_to_warn(graph: Path, subgraphs: Subgraphs, router: str) -> None:
    """Node warns of leaks on standard error once eleven wait for one signal."""
    waiting = "subscription { waiting { id } }"
    with running_gateway(graph, subgraphs.url, router) as gateway:
        async with httpx.AsyncClient(base_url=gateway.url, timeout=20) as client, AsyncExitStack() as streams:
            for _ in range(15):
                stream = await streams.enter_async_context(aclosing(events(client, waiting)))
                assert (await anext(stream))[0] == "next"
        assert gateway.stop() == 0
        assert gateway.complaints == []


async def test_streams_of_events_break_off_when_the_gateway_stops(
    graph: Path, subgraphs: Subgraphs, router: str
) -> None:
    with running_gateway(graph, subgraphs.url, router) as gateway:
        received: list[str] = []
        async with httpx.AsyncClient(base_url=gateway.url, timeout=20) as client:
            with suppress(httpx.RemoteProtocolError):
                async for name, _ in events(client, "subscription { waiting { id } }"):
                    received.append(name)
                    gateway.process.terminate()
        assert received == ["next"]
        assert gateway.stop() == 0


async def test_a_quiet_log_serves_requests(graph: Path, subgraphs: Subgraphs) -> None:
    """The libraries below know a level of another name, and have a habit of reading the same variable."""
    port = free_port()
    settings = {"PORT": str(port), "LOG_LEVEL": "warning", "ROUTER_SECRET": CREDENTIAL, "SERVE_URL": subgraphs.url}
    environment = {**os.environ, **settings, "SUPERGRAPH": str(graph)}
    quiet = await asyncio.create_subprocess_exec("node", str(GATEWAY), env=environment)
    try:
        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", timeout=20) as client:

            async def answers() -> bool:
                with suppress(httpx.TransportError):
                    return "errors" not in await ask(client, "{ caller { authorization } }")
                return False

            await until(answers)
    finally:
        quiet.terminate()
        await quiet.wait()


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        ({"ROUTER_SECRET": ""}, "ROUTER_SECRET is not set"),
        ({"PORT": "x"}, "PORT must be a number"),
        ({"SERVE_URL": "nonsense"}, "SERVE_URL must be a URL"),
        ({"LOG_LEVEL": "loud"}, "LOG_LEVEL must be one of"),
        ({"SUPERGRAPH": "missing.graphql"}, "cannot start"),
        ({"SUBGRAPH_URLS": "praise"}, "SUBGRAPH_URLS must be like orders=http://host:port,catalog=…, not 'praise'."),
        ({"SUBGRAPH_URLS": "blame=http://a:1"}, "SUBGRAPH_URLS places 'blame', and there are only dishes, praise."),
        ({"ROUTER_SECRET": "", "ROUTER_SECRET_FILE": "nowhere"}, "ROUTER_SECRET_FILE nowhere cannot be read: ENOENT."),
        ({"ROUTER_SECRET_FILE": "nowhere"}, "ROUTER_SECRET and ROUTER_SECRET_FILE are both set"),
    ],
)
def test_a_wrong_setting_is_one_sentence(graph: Path, settings: dict[str, str], sentence: str) -> None:
    usual = {"ROUTER_SECRET": "x", "PORT": "0", "SUPERGRAPH": str(graph)}
    run = subprocess.run(
        ["node", str(GATEWAY)],
        env={**os.environ, **usual, **settings},
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        check=False,
    )
    assert run.returncode == 1
    assert sentence in run.stderr
    assert run.stderr.count("\n") == 1
    assert run.stdout == ""


async def test_the_credential_may_be_in_a_file(graph: Path, subgraphs: Subgraphs, tmp_path: Path) -> None:
    file = tmp_path / "router_secret"
    file.write_text(f"{CREDENTIAL}\n")
    with running_gateway(graph, subgraphs.url, ROUTER_SECRET="", ROUTER_SECRET_FILE=str(file)) as gateway:
        async with httpx.AsyncClient(base_url=gateway.url, timeout=PATIENCE_S) as client:
            answer = await ask(client, "{ caller { credential } }")
            assert answer["data"] == {"caller": {"credential": CREDENTIAL}}


def test_a_busy_port_is_one_sentence(graph: Path, gateway: Gateway) -> None:
    settings = {"ROUTER_SECRET": "x", "PORT": str(gateway.port), "SUPERGRAPH": str(graph)}
    run = subprocess.run(
        ["node", str(GATEWAY)],
        env={**os.environ, **settings},
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        check=False,
    )
    assert (run.returncode, run.stderr) == (1, f"Port {gateway.port} cannot be used: EADDRINUSE.\n")


async def test_a_client_that_leaves_within_its_body_is_forgotten_without_a_word(
    client: httpx.AsyncClient, gateway: Gateway
) -> None:
    for _ in range(3):
        _, writer = await asyncio.open_connection("127.0.0.1", gateway.port)
        writer.write(
            b'POST /graphql HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: 99\r\n\r\n{"query'
        )
        await writer.drain()
        await until(lambda: holds(client, "gateway_running 2"))
        writer.close()
        await until(lambda: holds(client, "gateway_running 1"))
    assert not [record for record in gateway.records if record["level"] == "error"]


@pytest.mark.parametrize("asked", [signal.SIGTERM, signal.SIGINT])
async def test_stopping_ends_requests_and_tells_sockets_to_go_elsewhere(
    graph: Path, subgraphs: Subgraphs, asked: signal.Signals, router: str
) -> None:
    with running_gateway(graph, subgraphs.url, router) as gateway:
        async with conversation(gateway) as talk, httpx.AsyncClient(base_url=gateway.url, timeout=PATIENCE_S) as client:
            await talk.initialise()
            await talk.subscribe("subscription { waiting { id } }")
            await talk.receive()
            await ask(client, '{ echo(text: "x") }')
            gateway.process.send_signal(asked)
            assert await talk.closed() == (1001, "Going away")
            assert await asyncio.to_thread(gateway.process.wait, PATIENCE_S) == 0
        gateway.wait_for(lambda record: record["event"] == "stopped")


async def holds(client: httpx.AsyncClient, line: str) -> bool:
    return line in await metric_lines(client)


async def test_a_request_under_way_is_answered_before_the_end(graph: Path, subgraphs: Subgraphs, router: str) -> None:
    with running_gateway(graph, subgraphs.url, router, UPSTREAM_SECONDS="3") as gateway:
        async with httpx.AsyncClient(base_url=gateway.url, timeout=20) as client:
            asking = asyncio.create_task(client.post("/graphql", json={"query": "{ never }"}))
            await until(lambda: holds(client, "gateway_running 2"))
            gateway.process.send_signal(signal.SIGTERM)
            assert (await asking).json()["errors"][0]["extensions"]["code"] == "UNAVAILABLE"
            assert await asyncio.to_thread(gateway.process.wait, PATIENCE_S) == 0


def test_the_gateway_is_small_and_idle_when_idle(graph: Path, subgraphs: Subgraphs, router: str) -> None:
    with running_gateway(graph, subgraphs.url, router) as gateway:
        process = psutil.Process(gateway.process.pid)
        assert process.memory_full_info().pss < 130 * 2**20
        assert any(used_in(process, 2) < 0.05 for _ in range(10))  # once its start is over


def used_in(process: psutil.Process, seconds: float) -> float:
    """Processor seconds that it uses in that time, while nothing happens."""
    before = sum(process.cpu_times()[:2])
    with pytest.raises(psutil.TimeoutExpired):
        process.wait(seconds)
    return sum(process.cpu_times()[:2]) - before
